"""What a number is worth: the same metrics for things that learn no latent code.

``all_zero`` predicts no tag; ``independent_marginals`` knows how common each tag is and nothing of
pairs; ``pca_<width>`` is as wide as a configuration and linear; ``data`` are the rows themselves;
``data_bootstrap`` draws them again, as a sample as large that knew everything would.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.decomposition import PCA

from lexon.events import SPLITS
from lexon.pipelines.modelling.vae.evaluate import describe
from lexon.pipelines.modelling.vae.measures import (
    Rows,
    by_split,
    marginal_nats,
    marginal_shares,
    pattern,
    reconstruction,
)
from lexon.pipelines.modelling.vae.passes import THRESHOLD
from lexon.tags import TagSplits

SEED = 42  # of the draws; the same for every comparison on the same rows
FEW = 10  # components are few where rows and tags are this many times as many


def measure_anchors(tag_rows: TagSplits, plan: list[dict[str, Any]]) -> dict[str, Any]:
    """Metrics of each anchor, by name, as in a member's metrics.json, and which rows they are of.

    `plan` holds the members, whose latent widths PCA is given.
    """
    widths = sorted({member["config"]["vae"]["latent_dim"] for member in plan})
    components = Components.of(tag_rows.rows["train"], max(widths, default=1))
    per_split = {split: _anchors(tag_rows, split, widths, components) for split in SPLITS}
    names = dict.fromkeys(name for anchors in per_split.values() for name in anchors)
    return {
        "data": describe(tag_rows),
        "anchors": {
            name: by_split({split: per_split[split][name] for split in SPLITS}) for name in names
        },
    }


@dataclass(frozen=True)
class Components:
    """The leading principal components of the training rows; the first w of them are what a PCA of
    width w has.

    Attributes:
        mean: of the rows [tag].
        axes: orthonormal, falling in variance [component, tag].
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]

    @classmethod
    def of(cls, rows: Rows, width: int) -> Self:
        """As many as asked for, or as exist. A few of many are found on sparse rows, by Lanczos
        iteration to full precision.
        """
        smallest = min(rows.shape)
        if FEW * width < smallest:
            pca = PCA(width, svd_solver="arpack", random_state=SEED).fit(
                csr_matrix(rows, dtype=np.float64)
            )
        else:
            pca = PCA(min(width, smallest), svd_solver="full").fit(rows.astype(np.float64))
        return cls(pca.mean_, pca.components_)

    def decode(self, rows: Rows, width: int) -> Rows:
        """Rows after a projection on the first `width` components, thresholded."""
        axes = self.axes[:width]
        scores = rows @ axes.T - self.mean @ axes.T
        return (scores @ axes + self.mean > THRESHOLD).astype(np.uint8)


def _anchors(
    tag_rows: TagSplits, split: str, widths: Iterable[int], components: Components
) -> dict[str, dict[str, float]]:
    train, data = tag_rows.rows["train"], tag_rows.rows[split]
    rng = np.random.default_rng(SEED)
    empty = np.zeros_like(data)
    again = data[rng.integers(0, len(data), len(data))]
    return {
        "all_zero": _decoded(data, empty) | _made(data, empty, "_prior"),
        "independent_marginals": _marginals(train, data, rng),
        **{f"pca_{width}": _decoded(data, components.decode(data, width)) for width in widths},
        **{
            name: _made(data, rows, "", "_sample", "_prior")
            for name, rows in {"data": data, "data_bootstrap": again}.items()
        },
    }


def _decoded(data: Rows, rows: Rows) -> dict[str, float]:
    """Of rows that no latent sample could change: ``_sample`` is the same."""
    return _under(reconstruction(data, rows), "", "_sample") | _made(data, rows, "", "_sample")


def _made(data: Rows, rows: Rows, *suffixes: str) -> dict[str, float]:
    """Diversity and pairs of tags, measured once and given under each suffix."""
    return _under(pattern(data, rows), *suffixes)


def _under(metrics: dict[str, float], *suffixes: str) -> dict[str, float]:
    return {f"{name}{suffix}": value for suffix in suffixes for name, value in metrics.items()}


def _marginals(train: Rows, data: Rows, rng: np.random.Generator) -> dict[str, float]:
    """Each tag on its own, as common as in training."""
    share = marginal_shares(train)
    nats = float(marginal_nats(train, data).mean())
    likeliest = np.broadcast_to(share > THRESHOLD, data.shape).astype(np.uint8)
    drawn = (rng.random(data.shape) < share).astype(np.uint8)
    return (
        {"bce": nats, "kld": 0.0, "bce_plus_kld": nats}
        | _decoded(data, likeliest)
        | _made(data, drawn, "_prior")
    )
