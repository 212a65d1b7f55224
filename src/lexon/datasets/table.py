"""Tables of numbers to regress on: columns X, a target y and, where rows belong together, a
group.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import h5py
import numpy as np
import pandas as pd
from kedro.io import AbstractDataset
from numpy.typing import NDArray

from lexon.datasets.frames import NOTES, counts_rows, read_frame
from lexon.datasets.hdf5 import (
    read_attributes,
    reading,
    required_dataset,
    write_attributes,
    writing,
)
from lexon.datasets.kinds import in_words, is_hdf5, read_head
from lexon.errors import DataError

FEATURES, TARGET, GROUP = "X", "y", "group"
PARAMETER = "regression.path"
HDF5_ENDINGS = (".h5", ".hdf5", ".hdf")
LARGEST = 1e18  # its square fits in single precision
DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+\s*")
SHOWN_NAMES = 20
ENOUGH_ROWS = 10  # fewer may be in order, or follow the target, by chance


@dataclass(frozen=True)
class Table:
    """Rows to learn from.

    Attributes:
        features: float64 [row, column], finite and below `LARGEST`.
        target: float64 [row], finite and not constant.
        groups: an integer for each row [row]; rows of one group stay in one split. None: every row
            for itself.
        names: of the columns.
        origin: where it comes from, for the record.
        notes: what was decided when it was read.
    """

    features: NDArray[np.float64]
    target: NDArray[np.float64]
    groups: NDArray[np.int64] | None
    names: list[str]
    origin: str
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.target)

    def validate(self) -> Table:
        """Return self, or raise the DataError of what cannot be learnt from."""
        if not len(self) or not self.features.shape[1]:
            raise DataError(
                f"{self.origin}: {len(self)} rows of {self.features.shape[1]} columns; a regression"
                " needs both"
            )
        if len(self.names) != self.features.shape[1]:
            raise DataError(
                f"{self.origin}: {len(self.names)} names for {self.features.shape[1]} columns of"
                f" {FEATURES}; write one for each, or none"
            )
        if len(self.features) != len(self.target) or (
            self.groups is not None and len(self.groups) != len(self.target)
        ):
            raise DataError(
                f"{self.origin}: {len(self.features)} rows of features, {len(self.target)} targets;"
                " they must be as many"
            )
        for name, values in {
            **dict(zip(self.names, self.features.T, strict=True)),
            "the target": self.target,
        }.items():
            _refuse(
                self.origin, name, values, ~np.isfinite(values), "remove these rows or fill them in"
            )
            _refuse(
                self.origin,
                name,
                values,
                np.abs(values) > LARGEST,
                f"values above {LARGEST:g} are too large: choose another unit",
            )
        if len(self) == 1:
            raise DataError(
                f"{self.origin}: has one row; a regression needs some for training, validation and"
                " test"
            )
        if np.ptp(self.target) == 0:
            raise DataError(
                f"{self.origin}: every target is {self.target[0]}: there is nothing to predict;"
                " name another column"
            )
        return self

    def remarks(self) -> list[str]:
        """Remarks on suspicious columns: one counts the rows, or is the target."""
        if len(self) < ENOUGH_ROWS:
            return []
        counting, copies = [], []
        for name, values in zip(self.names, self.features.T, strict=True):
            if counts_rows(values):
                counting.append(
                    f"{name} counts the rows and is used as a feature: leave it out if the rows are"
                    " in any order"
                )
            if _is_copy(values, self.target):
                copies.append(
                    f"{name} is the target, or a multiple of it: predictions read the answer there,"
                    " so leave it out"
                )
        return counting + copies


def _refuse(
    origin: str, name: str, values: NDArray[np.float64], wrong: NDArray[np.bool_], remedy: str
) -> None:
    rows = np.flatnonzero(wrong)
    if len(rows):
        raise DataError(
            f"{origin}: {name}: row {rows[0]} is {values[rows[0]]:g} ({len(rows)} such rows);"
            f" {remedy}"
        )


def _is_copy(values: NDArray[np.float64], target: NDArray[np.float64]) -> bool:
    """Whether a column is a x target + b, to 12 digits."""
    one, other = values - values.mean(), target - target.mean()
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return size > 0 and abs(float(one @ other)) >= (1 - 1e-12) * size


class TableDataset(AbstractDataset[Table, Table]):
    """A CSV file with a header, or an HDF5 file; it is written as HDF5.

    In HDF5 the features are the dataset ``X`` [row, ...], images and sequences flattened; in CSV
    all columns of numbers but target and group.

    Args:
        target: name of the target's column or dataset; None: ``y``.
        group: name of the column or dataset of groups; None: ``group`` where there is one.
    """

    def __init__(
        self,
        *,
        filepath: str,
        target: str | None = None,
        group: str | None = None,
        linked_data: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = PurePosixPath(filepath)
        self.linked_data = Path(linked_data) if linked_data else None
        self._target, self._group = target or TARGET, group
        self.metadata = metadata

    def load(self) -> Table:
        path = Path(self._filepath)
        if self._group == self._target:
            raise DataError(
                f"regression.group={self._group} is the target too; name the column whose rows"
                " belong together, or none"
            )
        head = read_head(path, PARAMETER)
        if not is_hdf5(path) and path.suffix.lower() in HDF5_ENDINGS:
            raise DataError(
                f"{path}: {in_words(path, head)}, not HDF5 as its name says; name it .csv, or write"
                " it again"
            )
        if is_hdf5(path):
            table = read_hdf5(path, self._target, self._group, self.linked_data).validate()
        else:
            table = read_csv(path, self._target, self._group).validate()
        return replace(table, notes=list(dict.fromkeys([*table.notes, *table.remarks()])))

    def save(self, data: Table) -> None:
        arrays = {
            FEATURES: data.features,
            TARGET: data.target,
            **({} if data.groups is None else {GROUP: data.groups}),
        }
        with writing(Path(self._filepath)) as file:
            file.pack(arrays)
            write_attributes(
                file, {"names": data.names, "origin": data.origin, "notes": data.notes}
            )

    def _exists(self) -> bool:
        return Path(self._filepath).exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "target": self._target, "group": self._group}


def read_hdf5(path: Path, target: str, group: str | None, linked_data: Path | None = None) -> Table:
    """Datasets X, the target and, where there are groups, the group."""
    with reading(path, linked_data) as file:
        group = group or (GROUP if GROUP in file else None)
        _require(path, [FEATURES, target, group], list(file))
        attributes = read_attributes(file)
        rows = _numbers(path, FEATURES, required_dataset(file, FEATURES)[()])
        values = _numbers(path, target, required_dataset(file, target)[()]).squeeze()
        groups = _values(path, group, required_dataset(file, group)) if group else None
    if not rows.size:
        raise DataError(
            f"{path}: {FEATURES} {rows.shape} is empty; a regression needs rows and columns"
        )
    if rows.ndim == 0 or values.ndim != 1:
        raise DataError(
            f"{path}: {FEATURES} {rows.shape}, {target} {values.shape}; needed: [row, ...] and"
            " [row]"
        )
    features, flattened = _flattened(rows)
    names = _column_names(path, attributes, features.shape[1])
    codes, ungrouped = _codes(groups)
    notes = [*(attributes.get("notes") or []), *flattened, *ungrouped]
    return Table(features, values, codes, names, str(attributes.get("origin", path)), notes)


def _flattened(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[str]]:
    """Rows of images or sequences as rows of columns, and a note where they were changed."""
    features = rows.reshape(len(rows), -1)
    if rows.ndim <= 2:
        return features, []
    return features, [
        f"{FEATURES}: rows of shape {rows.shape[1:]} were flattened to {features.shape[1]} columns"
    ]


def _column_names(path: Path, attributes: Mapping[str, Any], n: int) -> list[str]:
    """The columns' names in the file, else numbers."""
    names = attributes.get("names") or [f"{FEATURES}[{i}]" for i in range(n)]
    if not isinstance(names, list):
        raise DataError(
            f"{path}: the attribute names={names!r} is not a list; write one name for each column,"
            " or none"
        )
    return [str(name) for name in names]


