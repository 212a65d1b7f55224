"""The information in frozen latent vectors, measured with linear models, in the same way for every
kind of latent vector.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from lexon.metrics.ranking import Statistic, Weights

Array = NDArray[np.floating]

# Penalties that cross-validation on the training latents chooses from.
PENALTIES = np.logspace(-3, 4, 8)


def ridge_probe(latents: Array, targets: Array) -> Pipeline:
    """Ridge regression of targets [N, K] on standardised latents [N, D], its penalty chosen by
    leave-one-out on these events.
    """
    return make_pipeline(StandardScaler(), RidgeCV(PENALTIES)).fit(latents, targets)


def label_probe(latents: Array, is_signal: NDArray[np.bool_]) -> Pipeline:
    """Logistic regression of the signal on standardised latents [N, D]; `decision_function`
    scores.
    """
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(latents, is_signal)


def r_squared(target: Array, predicted: Array) -> float:
    """1 - sum of squared errors / sum of squared deviations, over events and target columns [N, K]
    together.
    """
    return float(r_squared_statistic(target, predicted)(np.ones((1, len(target)), np.float32))[0])


def r_squared_statistic(target: Array, predicted: Array) -> Statistic:
    """The same for many weightings of the events, as a bootstrap asks for it."""
    squares, errors = (
        target.astype(np.float64) ** 2,
        ((target - predicted) ** 2).sum(1, dtype=np.float64),
    )

    def statistic(weights: Weights) -> NDArray[np.float64]:
        total = weights.sum(1, keepdims=True, dtype=np.float64)
        means = (weights @ target) / total
        deviations = (weights @ squares).sum(1) - (total * means**2).sum(1)
        return 1 - (weights @ errors) / deviations

    return statistic


def spectrum(latents: Array) -> Array:
    """Share of the variance along each principal component of latents [V, D], falling."""
    return PCA().fit(latents).explained_variance_ratio_


def effective_dimension(shares: Array) -> float:
    """Participation ratio (sum s)^2 / sum s^2 of a spectrum: the number of equally strong
    components that would be as spread out.
    """
    return float(shares.sum() ** 2 / (shares**2).sum())
