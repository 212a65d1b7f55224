"""How far two samples are apart: in each quantity, and in all of them together.

Of a quantity it is the largest difference between the two distribution functions (Kolmogorov and
Smirnov). Two samples of one population have a distance too, which falls with their sizes: the
floor, from random divisions of all events into two parts of these sizes. Of all quantities
together it is the AUROC of a classifier that is to tell the samples apart (Lopez-Paz and Oquab,
arXiv:1610.06545), each event scored by one that has not seen it: 0.5 where it cannot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lexon.metrics.ranking import auroc_of
from lexon.statistics.bootstrap import SEED
from lexon.statistics.differences import resample
from lexon.statistics.intervals import LEVEL, Interval, Replicates

FOLDS = 3
# Small trees: they have to find a difference, not all of it.
TREES, LEAVES = 60, 15
DIVISIONS = 100


@dataclass(frozen=True)
class Distances:
    """Distances between two samples, float64 [quantity] each.

    Attributes:
        distance: between 0 and 1.
        floor: what 95 % of random divisions stay below in this quantity.
        floor_all: what they stay below in all quantities together.
    """

    distance: NDArray[np.float64]
    floor: NDArray[np.float64]
    floor_all: NDArray[np.float64]


def distances(
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    weights: NDArray[np.float64],
    rng: np.random.Generator,
    n_divisions: int = DIVISIONS,
) -> Distances:
    """The distance of each quantity, with its floor.

    Args:
        first, second: a sample each, [event, quantity]; an event that has no such quantity (NaN)
            counts as below all others.
        weights: of the events of both in turn, [event]; a part's sum must not be 0.
        rng: draws the divisions.
    """
    every = np.concatenate([first, second])
    every = np.where(np.isnan(every), -np.inf, every)
    is_first = np.arange(len(every)) < len(first)
    parts = np.stack([is_first, *(rng.permutation(is_first) for _ in range(n_divisions))])
    masses = _shares(parts, weights) - _shares(~parts, weights)
    found = np.stack([_largest(masses, column) for column in every.T], axis=1)
    floor = np.quantile(found[1:], LEVEL, axis=0)
    relative = np.divide(found[1:], floor, out=np.zeros_like(found[1:]), where=floor > 0)
    widened = max(1.0, float(np.quantile(relative.max(axis=1), LEVEL)))
    return Distances(found[0], floor, floor * widened)


def told_apart(
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    weights: NDArray[np.float64],
    n: int,
) -> Interval:
    """AUROC of boosted trees that are to tell two samples apart, with its interval over events.

    Args:
        first, second: a sample each, [event, quantity]; NaN where an event has none.
        weights: of the events of both in turn, [event]: of the AUROC; the trees count all alike.
        n: number of resamples.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    every = np.concatenate([first, second])
    is_second = np.arange(len(every)) >= len(first)
    trees = HistGradientBoostingClassifier(
        max_iter=TREES, max_leaf_nodes=LEAVES, early_stopping=False, random_state=SEED
    )
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    score = cross_val_predict(trees, every, is_second, cv=folds, method="predict_proba")[:, 1]
    statistic = auroc_of(score, is_second)
    found = resample(
        {"": [lambda counts: statistic(counts * weights)]},
        len(every),
        n,
        np.random.default_rng(SEED),
    )[""]
    return Replicates(float(found.estimates[0]), found.values[:, 0]).interval()


def medians(table: NDArray[np.floating], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of each quantity, [quantity], over the events that have it: the middle of the values
    at which their weights, summed in the order of the values, reach and exceed half of all. With
    equal weights it is the usual one. Weights may be negative, which numpy.quantile refuses; NaN
    where no event has the quantity or the weights of those that do have no positive sum.

    Args:
        table: [event, quantity], NaN where an event has none.
        weights: [event].
    """
    return np.array([_median(column, weights) for column in table.T])


def _median(column: NDArray[np.floating], weights: NDArray[np.float64]) -> float:
    known = ~np.isnan(column)
    values, place = np.unique(column[known], return_inverse=True)
    sums = np.bincount(place, weights[known], len(values)).cumsum()
    if not len(values) or not sums[-1] > 0:
        return np.nan
    half = sums[-1] / 2
    return float(values[[np.argmax(sums >= half), np.argmax(sums > half)]].mean())


def _shares(chosen: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each chosen event is of the sum of all chosen ones, [part, event]."""
    own = chosen * weights
    return own / own.sum(axis=1, keepdims=True)


def _largest(masses: NDArray[np.float64], column: NDArray[np.floating]) -> NDArray[np.float64]:
    """Largest difference of the distribution functions of a quantity, for each division."""
    order = np.argsort(column, kind="stable")
    ordered = column[order]
    last = np.append(ordered[1:] != ordered[:-1], True)  # of equal values: none lies between them
    reached: NDArray[np.float64] = np.abs(masses[:, order].cumsum(axis=1)[:, last]).max(axis=1)
    return reached
