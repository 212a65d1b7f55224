"""What each feature of the test events is worth to boosted trees, for the same exchanges as those
of the networks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.config import Weighting
from lexon.datasets.arrays import Arrays
from lexon.datasets.events import EventSource
from lexon.events import Events
from lexon.exchange import exchanged_scores
from lexon.pipelines.modelling.classifiers.baselines import fitted_baselines, scores_of


def measure_baseline_importance(
    events: EventSource,
    classes: dict[str, Any],
    object_types: dict[int, str],
    weighting: Weighting,
    permutations: int,
) -> dict[str, Arrays]:
    """The signal probabilities of each baseline, by its kind, as `measure_importance` gives those
    of a network.
    """
    test = events.classified("test", classes)
    baselines = fitted_baselines(events, classes, object_types, weighting)

    def score(sample: Events) -> NDArray[np.float32]:  # [baseline, event]
        shown = replace(test, events=sample)
        scores = (
            scores_of(one, shown, tuple(classes), events.label_names) for one in baselines.values()
        )
        return np.stack([one.signal for one in scores])

    plain = score(test.events)
    found = exchanged_scores(test.events, score, permutations)
    return {
        kind: {
            "index": test.index,
            "plain": plain[place],
            **{feature: values[:, place] for feature, values in found.items()},
        }
        for place, kind in enumerate(baselines)
    }
