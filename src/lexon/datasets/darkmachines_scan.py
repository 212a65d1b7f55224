"""The first walk through DarkMachines text: how many events of which process, which of them repeat
another, which lines are bad.

It keeps a 64-bit hash and a process of every event in memory, tens of bytes each, and what it read
in a temporary file, half as large as the text, so that the second walk need not read numbers from
text again.
"""

from __future__ import annotations

import os
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon.config import EnergyUnit
from lexon.datasets.darkmachines_text import FAULTS, Block, read_blocks, to_events
from lexon.datasets.identity import row_hashes
from lexon.errors import DataError
from lexon.events import MAX_OBJECTS
from lexon.simulation.shares import apportion

SHOWN_LINES = 3
REPEATED = -1

Place = tuple[str, int]  # file name, index into FAULTS


class BlockFile:
    """Blocks in a temporary file, which vanishes with this object or its process."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115

    def append(self, block: Block) -> None:
        """Keep a block, its faults apart.

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


@dataclass(frozen=True)
class Scan:
    """Counts, processes and hashes of the events of all files.

    Attributes:
        processes: every process ID.
        process: index into them, int64 [event].
        hashes: 64 bits of the content of each event (what `Events` holds, the label apart), uint64
            [event].
        counts: lines (blank ones and remarks apart), remarks (headers and comments), crowded
            (events of more than 18 objects), empty (events of none).
        faults: number of bad lines by file and fault.
        lines: the first of them.
        blocks: what was read.
    """

    processes: list[str]
    process: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    counts: Counter[str]
    faults: Counter[Place]
    lines: dict[Place, list[int]]
    blocks: BlockFile

    @property
    def bad_share(self) -> float:
        """Share of lines that make no sense."""
        return self.faults.total() / max(self.counts["lines"], 1)

    @property
    def sentence(self) -> str:
        """A sentence about lines that cannot be read: their number, and the first of them."""
        places = [
            f"{FAULTS[fault]} ({file}, line"
            f" {', '.join(map(str, self.lines[file, fault]))}{', ...' * (n > SHOWN_LINES)})"
            for (file, fault), n in self.faults.items()
        ]
        return (
            f"{self.faults.total():,} of {self.counts['lines']:,} lines are left out:"
            f" {'; '.join(places)}"
        )

    def repeated(self) -> NDArray[np.int64]:
        """The event that each one repeats, which is itself for the first of its kind, int64
        [event].
        """
        _, first, inverse = np.unique(self.hashes, return_index=True, return_inverse=True)
        return first[inverse]


def scan_files(files: Iterable[Path], types: Mapping[str, int], unit: EnergyUnit) -> Scan:
    """Walk through all files once."""
    numbers: dict[str, int] = {}
    process, hashes = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
    scan = Scan([], process[0], hashes[0], Counter(), Counter(), {}, BlockFile())
    for file in files:
        for block in read_blocks(file, types):
            names, inverse = np.unique(block.process, return_inverse=True)
            found = [numbers.setdefault(_text(name), len(numbers)) for name in names.tolist()]
            process.append(np.array(found, np.int64)[inverse])
            hashes.append(_content(block, unit))
            scan.blocks.append(block)
            _count(scan, block, file.name)
    return replace(
        scan,
        processes=list(numbers),
        process=np.concatenate(process),
        hashes=np.concatenate(hashes),
    )


def _text(name: bytes) -> str:
    """A process ID; one way of writing accents, whatever the encoding."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        text = name.decode("latin-1")
    return unicodedata.normalize("NFC", text)


def _count(scan: Scan, block: Block, file: str) -> None:
    faults, lines = block.faults
    crowded, empty = (block.n_objects > MAX_OBJECTS).sum(), (block.n_objects == 0).sum()
    scan.counts.update(
        lines=len(block) + len(lines),
        remarks=block.n_remarks,
        crowded=int(crowded),
        empty=int(empty),
    )
    for fault in np.unique(faults).tolist():
        place, of_fault = (file, fault - 1), lines[faults == fault]
        scan.faults[place] += len(of_fault)
        scan.lines[place] = (scan.lines.get(place, []) + of_fault[:SHOWN_LINES].tolist())[
            :SHOWN_LINES
        ]


def _content(block: Block, unit: EnergyUnit) -> NDArray[np.uint64]:
    """Hash of each event as it will be shown."""
    return row_hashes(to_events(block, np.zeros(len(block), np.int64), unit))


def assign_splits(
    scan: Scan, labels: NDArray[np.int64], shares: NDArray[np.float64], seed: int
) -> NDArray[np.int8]:
    """Index of the split of each event, int8 [event], `REPEATED` for one that repeats another.

    Each label is shared out exactly (largest remainder). Where an event goes depends on its content
    and the seed, not on its line.
    """
    split = np.full(len(labels), REPEATED, np.int8)
    hashes, first = np.unique(scan.hashes, return_index=True)
    # The hash of the hash: a new one for every seed.
    shuffled = first[np.argsort(pd.util.hash_array(hashes ^ np.uint64(seed)))]
    for label in np.unique(labels):
        events = shuffled[labels[shuffled] == label]
        split[events] = np.repeat(np.arange(len(shares)), apportion(len(events), shares))
    return split
