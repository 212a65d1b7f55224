"""Layers of parameters become one: soft merging, what is replaced as a whole, and a readable word
on references that lead nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import (
    InterpolationKeyError,
    OmegaConfBaseException,
    UnsupportedInterpolationType,
)

from lexon.errors import ConfigurationError
from lexon.framework.yaml_errors import first_line

# These keys are replaced as a whole, not merged.
REPLACED = ("classes", "simulation.mix")


def create(values: dict[str, Any]) -> DictConfig:
    """A configuration of plain values that a user typed.

    Raises:
        ConfigurationError: a value is no text, number, list or group, or a reference that does not
            end.
    """
    try:
        return OmegaConf.create(values)
    except OmegaConfBaseException as error:
        key = getattr(error, "full_key", None) or "values"
        raise ConfigurationError(
            f"--params {key}: {first_line(error)}; references are written ${{group.key}}"
        ) from error


def merged(configs: list[DictConfig]) -> DictConfig:
    """All of them as one, later ones on top."""
    together: Any = OmegaConf.merge({}, *configs)
    return together


def plain(
    config: DictConfig, keep_helpers: bool = False, origin: Callable[[str], str] = lambda _: "conf"
) -> dict[str, Any]:
    """Everything with interpolations resolved, without helpers such as `_folder` unless they are to
    be kept.

    Args:
        origin: file of a dotted key, for messages.

    Raises:
        ConfigurationError: a reference leads nowhere.
    """
    try:
        values: Any = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise _unresolved(error, config, origin) from error
    return {
        name: value
        for name, value in values.items()
        if keep_helpers or not str(name).startswith("_")
    }


def latest_whole(configs: list[DictConfig]) -> list[DictConfig]:
    """The layers without what a later one replaces."""
    kept: list[DictConfig] = []
    for config in configs:
        for key in REPLACED:
            if _value(config, key) is not None:
                kept = [without(earlier, key) for earlier in kept]
        kept.append(config)
    return kept


def is_part(command_line: DictConfig, files: list[DictConfig]) -> bool:
    """Whether the command line sets some of the files' classes, `classes.signal=ttH`, rather than
    classes of its own.
    """
    own = set(_keys(command_line, "classes"))
    return own <= {name for config in files for name in _keys(config, "classes")}


def without(config: DictConfig, key: str) -> DictConfig:
    """The same without a dotted key."""
    if _value(config, key) is None:
        return config
    parent, _, leaf = key.rpartition(".")
    values: Any = OmegaConf.to_container(config)
    del (values[parent] if parent else values)[leaf]
    return OmegaConf.create(values)


def at_home(typed: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """`globals_beta=10` -> `autoencoder.globals_beta=10`: a key may be typed without its group
    where only one group has it.
    """
    homes: dict[str, list[str]] = {}
    for group, values in known.items():
        for key in values if isinstance(values, dict) else ():
            homes.setdefault(str(key), []).append(group)
    moved = create({})
    for key, value in typed.items():
        groups = homes.get(key, []) if key not in known else []
        moved = merged(
            [moved, create({groups[0]: {key: value}} if len(groups) == 1 else {key: value})]
        )
    together: Any = OmegaConf.to_container(moved)
    return together


def _value(config: DictConfig, dotted: str) -> Any:
    """The value at a key as it is written, references unresolved."""
    value: Any = OmegaConf.to_container(config, resolve=False)
    for part in dotted.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _keys(config: DictConfig, group: str) -> list[str]:
    values = _value(config, group)
    return list(values) if isinstance(values, dict) else []


def _unresolved(
    error: OmegaConfBaseException, config: DictConfig, origin: Callable[[str], str]
) -> ConfigurationError:
    """A reference that leads nowhere, in words: the key, what is written there, and what may be."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConfigurationError):
            return cause
        cause = cause.__cause__ or cause.__context__
    key = str(getattr(error, "full_key", "") or "")
    written = f"{key}={_value(config, key)} ({origin(key)})"
    if isinstance(error, UnsupportedInterpolationType):
        return ConfigurationError(
            f"{written}: there is no such kind of reference; write ${{env:NAME,EXAMPLE}} for a"
            " variable of the environment, ${group.key} for another parameter"
        )
    if isinstance(error, InterpolationKeyError):
        return ConfigurationError(f"{written}: {_missing(str(error.msg), config)}")
    return ConfigurationError(
        f"{written}: {first_line(error)}; references are written ${{group.key}}"
    )


def _missing(message: str, config: DictConfig) -> str:
    """What a reference looked for, and what is there instead."""
    wanted = message.split("'")[1] if "'" in message else ""
    parent = wanted.rpartition(".")[0]
    there = _keys(config, parent) if parent else list(config)
    return (
        f"there is no {wanted}; {parent or 'the file'} has"
        f" {', '.join(str(name) for name in there if not str(name).startswith('_'))}"
    )
