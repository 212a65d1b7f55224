"""Which events these are: digests that survive whatever is made of the events, so that results can
be paired.

A file of events that we write stores one digest for each split. Whatever is derived from the file
hands them on, and two members were shown the same events in the same order exactly where `of_rows`
is equal, however the events were shown.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lexon.events import MAX_OBJECTS, SPLITS, Events

FACTOR = np.uint64(6364136223846793005)  # Knuth's multiplier for arithmetic modulo 2^64 (MMIX)


@dataclass(frozen=True)
class Factors:
    """What each number of an event is multiplied by for its hash.

    Attributes:
        ids: of the types, uint64 [M].
        met: of MET and METphi, [2].
        p4: of the four-vectors, [M, 4].
    """

    ids: NDArray[np.uint64]
    met: NDArray[np.uint64]
    p4: NDArray[np.uint64]


@cache
def factors(max_objects: int) -> Factors:
    """The factors of events with so many places for objects. A place has the same ones whatever
    the number of places, so padding changes no hash.
    """
    length = 5 * max(max_objects, MAX_OBJECTS) + 2
    first = np.cumprod(np.full(length, FACTOR), dtype=np.uint64)
    # Rows of the published layout: types, MET and METphi, four-vectors; then object by object.
    ids, met, p4, more = np.split(first, [MAX_OBJECTS, MAX_OBJECTS + 2, 5 * MAX_OBJECTS + 2])
    ids = np.concatenate([ids, more[::5]])
    p4 = np.concatenate([p4.reshape(-1, 4), more.reshape(-1, 5)[:, 1:]])
    return Factors(ids[:max_objects], met, p4[:max_objects])


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
    own = factors(events.max_objects)
    met = np.stack([events.met, events.met_phi], axis=1)
    p4 = events.p4.reshape(len(events), 4 * events.max_objects)
    rows = np.concatenate([events.ids, met, p4], axis=1, dtype=np.float32)
    every = np.concatenate([own.ids, own.met, own.p4.ravel()])
    return (rows.view(np.uint32).astype(np.uint64) @ every).astype(np.uint64)


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
