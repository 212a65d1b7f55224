"""Comparison of two samples in the same bins, with the distance that two samples of one
distribution have by chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
Distance = Callable[[FloatArray, FloatArray], FloatArray]

# Blocks that the smaller sample gets at least, and counts that all blocks may have together.
MIN_BLOCKS, MAX_COUNTS = 20, 50_000_000


@dataclass(frozen=True)
class Compared:
    """A distance, and what it would be if both samples came from one distribution.

    Attributes:
        value: of the two samples.
        floor: its mean under equal distributions.
        limit: its 95 % quantile there: a value below it is no difference.
    """

    value: float
    floor: float
    limit: float

    @property
    def differs(self) -> bool:
        return self.value > self.limit


def occupancy(values: IntArray, n: int) -> NDArray[np.int64]:
    """Entries of the bins 1..n, [n]."""
    return np.bincount(values, minlength=n + 1)[1 : n + 1]


def total_variation(a: FloatArray, b: FloatArray) -> FloatArray:
    """Half the sum of |p - q| over the last axis, 0..1, of counts or shares: the largest difference
    in any event's probability.
    """
    return np.abs(_shares(a) - _shares(b)).sum(-1) / 2


def jensen_shannon(a: FloatArray, b: FloatArray) -> FloatArray:
    """Jensen-Shannon divergence in bits over the last axis, 0..1, of counts or shares: H((p + q)/2)
    - (H(p) + H(q))/2.

    J. Lin, IEEE Trans. Inf. Theory 37 (1991) 145, eq. 4.1 with equal weights.
    """
    p, q = _shares(a), _shares(b)
    return np.maximum(_entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2, 0)


def entropy(counts: IntArray) -> FloatArray:
    """Entropy in bits over the last axis: 0 where one value is all there is, log2 of their number
    where all are equally frequent.
    """
    return _entropy(_shares(counts.astype(float)))


def only_in_first(a: FloatArray, b: FloatArray) -> FloatArray:
    """Number of bins over the last axis that `a` fills and `b` does not."""
    return ((a > 0) & (b == 0)).sum(-1).astype(float)


def compare(
    first: tuple[IntArray, IntArray],
    second: tuple[IntArray, IntArray],
    n: int,
    distance: Distance,
    rng: np.random.Generator,
    n_draws: int = 400,
) -> Compared:
    """A distance with its statistical floor: the same distance between two random groups of the
    pooled events.

    Whole events are drawn, in blocks of them, because the objects of an event are not independent:
    a multinomial floor of objects would be too low.

    Args:
        first, second: (event, value) of each entry: events 0, 1, 2, ... of either sample, values
            1..n.
        n: number of values.
        distance: of two arrays of counts, over the last axis.
        rng: of the groups.
        n_draws: number of random divisions.
    """
    counts = [occupancy(values, n).astype(float) for _, values in (first, second)]
    sizes = [int(events.max()) + 1 if len(events) else 0 for events, _ in (first, second)]
    events = np.concatenate([first[0], second[0] + sizes[0]])
    share = sizes[0] / max(sum(sizes), 1)
    blocks = _blocks(events, np.concatenate([first[1], second[1]]), sum(sizes), n, share, rng)
    size, total = int(np.clip(round(share * len(blocks)), 1, len(blocks) - 1)), blocks.sum(0)
    groups = (blocks[rng.permutation(len(blocks))[:size]].sum(0) for _ in range(n_draws))
    chance = np.array([distance(group, total - group) for group in groups])
    return Compared(
        float(distance(*counts)), float(chance.mean()), float(np.quantile(chance, 0.95))
    )


def _blocks(
    events: IntArray,
    values: IntArray,
    n_events: int,
    n: int,
    share: float,
    rng: np.random.Generator,
) -> FloatArray:
    """Counts [block, n] of a random division of the events into blocks of about equal size."""
    wanted = max(10 * MIN_BLOCKS, int(MIN_BLOCKS / max(min(share, 1 - share), 1e-9)))
    n_blocks = max(min(wanted, n_events, MAX_COUNTS // n), 2)
    block = rng.permutation(n_events) % n_blocks
    counts = np.bincount(block[events] * n + values - 1, minlength=n_blocks * n)
    return counts.reshape(n_blocks, n).astype(float)


def _shares(counts: FloatArray) -> FloatArray:
    return counts / np.maximum(counts.sum(-1, keepdims=True), 1e-300)


def _entropy(p: FloatArray) -> FloatArray:
    return -(p * np.log2(np.where(p > 0, p, 1))).sum(-1)
