"""The first walk through files without splits: how many events of which process, which of them
repeat another, which rows hold none.

It keeps a 64-bit hash and a process of every event in memory, tens of bytes each, and what it read
in a temporary file, half as large as text, so that the second walk need not read the files again.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon.config import EnergyUnit
from lexon.datasets.blocks import Block, BlockFile, content_hashes, leading
from lexon.simulation.shares import apportion

SHOWN_ROWS = 3
REPEATED = -1

Place = tuple[str, int]  # file, index into the faults


@dataclass(frozen=True)
class Faults:
    """What can be wrong with a row of a format.

    Attributes:
        sentences: what each fault is.
        row: what a row is called, with its plural.
    """

    sentences: Sequence[str]
    row: tuple[str, str]


@dataclass(frozen=True)
class Scan:
    """Counts, processes and hashes of the events of all files.

    Attributes:
        possible: what can be wrong with a row.
        processes: every process.
        process: index into them, int64 [event].
        hashes: 64 bits of the content of each event (what `Events` holds, the label apart), uint64
            [event].
        counts: rows, crowded (events of more objects than are kept), empty (events of none), and
            what blocks count themselves.
        faults: number of bad rows by file and fault.
        rows: the first of them.
        blocks: what is shown of the events, in GeV.
    """

    possible: Faults
    processes: list[str]
    process: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    counts: Counter[str]
    faults: Counter[Place]
    rows: dict[Place, list[int]]
    blocks: BlockFile

    @property
    def bad_share(self) -> float:
        """Share of rows that make no sense."""
        return self.faults.total() / max(self.counts["rows"], 1)

    @property
    def sentence(self) -> str:
        """A sentence about rows that cannot be read: their number, and the first of them."""
        one, several = self.possible.row
        places = [
            f"{self.possible.sentences[fault]} ({file}, {one}"
            f" {', '.join(map(str, self.rows[file, fault]))}{', ...' * (n > SHOWN_ROWS)})"
            for (file, fault), n in self.faults.items()
        ]
        return (
            f"{self.faults.total():,} of {self.counts['rows']:,} {several} are left out:"
            f" {'; '.join(places)}"
        )

    def repeated(self) -> NDArray[np.int64]:
        """The event that each one repeats, which is itself for the first of its kind, int64
        [event].
        """
        _, first, inverse = np.unique(self.hashes, return_index=True, return_inverse=True)
        return first[inverse]


def scan_blocks(
    files: Iterable[tuple[str, Iterable[Block]]],
    possible: Faults,
    unit: EnergyUnit,
    max_objects: int,
) -> Scan:
    """Walk once through the blocks of all files, each with what it is called in messages.

    Args:
        unit: of the blocks; those that are kept are in GeV.
        max_objects: of an event that are kept, the hardest.
    """
    numbers: dict[str, int] = {}
    process, hashes = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
    scan = Scan(possible, [], process[0], hashes[0], Counter(), Counter(), {}, BlockFile())
    for file, blocks in files:
        for block in blocks:
            names, inverse = _distinct(block.process)
            found = [numbers.setdefault(_text(name), len(numbers)) for name in names.tolist()]
            process.append(np.array(found, np.int64)[inverse])
            shown = leading(block, unit, max_objects)
            hashes.append(content_hashes(shown))
            scan.blocks.append(shown)
            _count(scan, block, file, max_objects)
    return replace(
        scan,
        processes=list(numbers),
        process=np.concatenate(process),
        hashes=np.concatenate(hashes),
    )


def _distinct(process: NDArray[np.bytes_]) -> tuple[NDArray[np.bytes_], NDArray[np.int64]]:
    """The processes of a block, and the place of each event's among them; most blocks have one."""
    if len(process) and (process == process[0]).all():
        return process[:1], np.zeros(len(process), np.int64)
    return np.unique(process, return_inverse=True)


def _text(name: bytes) -> str:
    """A process; one way of writing accents, whatever the encoding."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        text = name.decode("latin-1")
    return unicodedata.normalize("NFC", text)


def _count(scan: Scan, block: Block, file: str, max_objects: int) -> None:
    faults, rows = block.faults
    crowded, empty = (block.n_objects > max_objects).sum(), (block.n_objects == 0).sum()
    scan.counts.update(
        {"rows": len(block) + len(rows), "crowded": int(crowded), "empty": int(empty)}
    )
    scan.counts.update(block.counts)
    for fault in np.unique(faults).tolist():
        place, of_fault = (file, fault - 1), rows[faults == fault]
        scan.faults[place] += len(of_fault)
        scan.rows[place] = (scan.rows.get(place, []) + of_fault[:SHOWN_ROWS].tolist())[:SHOWN_ROWS]


def assign_splits(
    scan: Scan, labels: NDArray[np.int64], shares: NDArray[np.float64], seed: int
) -> NDArray[np.int8]:
    """Index of the split of each event, int8 [event], `REPEATED` for one that repeats another.

    Each label is shared out exactly (largest remainder). Where an event goes depends on its content
    and the seed, not on its line.
    """
    split = np.full(len(labels), REPEATED, np.int8)
    first = np.flatnonzero(~pd.Series(scan.hashes).duplicated().to_numpy())
    # The hash of the hash: a new one for every seed.
    shuffled = first[np.argsort(pd.util.hash_array(scan.hashes[first] ^ np.uint64(seed)))]
    for label in np.unique(labels):
        events = shuffled[labels[shuffled] == label]
        split[events] = np.repeat(np.arange(len(shares)), apportion(len(events), shares))
    return split