def _values(path: Path, name: str, dataset: h5py.Dataset) -> NDArray[Any]:
    """Groups as they are, or as texts."""
    if not dataset.shape:
        raise DataError(f"{path}: {name} is no array; write one group for each row")
    return (
        dataset.asstr(errors="replace")[()]
        if h5py.check_string_dtype(dataset.dtype)
        else dataset[()]
    )


def read_csv(path: Path, target: str, group: str | None) -> Table:
    """Every column but the target and the group is a feature; one that does not hold numbers is
    left out, with a note.
    """
    frame = read_frame(path, PARAMETER)
    group = group or (GROUP if GROUP in frame else None)
    _require(path, [target, group], [str(name) for name in frame])
    columns = frame.drop(columns=[target, group] if group else target)
    numbers = columns.select_dtypes("number")
    dropped = columns.columns.difference(numbers.columns, sort=False).astype(str).tolist()
    for name in (target, *dropped):
        _refuse_spoilt(path, name, frame[name])
    notes = [*frame.attrs[NOTES]]
    if dropped:
        notes.append(f"columns that are no numbers are left out: {', '.join(dropped)}")
    values = _numbers(path, target, frame[target].to_numpy())
    codes, ungrouped = _codes(frame[group].to_numpy() if group else None)
    names = [str(name) for name in numbers]
    return Table(
        numbers.to_numpy(np.float64), values, codes, names, str(path), [*notes, *ungrouped]
    )


