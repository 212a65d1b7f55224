"""Uncertainties: how far would a number move with other test events, or with another seed?

All comparisons on the same events are paired: every model sees the same resamples, so what the events have in
common cancels. Intervals hold 95 %.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from lexon.errors import DataError
from lexon.metrics.ranking import Metric, Weights
from lexon.metrics.scores import Scores

LEVEL = 0.95
_CHUNK = 2**21  # resampled events held in memory at once


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval; NaN where the sample cannot give it."""

    estimate: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """True when the whole interval lies on one side of zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Replicates:
    """A metric and its bootstrap replicates; those of one `bootstrap` call are paired, so they may be subtracted.

    Attributes:
        estimate: the metric on the events as they are, mean over seeds.
        values: one value per resample, float64 [resample].
    """

    estimate: float
    values: NDArray[np.float64]

    def __sub__(self, other: Replicates) -> Replicates:
        return Replicates(self.estimate - other.estimate, self.values - other.values)

    def interval(self) -> Interval:
        """Percentile interval (Efron and Tibshirani 1993, section 13.3)."""
        finite = self.values[np.isfinite(self.values)]
        if not len(finite):
            return Interval(self.estimate, np.nan, np.nan)
        low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Interval(self.estimate, float(low), float(high))


@dataclass(frozen=True)
class SeedSpread:
    """Sample standard deviation over `n` seeds; NaN (unknown) with fewer than two."""

    sd: float
    n: int

    def __str__(self) -> str:
        return f"unknown ({self.n} seed{'s' * (self.n != 1)})" if np.isnan(self.sd) else f"{self.sd:.4f} ({self.n} seeds)"


def seed_spread(values: Sequence[float]) -> SeedSpread:
    """Spread of one number over seeds."""
    return SeedSpread(float(np.std(values, ddof=1)) if len(values) > 1 else np.nan, len(values))


def pooled_seed_spread(groups: Sequence[NDArray[np.float64]]) -> tuple[float, int]:
    """Standard deviation within groups of seeds, and its degrees of freedom; (NaN, 0) when no group has two seeds."""
    freedom = sum(len(values) - 1 for values in groups)
    squares = sum(float(((values - values.mean()) ** 2).sum()) for values in groups)
    return (float(np.sqrt(squares / freedom)), freedom) if freedom else (np.nan, 0)


def bootstrap(
    groups: Mapping[str, Sequence[Scores]], metric: Metric, n: int, rng: np.random.Generator, seedless: Collection[str] = ()
) -> dict[str, Replicates]:
    """Replicates of `metric` for each group of seeds, all on the same `n` resamples of the events.

    Several seeds of a group are averaged, and what their spread s adds to a mean joins as t s / sqrt(n_seeds). The s is
    pooled over all groups (seed variance taken as equal, as in a one-way analysis of variance) and t drawn from
    Student's distribution with its degrees of freedom, so that two seeds are not mistaken for certainty. Where no group
    has two seeds, s is unknown and the events' share stands alone.

    Args:
        groups: scores of each group's seeds, by name.
        metric: what is estimated.
        n: number of resamples.
        rng: draws them.
        seedless: groups that no seed moves, as boosted trees on all events.

    Raises:
        DataError: when the scores are not of the same events.
    """
    order = _aligned(list(chain.from_iterable(groups.values())))
    statistics = {name: [metric(_take(scores, order[id(scores)])) for scores in seeds] for name, seeds in groups.items()}
    n_events = len(next(iter(order.values())))
    once = np.ones((1, n_events), dtype=np.float32)
    chunks = [
        {name: np.stack([statistic(weights) for statistic in seeds], axis=1) for name, seeds in statistics.items()}
        for weights in _resamples(n_events, n, rng)
    ]
    estimates = {name: np.array([statistic(once)[0] for statistic in seeds]) for name, seeds in statistics.items()}
    spread, freedom = pooled_seed_spread(list(estimates.values()))
    return {
        name: Replicates(
            float(values.mean()),
            np.concatenate([chunk[name] for chunk in chunks]).mean(1)
            + (0 if name in seedless else _seed_noise(len(values), spread, freedom, n, rng)),
        )
        for name, values in estimates.items()
    }


def bootstrap_interval(seeds: Sequence[Scores], metric: Metric, n: int, rng: np.random.Generator) -> Interval:
    """Interval of one metric over events and, where there are several, seeds."""
    return bootstrap({"": seeds}, metric, n, rng)[""].interval()


def paired_difference(a: Sequence[Scores], b: Sequence[Scores], metric: Metric, n: int, rng: np.random.Generator) -> Interval:
    """metric(a) - metric(b) over the same resamples of the same events; seeds as in `bootstrap`.

    Raises:
        DataError: when the scores are not of the same events.
    """
    replicates = bootstrap({"a": a, "b": b}, metric, n, rng)
    return (replicates["a"] - replicates["b"]).interval()


def is_effect(interval: Interval, relative: float, min_effect: float) -> bool:
    """An effect: the paired 95 % interval is without 0 **and** the relative change is above `min_effect`."""
    return interval.excludes_zero and abs(relative) > min_effect


def expected_by_chance(n_comparisons: int) -> float:
    """How many of `n_comparisons` independent intervals exclude zero where there is no difference at all."""
    return n_comparisons * (1 - LEVEL)


def _aligned(all_scores: Sequence[Scores]) -> dict[int, NDArray[np.intp]]:
    """For each scores object (by id) the order that puts its events by index; refuses different events."""
    first, *others = all_scores
    orders = {id(scores): np.argsort(scores.index, kind="stable") for scores in all_scores}
    for scores in others:
        if scores.digest != first.digest:
            raise DataError(
                f"cannot pair scores of different events (digests {first.digest} and {scores.digest}): evaluate both on one file"
            )
        ours, theirs = orders[id(first)], orders[id(scores)]
        for name in ("index", "target"):
            if not np.array_equal(getattr(first, name)[ours], getattr(scores, name)[theirs]):
                raise DataError(
                    f"cannot pair scores whose {name} differs (digest {first.digest}): evaluate both on one split, with one `classes`"
                )
    return orders


def _take(scores: Scores, rows: NDArray[np.intp]) -> Scores:
    return Scores(
        probabilities=scores.probabilities[rows],
        target=scores.target[rows],
        labels=scores.labels[rows],
        index=scores.index[rows],
        class_names=scores.class_names,
        label_names=scores.label_names,
        digest=scores.digest,
    )


def _resamples(n_events: int, n: int, rng: np.random.Generator) -> Iterator[Weights]:
    """How often each event was drawn, in chunks of resamples: float32 [resample, event]."""
    per_chunk = max(1, _CHUNK // n_events)
    for start in range(0, n, per_chunk):
        size = min(per_chunk, n - start)
        rows = np.arange(size)[:, None] * n_events
        drawn = rng.integers(0, n_events, (size, n_events)) + rows
        yield np.bincount(drawn.ravel(), minlength=size * n_events).reshape(size, n_events).astype(np.float32)


def _seed_noise(n_seeds: int, spread: float, freedom: int, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """What the seeds' spread adds to a mean of `n_seeds`, [resample]; nothing where the spread is unknown."""
    return spread / np.sqrt(n_seeds) * rng.standard_t(freedom, n) if freedom else np.zeros(n)
