"""Use of a variational autoencoder's latent units: posterior means and log variances [row, unit]
in, numbers out.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import silhouette_score

PosteriorVerdict = Literal["ok", "partial", "collapsed"]

# Burda, Grosse and Salakhutdinov (arXiv:1509.00519), section 5.2. At a threshold of 0 a dead unit
# counts as active: its mean still varies by rounding.
ACTIVE_VARIANCE = 0.01
ACTIVE_KL = 0.01  # nats
COLLAPSED_KL = 0.1  # nats per row, over all units
PARTIAL_ACTIVE = 25.0  # per cent
PARTIAL_JACCARD = 0.01
SILHOUETTE_ROWS = 4000  # all distances between more would take minutes


def kl_per_unit(
    mean: NDArray[np.floating], log_variance: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Mean KL(q(z|x) || N(0, 1)) of each unit in nats, [unit]; their sum is the KL per row.

    (mu^2 + sigma^2 - 1 - ln sigma^2) / 2 (Kingma and Welling, arXiv:1312.6114, appendix B).
    """
    return (
        (mean.astype(np.float64) ** 2 + np.exp(log_variance.astype(np.float64)) - 1 - log_variance)
        / 2
    ).mean(axis=0)


def latent_metrics(
    mean: NDArray[np.floating], log_variance: NDArray[np.floating]
) -> dict[str, float]:
    """Number of active units, by two criteria that can disagree.

    Returns:
        ``active_units``, ``pct_active_units``: variance over rows of the posterior mean above
            `ACTIVE_VARIANCE`.
        ``active_units_by_kl``, ``pct_active_units_by_kl``: mean KL above `ACTIVE_KL`.
    """
    active = {
        "": mean.var(axis=0) > ACTIVE_VARIANCE,
        "_by_kl": kl_per_unit(mean, log_variance) > ACTIVE_KL,
    }
    counts = {f"active_units{suffix}": float(units.sum()) for suffix, units in active.items()}
    return counts | {f"pct_{name}": 100 * n / mean.shape[1] for name, n in counts.items()}


def silhouette(mean: NDArray[np.floating], groups: NDArray[np.int64], seed: int = 0) -> float:
    """Mean of (b - a) / max(a, b) over rows (Rousseeuw 1987): a and b are mean distances to the own
    and to the nearest other group.

    At most `SILHOUETTE_ROWS` random rows; a row alone in its group scores 0. NaN with fewer than
    two groups, or none larger than 1.

    Args:
        mean: latent positions [row, unit].
        groups: of each row; -1 for a row without one, which is left out.
        seed: of the sample.
    """
    known = np.flatnonzero(groups >= 0)
    chosen = np.random.default_rng(seed).permutation(known)[:SILHOUETTE_ROWS]
    n_groups = len(np.unique(groups[chosen]))
    if not 1 < n_groups < len(chosen):
        return np.nan
    return float(silhouette_score(mean[chosen], groups[chosen]))


def posterior_verdict(
    kld: float, pct_active_units: float, jaccard_index: float
) -> PosteriorVerdict:
    """Whether the latent code says anything about the row; asked before any other number of a model
    is believed.

    Args:
        kld: KL per row in nats.
        pct_active_units: by the variance of the mean.
        jaccard_index: pooled, of rows decoded from the latent mean.
    """
    if pct_active_units == 0 or kld < COLLAPSED_KL:
        return "collapsed"
    return (
        "partial" if pct_active_units < PARTIAL_ACTIVE or jaccard_index <= PARTIAL_JACCARD else "ok"
    )
