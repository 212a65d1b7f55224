"""The paired bootstrap: one set of resampled events for all that is compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from lexon.errors import DataError
from lexon.metrics.ranking import Metric, Statistic, Weights
from lexon.metrics.scores import Scores

SEED = (
    2026  # of every report's resamples: reports of the same results are the same to the last digit
)
_CHUNK = 2**21  # resampled events held in memory at once


def score_statistics(
    groups: Mapping[str, Sequence[Scores]], metric: Metric
) -> tuple[dict[str, list[Statistic]], int]:
    """A metric of each group's scores, events in one order, for `resample`: statistics by group,
    and the number of events.

    Raises:
        DataError: when the scores are not of the same events.
    """
    order = aligned_orders(list(chain.from_iterable(groups.values())))
    statistics = {
        name: [metric(taken(scores, order[id(scores)])) for scores in seeds]
        for name, seeds in groups.items()
    }
    return statistics, len(next(iter(order.values())))


def weighted_mean(values: NDArray[np.floating]) -> Statistic:
    """The mean of one value a row, as a statistic: values [row] -> weights [resample, row] -> means
    [resample].
    """
    return lambda weights: (weights @ values) / weights.sum(axis=1)


def of_seed(value: float) -> Statistic:
    """A value of one training that no row moves, as a statistic: what resampled rows would change
    is left to the seeds.
    """
    return lambda weights: np.full(len(weights), value)


def aligned_orders(all_scores: Sequence[Scores]) -> dict[int, NDArray[np.intp]]:
    """For each scores object (by id) the order that puts its events by index; refuses different
    events.
    """
    first, *others = all_scores
    orders = {id(scores): np.argsort(scores.index, kind="stable") for scores in all_scores}
    for scores in others:
        if scores.digest != first.digest:
            raise DataError(
                f"cannot pair scores of different events (digests {first.digest} and"
                f" {scores.digest}): evaluate both on one file"
            )
        order, other = orders[id(first)], orders[id(scores)]
        for name in ("index", "target"):
            if not np.array_equal(getattr(first, name)[order], getattr(scores, name)[other]):
                raise DataError(
                    f"cannot pair scores whose {name} differs (digest {first.digest}): evaluate"
                    " both on one split, with one `classes`"
                )
        if not np.array_equal(first.counted[orders[id(first)]], scores.counted[orders[id(scores)]]):
            raise DataError(
                f"cannot pair scores whose weights differ (digest {first.digest}): evaluate both"
                " with one events.weight"
            )
    return orders


def taken(scores: Scores, rows: NDArray[np.intp]) -> Scores:
    """The scores of some events, or of all in another order."""
    return scores[rows]


def resamples(
    n_rows: int, n: int, rng: np.random.Generator, groups: NDArray[np.integer] | None = None
) -> Iterator[Weights]:
    """Number of times that each row was drawn, in chunks of resamples: float32 [resample, row].

    Args:
        groups: group of each row; a group is drawn as a whole, as many groups as there are (the
            cluster bootstrap; Davison and Hinkley, Bootstrap Methods and their Application, section
            3.8).
    """
    group = None if groups is None else np.unique(groups, return_inverse=True)[1]
    n_drawn = n_rows if group is None else int(group.max()) + 1
    per_chunk = max(1, _CHUNK // n_rows)
    for start in range(0, n, per_chunk):
        size = min(per_chunk, n - start)
        offsets = np.arange(size)[:, None] * n_drawn
        drawn = rng.integers(0, n_drawn, (size, n_drawn)) + offsets
        counts = (
            np.bincount(drawn.ravel(), minlength=size * n_drawn)
            .reshape(size, n_drawn)
            .astype(np.float32)
        )
        yield counts if group is None else counts[:, group]
