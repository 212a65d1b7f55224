"""Events on their way from a file without splits: as many objects as the file has, in its unit,
many events at once.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.config import EnergyUnit
from lexon.datasets.identity import factors
from lexon.datasets.units import to_gev
from lexon.errors import ConfigurationError, DataError
from lexon.events import Events
from lexon.physics import wrap_phi

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
COLUMNS = ("process", "weight", "met", "n_objects", "ids", "p4")  # of a block, in its file


@dataclass(frozen=True)
class Block:
    """Events of n rows of a file, with k objects in all; and the rows that hold none.

    Attributes:
        process: process of each event, bytes [n].
        weight: of each event, decimal numbers [n]; where nothing asks for weights, it may be empty.
        met: MET and METphi, float32 [n, 2].
        n_objects: int64 [n].
        ids: object types, int8 [k], event by event.
        p4: (E, pT, eta, phi), float32 [k, 4].
        faults: what is wrong with which row: index into the faults of the format + 1 and number of
            the row in the file, int64 [bad row] each.
        counts: of whatever else was left out, by name.
    """

    process: NDArray[np.bytes_]
    weight: NDArray[np.floating]
    met: NDArray[np.float32]
    n_objects: Ints
    ids: NDArray[np.int8]
    p4: NDArray[np.float32]
    faults: tuple[Ints, Ints]
    counts: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.process)


class BlockFile:
    """Blocks in a temporary file, which vanishes with this object or its process."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115

    def append(self, block: Block) -> None:
        """Keep a block, its faults and counts apart.

        Raises:
            DataError: the disk is full.
        """
        try:
            for name in COLUMNS:
                np.save(self._file, getattr(block, name))
        except OSError as error:
            raise DataError(
                f"{tempfile.gettempdir()}: cannot hold a temporary file ({error}); make room, or"
                " set TMPDIR"
            ) from error

    def __iter__(self) -> Iterator[Block]:
        end, here = self._file.seek(0, os.SEEK_END), 0
        while here < end:
            self._file.seek(here)  # another walk may have moved on
            columns = {name: np.load(self._file) for name in COLUMNS}
            here = self._file.tell()
            yield Block(**columns, faults=(np.empty(0, np.int64), np.empty(0, np.int64)))


def numbers_of_types(
    object_types: Mapping[int, str], names: Mapping[str, str], what: str
) -> dict[str, int]:
    """Number of the type of each object of a format.

    Args:
        object_types: what each type is called.
        names: what the objects of the format are called there, by their own name or code.
        what: the format, for messages.

    Raises:
        ConfigurationError: an object has no type.
    """
    types = {name: number for number, name in object_types.items()}
    if missing := [name for name in names.values() if name not in types]:
        raise ConfigurationError(
            f"events.object_types={dict(object_types)}: no type is called {missing[0]}, which"
            f" {what} has"
        )
    return {code: types[name] for code, name in names.items()}


def leading(block: Block, unit: EnergyUnit, max_objects: int) -> Block:
    """A block in a unit with what is shown of its events: the leading `max_objects` objects by pT
    of each, in the order of the file, in GeV, azimuths in [-pi, pi).
    """
    ids, p4 = block.ids, block.p4
    if (crowded := block.n_objects > max_objects).any():
        event = np.repeat(np.arange(len(block)), block.n_objects)
        kept = np.flatnonzero(_is_leading(p4[:, 1], event, crowded[event], max_objects))
        ids, p4 = ids[kept], p4.take(kept, axis=0)
    return replace(
        block,
        met=_in_gev(block.met, unit, energies=1),
        n_objects=np.minimum(block.n_objects, max_objects),
        ids=ids,
        p4=_in_gev(p4, unit, energies=2),
    )


def _in_gev(values: NDArray[np.float32], unit: EnergyUnit, energies: int) -> NDArray[np.float32]:
    """Columns of energies, then others, the azimuth last, in GeV and rad."""
    phi = wrap_phi(values[:, -1])
    if unit == "GeV" and np.shares_memory(phi, values):
        return values
    found = np.empty_like(values)
    found[:, :energies] = to_gev(values[:, :energies], unit)
    found[:, energies:-1] = values[:, energies:-1]
    found[:, -1] = phi
    return found


def _is_leading(pt: NDArray[np.float32], event: Ints, crowded: Mask, n: int) -> Mask:
    """Whether objects are among the `n` of their event with the largest pT; of equal ones, the
    first.
    """
    among = np.ones(len(event), np.bool_)
    places = np.flatnonzero(crowded)
    order = places[np.lexsort((-pt[places], event[places]))]
    rank = np.arange(len(order)) - np.searchsorted(event[order], event[order])
    among[order[rank >= n]] = False
    return among


def to_events(
    block: Block,
    labels: Ints,
    max_objects: int,
    order: Ints | None = None,
    *,
    weighted: bool = False,
) -> Events:
    """The events of a block that `leading` left, in the order of the file or another one, with
    their labels, which are in that of the file, and with their weights where they are asked for.
    """
    n = len(block)
    order = np.arange(n) if order is None else order
    row = np.empty(n, np.int64)
    row[order] = np.arange(n)
    ids = np.zeros(n * max_objects, np.int8)
    p4 = np.zeros((n * max_objects, 4), np.float32)
    place = places(block.n_objects, max_objects * row)
    ids[place] = block.ids
    rows(p4)[place] = rows(block.p4)
    return Events(
        ids=ids.reshape(n, max_objects),
        p4=p4.reshape(n, max_objects, 4),
        met=block.met[order, 0],
        met_phi=block.met[order, 1],
        labels=labels[order],
        weights=block.weight[order].astype(np.float64) if weighted else None,
    )


def content_hashes(block: Block) -> NDArray[np.uint64]:
    """The hash of each event of a block that `leading` left: `identity.row_hashes` of its events,
    without their padding, which adds nothing to it.
    """
    slot = places(block.n_objects, np.zeros_like(block.n_objects))
    own = factors(int(block.n_objects.max(initial=0)))
    of_objects = own.ids[slot] * _bits(block.ids.astype(np.float32))
    for factor, values in zip(own.p4.T, _bits(block.p4).T, strict=True):
        of_objects += factor[slot] * values
    of_met = own.met * _bits(block.met)
    return of_met[:, 0] + of_met[:, 1] + sums(of_objects, block.n_objects)


def rows(p4: NDArray[np.float32]) -> NDArray[np.complex128]:
    """Four-vectors [k, 4] as one number of 16 bytes each, which numpy picks faster than rows."""
    return np.ascontiguousarray(p4).view(np.complex128)[:, 0]


def places(counts: Ints, first: Ints) -> Ints:
    """Where each object goes, int64 [k]: those of an event, `counts` [n] of them, follow one
    another from `first` [n] on.
    """
    return np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)


def sums(values: NDArray[Any], counts: Ints) -> NDArray[np.uint64]:
    """Sum modulo 2^64 over the objects of each event, uint64 [n]: of whole numbers [k], event by
    event, `counts` [n] of them. Differences of one running sum: faster than a sum for each event.
    """
    until = np.zeros(len(values) + 1, np.uint64)
    np.cumsum(values, dtype=np.uint64, out=until[1:])
    return np.diff(until[np.concatenate([[0], np.cumsum(counts)])])


def _bits(values: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Numbers as they lie in memory."""
    return np.ascontiguousarray(values).view(np.uint32)
