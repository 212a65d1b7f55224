"""Calibration: of the events with a score of 0.8, 80 % should belong to the class."""

from __future__ import annotations

from dataclasses import dataclass

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
        count: events, int64 [bin].
    """

    edges: NDArray[np.float64]
    probability: NDArray[np.float64]
    fraction: NDArray[np.float64]
    count: NDArray[np.int64]

    @property
    def error(self) -> float:
        """Mean |fraction - probability| over bins, weighted by events."""
        gap = np.abs(self.fraction - self.probability)
        return float(np.nansum(gap * self.count) / self.count.sum())


def reliability(probability: NDArray[np.floating], positive: NDArray[np.generic]) -> Reliability:
    """Curve of one class's predicted probabilities [event] against its indicators [event]."""
    edges = np.linspace(0, 1, N_BINS + 1)
    bins = np.minimum((probability * N_BINS).astype(int), N_BINS - 1)
    count = np.bincount(bins, minlength=N_BINS)
    filled = np.where(count > 0, count, np.nan)
    return Reliability(
        edges=edges,
        probability=np.bincount(bins, probability, N_BINS) / filled,
        fraction=np.bincount(bins, positive, N_BINS) / filled,
        count=count,
    )


def expected_calibration_error(
    probabilities: NDArray[np.floating], one_hot: NDArray[np.int64]
) -> float:
    """Classwise ECE over [event, class]: the mean over classes of each one's reliability error.

    Kull et al., NeurIPS 2019 (arXiv:1910.12656), eq. 2, with `N_BINS` bins of equal width. For two
    classes both curves mirror each other, so this is the ECE of the signal probability.
    """
    columns = zip(probabilities.T, one_hot.T, strict=True)
    return float(
        np.mean([reliability(probability, positive).error for probability, positive in columns])
    )
