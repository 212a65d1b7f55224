"""Metrics that a bootstrap can afford: prepared once per scores, then evaluated for many weightings
of the events.

A `Metric` takes scores and sorts what needs sorting; the `Statistic` it returns takes counts
[resample, event] (how often each event was drawn) and gives one value per resample. 1000 resamples
of 30,000 events take seconds. Where events have weights (`Scores.weights`), a drawn event brings
its weight with it: the statistic is of counts times weights.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lexon.metrics.scores import Scores

Weights = NDArray[np.float32] | NDArray[np.float64]
Statistic = Callable[[Weights], NDArray[np.float64]]
Metric = Callable[[Scores], Statistic]

# Fewer background events than this above the threshold: a rejection is not measured (relative error
# above 30 %).
MIN_PASSING_BACKGROUND = 10


def auroc(scores: Scores) -> Statistic:
    """Area under the ROC curve; more than two classes: mean over classes, each against the rest."""
    n_classes = len(scores.class_names)
    parts = [
        auroc_of(scores.probabilities[:, c], scores.target == c)
        for c in range(n_classes if n_classes > 2 else 1)
    ]
    return _with_weights(scores, lambda weights: np.mean([part(weights) for part in parts], axis=0))


def auroc_against(label: int) -> Metric:
    """AUROC of the signal class against the one process that has this label, by the signal
    probability.
    """

    def metric(scores: Scores) -> Statistic:
        rows = np.flatnonzero(scores.is_signal | (scores.labels == label))
        statistic = auroc_of(scores.signal[rows], scores.is_signal[rows])
        return _with_weights(scores, lambda weights: statistic(weights.take(rows, axis=1)))

    return metric


def signal_efficiency(rejection: float) -> Metric:
    """Share of signal above the threshold that leaves at most 1/rejection of the background.

    NaN where fewer than `MIN_PASSING_BACKGROUND` background events would pass, of weighted ones
    where those that pass, or all of them, are worth fewer ((sum w)^2 / sum w^2), or where the
    weights of the signal have no positive sum. Events at the threshold do not pass. Where negative
    weights make the background fall and rise again, the threshold is the first, from the top, at
    which there is too much of it.
    """

    def metric(scores: Scores) -> Statistic:
        falling_background = np.flatnonzero(~scores.is_signal)[
            np.argsort(-scores.signal[~scores.is_signal], kind="stable")
        ]
        falling_signal = np.flatnonzero(scores.is_signal)[
            np.argsort(-scores.signal[scores.is_signal], kind="stable")
        ]
        thresholds = scores.signal[falling_background]
        # The first background event that may not pass sets the threshold; signal has to be strictly
        # above it.
        above = np.append(
            np.searchsorted(-scores.signal[falling_signal], -thresholds, side="left"),
            len(falling_signal),
        )

        own = None if scores.weights is None else scores.weights[falling_background]

        def statistic(counts: Weights) -> NDArray[np.float64]:
            weights = counts if scores.weights is None else counts * scores.weights
            falling = weights.take(falling_background, axis=1)
            background = falling.cumsum(1, dtype=np.float64)
            signal = _cumulative(weights.take(falling_signal, axis=1))
            n_background = falling.sum(1, dtype=np.float64)
            passing = _before_first(background * rejection > n_background[:, None])
            with np.errstate(invalid="ignore"):
                efficiency = (
                    np.take_along_axis(signal, above[passing][:, None], axis=1)[:, 0]
                    / signal[:, -1]
                )
            enough = (
                n_background >= MIN_PASSING_BACKGROUND * rejection
                if own is None
                else _least_worth(counts[:, falling_background], own, passing)
                >= MIN_PASSING_BACKGROUND
            )
            return np.where(enough & (signal[:, -1] > 0), efficiency, np.nan)

        return statistic

    return metric


def _with_weights(scores: Scores, statistic: Statistic) -> Statistic:
    """The statistic of weights as one of counts: each drawn event brings its own weight."""
    own = scores.weights
    return statistic if own is None else lambda counts: statistic(counts * own)


def _before_first(marked: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Number of columns before the first that is marked, [resample, event] -> [resample]."""
    return (~np.logical_or.accumulate(marked, axis=1)).sum(1)


def _least_worth(
    counts: Weights, weights: NDArray[np.float64], passing: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Effective number of the first `passing` events of each resample, or of all where that is
    smaller: an efficiency is as uncertain as either.
    """
    last = np.full_like(passing, counts.shape[1])
    places = np.stack([passing, last], axis=1)
    sums, squares = (
        np.take_along_axis(_cumulative(counts * power), places, axis=1)
        for power in (weights, weights**2)
    )
    worth = np.divide(sums**2, squares, out=np.zeros_like(sums), where=squares > 0)
    return worth.min(axis=1)


def weighted_auroc(
    score: NDArray[np.floating], positive: NDArray[np.bool_], weights: NDArray[np.floating]
) -> float:
    """AUROC of weighted events, [event] each; with negative weights too, whose curve scikit-learn
    refuses.
    """
    return float(auroc_of(score, positive)(weights[None])[0])


def auroc_of(score: NDArray[np.floating], positive: NDArray[np.bool_]) -> Statistic:
    """AUROC of any scores: P(score of a positive > score of a negative) + P(equal)/2 (Mann and
    Whitney).

    Both are sorted once; each positive then adds the weight of negatives below it and half of those
    equal to it. Sorted positives look up neighbours in memory, one after another. NaN where the
    weights of either have no positive sum: what comes of such ones may look like an AUROC.
    """
    positives, negatives = (
        rows[np.argsort(score[rows], kind="stable")]
        for rows in (np.flatnonzero(positive), np.flatnonzero(~positive))
    )
    below = np.searchsorted(score[negatives], score[positives], side="left")
    not_above = np.searchsorted(score[negatives], score[positives], side="right")

    def statistic(weights: Weights) -> NDArray[np.float64]:
        cumulative = _cumulative(weights.take(negatives, axis=1))
        drawn = weights.take(positives, axis=1)
        won = cumulative.take(below, axis=1) + cumulative.take(not_above, axis=1)
        wins = (drawn * won).sum(1) / 2
        positive, negative = drawn.sum(1, dtype=np.float64), cumulative[:, -1]
        known = (positive > 0) & (negative > 0)
        return np.divide(wins, positive * negative, out=np.full(len(wins), np.nan), where=known)

    return statistic


def _cumulative(weights: Weights) -> NDArray[np.float64]:
    """Running sums along the events, starting from 0: [resample, event] -> [resample, event
    + 1].
    """
    sums = np.zeros((len(weights), weights.shape[1] + 1))
    np.cumsum(weights, axis=1, out=sums[:, 1:])
    return sums
