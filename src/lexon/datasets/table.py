"""Tables of numbers to regress on: columns X, a target y and, where rows belong together, a group."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import h5py
import numpy as np
import pandas as pd
from kedro.io import AbstractDataset
from numpy.typing import NDArray

from lexon.datasets.hdf5 import read_attributes, reading, write_attributes, writing
from lexon.errors import DataError

FEATURES, TARGET, GROUP = "X", "y", "group"
HDF5_ENDINGS = (".h5", ".hdf5", ".hdf")


@dataclass(frozen=True)
class Table:
    """Rows to learn from.

    Attributes:
        features: float64 [row, column], finite.
        target: float64 [row], finite and not constant.
        groups: an integer for each row [row]; rows of one group stay in one split. None: every row for itself.
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
            raise DataError(f"{self.origin}: {len(self)} rows of {self.features.shape[1]} columns; a regression needs both")
        if len(self.features) != len(self.target) or (self.groups is not None and len(self.groups) != len(self.target)):
            raise DataError(f"{self.origin}: {len(self.features)} rows of features, {len(self.target)} targets; they must be as many")
        for name, values in {**dict(zip(self.names, self.features.T, strict=True)), "the target": self.target}.items():
            bad = np.flatnonzero(~np.isfinite(values))
            if len(bad):
                raise DataError(
                    f"{self.origin}: {name}: row {bad[0]} is {values[bad[0]]} ({len(bad)} such rows); remove these rows or fill them in"
                )
        if np.ptp(self.target) == 0:
            raise DataError(f"{self.origin}: every target is {self.target[0]}: there is nothing to predict; name another column")
        return self


class TableDataset(AbstractDataset[Table, Table]):
    """A CSV file with a header, or an HDF5 file; it is written as HDF5.

    In HDF5 the features are the dataset ``X`` [row, ...], images and sequences flattened; in CSV all columns of numbers
    but target and group.

    Args:
        target: name of the target's column or dataset; None: ``y``.
        group: name of the column or dataset of groups; None: ``group`` where there is one.
    """

    def __init__(
        self, *, filepath: str, target: str | None = None, group: str | None = None, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = PurePosixPath(filepath)
        self._target, self._group = target or TARGET, group
        self.metadata = metadata

    def load(self) -> Table:
        path = Path(self._filepath)
        if not path.is_file():
            raise DataError(f"{path}: no such file; check regression.path")
        read = read_hdf5 if path.suffix.lower() in HDF5_ENDINGS else read_csv
        return read(path, self._target, self._group).validate()

    def save(self, data: Table) -> None:
        arrays = {FEATURES: data.features, TARGET: data.target, **({} if data.groups is None else {GROUP: data.groups})}
        with writing(Path(self._filepath)) as file:
            for name, values in arrays.items():
                file.create_dataset(name, data=values, compression="gzip", compression_opts=1, shuffle=True)
            write_attributes(file, {"names": data.names, "origin": data.origin, "notes": data.notes})

    def _exists(self) -> bool:
        return Path(self._filepath).exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "target": self._target, "group": self._group}


def read_hdf5(path: Path, target: str, group: str | None) -> Table:
    """Datasets X, the target and, where there are groups, the group."""
    with reading(path) as file:
        _require(path, [FEATURES, target, *([group] if group else [])], [name for name in file if isinstance(file[name], h5py.Dataset)])
        attributes = read_attributes(file)
        images, values = _numbers(path, FEATURES, file[FEATURES][()]), _numbers(path, target, file[target][()]).squeeze()
        named = group or (GROUP if GROUP in file else None)
        groups = file[named][()] if named else None
    if images.ndim == 0 or values.ndim != 1:
        raise DataError(f"{path}: {FEATURES} {images.shape}, {target} {values.shape}; needed: [row, ...] and [row]")
    features = images.reshape(len(images), -1)
    flattened = [f"{FEATURES}: rows of shape {images.shape[1:]} were flattened to {features.shape[1]} columns"] if images.ndim > 2 else []
    names = attributes.get("names") or [f"{FEATURES}[{i}]" for i in range(features.shape[1])]
    notes = [*attributes.get("notes", []), *flattened]
    return Table(features, values, _codes(groups), names, str(attributes.get("origin", path)), notes)


def read_csv(path: Path, target: str, group: str | None) -> Table:
    """Every column is a feature but the target and the group; one that is no number is left out, and said so."""
    frame = pd.read_csv(path)
    if frame.empty:
        raise DataError(f"{path}: no rows; a regression needs some")
    group = group or (GROUP if GROUP in frame else None)
    _require(path, [target, *([group] if group else [])], [str(name) for name in frame])
    columns = frame.drop(columns=[target, *([group] if group else [])])
    numbers = columns.select_dtypes("number")
    dropped = [str(name) for name in columns if name not in numbers]
    notes = [f"columns that are no numbers are left out: {', '.join(dropped)}"] if dropped else []
    values = _numbers(path, target, frame[target].to_numpy())
    names = [str(name) for name in numbers]
    return Table(numbers.to_numpy(np.float64), values, _codes(frame[group].to_numpy() if group else None), names, str(path), notes)


def _require(path: Path, wanted: list[str], found: list[str]) -> None:
    missing = [name for name in wanted if name not in found]
    if missing:
        raise DataError(f"{path}: no {missing[0]!r}; it holds {', '.join(found) or 'nothing'} (regression.target, regression.group)")


def _numbers(path: Path, name: str, values: NDArray[Any]) -> NDArray[np.float64]:
    if values.dtype.kind not in "biuf":
        raise DataError(f"{path}: {name} holds {values.dtype}, not numbers; name another one, or write numbers")
    return values.astype(np.float64)


def _codes(groups: NDArray[Any] | None) -> NDArray[np.int64] | None:
    return None if groups is None else np.unique(groups.astype(str), return_inverse=True)[1].astype(np.int64)