def _refuse_spoilt(path: Path, name: str, column: pd.Series) -> None:
    """Refuse a column of numbers that a few texts, or decimal commas, made one of texts."""
    if column.dtype.kind in "biuf":
        return
    texts = column.dropna().astype(str)
    with_comma = texts.map(lambda text: bool(DECIMAL_COMMA.fullmatch(text)))
    if len(texts) and with_comma.mean() > 0.5:
        raise DataError(
            f"{path}: {name}: row {texts.index[0]} is {texts.iloc[0]!r}; write numbers with a"
            " decimal point"
        )
    odd = pd.to_numeric(texts, errors="coerce").isna()
    if 0 < odd.mean() < 0.5:
        place = int(np.argmax(odd))
        raise DataError(
            f"{path}: {name}: row {texts.index[place]} is {texts.iloc[place]!r} among numbers"
            f" ({odd.sum()} such rows); remove these rows or fill them in"
        )


def _require(path: Path, wanted: list[str | None], found: list[str]) -> None:
    """Check that a file has these columns or datasets; None stands for one that is not needed."""
    missing = [name for name in wanted if name is not None and name not in found]
    if missing:
        raise DataError(
            f"{path}: no {missing[0]!r}; it holds {_listed(found)} (regression.target,"
            " regression.group)"
        )


def _listed(names: list[str]) -> str:
    return (", ".join(names[:SHOWN_NAMES]) or "nothing") + (
        f", ... ({len(names)} in all)" if len(names) > SHOWN_NAMES else ""
    )


def _numbers(path: Path, name: str, values: NDArray[Any] | h5py.Empty) -> NDArray[np.float64]:
    if isinstance(values, h5py.Empty):
        raise DataError(f"{path}: {name} is empty (a dataset without a shape); write numbers")
    if values.dtype.kind not in "biuf":
        raise DataError(
            f"{path}: {name} holds {values.dtype}, not numbers; name another one, or write numbers"
        )
    return values.astype(np.float64)


def _codes(groups: NDArray[Any] | None) -> tuple[NDArray[np.int64] | None, list[str]]:
    """A number for each group. A row without one is a group of its own, and the sentence says how
    many there are.
    """
    if groups is None:
        return None, []
    names = pd.Series(groups.reshape(len(groups), -1)[:, 0])
    texts = np.array(
        [
            "" if missing else str(name).strip()
            for name, missing in zip(names, names.isna(), strict=True)
        ]
    )
    without = texts == ""
    codes = np.unique(texts, return_inverse=True)[1].astype(np.int64)
    codes[without] = codes.max(initial=0) + 1 + np.arange(without.sum())
    note = (
        f"{without.sum()} rows have no group; each is a group of its own, so check that they belong"
        " to no other row"
    )
    return np.unique(codes, return_inverse=True)[1].astype(np.int64), (
        [note] if without.any() else []
    )
