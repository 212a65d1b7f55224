"""Estimates with their replicates and intervals, alone and in families."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95


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
    """A metric and its bootstrap replicates; those of one `bootstrap` call are paired, so they may
    be subtracted.

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
        return (
            f"unknown ({self.n} seed{'s' * (self.n != 1)})"
            if np.isnan(self.sd)
            else f"{self.sd:.4f} ({self.n} seeds)"
        )


def seed_spread(values: Sequence[float]) -> SeedSpread:
    """Spread of one number over seeds."""
    return SeedSpread(float(np.std(values, ddof=1)) if len(values) > 1 else np.nan, len(values))


def simultaneous_intervals(family: Sequence[Replicates]) -> list[Interval]:
    """Intervals that hold 95 % for all of a family together: the correction for their number.

    Every single interval, made symmetric, is widened by one factor: that at which the whole family
    lies inside for 95 % of the resamples (single-step max-t; Hothorn, Bretz and Westfall,
    Biometrical Journal 50 (2008) 346, section 3). What members have in common is paid for once,
    which Bonferroni's correction would not notice.

    Args:
        family: paired replicates; one that is never defined is left out, and then every resample in
            which one is undefined.
    """
    if not family:
        return []
    values = np.stack([replicates.values for replicates in family])
    estimates = np.array([replicates.estimate for replicates in family])
    defined = np.isfinite(values).any(axis=1)
    reach = np.full(len(family), np.nan)
    reach[defined] = _reaches(values[defined], estimates[defined])
    return [
        Interval(*bounds)
        for bounds in np.stack([estimates, estimates - reach, estimates + reach], axis=1).tolist()
    ]


def _reaches(values: NDArray[np.float64], estimates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half the width of each interval of a family, [member]; values [member, resample]."""
    values = values[:, np.isfinite(values).all(axis=0)]
    if not values.size:
        return np.full(len(estimates), np.nan)
    reach = np.ptp(np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1), axis=0) / 2
    distance = np.abs(values - estimates[:, None]) / np.where(reach > 0, reach, np.inf)[:, None]
    return reach * max(1.0, float(np.quantile(distance.max(axis=0), LEVEL)))
