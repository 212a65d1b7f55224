"""The difference between cells: one estimate, one interval, one verdict, for every statistic and
every report.

A difference is a weighted sum of cells, averaged over the settings in which they are compared. Two
things move it: other events, which a paired bootstrap shows, and other seeds, whose spread is that
of the cells of this difference, known from all cells as far as they agree (`spreads`; a collapsed
regression hardly moves with the seed, others do). Trainings of one cell have noise of their own on
each event; the bootstrap of their mean and the spread of their results both contain it, so it is
taken out of the bootstrap. What the events have in common stays a bootstrap; each resample adds
what other seeds would do, with a variance that is drawn anew, since few seeds do not tell it well.

With one seed a cell, the settings of a difference take the seeds' place where there are at least
three: how far the same difference varies from setting to setting holds the spread over seeds, and
any interaction too (blocks without replication; Montgomery, Design and Analysis of Experiments,
chapter 4). Settings that share a training are one block. A difference of two single trainings has
no such spread: undecided.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import chain
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from lexon.cores import shared
from lexon.metrics.ranking import Statistic, Weights
from lexon.statistics.bootstrap import resamples
from lexon.statistics.intervals import Interval, Replicates, simultaneous_intervals
from lexon.statistics.spreads import possible_variances

MIN_SETTINGS = 3  # fewer give a spread with one degree of freedom, whose interval spans everything

Key = TypeVar("Key", bound=Hashable)
Setting = Mapping[str, float]  # weight of each cell, by name: {"a": 1, "b": -1}
Moves = tuple[NDArray[np.float64], NDArray[np.float64]]  # by events and by seeds, [resample] each


@dataclass(frozen=True)
class Trainings:
    """A statistic of the trainings of one cell, one a seed.

    Attributes:
        estimates: on the events as they are, float64 [seed].
        values: on the resampled events, float64 [resample, seed].
        seedless: nothing about it depends on a seed, as boosted trees on all events.
    """

    estimates: NDArray[np.float64]
    values: NDArray[np.float64]
    seedless: bool = False

    @property
    def n(self) -> int:
        """Number of trainings."""
        return len(self.estimates)

    @property
    def spread_is_known(self) -> bool:
        """Whether there are enough trainings to see what the seed does."""
        return self.seedless or self.n > 1


@dataclass(frozen=True)
class SmallestEffect:
    """The smallest change that counts as an effect.

    Attributes:
        size: 0.05 is 5 %, or 0.05 AUROC.
        scale: ``absolute`` for scores between 0 and 1; ``relative`` to the cell that is subtracted,
            for losses; ``log`` where the statistic is the logarithm of a loss, so that a difference
            is a relative change already.
    """

    size: float
    scale: Literal["absolute", "relative", "log"]

    def change(self, difference: Interval, reference: float) -> Interval:
        """A difference in the unit of `size`; NaN where it is relative to zero."""
        bounds = np.array([difference.estimate, difference.low, difference.high])
        match self.scale:
            case "relative":
                bounds = bounds / abs(reference) if reference else np.full(3, np.nan)
            case "log":
                bounds = np.expm1(bounds)
        return Interval(*bounds.tolist())


class Verdict(StrEnum):
    """The verdict on a difference, in the words of every report."""

    HIGHER = "higher"
    LOWER = "lower"
    HIGHER_SMALL = "higher, small"
    LOWER_SMALL = "lower, small"
    SAME = "same"
    UNDECIDED = "undecided"

    @classmethod
    def of(cls, change: Interval, smallest: float) -> Verdict:
        """The verdict on a change, by the interval of its family, in the unit of the smallest
        effect.
        """
        if change.excludes_zero:
            if abs(change.estimate) > smallest:
                return cls.HIGHER if change.estimate > 0 else cls.LOWER
            return cls.HIGHER_SMALL if change.estimate > 0 else cls.LOWER_SMALL
        return cls.SAME if -smallest < change.low and change.high < smallest else cls.UNDECIDED


EFFECTS = frozenset({Verdict.HIGHER, Verdict.LOWER})
CERTAIN = EFFECTS | {Verdict.HIGHER_SMALL, Verdict.LOWER_SMALL}
Outcome = Literal["higher", "lower", "same", "undecided"]


def outcome_of(verdict: str, negligible: bool) -> Outcome:
    """What an answer may rest on: an effect, the certainty that there is none, or neither."""
    if verdict in EFFECTS:
        return "higher" if verdict == Verdict.HIGHER else "lower"
    return "same" if negligible else "undecided"


@dataclass(frozen=True)
class Difference:
    """A difference between cells, with all that a table or a sentence says of it.

    Attributes:
        alone: its interval when nothing else is asked.
        family: its interval when all differences of its family are to hold together (max-t).
        change: `family` in the unit of the smallest effect.
        verdict: a `Verdict`, or ``undecided (1 seed)``.
        n_seeds: trainings of the cell that has fewest; 0 where all cells are seedless.
        negligible: with a spread that is known, the whole interval of its family lies within the
            smallest effect.
        replicates: on the resampled events, seeds included.
    """

    alone: Interval
    family: Interval
    change: Interval
    verdict: str
    n_seeds: int
    negligible: bool
    replicates: Replicates

    @property
    def is_effect(self) -> bool:
        """Certain in its family, and large enough."""
        return self.verdict in EFFECTS


def resample(
    cells: Mapping[str, Sequence[Statistic]],
    n_rows: int,
    n: int,
    rng: np.random.Generator,
    seedless: Iterable[str] = (),
    groups: NDArray[np.integer] | None = None,
) -> dict[str, Trainings]:
    """The statistics of each cell's trainings, all on the same resamples of the same rows.

    Args:
        cells: by name, what turns weights [resample, row] into a value per resample, one for each
            seed.
        n_rows: rows (events) that are resampled.
        n: number of resamples.
        rng: draws them.
        seedless: cells that no seed moves.
        groups: group of each row [row]; rows of one group are drawn together. None: each row for
            itself.
    """
    without_seed, statistics = set(seedless), list(chain.from_iterable(cells.values()))
    as_they_are = np.ones((1, n_rows), dtype=np.float32)
    chunks = [
        shared(partial(_of_weights, weights), statistics)
        for weights in chain([as_they_are], resamples(n_rows, n, rng, groups))
    ]
    found = map(np.concatenate, zip(*chunks, strict=True))
    trainings = {}
    for name, seeds in cells.items():
        values = np.stack([next(found) for _ in seeds], axis=1, dtype=np.float64)
        trainings[name] = Trainings(values[0], values[1:], name in without_seed)
    return trainings


def _of_weights(weights: Weights, statistic: Statistic) -> NDArray[np.float64]:
    return statistic(weights)


def compare(
    cells: Mapping[str, Trainings],
    family: Mapping[Key, Sequence[Setting]],
    smallest: SmallestEffect | Mapping[Key, SmallestEffect],
    rng: np.random.Generator,
) -> dict[Key, Difference]:
    """All differences of a family, each with its verdict.

    Args:
        cells: of one `resample` call.
        family: for each difference its settings, each a weighted sum of cells; the difference is
            their mean.
        smallest: the smallest effect, of all or of each: losses and scores may stand in one table.
        rng: draws what seeds add.
    """
    noise = _SeedNoise(cells, rng)
    replicates = {key: noise.difference(settings) for key, settings in family.items()}
    together = simultaneous_intervals(list(replicates.values()))
    effects = dict.fromkeys(family, smallest) if isinstance(smallest, SmallestEffect) else smallest
    return {
        key: _judged(cells, family[key], replicates[key], interval, effects[key])
        for key, interval in zip(family, together, strict=True)
    }


def weighted_intervals(
    cells: Mapping[str, Trainings], sums: Mapping[Key, Setting], rng: np.random.Generator
) -> dict[Key, Interval]:
    """Weighted sums of cells, each with its interval over events and, where they are known,
    seeds.
    """
    noise = _SeedNoise(cells, rng)
    return {key: noise.difference([weights]).interval() for key, weights in sums.items()}


def share_intervals(
    cells: Mapping[str, Trainings], means: Mapping[Key, Setting], rng: np.random.Generator
) -> dict[Key, Interval]:
    """`weighted_intervals` of means of cells that lie between 0 and 1, as AUROCs and efficiencies
    do: intervals lie there too, because seeds move them on the logistic scale (`moved_share`).
    """
    noise = _SeedNoise(cells, rng)
    return {key: noise.share(weights).interval() for key, weights in means.items()}


def _judged(
    cells: Mapping[str, Trainings],
    settings: Sequence[Setting],
    replicates: Replicates,
    family: Interval,
    smallest: SmallestEffect,
) -> Difference:
    n_seeds = _fewest_seeds(cells, settings)
    subtracted = [
        cells[name].estimates.mean()
        for setting in settings
        for name, weight in setting.items()
        if weight < 0
    ]
    change = smallest.change(family, float(np.mean(subtracted)) if subtracted else 1.0)
    known = _has_spread(cells, settings)
    verdict = (
        str(Verdict.of(change, smallest.size)) if known else f"{Verdict.UNDECIDED} ({n_seeds} seed)"
    )
    negligible = known and -smallest.size < change.low and change.high < smallest.size
    return Difference(
        replicates.interval(), family, change, verdict, n_seeds, negligible, replicates
    )


def _fewest_seeds(cells: Mapping[str, Trainings], settings: Sequence[Setting]) -> int:
    """The smallest number of seeds of a cell that depends on its seed; 0 where none does."""
    used = {name for setting in settings for name in setting}
    return min((cells[name].n for name in used if not cells[name].seedless), default=0)


def _has_spread(cells: Mapping[str, Trainings], settings: Sequence[Setting]) -> bool:
    """Whether anything shows what other seeds would do to a difference."""
    return _seeds_show_it(cells, settings) or len(_blocks(cells, settings)) >= MIN_SETTINGS


def _seeds_show_it(cells: Mapping[str, Trainings], settings: Sequence[Setting]) -> bool:
    return all(cells[name].spread_is_known for setting in settings for name in setting)


class _SeedNoise:
    """What seeds add to differences of one family: drawn once a resample, so that differences that
    share a cell move together.
    """

    def __init__(self, cells: Mapping[str, Trainings], rng: np.random.Generator) -> None:
        self._cells = cells
        self._n = len(next(iter(cells.values())).values) if cells else 0
        self._normal = {name: rng.standard_normal(self._n) for name in cells}
        known = {name: cell for name, cell in cells.items() if cell.n > 1 and not cell.seedless}
        seen = {name: _variance_over_seeds(cell) for name, cell in known.items()}
        self._variance = possible_variances(
            seen, {name: cell.n - 1 for name, cell in known.items()}, self._n, rng
        )
        self._rng = rng

    def difference(self, settings: Sequence[Setting]) -> Replicates:
        """The mean over settings, with its replicates over events and seeds."""
        weights = _mean_of(settings)
        estimate, values = _weighted(self._cells, weights)
        moved = {name: weight for name, weight in weights.items() if not self._cells[name].seedless}
        if _seeds_show_it(self._cells, settings):
            values = estimate + np.sum(self._by_seeds(values - estimate, moved), axis=0)
        elif len(blocks := _blocks(self._cells, settings)) >= MIN_SETTINGS:
            by_blocks = self._by_blocks(values - estimate, moved, blocks, len(settings))
            values = estimate + np.sum(by_blocks, axis=0)
        return Replicates(estimate, values)

    def share(self, weights: Setting) -> Replicates:
        """A mean of cells that lie between 0 and 1, with replicates that do so too."""
        estimate, values = _weighted(self._cells, weights)
        if not _seeds_show_it(self._cells, [weights]):
            return Replicates(estimate, values)
        moved = {name: weight for name, weight in weights.items() if not self._cells[name].seedless}
        events, seeds = self._by_seeds(values - estimate, moved)
        return Replicates(estimate, moved_share(estimate + events, seeds, estimate))

    def _by_seeds(self, events: NDArray[np.float64], weights: Setting) -> Moves:
        """Moves of a difference whose cells have several trainings each."""
        if not all(np.isfinite(self._cells[name].estimates).all() for name in weights):
            return events, np.zeros(self._n)
        own, seeds = 0.0, np.zeros(self._n)
        for name, weight in weights.items():
            cell = self._cells[name]
            own += weight**2 * _variance_of_events(cell) / cell.n
            seeds += weight * np.sqrt(self._variance[name] / cell.n) * self._normal[name]
        return _replaced(events, own, seeds)

    def _by_blocks(
        self,
        events: NDArray[np.float64],
        weights: Setting,
        blocks: Sequence[Sequence[Setting]],
        n_settings: int,
    ) -> Moves:
        """Moves of a difference with one training a cell: its settings stand for the seeds."""
        over = _over_blocks(self._cells, blocks)
        # Blocks of unequal numbers of settings: as many equal ones would have the variance of the
        # mean that these have.
        share = sum((len(block) / n_settings) ** 2 for block in blocks)
        variance = (
            _variance_over_seeds(over) * (over.n - 1) / self._rng.chisquare(over.n - 1, self._n)
        )
        return _replaced(
            events,
            share * _variance_of_events(over),
            np.sqrt(share * variance) * self._direction(weights),
        )

    def _direction(self, weights: Setting) -> NDArray[np.float64]:
        """Standard normal; two differences are correlated by the cells that they share."""
        total = np.sum([weight * self._normal[name] for name, weight in weights.items()], axis=0)
        return total / np.sqrt(sum(weight**2 for weight in weights.values()))


def moved_share(
    values: NDArray[np.float64], by: NDArray[np.float64], estimate: float
) -> NDArray[np.float64]:
    """Shares that small moves leave between 0 and 1: they are made on the logistic scale, where a
    move by d is one by d / (p (1 - p)) at the estimate p (G. Qin and L. Hotilovac, Stat. Methods
    Med. Res. 17 (2008) 207, for AUROCs).

    A share of exactly 0 or 1 stays. What negative weights bring outside of both is no share: moves
    are added.
    """
    if not 0 <= estimate <= 1:
        return values + by
    if estimate in (0, 1):
        return values
    inside = (values > 0) & (values < 1)
    shares = np.where(inside, values, 0.5)
    scaled = by / (estimate * (1 - estimate))
    return np.where(inside, expit(logit(shares) + scaled), values)


def _replaced(events: NDArray[np.float64], own: float, seeds: NDArray[np.float64]) -> Moves:
    """How far resampled events move a difference, the part that differs between trainings replaced
    by what was seen of it; and how far other seeds do.

    Args:
        events: moves by the bootstrap, [resample].
        own: variance of that part in them.
        seeds: moves by other seeds, [resample].
    """
    if not np.any(seeds):  # nothing moves with the seed
        return events, seeds
    variance = np.nanvar(events)
    # Cells whose events move alike, as copies of one model, leave nothing that could be shared.
    shared = np.sqrt(np.clip(1 - own / variance, 0, 1)) if variance > 0 else 0.0
    return shared * events, seeds


def _weighted(
    cells: Mapping[str, Trainings], weights: Mapping[str, float]
) -> tuple[float, NDArray[np.float64]]:
    """A weighted sum of cells, each the mean of its trainings: on the events as they are, and on
    the resampled ones.
    """
    estimate = sum(weight * float(cells[name].estimates.mean()) for name, weight in weights.items())
    return estimate, np.sum(
        [weight * cells[name].values.mean(axis=1) for name, weight in weights.items()], axis=0
    )


def _blocks(cells: Mapping[str, Trainings], settings: Sequence[Setting]) -> list[list[Setting]]:
    """Settings together that share a training: their differences do not vary independently."""
    blocks: list[list[Setting]] = []
    for setting in settings:
        own = {name for name in setting if not cells[name].seedless}
        joined, apart = [setting], []
        for block in blocks:
            if own.isdisjoint(chain.from_iterable(block)):
                apart.append(block)
            else:
                joined += block
        blocks = [*apart, joined]
    return blocks


def _over_blocks(cells: Mapping[str, Trainings], blocks: Sequence[Sequence[Setting]]) -> Trainings:
    """The difference in each block, the mean over its settings, in the place of the trainings of
    one cell.
    """
    found = [_weighted(cells, _mean_of(block)) for block in blocks]
    estimates, values = zip(*found, strict=True)
    return Trainings(np.array(estimates), np.stack(values, axis=1))


def _mean_of(settings: Sequence[Setting]) -> dict[str, float]:
    """The weight of each cell in the mean over settings."""
    weights: dict[str, float] = {}
    for setting in settings:
        for name, weight in setting.items():
            weights[name] = weights.get(name, 0.0) + weight / len(settings)
    return weights


def _variance_of_events(cell: Trainings) -> float:
    """How far trainings of a cell differ because each has noise of its own on each event, by the
    resampled events.
    """
    return float(np.nanmean((cell.values - cell.estimates).var(axis=1, ddof=1)))


def _variance_over_seeds(cell: Trainings) -> float:
    return float(cell.estimates.var(ddof=1))
