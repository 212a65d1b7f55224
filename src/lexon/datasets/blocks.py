"""Events on their way from a file without splits: as many objects as the file has, in its unit,
many events at once.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lexon.config import EnergyUnit
from lexon.datasets.units import to_gev
from lexon.errors import ConfigurationError, DataError
from lexon.events import MAX_OBJECTS, Events
from lexon.physics import wrap_phi

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Block:
    """Events of n rows of a file, in the unit of the file, with k objects in all; and the rows that
    hold none.

    Attributes:
        process: process of each event, bytes [n].
        met: MET and METphi, float32 [n, 2].
        n_objects: int64 [n].
        ids: object types, int8 [k], event by event.
        p4: (E, pT, eta, phi), float32 [k, 4].
        faults: what is wrong with which row: index into the faults of the format + 1 and number of
            the row in the file, int64 [bad row] each.
        counts: of whatever else was left out, by name.
    """

    process: NDArray[np.bytes_]
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
        self._file = tempfile.TemporaryFile()  # noqa: SIM115

    def append(self, block: Block) -> None:
        """Keep a block, its faults and counts apart.

        Raises:
            DataError: the disk is full.
        """
        try:
            for values in (block.process, block.met, block.n_objects, block.ids, block.p4):
                np.save(self._file, values)
        except OSError as error:
            raise DataError(
                f"{tempfile.gettempdir()}: cannot hold a temporary file ({error}); make room, or"
                " set TMPDIR"
            ) from error

    def __iter__(self) -> Iterator[Block]:
        end, here = self._file.seek(0, os.SEEK_END), 0
        while here < end:
            self._file.seek(here)  # another walk may have moved on
            process, met, n_objects, ids, p4 = (np.load(self._file) for _ in range(5))
            here = self._file.tell()
            yield Block(
                process,
                met,
                n_objects,
                ids,
                p4,
                faults=(np.empty(0, np.int64), np.empty(0, np.int64)),
            )


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


def to_events(block: Block, labels: Ints, unit: EnergyUnit) -> Events:
    """The events of a block, in GeV, with their leading 18 objects by pT in the order of
    the file.
    """
    event = np.repeat(np.arange(len(block)), block.n_objects)
    kept = np.flatnonzero(_leading(block, event))
    event = event[kept]
    counts = np.minimum(block.n_objects, MAX_OBJECTS)
    slot = np.arange(len(kept)) - np.repeat(np.cumsum(counts) - counts, counts)
    ids, p4 = (
        np.zeros((len(block), MAX_OBJECTS), np.int8),
        np.zeros((len(block), MAX_OBJECTS, 4), np.float32),
    )
    ids[event, slot] = block.ids[kept]
    objects = block.p4[kept]
    objects[:, :2] = to_gev(objects[:, :2], unit)
    objects[:, 3] = wrap_phi(objects[:, 3])
    p4[event, slot] = objects
    met_phi = wrap_phi(block.met[:, 1])
    return Events(ids=ids, p4=p4, met=to_gev(block.met[:, 0], unit), met_phi=met_phi, labels=labels)


def _leading(block: Block, event: Ints) -> Mask:
    """The 18 objects of each event with the largest pT; of equal ones, the first."""
    leading = np.ones(len(event), np.bool_)
    crowded = np.flatnonzero(block.n_objects[event] > MAX_OBJECTS)
    order = crowded[np.lexsort((-block.p4[crowded, 1], event[crowded]))]
    rank = np.arange(len(order)) - np.searchsorted(event[order], event[order])
    leading[order[rank >= MAX_OBJECTS]] = False
    return leading
