"""Parameters as nested dictionaries and dotted keys."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"a": {"b": 1}}` -> `{"a.b": 1}`."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        flat |= (
            flatten(value, f"{prefix}{key}.")
            if isinstance(value, Mapping)
            else {f"{prefix}{key}": value}
        )
    return flat


def unflatten(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `flatten`: the value of ``a.b`` is that of the key ``b`` of the group
    ``a``.
    """
    nested: dict[str, Any] = {}
    for dotted, value in flat.items():
        *groups, key = dotted.split(".")
        target = nested
        for group in groups:
            target = target.setdefault(group, {})
        target[key] = value
    return nested


def value_at(nested: Mapping[str, Any], dotted: str) -> Any:
    """The value of a dotted key, None where there is none."""
    value: Any = nested
    for part in dotted.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def has(nested: Mapping[str, Any], dotted: str) -> bool:
    """Whether there is a value at a dotted key, which may be null, or a group."""
    group, _, leaf = dotted.rpartition(".")
    found = value_at(nested, group) if group else nested
    return isinstance(found, Mapping) and leaf in found


def with_values(nested: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with dotted keys set."""
    changed = copy.deepcopy(dict(nested))
    for dotted, value in values.items():
        *parents, leaf = dotted.split(".")
        target = changed
        for part in parents:
            target = target[part]
        target[leaf] = value
    return changed


def as_list(value: Any) -> list[Any]:
    """A list or tuple as a list, anything else as a list of one."""
    return list(value) if isinstance(value, list | tuple) else [value]


def unique(values: Iterable[Any]) -> list[Any]:
    """Without repeats, in order; values need not be hashable. True and 1 are different values."""
    kept: list[Any] = []
    for value in values:
        if not any(value == other and type(value) is type(other) for other in kept):
            kept.append(value)
    return kept
