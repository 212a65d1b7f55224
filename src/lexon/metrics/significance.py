"""The expected significance of a discovery, from expected numbers of events.

The median significance with which an experiment would exclude "background only" if the signal were
there: the profile likelihood ratio of the Asimov data, in which each number is its expectation
(Cowan, Cranmer, Gross and Vitells, EPJ C71 (2011) 1554, arXiv:1007.1727). The background of all
bins together is uncertain by one factor, which a Poisson measurement with that relative uncertainty
constrains; then the factor of largest likelihood can be written down. For one bin the result is
Cowan's formula (Discovery sensitivity for a counting experiment with background uncertainty, 2012),
for a background that is known that of the paper, and for s << b it is s / sqrt(b + sigma^2).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy


def asimov(
    signal: ArrayLike, background: ArrayLike, uncertainty: float = 0.0
) -> NDArray[np.float64]:
    """Significance of counting: expected events of any shape -> one number for each.

    Args:
        uncertainty: of the background, relative.
    """
    return binned_asimov(
        np.asarray(signal, dtype=float)[..., None],
        np.asarray(background, dtype=float)[..., None],
        uncertainty,
    )


def binned_asimov(
    signal: ArrayLike, background: ArrayLike, uncertainty: float = 0.0
) -> NDArray[np.float64]:
    """Significance of a fit in bins, [..., bin] -> [...]; NaN where a bin has signal but no
    background, which no sample can tell from infinity, or where negative weights leave a bin with
    fewer than no events. A signal of nothing or less promises nothing: 0.

    Args:
        uncertainty: of the background, relative, one factor for all bins.
    """
    s, b = np.asarray(signal, dtype=float), np.asarray(background, dtype=float)
    empty = (((b <= 0) & (s > 0)) | (b < 0) | (s + b < 0)).any(axis=-1)
    total_signal, total = s.sum(axis=-1), b.sum(axis=-1)
    with np.errstate(invalid="ignore"):  # of events below zero, which are NaN in the end
        ratio = xlogy(s + b, 1 + s / np.where(b > 0, b, 1.0)).sum(axis=-1)
        if uncertainty:
            m = uncertainty**-2  # events of the measurement that constrains the background
            shared = (total_signal + total + m) * np.log1p(total_signal / (total + m))
        else:
            shared = total_signal
        found = np.sqrt(2 * np.clip(ratio - shared, 0, None))
    return np.where(empty, np.nan, np.where(total_signal > 0, found, 0.0))
