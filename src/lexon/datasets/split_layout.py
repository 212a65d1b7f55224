"""The split HDF5 layout: X_train, X_val, X_test [N, 92] and Y_train, y_val, y_test [N].

A row is 18 type ids | MET, METphi | 18 x (E, pT, eta, phi); padding is id 0 and four zeros.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lexon.config import EnergyUnit
from lexon.datasets.hdf5 import read_attributes
from lexon.datasets.units import from_gev, to_gev
from lexon.errors import DataError
from lexon.events import MAX_OBJECTS, N_TYPES, SPLITS, Events, reject_rows
from lexon.physics import wrap_phi

MET, MET_PHI, P4 = MAX_OBJECTS, MAX_OBJECTS + 1, MAX_OBJECTS + 2
WIDTH = P4 + 4 * MAX_OBJECTS
SIGNATURE = b"\x89HDF\r\n\x1a\n"
FEATURE_KEYS = {split: f"X_{split}" for split in SPLITS}
LABEL_KEYS = {"train": "Y_train", "val": "y_val", "test": "y_test"}
BLOCK = 1 << 18

TWO_TURNS = 4 * np.pi  # rad: an azimuth may come unwrapped, but beyond this it is in degrees or no azimuth


@dataclass(frozen=True)
class Header:
    """What a file says before its events are read.

    Attributes:
        features: key of X by split, as the file spells it.
        labels: key of Y by split.
        counts: events per label, by split; every split has the same labels.
        attributes: of the file, over those of its labels.
        ignored: keys that nothing reads.
    """

    features: dict[str, str]
    labels: dict[str, str]
    counts: dict[str, dict[int, int]]
    attributes: dict[str, Any]
    ignored: tuple[str, ...]


def require_hdf5(path: Path) -> None:
    """Decide by content whether the file can hold this layout.

    Raises:
        DataError: no such file, a directory, no permission, DarkMachines text, or anything else that is not HDF5.
    """
    try:
        with path.open("rb") as file:
            head = file.read(200)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; check events.path") from error
    except IsADirectoryError as error:
        raise DataError(f"{path}: is a directory; events.path is one HDF5 file") from error
    except PermissionError as error:
        raise DataError(f"{path}: no permission to read it; ask its owner, or chmod +r it") from error
    if head.startswith(SIGNATURE):
        return
    if _is_darkmachines(head):
        raise DataError(f"{path}: is DarkMachines text; this reader takes the split HDF5 layout only: convert the file first")
    found = f"begins with {head[:24]!r}" if head else "is empty"
    raise DataError(f"{path}: {found}, which is not HDF5; events.path is a file in the split HDF5 layout")


def _is_darkmachines(head: bytes) -> bool:
    """`event ID; process ID; weight; MET; METphi[; obj,E,pt,eta,phi ...]`."""
    fields = head.split(b"\n")[0].split(b";")
    if len(fields) < 5:
        return False
    try:
        [float(field) for field in fields[2:5]]
    except ValueError:
        return False
    return True


def inspect(file: h5py.File, where: str) -> Header:
    """Check everything but the events themselves.

    Raises:
        DataError: a missing, doubled or misshapen dataset, an empty split, bad labels, a label that a split lacks, a single label.
    """
    features = {split: _find(file, f"X_{split}", where) for split in SPLITS}
    labels = {split: _find(file, f"Y_{split}", where) for split in SPLITS}
    for split in SPLITS:
        _check_shapes(file[features[split]], file[labels[split]], where)
    counts = {split: _count_labels(file[labels[split]], f"{where}: {labels[split]}") for split in SPLITS}
    _check_labels(counts, where)
    used = {key.lower() for key in (*features.values(), *labels.values())}
    attributes = read_attributes(file[labels["train"]]) | read_attributes(file)
    return Header(features, labels, counts, attributes, tuple(key for key in file if key.lower() not in used))


def _find(file: h5py.File, name: str, where: str) -> str:
    keys = [key for key in file if key.lower() == name.lower()]
    if not keys:
        raise DataError(f"{where}: {name} is missing (any case will do); the file has {', '.join(file) or 'nothing'}")
    for key in keys:
        if not isinstance(file[key], h5py.Dataset):
            raise DataError(f"{where}: {key} is a group; it must be an array")
        if file[key].dtype.kind not in "iuf":
            raise DataError(f"{where}: {key} has dtype {file[key].dtype}; write it as float32, or int64 for labels")
        if not _identical(file[keys[0]], file[key]):
            raise DataError(f"{where}: {keys[0]} and {key} differ; keep the right one")
    return keys[0]


def _identical(first: h5py.Dataset, second: h5py.Dataset) -> bool:
    if first == second:
        return True
    starts = range(0, first.shape[0] if first.shape else 0, BLOCK)
    return first.shape == second.shape and all(np.array_equal(first[i : i + BLOCK], second[i : i + BLOCK], equal_nan=True) for i in starts)


def _check_shapes(features: h5py.Dataset, labels: h5py.Dataset, where: str) -> None:
    x, y = features.name.lstrip("/"), labels.name.lstrip("/")
    if features.ndim != 2 or features.shape[1] != WIDTH:
        layout = f"{MAX_OBJECTS} ids | MET, METphi | {MAX_OBJECTS} x (E, pT, eta, phi)"
        raise DataError(f"{where}: {x} has shape {features.shape}; a row has {WIDTH} columns: {layout}")
    if labels.shape != features.shape[:1]:
        raise DataError(f"{where}: {y} has shape {labels.shape}, {x} {features.shape}; there is one label an event")
    if features.shape[0] == 0:
        raise DataError(f"{where}: {x} is empty; split the events so that each of {', '.join(SPLITS)} has some")


def _count_labels(labels: h5py.Dataset, where: str) -> dict[int, int]:
    counts: Counter[int] = Counter()
    for start in range(0, len(labels), BLOCK):
        values = read_labels(labels[start : start + BLOCK], where, start)
        counts.update(dict(zip(*(column.tolist() for column in np.unique(values, return_counts=True)), strict=True)))
    return dict(sorted(counts.items()))


def _check_labels(counts: Mapping[str, Mapping[int, int]], where: str) -> None:
    everywhere = sorted(set().union(*counts.values()))
    for split, present in counts.items():
        if missing := [label for label in everywhere if label not in present]:
            raise DataError(
                f"{where}: the {split} split has no event with label {missing[0]}, the others do; split the file anew, by label"
            )
    if len(everywhere) == 1:
        raise DataError(f"{where}: every event has the label {everywhere[0]}; there is nothing to tell apart")


def read_labels(raw: NDArray[Any], where: str, first_row: int) -> NDArray[np.int64]:
    """Labels as int64; floats must be whole."""
    if raw.dtype.kind == "f":
        whole = np.isfinite(raw) & (np.rint(raw) == raw)
        reject_rows(~whole, raw, "label that is not a whole number", "number the processes 1, 2, 3, ...", where=where, first_row=first_row)
    return raw.astype(np.int64)


def to_events(rows: NDArray[Any], labels: NDArray[Any], unit: EnergyUnit, where: str, first_row: int) -> Events:
    """Rows of a file [N, 92] in its own unit -> checked events in GeV, azimuths in [-pi, pi).

    Raises:
        DataError: a value that cannot be right, with its row. Energies are shown in GeV.
    """
    raw_ids = rows[:, :MAX_OBJECTS]
    unknown = ~((raw_ids >= 0) & (raw_ids <= N_TYPES) & (raw_ids == np.rint(raw_ids)))
    reject_rows(unknown, raw_ids, "unknown object type", f"types run from 1 to {N_TYPES}, 0 is padding", where=where, first_row=first_row)
    raw = rows[:, P4:].reshape(-1, MAX_OBJECTS, 4)
    padding = (raw_ids == 0) & (raw == 0).all(-1)
    p4 = raw.astype(np.float32)
    p4[..., :2] = np.where(padding[..., None], 0, to_gev(raw[..., :2], unit))
    for azimuth, name in ((raw[..., 3], "azimuth"), (rows[:, MET_PHI], "azimuth of MET")):
        absurd = np.isfinite(azimuth) & (np.abs(azimuth) > TWO_TURNS)
        reject_rows(absurd, azimuth, f"{name} beyond two turns", "give it in rad; is it in degrees?", where=where, first_row=first_row)
    with np.errstate(invalid="ignore"):
        p4[..., 3] = wrap_phi(raw[..., 3])
        met_phi = wrap_phi(rows[:, MET_PHI])
    events = Events(
        ids=raw_ids.astype(np.int8),
        p4=p4,
        met=to_gev(rows[:, MET], unit),
        met_phi=met_phi.astype(np.float32),
        labels=read_labels(labels, where, first_row),
    )
    return events.validate(where if unit == "GeV" else f"{where} ({unit} read as GeV)", first_row)


def to_rows(events: Events, unit: EnergyUnit) -> NDArray[np.float32]:
    """The inverse of `to_events`, float32 [N, 92]; a MET of exactly 0 is written as -inf in ln(MeV), and read as 0."""
    p4 = events.p4.copy()
    p4[..., :2] = np.where(events.mask[..., None], from_gev(p4[..., :2], unit), 0)
    met = np.stack([from_gev(events.met, unit), events.met_phi], axis=1)
    return np.concatenate([events.ids, met, p4.reshape(len(events), -1)], axis=1, dtype=np.float32)
