"""Numbers on multi-label rows: 0/1 matrices [row, tag] in, floats out, always of all rows at once.

Pooling matters: means over batches of 32 rows cannot hold an entropy above ln 32, and weigh the
rows of a short last batch more. Pairs of tags are kept as a list of those that occur: of 5,000 tags
hardly one pair in a hundred ever does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.stats import entropy

Rows = NDArray[np.uint8]
# Weight of all pairs together that is added to a model's distribution, of which 1 is the data's, so
# that pairs which it never shows leave the divergence finite. A weight for each pair would outweigh
# the data where there are many tags.
SMOOTHING = 1e-5
# A multiplication of dense matrices is this many times faster than one of sparse matrices, for each
# product of two numbers.
_DENSE_SPEED = 500


def reconstruction_metrics(truth: Rows, predicted: Rows) -> dict[str, float]:
    """Quality of the reconstruction of rows.

    Returns:
        ``hamming_loss``: share of wrong cells; predicting nothing at all already scores the share
            of ones.
        ``jaccard_index``: sum(and) / sum(or), pooled over rows (Jaccard 1912), 1 where all rows are
            empty on both sides.
        ``jaccard_index_per_row``: mean of the rows' own, 1 for a row that is empty on both sides.
    """
    both = np.count_nonzero(truth & predicted, axis=1)
    either = np.count_nonzero(truth | predicted, axis=1)
    return {
        "hamming_loss": float((either - both).sum() / truth.size),
        "jaccard_index": float(both.sum() / either.sum()) if either.any() else 1.0,
        "jaccard_index_per_row": float(
            np.where(either > 0, both / np.maximum(either, 1), 1.0).mean()
        ),
    }


def diversity_metrics(rows: Rows) -> dict[str, float]:
    """Distribution of rows over the combinations of tags that occur among them, with counts c of k
    combinations in n rows.

    More is not better: what a generator should reach is the value of the data, with as many rows.

    Returns:
        ``pct_unique_combinations``: 100 k / n.
        ``pct_empty``: rows without a tag.
        ``pct_commonest``: rows of the commonest combination.
        ``entropy``: - sum p ln p in nats (Shannon 1948), p = c / n; at most ln n.
        ``entropy_normalised``: entropy / ln n; 0 for a single row.
        ``gini_coefficient``: 2 sum(i c_i) / (k sum c) - (k + 1) / k, c ascending, i from 1 (Gini
            1912); 0 both when every row is its own combination and when all are one, so no ranking
            may use it.
    """
    n = len(rows)
    counts = np.sort(list(Counter(map(bytes, np.packbits(rows, axis=1))).values()))
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
    """Number of rows that two tags share, X'X [tag, tag]; a tag's own count lies on the
    diagonal.
    """
    wide = rows.astype(
        np.float32
    )  # exact below 2^24 rows, and as fast as floating-point algebra is
    return (wide.T @ wide).astype(np.float64)


def cooccurrence_metrics(data: Rows, model: Rows) -> dict[str, float]:
    """Similarity of the pairs of tags in the data and in a model's rows.

    P and Q are the two matrices X'X as distributions over their K^2 pairs; rows without any tag
    have no such distribution, and are as far from the data as anything can be.

    Returns:
        ``cosine_similarity``: of the flattened matrices; the diagonal, the tags' own frequencies,
            makes most of it.
        ``cosine_similarity_off_diagonal``: without it; 0 where one side has no pair, 1 where
            neither has.
        ``kl_divergence``: sum P ln(P / Q') in nats (Kullback and Leibler 1951), Q' = (Q + s / K^2)
            / (1 + s) with s = `SMOOTHING`, Q = 0 where there are no pairs, which is the largest
            divergence that there can be.
        ``js_divergence``: Jensen-Shannon, in nats, not smoothed; at most ln 2 (Lin 1991).
        ``hellinger_distance``: sqrt(1 - sum sqrt(P Q)), not smoothed; at most 1.
    """
    a, b = Pairs.of(data), Pairs.of(model)
    shared, own = a.looked_up_in(b), a.off_diagonal()
    p, q = a.count / a.total, shared / b.total
    known, same = len(a.key) and len(b.key), len(a.key) == len(b.key)
    return {
        "cosine_similarity": _cosine(a.count, shared, b.count),
        "cosine_similarity_off_diagonal": _cosine(
            a.count[own], shared[own], b.count[b.off_diagonal()]
        ),
        "kl_divergence": float(
            (p * np.log(p * (1 + SMOOTHING) / (q + SMOOTHING / a.n_tags**2))).sum()
        ),
        "js_divergence": _jensen_shannon(p, q) if known else float(np.log(2)) * (not same),
        "hellinger_distance": (
            float(np.sqrt(max(0.0, 1 - np.sqrt(p * q).sum()))) if known else 1.0 * (not same)
        ),
    }


@dataclass(frozen=True)
class Pairs:
    """The pairs of tags that occur, a tag with itself among them.

    Attributes:
        key: n_tags x first tag + second tag, rising, int64 [pair].
        count: rows that hold both, float64 [pair].
        n_tags: K.
    """

    key: NDArray[np.int64]
    count: NDArray[np.float64]
    n_tags: int

    @classmethod
    def of(cls, rows: Rows) -> Self:
        """X'X without its zeros; where rows hold many tags, by way of the dense matrix."""
        tags_per_row = np.count_nonzero(rows, axis=1)
        if _DENSE_SPEED * (tags_per_row**2).sum() > rows.shape[0] * rows.shape[1] ** 2:
            product = csr_matrix(cooccurrence(rows))
        else:
            sparse = csr_matrix(rows, dtype=np.float64)
            product = (sparse.T @ sparse).tocsr()
        product.sort_indices()
        first = np.repeat(np.arange(rows.shape[1]), np.diff(product.indptr))
        return cls(first * rows.shape[1] + product.indices, product.data, rows.shape[1])

    @property
    def total(self) -> float:
        """Sum of the counts; 1 where there is none, so that shares of it exist."""
        return float(self.count.sum()) or 1.0

    def off_diagonal(self) -> NDArray[np.bool_]:
        """Which of the pairs are of two different tags."""
        return self.key // self.n_tags != self.key % self.n_tags

    def looked_up_in(self, other: Pairs) -> NDArray[np.float64]:
        """The other's counts of these pairs, 0 where it has none [pair]."""
        if not len(other.key):
            return np.zeros(len(self.key))
        place = np.minimum(np.searchsorted(other.key, self.key), len(other.key) - 1)
        return np.where(other.key[place] == self.key, other.count[place], 0.0)


def _cosine(a: NDArray[np.float64], b_of_a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Cosine between two lists of counts; `b_of_a` are those of b where a has one."""
    if not len(a) and not len(b):
        return 1.0
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b_of_a / lengths) if lengths else 0.0


def _jensen_shannon(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """(KL(P || M) + KL(Q || M)) / 2, M = (P + Q) / 2, given where P > 0; the rest of Q, wherever it
    lies, adds ln 2 times its weight.
    """
    middle, seen = (p + q) / 2, q > 0
    of_q = (q[seen] * np.log(q[seen] / middle[seen])).sum() + (1 - q.sum()) * np.log(2)
    return max(0.0, float((p * np.log(p / middle)).sum() + of_q) / 2)
