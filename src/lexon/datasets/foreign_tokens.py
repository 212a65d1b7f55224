"""Binned token files that others made: whatever their keys, splits and labels are called.

An array is tokens when its name says so (`X`, `tokens`, `data`, with or without a split, in any
case) or when it is the only one of that shape: 18 object tokens and the tokens of MET and METphi,
or the 18 alone. Labels are `Y`, `labels` or `targets` with the same split. A split may be a group:
`train/X`, or `X/train`. Other ways to write tokens are converted
(`lexon.datasets.token_conventions`). `ForeignTokens.notes` describes what was found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from kedro.io import AbstractDataset, DatasetError
from numpy.typing import NDArray

from lexon.datasets import split_layout as layout
from lexon.datasets.hdf5 import content_digest, read_attributes, reading
from lexon.datasets.token_conventions import HIDDEN, MAX_BINS, MAX_VOCABULARY, convention_of
from lexon.errors import ConfigurationError, DataError
from lexon.events import MAX_OBJECTS, SPLITS, reject_rows

PARAMETER = "ambre.path"
WIDTHS = layout.TOKEN_ROW.widths(MAX_OBJECTS)
ROWS_NAME = re.compile(r"(?:x|tokens?|data)(?:_(.+))?", re.IGNORECASE)
LABELS_NAME = re.compile(r"(?:y|labels?|targets?)(?:_(.+))?", re.IGNORECASE)
WHOLE = "all"
SPLIT_WORD = re.compile(r"(?<![a-z])(train|val|test|dev)", re.IGNORECASE)
# Other names of splits.
SPLIT_NAMES = {
    "training": "train",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "testing": "test",
}


@dataclass(frozen=True)
class Part:
    """One array of tokens.

    Attributes:
        name: the split as the file calls it (``train_and_test``, say), or ``all``.
        key: of the array in the file.
        rows: int32 [N, 20], or [N, 18] without MET.
        labels: int64 [N], or None.
    """

    name: str
    key: str
    rows: NDArray[np.int32]
    labels: NDArray[np.int64] | None


@dataclass(frozen=True)
class ForeignTokens:
    """A token file that others made, in memory.

    Attributes:
        path: the file.
        parts: its arrays of tokens: train, val and test first, then any others.
        attributes: of the file.
        notes: what was found and what was ignored, one sentence each.
        linked_data: folder below which files may lie to which it refers; None: beside it only.
    """

    path: Path
    parts: tuple[Part, ...]
    attributes: dict[str, Any]
    notes: tuple[str, ...]
    linked_data: Path | None = None

    @property
    def rows(self) -> NDArray[np.int32]:
        """All rows, part after part."""
        return np.concatenate([part.rows for part in self.parts])

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """All labels, part after part; None where a part has none."""
        known = [part.labels for part in self.parts if part.labels is not None]
        return np.concatenate(known) if len(known) == len(self.parts) else None

    @property
    def digest(self) -> str:
        """SHA-256 of the file's content."""
        return content_digest(self.path, self.linked_data)


def read_foreign(path: Path, linked_data: Path | None = None) -> ForeignTokens:
    """Find and check the tokens and labels of a file.

    Raises:
        DataError: it is no HDF5 file, holds no tokens, or tokens or labels that cannot be right.
    """
    layout.require_hdf5(path, PARAMETER)
    with reading(path, linked_data) as file:
        arrays = _arrays(file)
        keys, notes = _token_keys(arrays, path)
        labels = _label_keys(arrays, keys, path)
        parts, converted = _parts(arrays, keys, labels, path)
        attributes = read_attributes(file)
    ignored = sorted(set(arrays) - set(keys.values()) - set(labels.values()))
    notes += [_found(parts), *converted, *([f"Ignored: {', '.join(ignored)}."] if ignored else [])]
    return ForeignTokens(path, parts, attributes, tuple(notes), linked_data)


class ForeignTokensDataset(AbstractDataset[None, ForeignTokens]):
    """A token file that others made; read, never written. Without a path, loading is an error that
    names the parameter.
    """

    def __init__(
        self,
        path: str | None,
        linked_data: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self.linked_data = Path(linked_data) if linked_data else None
        self._filepath = Path(path) if path else None
        self.metadata = metadata

    def load(self) -> ForeignTokens:
        if self._filepath is None:
            raise ConfigurationError(
                f"{PARAMETER}: not set; name the token file to compare with, --params"
                f" {PARAMETER}=FILE"
            )
        return read_foreign(self._filepath, self.linked_data)

    def save(self, data: None) -> None:  # noqa: ARG002
        raise DatasetError("this file is only read")

    def _exists(self) -> bool:
        return self._filepath is not None and self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


def _arrays(file: h5py.File) -> dict[str, h5py.Dataset]:
    """Every numeric array by its path, those in groups too."""
    found: dict[str, h5py.Dataset] = {}
    file.visititems(
        lambda name, item: (
            found.__setitem__(name, item)
            if isinstance(item, h5py.Dataset) and item.dtype.kind in "iuf"
            else None
        )
    )
    return found


def _token_keys(arrays: dict[str, h5py.Dataset], path: Path) -> tuple[dict[str, str], list[str]]:
    """Key of each part by its name, train, val and test first; and what had to be guessed."""
    fitting = {
        key
        for key, array in arrays.items()
        if array.ndim == 2 and array.shape[1] in WIDTHS and len(array)
    }
    keys = _by_part(ROWS_NAME, sorted(fitting), path)
    if keys:
        order = {split: place for place, split in enumerate(SPLITS)}
        return (
            dict(sorted(keys.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))),
            [],
        )
    if len(fitting) == 1:
        (key,) = fitting
        return {WHOLE: key}, [
            f"No array is called X, tokens or data; {key} is the only one of that shape and was"
            " taken."
        ]
    raise _no_tokens(arrays, path)


