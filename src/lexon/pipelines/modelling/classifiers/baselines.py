"""Gradient-boosted trees on the same events: what every network is held against."""

from __future__ import annotations

from typing import Any

from lexon.baselines import BASELINES, fit_baseline, score_baseline
from lexon.datasets.events import EventSource
from lexon.metrics.scores import Scores

# One fit each: trees on all events spread less between seeds than the test events do.
SEED = 42


def score_baselines(
    events: EventSource, classes: dict[str, Any], object_types: dict[int, str]
) -> dict[str, Scores]:
    """Test scores of each baseline, by its kind."""
    train, val, test = (events.classified(split, classes) for split in ("train", "val", "test"))
    fitted = {
        kind: fit_baseline(
            kind, train.events, train.targets, val.events, val.targets, object_types, SEED
        )
        for kind in BASELINES
    }
    names = tuple(classes), events.label_names, test.digest
    return {
        kind: score_baseline(baseline, test.events, test.targets, test.index, *names)
        for kind, baseline in fitted.items()
    }
