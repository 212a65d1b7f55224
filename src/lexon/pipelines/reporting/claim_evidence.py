"""What the finished members of a kind show of a claim: its cells and their statistics."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from lexon.config.claims import (
    Expected,
)
from lexon.pipelines.reporting.cells import Cell
from lexon.pipelines.reporting.words import bounded, counted, setting_words, share
from lexon.statistics import (
    SEED,
    Difference,
    Interval,
    SmallestEffect,
    Trainings,
    compare,
    outcome_of,
    share_intervals,
    weighted_intervals,
)

MIN_SEEDS = 2  # from here on a spread over seeds can be seen at all
UNDECIDED = "undecided"
MISSING = "members are missing"
UNKNOWN = Interval(np.nan, np.nan, np.nan)


class Asked(NamedTuple):
    """A statistic of a cell against another."""

    statistic: str
    later: Cell
    earlier: Cell


@dataclass(frozen=True)
class Found:
    """What came of a statistic of one cell or two.

    Attributes:
        outcome: one of `lexon.config.claims.Outcome`, ``inside`` or ``outside`` the bounds that
            were asked for, or ``undecided``.
        words: the numbers.
        why: it is undecided.
    """

    outcome: str
    words: str
    why: str = ""


@dataclass(frozen=True)
class Evidence:
    """What the finished members of a kind show.

    Attributes:
        cells: the cells, in the order of the plan.
        trainings: of some statistics, by ``statistic:name``, all on the same resamples; losses may
            be logarithms (`SmallestEffect.scale`).
        smallest: effect of each statistic.
        words: an axis and a level, for a reader.
        notes: what to know of a statistic.
        shares: statistics that lie between 0 and 1.
    """

    cells: Sequence[Cell]
    trainings: Callable[[frozenset[str]], Mapping[str, Trainings]]
    smallest: Mapping[str, SmallestEffect]
    words: Callable[[str, Any], str]
    notes: Mapping[str, str] = field(default_factory=dict)
    shares: Collection[str] = ()

    def differences(self, asked: Sequence[Asked]) -> dict[Asked, Found]:
        """Those of one family."""
        trainings = self.trainings(frozenset(one.statistic for one in asked)) if asked else {}
        settings = {
            one: [{_key(one.statistic, one.later): 1.0, _key(one.statistic, one.earlier): -1.0}]
            for one in asked
        }
        family = {
            one: setting
            for one, setting in settings.items()
            if setting[0].keys() <= trainings.keys()
        }
        smallest = {one: self.smallest[one.statistic] for one in family}
        found = compare(trainings, family, smallest, np.random.default_rng(SEED))
        return {
            one: self._compared(one, found[one]) if one in found else not_measured(one)
            for one in asked
        }

    def value(self, statistic: str, cell: Cell, expected: Expected) -> Found:
        """A statistic of a cell against bounds, by its interval over events and seeds."""
        interval = self.interval(statistic, cell)
        words = f"{statistic} {interval_words(interval)}"
        if len(cell.finished) < MIN_SEEDS or not np.isfinite(interval.estimate):
            return Found(UNDECIDED, words, why_undecided(len(cell.finished)))
        if expected.contains(interval.low) and expected.contains(interval.high):
            return Found("inside", words)
        low, high = expected.bounds
        outside = interval.high <= low or interval.low >= high
        return Found("outside" if outside else UNDECIDED, words, why_undecided(len(cell.finished)))

    def remarks(self, cell: Cell) -> list[str]:  # noqa: ARG002
        """What to know of the numbers of a cell."""
        return []

    def interval(self, statistic: str, cell: Cell) -> Interval:
        """A statistic of a cell in its own unit; NaN where it was not measured."""
        key, trainings = _key(statistic, cell), self.trainings(frozenset({statistic}))
        if key not in trainings:
            return UNKNOWN
        intervals = share_intervals if statistic in self.shares else weighted_intervals
        found = intervals(trainings, {key: {key: 1.0}}, np.random.default_rng(SEED))[key]
        if self.smallest[statistic].scale != "log":
            return found
        return Interval(
            *(float(np.exp(value)) for value in (found.estimate, found.low, found.high))
        )

    def _compared(self, asked: Asked, found: Difference) -> Found:
        absolute = self.smallest[asked.statistic].scale == "absolute"
        size = interval_words(found.change, "+") if absolute else share(found.change)
        words = (
            f"{asked.statistic} {size}, {asked.later.label} against {asked.earlier.label}:"
            f" {found.verdict}"
        )
        return Found(
            outcome_of(found.verdict, found.negligible), words, why_undecided(found.n_seeds)
        )


def known(trainings: Mapping[str, Trainings], statistics: frozenset[str]) -> dict[str, Trainings]:
    """Those of some statistics."""
    return {key: cell for key, cell in trainings.items() if key.partition(":")[0] in statistics}


def not_measured(asked: Asked) -> Found:
    """A difference of which one side at least is missing."""
    words = f"{asked.statistic} not measured, {asked.later.label} against {asked.earlier.label}"
    return Found(UNDECIDED, f"{words}: {UNDECIDED}", MISSING)


def why_undecided(n_seeds: int) -> str:
    """What stands in the way: missing members, a single seed, or wide intervals."""
    if n_seeds == 0:
        return MISSING
    return (
        counted(n_seeds, "seed")
        if n_seeds < MIN_SEEDS
        else f"{n_seeds} seeds: the intervals allow both"
    )


def interval_words(interval: Interval, sign: str = "") -> str:
    """``0.120 [0.080, 0.150]``."""
    if not np.isfinite(interval.estimate):
        return "not measured"
    return bounded(interval.estimate, interval.low, interval.high, 3, sign)


def level_words(axis: str, level: Any) -> str:
    """``latent dim 32``, ``beta 4``; a text says by itself what it is."""
    return level if isinstance(level, str) else setting_words({axis: level})


def _key(statistic: str, cell: Cell) -> str:
    return f"{statistic}:{cell.trained.name}"
