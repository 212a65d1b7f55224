"""Calibration: of the events with a score of 0.8, 80 % should belong to the class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_BINS = 15


@dataclass(frozen=True)
class Reliability:
    """A reliability curve in `N_BINS` bins of equal width over [0, 1]; NaN where a bin is empty.

    Attributes:
        edges: of the bins, float64 [bin + 1].
        probability: mean predicted probability, float64 [bin].
        fraction: share of events that belong to the class, float64 [bin].
        count: events, or the sum of their weights, float64 [bin].
        worth: how many events of equal weight have the same statistical error, float64 [bin]: all
            of them, or (sum w)^2 / sum w^2.
        excess: events of the class above what the probabilities predict, float64 [bin].
    """

    edges: NDArray[np.float64]
    probability: NDArray[np.float64]
    fraction: NDArray[np.float64]
    count: NDArray[np.float64]
    worth: NDArray[np.float64]
    excess: NDArray[np.float64]

    @property
    def error(self) -> float:
        """Mean |fraction - probability| over bins, weighted by events; where negative weights leave
        a bin without a positive sum, what it holds counts all the same.
        """
        return float(np.abs(self.excess).sum() / self.count.sum())


def reliability(
    probability: NDArray[np.floating],
    positive: NDArray[Any],
    weights: NDArray[np.float64] | None = None,
) -> Reliability:
    """Curve of one class's predicted probabilities [event] against its indicators [event]."""
    own = np.ones(len(probability)) if weights is None else weights
    edges = np.linspace(0, 1, N_BINS + 1)
    bins = np.minimum((probability * N_BINS).astype(int), N_BINS - 1)
    count, squares, predicted, observed = (
        np.bincount(bins, values, N_BINS).astype(np.float64)
        for values in (own, own**2, own * probability, own * positive)
    )
    filled = np.where(count > 0, count, np.nan)
    return Reliability(
        edges=edges,
        probability=predicted / filled,
        fraction=observed / filled,
        count=count,
        worth=np.divide(count**2, squares, out=np.zeros(N_BINS), where=squares > 0),
        excess=observed - predicted,
    )


def expected_calibration_error(
    probabilities: NDArray[np.floating],
    one_hot: NDArray[np.int64],
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Classwise ECE over [event, class]: the mean over classes of each one's reliability error.

    Kull et al., NeurIPS 2019 (arXiv:1910.12656), eq. 2, with `N_BINS` bins of equal width. For two
    classes both curves mirror each other, so this is the ECE of the signal probability.
    """
    columns = zip(probabilities.T, one_hot.T, strict=True)
    return float(
        np.mean(
            [reliability(probability, positive, weights).error for probability, positive in columns]
        )
    )
