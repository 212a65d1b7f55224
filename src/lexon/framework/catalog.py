"""The catalog of a session: Kedro's, for thousands of files that follow a few patterns."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from functools import cache
from typing import Any

import parse
from kedro.io import AbstractDataset, CatalogConfigResolver, DataCatalog

_compiled = cache(parse.compile)


class LexonCatalog(DataCatalog):
    """`DATA_CATALOG_CLASS`: compiles a pattern once and looks for a class once, where Kedro does
    both for every file.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._classes: dict[str, type] = {}
        if "config_resolver" in kwargs:
            kwargs["config_resolver"] = _Resolver.like(kwargs["config_resolver"])
        super().__init__(*args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> AbstractDataset[Any, Any] | None:
        dataset = super().get(*args, **kwargs)
        self._classes.setdefault(
            f"{type(dataset).__module__}.{type(dataset).__qualname__}", type(dataset)
        )
        return dataset

    def _add_from_config(self, ds_name: str, ds_config: dict[str, Any]) -> None:
        kind = ds_config.get("type") if isinstance(ds_config, dict) else None
        known = {"type": self._classes[kind]} if kind in self._classes else {}
        super()._add_from_config(ds_name, {**ds_config, **known} if known else ds_config)


class _Resolver(CatalogConfigResolver):
    """Kedro's, with compiled patterns."""

    @classmethod
    def like(cls, resolver: CatalogConfigResolver) -> _Resolver:
        """The same patterns and datasets."""
        made = cls.__new__(cls)  # a new one of Kedro's would warn of what it was not given
        vars(made).update(vars(resolver))
        return made

    @classmethod
    def _get_matches(cls, patterns: Iterable[str], ds_name: str) -> Generator[str]:
        return (pattern for pattern in patterns if _compiled(pattern).parse(ds_name))

    @classmethod
    def _resolve_dataset_config(cls, ds_name: str, pattern: str, config: Any) -> Any:
        return _filled(config, _compiled(pattern).parse(ds_name).named)


def _filled(value: Any, named: dict[str, Any]) -> Any:
    """A pattern's configuration with what the names in it stand for."""
    if isinstance(value, dict):
        return {key: _filled(item, named) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(item, named) for item in value]
    return value.format_map(named) if isinstance(value, str) and "}" in value else value
