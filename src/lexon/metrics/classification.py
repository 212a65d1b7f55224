"""Metrics of a classifier from its scores: arrays in, numbers out.

`classification_metrics` is the one list of numbers that a member writes for each split. A number
that the split cannot give (one class only, too few background events) is NaN: a grid goes on, the
report says why.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lexon.errors import DataError
from lexon.metrics import ranking
from lexon.metrics.calibration import expected_calibration_error
from lexon.metrics.scores import Scores


def classification_metrics(scores: Scores, rejections: Sequence[float]) -> dict[str, float]:
    """Every number that is reported of one split, under flat names.

    Binary: `auroc`, `average_precision` and `f1` are those of the signal. More classes: the
    unweighted mean of each class against the rest (macro), with `auroc_<class>` beside it;
    `log_loss`, `brier` and `ece` cover all classes. Always signal against rest:
    `signal_efficiency_at_rejection_<r>` and `auroc_against_<process>`. All of them count events by
    their weights, where they have some.

    Args:
        scores: at least one event.
        rejections: background rejections 1/eps_B; NaN where fewer than
            `ranking.MIN_PASSING_BACKGROUND` background events would pass.

    Raises:
        DataError: without any event.
    """
    if not len(scores):
        raise DataError("no scored event: a split must hold at least one")
    return (
        _auroc(scores)
        | {
            f"auroc_against_{name}": float(ranking.auroc_against(label)(scores)(_once(scores))[0])
            for name, label in scores.backgrounds.items()
        }
        | {
            f"signal_efficiency_at_rejection_{r:g}": float(
                ranking.signal_efficiency(r)(scores)(_once(scores))[0]
            )
            for r in rejections
        }
        | _decisions(scores)
        | _probabilities(scores)
    )


def _once(scores: Scores) -> NDArray[np.float32]:
    """Each event drawn once: the counts of a sample that is not resampled, [1, event]."""
    return np.ones((1, len(scores)), dtype=np.float32)


def _auroc(scores: Scores) -> dict[str, float]:
    """AUROC and average precision of each class against the rest, and their mean; the signal's
    alone when binary.
    """
    positives = scores.one_hot()
    names = scores.class_names if len(scores.class_names) > 2 else scores.class_names[:1]
    found = [
        _one_auroc(positives[:, c], scores.probabilities[:, c], scores.weights)
        for c in range(len(names))
    ]
    auroc, precision = zip(*found, strict=True)
    per_class = (
        {f"auroc_{name}": float(value) for name, value in zip(names, auroc, strict=True)}
        if len(names) > 1
        else {}
    )
    return {
        "auroc": float(np.mean(auroc)),
        "average_precision": float(np.mean(precision)),
    } | per_class


def _one_auroc(
    truth: NDArray[np.int64],
    probability: NDArray[np.float32],
    weights: NDArray[np.float64] | None,
) -> tuple[float, float]:
    """AUROC and average precision of one class; NaN where events, or weights, of either side sum
    to nothing.
    """
    from sklearn.metrics import (
        average_precision_score,
        roc_auc_score,
    )  # a second of import that the command line need not pay

    total = len(truth) if weights is None else weights.sum()
    if not 0 < (truth.sum() if weights is None else weights @ truth) < total:
        return np.nan, np.nan
    auroc = (
        roc_auc_score(truth, probability)
        if weights is None
        else ranking.weighted_auroc(probability, truth > 0, weights)
    )
    return auroc, average_precision_score(truth, probability, sample_weight=weights)


def _decisions(scores: Scores) -> dict[str, float]:
    """Metrics of the most probable class."""
    from sklearn.metrics import accuracy_score, f1_score

    decision = scores.probabilities.argmax(1)
    classes = list(range(len(scores.class_names)))
    multi_class = len(classes) > 2
    f1 = f1_score(
        scores.target,
        decision,
        labels=classes if multi_class else None,
        pos_label=1 if multi_class else 0,
        average="macro" if multi_class else "binary",
        zero_division=np.nan,
        sample_weight=scores.weights,
    )
    accuracy = accuracy_score(scores.target, decision, sample_weight=scores.weights)
    return {"accuracy": float(accuracy), "f1": float(f1)}


def _probabilities(scores: Scores) -> dict[str, float]:
    """Proper scores and calibration. Brier: half the squared error summed over classes, so binary
    is the usual one.
    """
    from sklearn.metrics import log_loss

    squared = ((scores.probabilities - scores.one_hot()) ** 2).sum(1)
    return {
        "log_loss": float(
            log_loss(
                scores.target,
                scores.probabilities,
                labels=list(range(len(scores.class_names))),
                sample_weight=scores.weights,
            )
        ),
        "brier": float(np.average(squared, weights=scores.weights) / 2),
        "ece": expected_calibration_error(scores.probabilities, scores.one_hot(), scores.weights),
    }
