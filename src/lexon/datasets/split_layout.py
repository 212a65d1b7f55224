"""The split HDF5 layout: X_train, X_val, X_test [N, columns] and Y_train, y_val, y_test [N].

Weights of events, where there are any, are float64 event_weight_train, event_weight_val and
event_weight_test [N] in files that lexon writes, and may have any other name before the split in
files that it reads.

A row of events is M type ids | MET, METphi | M x (E, pT, eta, phi); padding is id 0 and four zeros.
A row of tokens is M object tokens | MET token | METphi token; padding is 0. M is 18, 92 columns of
events, unless `events.max_objects` says otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import DTypeLike, NDArray

from lexon.datasets.darkmachines_lines import LAYOUT
from lexon.datasets.hdf5 import PACKED, ReadFile, listed, read_attributes, required_dataset
from lexon.datasets.kinds import in_words, is_darkmachines, is_hdf5, read_head
from lexon.errors import DataError
from lexon.events import BAD_WEIGHT, MAX_OBJECTS, SPLITS, reject_rows

FEATURE_KEYS = {split: f"X_{split}" for split in SPLITS}
LABEL_KEYS = {"train": "Y_train", "val": "y_val", "test": "y_test"}
# What files that lexon writes call weights (attribute `weight`), and what asks for these.
WEIGHT = "event_weight"
OWN = "own"
BLOCK = 1 << 18
# Attributes without which a file would mean something else.
NEEDED = (
    "label_names",
    "energy_unit",
    "split_digests",
    "vocab_size",
    "tokeniser",
    "weight",
    "max_objects",
)


@dataclass(frozen=True)
class Row:
    """Columns of a row: so many for each object, and MET and METphi.

    Attributes:
        per_object: columns of each object.
        words: what the columns hold; ``{n}`` is the number of places for objects.
        met_may_lack: whether rows without MET and METphi are read too.
    """

    per_object: int
    words: str
    met_may_lack: bool = False

    def width(self, max_objects: int = MAX_OBJECTS) -> int:
        """Columns of a row with so many places for objects."""
        return self.per_object * max_objects + 2

    def layout(self, max_objects: int = MAX_OBJECTS) -> str:
        """What the columns hold, in words."""
        return self.words.format(n=max_objects)

    def places(self, width: int) -> int:
        """Places for objects in a row of so many columns, MET and METphi among them; 0: it is no
        such row.
        """
        places, rest = divmod(width - 2, self.per_object)
        return max(places, 0) if not rest else 0

    def widths(self, max_objects: int) -> tuple[int, ...]:
        """All that are read."""
        return (self.width(max_objects), *([max_objects] if self.met_may_lack else []))


EVENT_ROW = Row(5, "{n} ids | MET, METphi | {n} x (E, pT, eta, phi)")
TOKEN_ROW = Row(1, "{n} object tokens | MET token | METphi token", met_may_lack=True)


@dataclass(frozen=True)
class Header:
    """The structure of a file, known before its events are read.

    Attributes:
        features: key of X by split, as the file spells it.
        labels: key of Y by split.
        counts: events per label, by split; every split has the same labels.
        attributes: of the file, over those of its labels.
        ignored: keys that nothing reads.
        weights: key of the weights by split; empty where events have none.
        max_objects: places for objects of each row.
    """

    features: dict[str, str]
    labels: dict[str, str]
    counts: dict[str, dict[int, int]]
    attributes: dict[str, Any]
    ignored: tuple[str, ...]
    weights: dict[str, str]
    max_objects: int


def require_hdf5(path: Path, parameter: str = "events.path") -> None:
    """Decide by content whether the file can hold this layout; `parameter` is the one that names
    the file.

    Raises:
        MissingFile: no such file.
        DataError: a directory, no permission, DarkMachines text, or anything else that is not HDF5.
    """
    head = read_head(path, parameter)
    if is_hdf5(path):
        return
    if is_darkmachines(head):
        raise DataError(
            f"{path}: is DarkMachines text, not HDF5; give it as events.path, and kedro run makes"
            " events and tokens of it"
        )
    also = (
        f", or DarkMachines text ({LAYOUT}), or ROOT or Parquet"
        if parameter == "events.path"
        else ""
    )
    raise DataError(
        f"{path}: {in_words(path, head)}; {parameter} is a file in the split HDF5 layout{also}"
    )


def inspect(
    file: ReadFile,
    where: str,
    row: Row = EVENT_ROW,
    weight: str | None = None,
    max_objects: int | None = None,
) -> Header:
    """Check everything but the rows themselves.

    Args:
        row: what its rows are.
        weight: what the keys of weights begin with.
        max_objects: places for objects of each row; None: as many as the width of the rows says.

    Raises:
        DataError: a missing, doubled or misshapen dataset, an empty split, bad labels, a label that
            a split lacks.
    """
    features = {split: _find(file, f"X_{split}", where) for split in SPLITS}
    labels = {split: _find(file, f"Y_{split}", where) for split in SPLITS}
    if max_objects is None:
        max_objects = row.places(file[features["train"]].shape[-1]) or MAX_OBJECTS
    for split in SPLITS:
        _check_shapes(file, features[split], labels[split], where, row, max_objects)
    counts = {
        split: _count_labels(file[labels[split]], f"{where}: {labels[split]}") for split in SPLITS
    }
    _check_labels(counts, where)
    weights = _weights(file, features, weight, where) if weight else {}
    used = {key.lower() for key in (*features.values(), *labels.values(), *weights.values())}
    attributes = read_attributes(file[labels["train"]], NEEDED) | read_attributes(file, NEEDED)
    return Header(
        features,
        labels,
        counts,
        attributes,
        tuple(key for key in file if key.lower() not in used),
        weights,
        max_objects,
    )


def _weights(
    file: ReadFile, features: Mapping[str, str], weight: str, where: str
) -> dict[str, str]:
    """Key of the weights of each split, one number an event."""
    found = {}
    for split in SPLITS:
        name = f"{weight}_{split}"
        if name.lower() not in {key.lower() for key in file}:
            raise DataError(
                f"{where}: events.weight={weight}: {name} is missing; the file has"
                f" {listed(file)}; give what stands before _train, _val and _test"
            )
        found[split] = _find(file, name, where)
        shape, events = file[found[split]].shape, file[features[split]].shape
        if shape != events[:1]:
            raise DataError(
                f"{where}: events.weight={weight}: {found[split]} has shape {shape},"
                f" {features[split]} {events}; there is one weight an event"
            )
    return found


def possible_weights(names: Iterable[str]) -> list[str]:
    """What might be given as events.weight: the beginning of names that end with each split."""
    names = list(names)
    begun = (name.removesuffix("_train") for name in names if name.endswith("_train"))
    return [start for start in begun if all(f"{start}_{split}" in names for split in SPLITS)]


def _find(file: ReadFile, name: str, where: str) -> str:
    keys = [key for key in file if key.lower() == name.lower()]
    if not keys:
        raise DataError(
            f"{where}: {name} is missing (any case will do); the file has {listed(file)}"
        )
    arrays = {key: required_dataset(file, key) for key in keys}
    for key, array in arrays.items():
        if array.dtype.kind not in "iuf":
            raise DataError(
                f"{where}: {key} has dtype {array.dtype}; write it as float32, or int64 for labels"
            )
        if not _identical(arrays[keys[0]], array):
            raise DataError(f"{where}: {keys[0]} and {key} differ; keep the right one")
    return keys[0]


def _identical(first: h5py.Dataset, second: h5py.Dataset) -> bool:
    if first == second:
        return True
    starts = range(0, first.shape[0] if first.shape else 0, BLOCK)
    return first.shape == second.shape and all(
        np.array_equal(first[i : i + BLOCK], second[i : i + BLOCK], equal_nan=True) for i in starts
    )


def _check_shapes(file: ReadFile, x: str, y: str, where: str, row: Row, max_objects: int) -> None:
    features, labels = file[x], file[y]
    if features.ndim != 2 or features.shape[1] not in row.widths(max_objects):
        raise DataError(
            f"{where}: {x} has shape {features.shape}; a row has {row.width(max_objects)} columns:"
            f" {row.layout(max_objects)}"
        )
    if row is EVENT_ROW and features.dtype.kind != "f":
        raise DataError(
            f"{where}: {x} has dtype {features.dtype}, so its eta and phi are cut to whole numbers;"
            " write it as float32"
        )
    if labels.shape != features.shape[:1]:
        raise DataError(
            f"{where}: {y} has shape {labels.shape}, {x} {features.shape}; there is one label an"
            " event"
        )
    if features.shape[0] == 0:
        raise DataError(
            f"{where}: {x} is empty; split the events so that each of {', '.join(SPLITS)} has some"
        )
    features.check()


def _count_labels(labels: h5py.Dataset, where: str) -> dict[int, int]:
    counts: Counter[int] = Counter()
    for start in range(0, len(labels), BLOCK):
        values = read_labels(labels[start : start + BLOCK], where, start)
        counts.update(
            dict(
                zip(
                    *(column.tolist() for column in np.unique(values, return_counts=True)),
                    strict=True,
                )
            )
        )
    return dict(sorted(counts.items()))


def _check_labels(counts: Mapping[str, Mapping[int, int]], where: str) -> None:
    everywhere = sorted(set().union(*counts.values()))
    for split, present in counts.items():
        if missing := [label for label in everywhere if label not in present]:
            raise DataError(
                f"{where}: the {split} split has no event with label {missing[0]}, other splits do;"
                " split the file anew, by label"
            )


def read_labels(raw: NDArray[Any], where: str, first_row: int) -> NDArray[np.int64]:
    """Labels as int64; each must be a whole number that its type and int64 hold exactly."""

    def check(bad: NDArray[np.bool_], problem: str) -> None:
        reject_rows(
            bad, raw, problem, "number the processes 1, 2, 3, ...", where=where, first_row=first_row
        )

    if raw.dtype.kind == "f":
        check(~(np.isfinite(raw) & (np.rint(raw) == raw)), "label that is not a whole number")
        exact = 2.0 ** (np.finfo(raw.dtype).nmant + 1)
        check(np.abs(raw) >= min(exact, 2.0**63), f"label that {raw.dtype} does not hold exactly")
    elif raw.dtype.kind == "u":
        check(raw > np.iinfo(np.int64).max, "label beyond the range of int64")
    return raw.astype(np.int64)


def read_weights(raw: NDArray[Any], where: str, first_row: int) -> NDArray[np.float64]:
    """Weights as float64; each must be a finite number."""
    weights = raw.astype(np.float64)
    reject_rows(
        ~np.isfinite(weights),
        weights,
        "event weight that is not finite",
        BAD_WEIGHT,
        where=where,
        first_row=first_row,
    )
    return weights


def create(file: h5py.File, width: int, dtype: DTypeLike, chunk_rows: int) -> None:
    """Empty, growing, compressed X, of so many columns, and Y of each split."""
    for split in SPLITS:
        file.create_dataset(
            FEATURE_KEYS[split],
            (0, width),
            dtype,
            maxshape=(None, width),
            chunks=(chunk_rows, width),
            **PACKED,
        )
        _create_column(file, LABEL_KEYS[split], "i8", chunk_rows)


def _create_column(file: h5py.File, key: str, dtype: DTypeLike, chunk_rows: int) -> None:
    file.create_dataset(key, (0,), dtype, maxshape=(None,), chunks=(chunk_rows,), **PACKED)


def append(
    file: h5py.File,
    split: str,
    rows: NDArray[Any],
    labels: NDArray[np.integer],
    weights: NDArray[np.float64] | None = None,
) -> None:
    """More rows [n, columns], their labels [n] and, where the events of a file have them, weights
    [n].
    """
    columns = {FEATURE_KEYS[split]: rows, LABEL_KEYS[split]: labels}
    if weights is not None:
        if (key := f"{WEIGHT}_{split}") not in file:
            _create_column(file, key, "f8", file[LABEL_KEYS[split]].chunks[0])
            file.attrs["weight"] = WEIGHT
        columns[key] = weights
    for key, values in columns.items():
        dataset = file[key]
        start = len(dataset)
        dataset.resize(start + len(values), axis=0)
        dataset[start:] = values


def refuse_empty(file: h5py.File, path: Path) -> None:
    """Raise the DataError of a split without events."""
    for split, key in FEATURE_KEYS.items():
        if not len(file[key]):
            raise DataError(f"{path}: the {split} split would be empty; ask for more events")
