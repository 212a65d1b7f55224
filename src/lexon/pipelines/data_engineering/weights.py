"""What the weights of events are, counted as the events pass: their range, their sums by class, and
how many events of equal weight they are worth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lexon.errors import DataError
from lexon.events import SPLITS, Events

WHOLE = ""  # in the place of a split, where all are one sample


@dataclass
class Tally:
    """Weights of a class in a split: how many, how many of them zero or negative, their extremes
    and sums.
    """

    n: int = 0
    zero: int = 0
    negative: int = 0
    total: float = 0.0
    squares: float = 0.0
    low: float = np.inf
    high: float = -np.inf

    def add(self, weights: NDArray[np.float64]) -> None:
        """Take in more of them, at least one."""
        self.n += len(weights)
        self.zero += int((weights == 0).sum())
        self.negative += int((weights < 0).sum())
        self.total += float(weights.sum())
        self.squares += float((weights**2).sum())
        self.low, self.high = min(self.low, weights.min()), max(self.high, weights.max())

    @property
    def effective(self) -> float:
        """(sum w)^2 / sum w^2, see `lexon.weighting.effective_number`."""
        return self.total**2 / self.squares if self.squares else 0.0


class WeightsInspection:
    """Walks through weighted events once; does nothing where they have no weights.

    Args:
        where: file, for messages.
        parameter: `events.weight`, as typed.
        class_of: name of the class of each label; labels of no class are left out.
        as_one: whether all splits are one sample.
    """

    def __init__(
        self, where: str, parameter: str, class_of: Mapping[int, str], *, as_one: bool = False
    ) -> None:
        self._where, self._parameter, self._class_of = where, parameter, class_of
        self._as_one = as_one
        self._tallies: dict[tuple[str, str], Tally] = {}

    def passed(self, parts: Iterator[tuple[str, Events]]) -> Iterator[tuple[str, Events]]:
        """The same (split, events).

        Raises:
            DataError: after the last, where the weights of a class in a split have no positive sum.
        """
        for split, events in parts:
            if events.weights is not None:
                self._add(WHOLE if self._as_one else split, events.labels, events.weights)
            yield split, events
        self._refuse_empty_classes()

    @property
    def notes(self) -> list[str]:
        """What the weights are, one sentence each; complete after the last event."""
        if not self._tallies:
            return []
        every = self._tallies.values()
        low, high = min(one.low for one in every), max(one.high for one in every)
        counts = {
            "negative": sum(one.negative for one in every),
            "zero": sum(one.zero for one in every),
        }
        total = sum(one.n for one in every)
        signs = "".join(f"; {n:,} of {total:,} are {sign}" for sign, n in counts.items() if n)
        return [
            f"Events are weighted with {self._parameter} (events.weight), from {low:.4g} to"
            f" {high:.4g}{signs}.",
            "Weighted events are worth, in events of equal weight (sum w)^2 / sum w^2:"
            f" {'; '.join(self._worth(part) for part in (WHOLE, *SPLITS) if self._of(part))}.",
        ]

    def _add(self, split: str, labels: NDArray[np.int64], weights: NDArray[np.float64]) -> None:
        for label in np.unique(labels).tolist():
            if label in self._class_of:
                tally = self._tallies.setdefault((split, self._class_of[label]), Tally())
                tally.add(weights[labels == label])

    def _of(self, part: str) -> dict[str, Tally]:
        return {name: tally for (of, name), tally in self._tallies.items() if of == part}

    def _worth(self, part: str) -> str:
        classes = [
            f"{one.effective:,.1f} of {one.n:,} {name}" for name, one in self._of(part).items()
        ]
        return f"{part} {', '.join(classes)}".lstrip()

    def _refuse_empty_classes(self) -> None:
        for (part, name), tally in self._tallies.items():
            if not tally.total > 0:
                events = f"{part} events".lstrip()
                raise DataError(
                    f"{self._where}: events.weight={self._parameter}: the weights of the"
                    f" {tally.n:,} {events} of class {name} sum to {tally.total:g} (from"
                    f" {tally.low:g} to {tally.high:g}); a class needs a positive sum: check the"
                    " weights, choose other classes, or leave events.weight out"
                )
