"""What a report of classifiers says where test events are weighted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lexon.experiments import Result
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.cells import Cell
from lexon.weighting import effective_number

# Events of equal weight below which a class is too little for its intervals to hold.
MIN_WORTH = 100
MAX_SHIFT = 0.02  # of the share of signal, from which on probabilities mean something else


def weight_name(cells: Sequence[Cell]) -> str:
    """`events.weight` of the members, finished or not: baselines have it too; empty where there is
    none.
    """
    configs = (result.member.config for cell in cells for result in cell.results)
    # Of events, or of a finished token file.
    read = (config.get(part, {}) for config in configs for part in ("data", "tokeniser"))
    return next((str(one["weight"]) for one in read if one.get("weight")), "")


def weighted_sentence(cells: Sequence[Cell]) -> list[str]:
    """That all numbers are weighted, and where they are not; nothing where events are not."""
    name = weight_name(cells)
    return (
        [
            f"Weighted: every number that is calculated from events counts them by {name}"
            " (events.weight), in differences and intervals too; a resampled event brings its"
            " weight with it. Numbers of events are plain counts."
        ]
        if name
        else []
    )


def by_effective_number(scores: Scores) -> str:
    """How many events there are is counted like this, after a limit on their number."""
    return "" if scores.weights is None else ", counted as (sum w)^2 / sum w^2 of their weights"


def weight_caveats(finished: Sequence[Result]) -> list[str]:
    """Classes that hang on a few heavy events, negative weights, and trainings that saw other
    shares of the classes than the evaluation.
    """
    found = [one.scores for one in finished if one.scores is not None]
    scores = next((one for one in found if one.weights is not None), None)
    if scores is None:
        return []
    return [*_heavy(scores), *_negative(scores), *_other_shares(finished, scores)]


def _heavy(scores: Scores) -> list[str]:
    sentences = []
    for number, name in enumerate(scores.class_names):
        own = scores.counted[scores.target == number]
        worth = effective_number(own)
        if len(own) and worth < MIN_WORTH:
            share = np.abs(own).max() / np.abs(own).sum()
            sentences.append(
                f"Heavy weights: the {len(own):,} test events of {name} are worth {worth:.1f}"
                f" events of equal weight; the heaviest has {share:.0%} of their weight. Numbers"
                " hang on few events there, and intervals by resampling are too narrow."
            )
    return sentences


def _negative(scores: Scores) -> list[str]:
    n = int((scores.counted < 0).sum())
    return (
        [
            f"Negative weights: {n:,} of {len(scores):,} test events; a ROC curve then rises and"
            " falls, and its largest efficiency so far is drawn."
        ]
        if n
        else []
    )


def _other_shares(finished: Sequence[Result], scores: Scores) -> list[str]:
    """Probabilities learnt with other shares of the classes than those they are held against."""
    evaluated = float(np.average(scores.is_signal, weights=scores.counted))
    settings = {
        (one.member.config["training"].get("event_weights", "per_class"),
         one.member.config["training"].get("class_weights", "none"))
        for one in finished
    }  # fmt: skip
    plain = float(scores.is_signal.mean())
    if settings == {("overall", "none")} or abs(evaluated - plain) < MAX_SHIFT:
        return []
    listed = " and ".join(
        f"training.event_weights={events}, class_weights={classes}"
        for events, classes in sorted(settings)
    )
    return [
        f"Trained with {listed}, so with other shares of the classes than the weights give:"
        f" {scores.class_names[0]} has {evaluated:.2%} of the weight of the test events and"
        f" {plain:.1%} of their number. Calibration, log loss, Brier, accuracy, F1 and average"
        " precision depend on it, AUROC of two classes and efficiencies do not"
        " (training.event_weights=overall trains with the shares of the weights)."
    ]