def _no_tokens(arrays: dict[str, h5py.Dataset], path: Path) -> DataError:
    shapes = ", ".join(f"{key} {array.shape}" for key, array in arrays.items()) or "nothing"
    events = any(
        array.ndim == 2 and array.shape[1] == layout.EVENT_ROW.width() for array in arrays.values()
    )
    hint = (
        "these are events: make tokens of them with --pipelines data_engineering"
        if events
        else "check the path"
    )
    wanted = f"[N, {WIDTHS[0]}] or [N, {WIDTHS[1]}] called X_..., tokens or data"
    return DataError(f"{path}: holds no tokens, {wanted}; it has {shapes}; {hint}")


def _label_keys(
    arrays: dict[str, h5py.Dataset], keys: dict[str, str], path: Path
) -> dict[str, str]:
    """Key of the labels of each part that has some."""
    named = _by_part(LABELS_NAME, sorted(key for key, array in arrays.items() if array.size), path)
    found = {name: named[name] for name in keys if name in named}
    for name, key in found.items():
        if arrays[key].shape not in ((n := len(arrays[keys[name]]),), (n, 1)):
            raise DataError(
                f"{path}: {key} has shape {arrays[key].shape}, {keys[name]}"
                f" {arrays[keys[name]].shape}; there is one label a row"
            )
    return found


def _by_part(pattern: re.Pattern[str], keys: list[str], path: Path) -> dict[str, str]:
    """Key by name of its part.

    Raises:
        DataError: two keys have the same.
    """
    found: dict[str, str] = {}
    for key in keys:
        name = _part_name(pattern, key)
        if name and found.setdefault(name, key) != key:
            which = "the whole file" if name == WHOLE else f"the split {name}"
            raise DataError(
                f"{path}: {found[name]} and {key} would both be {which}; keep one, or name their"
                " splits (X_train, X_test)"
            )
    return found


def _part_name(pattern: re.Pattern[str], key: str) -> str | None:
    """The split that a key names, by itself or by its group; None where it is something else."""
    *groups, leaf = key.split("/")
    if match := pattern.fullmatch(leaf):
        name = _with_group(match[1] or "", groups)
    elif SPLIT_WORD.match(leaf) and any(pattern.fullmatch(group) for group in groups):
        name = leaf
    else:
        return None
    name = name.lower() or WHOLE
    return SPLIT_NAMES.get(name, name)


def _with_group(own: str, groups: list[str]) -> str:
    """The name of a part, after the innermost group that names a split where the part's own name
    does not.
    """
    split = next((group for group in reversed(groups) if SPLIT_WORD.search(group)), "")
    return own if SPLIT_WORD.search(own) or not split else f"{split}_{own}".rstrip("_")


def _parts(
    arrays: dict[str, h5py.Dataset], keys: dict[str, str], labels: dict[str, str], path: Path
) -> tuple[tuple[Part, ...], list[str]]:
    """The parts, written as lexon writes tokens, and what was converted."""
    raw = {name: _whole(arrays[key][()], f"{path}: {key}") for name, key in keys.items()}
    if len({rows.shape[1] for rows in raw.values()}) > 1:
        shapes = ", ".join(f"{keys[name]} {rows.shape}" for name, rows in raw.items())
        raise DataError(
            f"{path}: its parts have different widths ({shapes}); compare one kind of row at a time"
        )
    convention = convention_of(np.concatenate(list(raw.values())), str(path))
    parts = [
        Part(
            name,
            keys[name],
            _checked(convention.converted(rows), f"{path}: {keys[name]}"),
            _labels(arrays, labels.get(name), path),
        )
        for name, rows in raw.items()
    ]
    return tuple(parts), [convention.note] if convention.note else []


def _labels(
    arrays: dict[str, h5py.Dataset], key: str | None, path: Path
) -> NDArray[np.int64] | None:
    return layout.read_labels(arrays[key][()].reshape(-1), f"{path}: {key}", 0) if key else None


def _whole(rows: NDArray[Any], where: str) -> NDArray[np.int64]:
    """Tokens as integers."""
    if rows.dtype.kind == "f":
        whole = np.isfinite(rows) & (np.rint(rows) == rows)
        reject_rows(
            ~whole,
            rows,
            "token that is not whole",
            "tokens are integers; are these continuous values?",
            where=where,
        )
    most = (
        f"{MAX_BINS} bins per axis make tokens up to {MAX_VOCABULARY - 1:,}; is this a token file?"
    )
    reject_rows(
        np.abs(rows.astype(np.float64)) >= MAX_VOCABULARY,
        rows,
        "token beyond any vocabulary",
        most,
        where=where,
    )
    return rows.astype(np.int64)


def _checked(rows: NDArray[np.int64], where: str) -> NDArray[np.int32]:
    """Tokens as integers, or the DataError of the first rule that a row breaks."""
    reject_rows(rows < 0, rows, "negative token", "tokens run from 1, 0 is padding", where=where)
    padding = rows[:, :MAX_OBJECTS] == 0
    if padding.all():
        raise DataError(f"{where}: holds no object, only padding; is this a token file?")
    hidden = padding[:, :-1] & ~padding[:, 1:]
    reject_rows(hidden, rows, "padding before a real object", HIDDEN, where=where)
    return rows.astype(np.int32)


def _found(parts: tuple[Part, ...]) -> str:
    met = "with MET" if parts[0].rows.shape[1] > MAX_OBJECTS else "without MET"
    listed = ", ".join(
        f"{part.key} of {len(part.rows):,} rows{'' if part.labels is not None else ', no labels'}"
        for part in parts
    )
    return f"Found tokens {met}: {listed}."
