"""Weights of events: what a sample of weighted events is worth, and the weights that a training
multiplies its losses with.

Weights count events of a sample as another sample would have them, mostly simulated ones as a
luminosity gives them. Where a few weights are large, these few events decide every number: the
effective number of events says how many equal ones are worth as much (L. Kish, Survey Sampling,
1965, section 11.7).
"""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from lexon.config import Weighting
from lexon.errors import DataError

logger = logging.getLogger(__name__)


def effective_number(weights: NDArray[np.floating]) -> float:
    """(sum w)^2 / sum w^2 of weights [event]: the number of events of equal weight whose sum has
    the same relative error; 0 without any.
    """
    squares = float(np.square(weights, dtype=np.float64).sum())
    return float(weights.sum(dtype=np.float64)) ** 2 / squares if squares else 0.0


def training_weights(
    weights: NDArray[np.floating] | None, targets: NDArray[np.int64], weighting: Weighting
) -> NDArray[np.float64] | None:
    """What each event of a training counts, float64 [event], mean 1; None where all count alike.

    Args:
        weights: of the events [event]; None: they have none.
        targets: class index [event].
        weighting: `event_weights` scales weights to mean 1 in each class, or leaves classes the
            sizes that weights give them; `class_weights` then gives all classes the same sum.

    Raises:
        DataError: the weights of a class have no positive sum.
    """
    used = None if weighting.event_weights == "none" else weights
    balanced = weighting.class_weights == "balanced"
    if used is None and not balanced:
        return None
    own = np.ones(len(targets)) if used is None else used.astype(np.float64)
    classes, n_events = np.unique(targets, return_counts=True)
    for target, n in zip(classes, n_events, strict=True):
        chosen = targets == target
        total = own[chosen].sum()
        if not total > 0:
            raise DataError(
                f"events.weight: the weights of the {n:,} events of class {target} (from 0) that"
                f" are trained on sum to {total:g}; a class needs a positive sum: check them,"
                " or train without (training.event_weights=none)"
            )
        if balanced:
            own[chosen] /= total
        elif weighting.event_weights == "per_class":
            own[chosen] *= n / total
    return own / own.mean()


def trainable(
    weights: NDArray[np.float64] | None,
    index: NDArray[np.int64],
    weighting: Weighting,
    where: str,
) -> tuple[NDArray[np.bool_], NDArray[np.float64] | None]:
    """Which events are trained on, bool [event], and all weights with what is done about negative
    ones.

    Args:
        index: row of the training split [event].
        where: file, for messages.

    Raises:
        DataError: a negative weight, where the settings do not say what to do.
    """
    every = np.ones(len(index), np.bool_)
    if weights is None or weighting.event_weights == "none" or not (weights < 0).any():
        return every, weights
    negative = weights < 0
    counted = f"{negative.sum():,} of {len(weights):,} training events have a negative weight"
    match weighting.negative_weights:
        case "drop":
            logger.warning("%s: %s and are left out of the training", where, counted)
            return ~negative, weights
        case "absolute":
            logger.warning("%s: %s; their absolute values are trained with", where, counted)
            return every, np.abs(weights)
    first = int(np.argmax(negative))
    raise DataError(
        f"{where}: row {index[first]} of the training split has the weight {weights[first]:g};"
        f" {counted}. Choose training.negative_weights=drop (leaves them out) or absolute (takes"
        " |w|), or training.event_weights=none (trains without weights)"
    )
