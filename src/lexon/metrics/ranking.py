"""Metrics that a bootstrap can afford: prepared once per scores, then evaluated for many weightings
of the events.

A `Metric` takes scores and sorts what needs sorting; the `Statistic` it returns takes weights
[resample, event] (how often each event was drawn) and gives one value per resample. 1000 resamples
of 30,000 events take seconds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lexon.metrics.scores import Scores

Weights = NDArray[np.float32]
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
    return lambda weights: np.mean([part(weights) for part in parts], axis=0)


def auroc_against(label: int) -> Metric:
    """AUROC of the signal class against the one process that has this label, by the signal
    probability.
    """

    def metric(scores: Scores) -> Statistic:
        rows = np.flatnonzero(scores.is_signal | (scores.labels == label))
        statistic = auroc_of(scores.signal[rows], scores.is_signal[rows])
        return lambda weights: statistic(weights[:, rows])

    return metric


def signal_efficiency(rejection: float) -> Metric:
    """Share of signal above the threshold that leaves at most 1/rejection of the background.

    NaN where fewer than `MIN_PASSING_BACKGROUND` background events would pass. Events at the
    threshold do not pass.
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

        def statistic(weights: Weights) -> NDArray[np.float64]:
            background = weights[:, falling_background].cumsum(1, dtype=np.float64)
            signal = _cumulative(weights[:, falling_signal])
            n_background = weights[:, falling_background].sum(1, dtype=np.float64)
            passing = (background * rejection <= n_background[:, None]).sum(1)
            with np.errstate(invalid="ignore"):
                efficiency = (
                    np.take_along_axis(signal, above[passing][:, None], axis=1)[:, 0]
                    / signal[:, -1]
                )
            return np.where(n_background >= MIN_PASSING_BACKGROUND * rejection, efficiency, np.nan)

        return statistic

    return metric


def auroc_of(score: NDArray[np.floating], positive: NDArray[np.bool_]) -> Statistic:
    """AUROC of any scores: P(score of a positive > score of a negative) + P(equal)/2 (Mann and
    Whitney).

    Negatives are sorted once; each positive then adds the weight of negatives below it and half of
    those equal to it.
    """
    positives, negatives = np.flatnonzero(positive), np.flatnonzero(~positive)
    negatives = negatives[np.argsort(score[negatives], kind="stable")]
    below = np.searchsorted(score[negatives], score[positives], side="left")
    not_above = np.searchsorted(score[negatives], score[positives], side="right")

    def statistic(weights: Weights) -> NDArray[np.float64]:
        cumulative = _cumulative(weights[:, negatives])
        drawn = weights[:, positives]
        wins = (drawn * (cumulative[:, below] + cumulative[:, not_above])).sum(1) / 2
        with np.errstate(invalid="ignore"):
            return wins / (drawn.sum(1, dtype=np.float64) * cumulative[:, -1])

    return statistic


def _cumulative(weights: Weights) -> NDArray[np.float64]:
    """Running sums along the events, starting from 0: [resample, event] -> [resample, event
    + 1].
    """
    sums = np.zeros((len(weights), weights.shape[1] + 1))
    np.cumsum(weights, axis=1, out=sums[:, 1:])
    return sums
