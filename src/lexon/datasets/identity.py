"""Which events these are: digests that survive whatever is made of the events, so that results can
be paired.

A file of events that we write stores one digest for each split. Whatever is derived from the file
hands them on, and two members were shown the same events in the same order exactly where `of_rows`
is equal, however the events were shown.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from lexon.events import MAX_OBJECTS, SPLITS, Events

FACTOR = np.uint64(6364136223846793005)  # Knuth's multiplier for arithmetic modulo 2^64 (MMIX)
# Of each column of a row of events: types, MET and METphi, four-vectors.
FACTORS = np.cumprod(np.full(5 * MAX_OBJECTS + 2, FACTOR))


class SplitDigests:
    """BLAKE2b of the rows, labels and weights of each split as a file holds them; the borders
    between chunks do not matter.
    """

    def __init__(self) -> None:
        self._rows = {split: hashlib.blake2b(digest_size=16) for split in SPLITS}
        self._labels = {split: hashlib.blake2b(digest_size=16) for split in SPLITS}
        self._weights: dict[str, hashlib.blake2b] = {}

    def update(
        self,
        split: str,
        rows: NDArray[np.float32],
        labels: NDArray[np.int64],
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """Add the next rows [n, column], their labels [n] and weights [n]: the same events with
        other weights give other results.
        """
        self._rows[split].update(np.ascontiguousarray(rows).data)
        self._labels[split].update(np.ascontiguousarray(labels).data)
        if weights is not None:
            self._weights.setdefault(split, hashlib.blake2b(digest_size=16)).update(
                np.ascontiguousarray(weights).data
            )

    def hex(self) -> dict[str, str]:
        """One digest for each split."""
        return {
            split: "".join(
                parts[split].hexdigest()
                for parts in (self._rows, self._labels, self._weights)
                if split in parts
            )
            for split in SPLITS
        }


def row_hashes(events: Events) -> NDArray[np.uint64]:
    """64-bit polynomial hash of each event, its label apart: two different ones among 10 million
    share one with a chance of 3e-6.
    """
    met = np.stack([events.met, events.met_phi], axis=1)
    rows = np.concatenate(
        [events.ids, met, events.p4.reshape(len(events), 4 * MAX_OBJECTS)], axis=1, dtype=np.float32
    )
    return (rows.view(np.uint32).astype(np.uint64) @ FACTORS).astype(np.uint64)


def of_rows(split_digest: str, index: NDArray[np.int64]) -> str:
    """Digest of some rows of a split, in order: `index` int64 [N] into the split that has this
    digest.
    """
    return hashlib.blake2b(
        split_digest.encode() + index.astype("<i8").tobytes(), digest_size=16
    ).hexdigest()


def part_digest(whole: str, own: str) -> str:
    """Digest of events that are some of those with the digest `whole`."""
    return f"{whole}, part {own}"


def is_part(digest: str, whole: str) -> bool:
    """Whether events are some of those with the digest `whole`, but not all."""
    return digest.startswith(f"{whole}, part ")
