"""How far trainings of many cells vary with the seed, from few seeds each.

Three seeds tell little about one cell's variance, thirty cells tell much about what is usual. Each variance is therefore drawn
towards the usual one, as strongly as the cells agree with each other: fully where they differ no more than so few seeds must,
not at all where they differ by orders of magnitude (empirical Bayes; Smyth, Statistical Applications in Genetics and Molecular
Biology 3 (2004) article 3, sections 3 and 6.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import digamma, polygamma

MIN_CELLS = 3  # fewer do not tell how far variances differ
_LARGEST = 1e6  # degrees of freedom that are as good as infinite


@dataclass(frozen=True)
class Spreads:
    """Variances over seeds.

    Attributes:
        variances: of each cell, by name.
        prior: degrees of freedom of the usual variance in each of them; 0 where each stands for itself, infinite where all are one.
        pooled: degrees of freedom from which the usual variance is known.
    """

    variances: Mapping[str, float]
    prior: float
    pooled: int


def moderated(seen: Mapping[str, float], freedom: Mapping[str, int]) -> Spreads:
    """Variances of cells drawn towards the usual one.

    Args:
        seen: variance over the seeds of each cell; one of exactly 0 stays so and tells nothing about others.
        freedom: seeds less one, by cell, at least 1.
    """
    used = [name for name, variance in seen.items() if np.isfinite(variance) and variance > 0]
    pooled = sum(freedom[name] for name in used)
    if len(used) < MIN_CELLS:
        return Spreads(dict(seen), 0.0, pooled)
    half = np.array([freedom[name] for name in used]) / 2
    logarithms = np.log([seen[name] for name in used]) - digamma(half) + np.log(half)
    excess = float(logarithms.var(ddof=1) - polygamma(1, half).mean())
    prior = 2 * _inverse_trigamma(excess) if excess > 0 else np.inf
    if np.isinf(prior):
        usual = sum(freedom[name] * seen[name] for name in used) / pooled
    else:
        usual = float(np.exp(logarithms.mean() + digamma(prior / 2) - np.log(prior / 2)))
    return Spreads(
        {name: _between(seen[name], freedom[name], usual, prior) if name in used else seen[name] for name in seen}, prior, pooled
    )


def _between(own: float, freedom: int, usual: float, prior: float) -> float:
    return usual if np.isinf(prior) else (prior * usual + freedom * own) / (prior + freedom)


def _inverse_trigamma(value: float) -> float:
    """x with trigamma(x) = value; infinite where that is as good as infinite."""
    if value <= polygamma(1, _LARGEST):
        return np.inf
    return float(np.exp(brentq(lambda log_x: float(polygamma(1, np.exp(log_x))) - value, np.log(1e-8), np.log(_LARGEST))))
