"""Gradient-boosted trees on the same events: what every network is held against."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lexon.baselines import BASELINES, Baseline, BaselineKind, fit_baseline, score_baseline
from lexon.config import Weighting
from lexon.datasets.events import ClassifiedEvents, EventSource
from lexon.metrics.scores import Scores
from lexon.weighting import trainable

# One fit each: trees on all events spread less between seeds than the test events do.
SEED = 42


def score_baselines(
    events: EventSource,
    classes: dict[str, Any],
    object_types: dict[int, str],
    weighting: Weighting,
) -> dict[str, Scores]:
    """Test scores of each baseline, by its kind; trained with the weights of a network's events."""
    test = events.classified("test", classes)
    return {
        kind: scores_of(baseline, test, tuple(classes), events.label_names)
        for kind, baseline in fitted_baselines(events, classes, object_types, weighting).items()
    }


def fitted_baselines(
    events: EventSource,
    classes: dict[str, Any],
    object_types: dict[int, str],
    weighting: Weighting,
) -> dict[BaselineKind, Baseline]:
    """Each baseline, fitted on the training split; the same trees each time."""
    train, val = (events.classified(split, classes) for split in ("train", "val"))
    kept, weights = trainable(train.events.weights, train.index, weighting, str(events.path))
    seen, targets = replace(train.events, weights=weights)[kept], train.targets[kept]
    return {
        kind: fit_baseline(
            kind, seen, targets, val.events, val.targets, object_types, SEED, weighting
        )
        for kind in BASELINES
    }


def scores_of(
    baseline: Baseline,
    sample: ClassifiedEvents,
    class_names: tuple[str, ...],
    label_names: dict[int, str],
) -> Scores:
    """A baseline's scores of a sample."""
    names = class_names, label_names, sample.digest
    return score_baseline(baseline, sample.events, sample.targets, sample.index, *names)
