"""The bin edges that tokens imply, from the values that are known to have been binned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lexon.tokenisers.comparison.columns import IntArray

FloatArray = NDArray[np.floating]

# Share of a bin's entries on the wrong side that counts as none: links can be wrong.
TOLERANCE = 0.005


@dataclass(frozen=True)
class ImpliedEdge:
    """An edge between two bins.

    Attributes:
        low, high: it lies above `low` and not above `high`; NaN where one side of it is empty.
        contradictions: values on the wrong side wherever in there it lies.
        below: share of the values that are below it.
    """

    low: float
    high: float
    contradictions: int
    below: float


NO_EDGE = ImpliedEdge(np.nan, np.nan, 0, np.nan)


def implied_edges(values: FloatArray, bins: IntArray, n: int) -> list[ImpliedEdge]:
    """The n - 1 inner edges that separate values in bins 1..k from those in bins k + 1..n with the
    fewest contradictions.

    Without any, `low` is the largest value below and `high` the smallest above.

    Args:
        values: [N].
        bins: 1..n, [N].
        n: number of bins.
    """
    order = np.argsort(values, kind="stable")
    values, bins = values[order].astype(np.float64), bins[order]
    return [_edge(values, bins > k) for k in range(1, n)]


def edges_from_bins(joint: NDArray[np.int64], bounds: FloatArray) -> list[ImpliedEdge]:
    """The same without values, as far as our own bins tell: from the first of our bins that reaches
    above the edge to the last that reaches below it.

    Args:
        joint: counts [our bin, the reference's bin].
        bounds: lower and upper limit of each of our bins, [our bin, 2]; NaN for a bin that nothing
            can be in.
    """
    filled = (joint.sum(1) > 0) & np.isfinite(bounds).all(1)
    shares = joint[filled] / joint[filled].sum(1, keepdims=True)
    edges = []
    for k in range(1, joint.shape[1]):
        above = shares[:, k:].sum(1)
        weight = joint[filled].sum(1) @ (1 - above) / max(joint[filled].sum(), 1)
        if not 0 < weight < 1:
            edges.append(NO_EDGE)
            continue
        low = bounds[filled, 0][np.argmax(above > TOLERANCE)]
        high = bounds[filled, 1][len(above) - 1 - np.argmax(above[::-1] < 1 - TOLERANCE)]
        edges.append(ImpliedEdge(float(low), float(high), 0, float(weight)))
    return edges


def _edge(values: FloatArray, above: NDArray[np.bool_]) -> ImpliedEdge:
    """The edge between sorted values [N] that separates those marked `above` best."""
    if above.all() or not above.any():
        return NO_EDGE
    wrong_below = np.concatenate([[0], np.cumsum(above)])
    wrong_above = (~above).sum() - np.concatenate([[0], np.cumsum(~above)])
    cuts = (
        np.flatnonzero(values[1:] > values[:-1]) + 1
    )  # number of values below: equal ones stay together
    if not len(cuts):
        return NO_EDGE
    errors = (wrong_below + wrong_above)[cuts]
    best = cuts[errors == errors.min()]
    return ImpliedEdge(
        float(values[best[0] - 1]),
        float(values[best[-1]]),
        int(errors.min()),
        float(best[0] / len(values)),
    )
