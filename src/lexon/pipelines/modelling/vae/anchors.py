"""What a number is worth: the same metrics for things that learn no latent code.

``all_zero`` predicts no tag; ``independent_marginals`` knows how common each tag is and nothing of pairs; ``pca_<width>`` is as
wide as a configuration and linear; ``data`` are the rows themselves; ``data_bootstrap`` draws them again, as a sample as large
that knew everything would.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from lexon.events import SPLITS
from lexon.pipelines.modelling.vae.evaluate import describe
from lexon.pipelines.modelling.vae.measures import Rows, by_split, pattern, reconstruction
from lexon.pipelines.modelling.vae.passes import THRESHOLD
from lexon.tags import TagSplits

SEED = 42  # of the draws; the same for every comparison on the same rows


def measure_anchors(tag_rows: TagSplits, plan: list[dict[str, Any]]) -> dict[str, Any]:
    """Metrics of each anchor, by name, as in a member's metrics.json, and which rows they are of.

    `plan` holds the members, whose latent widths PCA is given.
    """
    widths = sorted({member["config"]["vae"]["latent_dim"] for member in plan})
    per_split = {split: _anchors(tag_rows, split, widths) for split in SPLITS}
    names = dict.fromkeys(name for anchors in per_split.values() for name in anchors)
    return {
        "data": describe(tag_rows),
        "anchors": {name: by_split({split: per_split[split][name] for split in SPLITS}) for name in names},
    }


def _anchors(tag_rows: TagSplits, split: str, widths: Iterable[int]) -> dict[str, dict[str, float]]:
    train, data = tag_rows.rows["train"], tag_rows.rows[split]
    rng = np.random.default_rng(SEED)
    empty = np.zeros_like(data)
    again = data[rng.integers(0, len(data), len(data))]
    return {
        "all_zero": _decoded(data, empty) | pattern(data, empty, "_prior"),
        "independent_marginals": _marginals(train, data, rng),
        **{f"pca_{width}": _pca(train, data, width) for width in widths},
        **{name: _patterns(data, rows) for name, rows in {"data": data, "data_bootstrap": again}.items()},
    }


def _decoded(data: Rows, rows: Rows) -> dict[str, float]:
    """Of rows that no latent sample could make others: ``_sample`` is the same."""
    same = ("", "_sample")
    return {name: value for suffix in same for name, value in (reconstruction(data, rows, suffix) | pattern(data, rows, suffix)).items()}


def _patterns(data: Rows, rows: Rows) -> dict[str, float]:
    return {name: value for suffix in ("", "_sample", "_prior") for name, value in pattern(data, rows, suffix).items()}


def _marginals(train: Rows, data: Rows, rng: np.random.Generator) -> dict[str, float]:
    """Each tag on its own, as common as in training; (n + 1/2) / (N + 1) leaves no tag impossible (Jeffreys)."""
    share = (train.sum(axis=0) + 0.5) / (len(train) + 1)
    nats = -float((data * np.log(share) + (1 - data) * np.log1p(-share)).sum(axis=1).mean())
    likeliest = np.broadcast_to(share > THRESHOLD, data.shape).astype(np.uint8)
    drawn = (rng.random(data.shape) < share).astype(np.uint8)
    return {"bce": nats, "kld": 0.0, "bce_plus_kld": nats} | _decoded(data, likeliest) | pattern(data, drawn, "_prior")


def _pca(train: Rows, data: Rows, width: int) -> dict[str, float]:
    """As many principal components as there are latent units, or as many as exist."""
    pca = PCA(min(width, *train.shape), svd_solver="full").fit(train.astype(np.float64))
    restored: NDArray[np.float64] = pca.inverse_transform(pca.transform(data.astype(np.float64)))
    decoded = (restored > THRESHOLD).astype(np.uint8)
    return _decoded(data, decoded)
