"""The numbers of a split under their names in metrics.json.

Without suffix: of the latent mean, thresholded at 0.5. ``_sample``: of a latent sample. ``_prior``:
Bernoulli draws from the prior. ``_data``: of the split's own rows, which a perfect model would
share. Losses are of a latent sample, as in training.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lexon.metrics.latent import latent_metrics, silhouette
from lexon.metrics.multilabel import cooccurrence_metrics, diversity_metrics, reconstruction_metrics
from lexon.pipelines.modelling.vae.passes import Pass
from lexon.tags import TagSplits

Rows = NDArray[np.uint8]


def model_metrics(tag_rows: TagSplits, split: str, passed: Pass, beta: float) -> dict[str, float]:
    """All numbers of a model on a split."""
    data = tag_rows.rows[split]
    bce, kld = float(passed.bce.mean(dtype=np.float64)), float(passed.kld.mean(dtype=np.float64))
    latent = latent_metrics(passed.mean, passed.log_variance) | {
        "silhouette_score": silhouette(passed.mean, tag_rows.groups[split])
    }
    return {
        "loss": bce + beta * kld,
        "bce": bce,
        "kld": kld,
        "bce_plus_kld": bce + kld,
        **reconstruction(data, passed.decoded),
        **reconstruction(data, passed.decoded_sample, "_sample"),
        **_named("latent", latent),
        **pattern(data, passed.decoded),
        **pattern(data, passed.decoded_sample, "_sample"),
        **pattern(data, passed.prior, "_prior"),
        **_named("diversity", diversity_metrics(data), "_data"),
    }


def reconstruction(data: Rows, decoded: Rows, suffix: str = "") -> dict[str, float]:
    """Hamming loss and Jaccard index of decoded rows."""
    return {
        f"{name}{suffix}": value for name, value in reconstruction_metrics(data, decoded).items()
    }


def pattern(data: Rows, made: Rows, suffix: str = "") -> dict[str, float]:
    """Diversity of rows that were made, and how their pairs of tags compare with the data's."""
    return _named("diversity", diversity_metrics(made), suffix) | _named(
        "cooccurrence", cooccurrence_metrics(data, made), suffix
    )


def marginal_shares(train: Rows) -> NDArray[np.float64]:
    """How common each tag is in training; (n + 1/2) / (N + 1) leaves no tag impossible
    (Jeffreys).
    """
    return (train.sum(axis=0) + 0.5) / (len(train) + 1)


def marginal_nats(train: Rows, data: Rows) -> NDArray[np.float64]:
    """Minus ln p(row) in nats of independent tags, as common as in training [row]: what a latent
    code has to beat.
    """
    share = marginal_shares(train)
    return -(data @ (np.log(share) - np.log1p(-share)) + np.log1p(-share).sum())


def by_split(metrics: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """metrics.json: ``{"test": {"test_loss": ...}}``, without what a split could not give."""
    return {
        split: {
            f"{split}_{name}": float(value)
            for name, value in values.items()
            if math.isfinite(value)
        }
        for split, values in metrics.items()
    }


def _named(prefix: str, metrics: Mapping[str, float], suffix: str = "") -> dict[str, float]:
    return {f"{prefix}_{name}{suffix}": value for name, value in metrics.items()}
