"""Attributes of a file, a group or a dataset as plain Python values."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping
from typing import Any

import h5py
import numpy as np

from lexon.errors import DataError

logger = logging.getLogger(__name__)

# An attribute describes its data; a larger one is data itself.
MAX_BYTES = 1 << 20
# The time to find one grows with their number.
MAX_NUMBER = 200


def write_attributes(node: h5py.Group | h5py.Dataset, attributes: Mapping[str, Any]) -> None:
    """Texts and numbers as they are, everything else as JSON."""
    for name, value in attributes.items():
        node.attrs[name] = (
            value if isinstance(value, str | int | float | np.generic) else json.dumps(value)
        )


def read_attributes(
    node: h5py.Group | h5py.Dataset, needed: Collection[str] = ()
) -> dict[str, Any]:
    """The inverse of `write_attributes`: texts that are JSON objects or lists are parsed, arrays
    become lists.

    An attribute that cannot be read is named in the log and left out.

    Raises:
        DataError: one of those that are `needed` is too large, or of a type that cannot be read.
    """
    found: dict[str, Any] = {}
    for name in _asked(node, needed):
        try:
            found[name] = _plain(_value(node, name))
        except (DataError, KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
            if name in needed:
                raise DataError(
                    f"{node.file.filename}: attribute {name} cannot be read ({error}); remove it or"
                    " write it as text"
                ) from error
            logger.info("%s: attribute %s is left out (%s)", node.file.filename, name, error)
    return found


def _asked(node: h5py.Group | h5py.Dataset, needed: Collection[str]) -> list[str]:
    names = [name for name in node.attrs if isinstance(name, str)]  # others are not UTF-8
    if len(names) <= MAX_NUMBER:
        return names
    logger.warning(
        "%s: has %d attributes; only those that are needed are read", node.file.filename, len(names)
    )
    return [name for name in names if name in needed]


def _value(node: h5py.Group | h5py.Dataset, name: str) -> Any:
    size = node.attrs.get_id(name).get_storage_size()
    if size <= MAX_BYTES:
        value = node.attrs[name]
        size = (
            len(value) if isinstance(value, str | bytes) else size
        )  # a text of variable length lies elsewhere
    if size > MAX_BYTES:
        raise DataError(f"{size / 1e6:.3g} MB, more than {MAX_BYTES / 1e6:.1f} MB")
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (json.JSONDecodeError, RecursionError):
            return value
    return value
