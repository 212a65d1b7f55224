"""Events that occur more than once: a copy of a training event in the test split makes every result
too good.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from lexon.events import SPLITS

Hashes = NDArray[np.uint64]


class HashSet:
    """Hashes seen so far, 8 bytes each, in a few sorted arrays: adding n of them costs about n log
    n in all.
    """

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def contains(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Which of them were added before, bool [N]."""
        found = np.zeros(len(hashes), np.bool_)
        for run in self._runs:
            place = np.minimum(np.searchsorted(run, hashes), len(run) - 1)
            found |= run[place] == hashes
        return found

    def add(self, hashes: Hashes) -> None:
        """Take in more of them."""
        run = np.sort(hashes)
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]), kind="stable")
        if len(run):
            self._runs.append(run)


class Copies:
    """Counts events that repeat an earlier one to the last digit, whatever their label."""

    def __init__(self) -> None:
        self._seen = {split: HashSet() for split in SPLITS}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._events: Counter[str] = Counter()

    def mark(self, split: str, hashes: Hashes) -> NDArray[np.bool_]:
        """Which of the next events of a split repeat an earlier one, bool [N]."""
        self._events[split] += len(hashes)
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        copied = np.zeros(len(hashes), np.bool_)
        for other in (*(name for name in SPLITS if name != split), split):
            found = self._seen[other].contains(ordered)
            if other == split:
                found[1:] |= ordered[1:] == ordered[:-1]
            self._counts[split, other] += int((found & ~copied).sum())
            copied |= found
        self._seen[split].add(ordered)
        marked = np.empty_like(copied)
        marked[order] = copied
        return marked

    def sentences(self, dropped: bool) -> list[str]:
        """How many events of which split repeat one of which other, worst first."""
        fate = "left out" if dropped else "kept (events.duplicates=drop leaves them out)"
        across = [
            f"{n:,} of {self._events[split]:,} {split} events are in {other} too, {fate}"
            f"{'.' if dropped else ': results on them are too good.'}"
            for (split, other), n in self._counts.items()
            if n and split != other
        ]
        within = [
            f"{n:,} of {self._events[split]:,} {split} events repeat another {split} event to the"
            f" last digit, {fate}."
            for (split, other), n in self._counts.items()
            if n and split == other
        ]
        return across + within
