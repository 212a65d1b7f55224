"""Gradient-boosted trees on the same events: what every network is held against."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lexon.baselines import BASELINES, fit_baseline, score_baseline
from lexon.config import Weighting
from lexon.datasets.events import EventSource
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
    train, val, test = (events.classified(split, classes) for split in ("train", "val", "test"))
    kept, weights = trainable(train.events.weights, train.index, weighting, str(events.path))
    seen, targets = replace(train.events, weights=weights)[kept], train.targets[kept]
    fitted = {
        kind: fit_baseline(
            kind, seen, targets, val.events, val.targets, object_types, SEED, weighting
        )
        for kind in BASELINES
    }
    names = tuple(classes), events.label_names, test.digest
    return {
        kind: score_baseline(baseline, test.events, test.targets, test.index, *names)
        for kind, baseline in fitted.items()
    }
