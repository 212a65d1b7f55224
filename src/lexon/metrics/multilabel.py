"""Numbers on multi-label rows: 0/1 matrices [row, tag] in, floats out, always of all rows at once.

Pooling matters: means over batches of 32 rows cannot hold an entropy above ln 32, and weigh the rows of a short last batch more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy
from sklearn.metrics import hamming_loss, jaccard_score

Rows = NDArray[np.uint8]
# Added to each share of co-occurrence, so that pairs which one side never shows leave the divergence finite.
SMOOTHING = 1e-5


def reconstruction_metrics(truth: Rows, predicted: Rows) -> dict[str, float]:
    """How well rows come back.

    Returns:
        ``hamming_loss``: share of wrong cells; predicting nothing at all already scores the share of ones.
        ``jaccard_index``: sum(and) / sum(or), pooled over rows (Jaccard 1912; scikit-learn's ``micro``), 0 where both are empty.
        ``jaccard_index_per_row``: mean of the rows' own, 1 for a row that is empty on both sides.
    """
    return {
        "hamming_loss": float(hamming_loss(truth, predicted)),
        "jaccard_index": float(jaccard_score(truth, predicted, average="micro", zero_division=0.0)),
        "jaccard_index_per_row": float(jaccard_score(truth, predicted, average="samples", zero_division=1.0)),
    }


def diversity_metrics(rows: Rows) -> dict[str, float]:
    """How rows spread over the combinations of tags that occur among them, with counts c of k combinations in n rows.

    More is not better: what a generator should reach is the value of the data, with as many rows.

    Returns:
        ``pct_unique_combinations``: 100 k / n.
        ``pct_empty``: rows without a tag.
        ``pct_commonest``: rows of the commonest combination.
        ``entropy``: - sum p ln p in nats (Shannon 1948), p = c / n; at most ln n.
        ``entropy_normalised``: entropy / ln n; 0 for a single row.
        ``gini_coefficient``: 2 sum(i c_i) / (k sum c) - (k + 1) / k, c ascending, i from 1 (Gini 1912); 0 both when every row is
            its own combination and when all are one, so no ranking may use it.
    """
    n = len(rows)
    counts = np.sort(np.unique(np.packbits(rows, axis=1), axis=0, return_counts=True)[1])
    k = len(counts)
    nats = float(entropy(counts))
    return {
        "pct_unique_combinations": 100 * k / n,
        "pct_empty": 100 * float(np.mean(~rows.any(axis=1))),
        "pct_commonest": 100 * float(counts[-1]) / n,
        "entropy": nats,
        "entropy_normalised": nats / np.log(n) if n > 1 else 0.0,
        "gini_coefficient": float(2 * (np.arange(1, k + 1) @ counts) / (k * n) - (k + 1) / k),
    }


def cooccurrence(rows: Rows) -> NDArray[np.float64]:
    """How often two tags share a row, X'X [tag, tag]; a tag's own count lies on the diagonal."""
    wide = rows.astype(np.float32)  # exact below 2^24 rows, and as fast as floating-point algebra is
    return (wide.T @ wide).astype(np.float64)


def cooccurrence_metrics(data: Rows, model: Rows) -> dict[str, float]:
    """How alike the pairs of tags are in the data and in a model's rows.

    P and Q are the two matrices X'X as distributions over pairs, smoothed: (share + `SMOOTHING`) / sum.

    Returns:
        ``cosine_similarity``: of the flattened matrices; the diagonal, the tags' own frequencies, makes most of it.
        ``cosine_similarity_off_diagonal``: without it; 0 where one side has no pair.
        ``kl_divergence``: sum P ln(P / Q) in nats (Kullback and Leibler 1951).
        ``js_divergence``: Jensen-Shannon, in nats, at most ln 2 (Lin 1991).
        ``hellinger_distance``: sqrt(1 - sum sqrt(P Q)), at most 1.
    """
    a, b = cooccurrence(data), cooccurrence(model)
    pairs = ~np.eye(len(a), dtype=np.bool_)
    p, q = _distribution(a), _distribution(b)
    return {
        "cosine_similarity": _cosine(a.ravel(), b.ravel()),
        "cosine_similarity_off_diagonal": _cosine(a[pairs], b[pairs]),
        "kl_divergence": float(entropy(p, q)),
        "js_divergence": float(jensenshannon(p, q) ** 2),
        "hellinger_distance": float(np.sqrt(max(0.0, 1 - np.sqrt(p * q).sum()))),
    }


def _cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / lengths) if lengths else 0.0


def _distribution(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = counts.ravel() / max(counts.sum(), 1.0) + SMOOTHING
    return shares / shares.sum()
