"""Classifiers of one sample, tested on another: everything that was fitted or trained stays as it
is, and only scores are new.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.config import ClassifierMember, Weighting
from lexon.datasets.elsewhere import ElsewhereScores, OtherSample
from lexon.datasets.events import ClassifiedEvents, EventSource
from lexon.metrics.scores import Scores
from lexon.models import Model
from lexon.pipelines.members import EVALUATION_BATCH, refuse_other_parameters
from lexon.pipelines.modelling.classifiers.baselines import fitted_baselines, scores_of
from lexon.pipelines.modelling.classifiers.inputs import network_table
from lexon.pipelines.tensors import encoded
from lexon.tokenisers.base import Tokeniser
from lexon.training import choose_device, predict

# Events that are encoded at once.
CHUNK = 50_000


def score_elsewhere(
    tokeniser: Tokeniser,
    elsewhere: OtherSample,
    model: Model,
    training_record: dict[str, Any],
    config: ClassifierMember,
    device: str,
    member: str,
    object_types: dict[int, str],
) -> ElsewhereScores:
    """A member's scores of all events of a second sample, as its tokeniser shows them."""
    refuse_other_parameters(config, training_record, member)
    chosen, names = choose_device(device), tuple(config.classes)
    sample = elsewhere.classified(names)

    def of(part: ClassifiedEvents) -> NDArray[np.float32]:
        table = network_table(encoded(part, tokeniser), config, tokeniser, object_types)
        return predict(model, table, EVALUATION_BATCH, chosen)

    probabilities = np.concatenate([of(part) for part in _parts(sample)])
    scores = Scores(
        probabilities,
        sample.targets,
        sample.events.labels,
        sample.index,
        names,
        elsewhere.label_names,
        sample.digest,
        sample.events.weights,
    )
    return ElsewhereScores(scores, str(training_record["started"]))


def score_baselines_elsewhere(
    events: EventSource,
    elsewhere: OtherSample,
    classes: dict[str, Any],
    object_types: dict[int, str],
    weighting: Weighting,
) -> dict[str, Scores]:
    """Each baseline's scores of a second sample, by its kind: fitted on the first one again, to the
    same trees.
    """
    fitted = fitted_baselines(events, classes, object_types, weighting)
    sample = elsewhere.classified(tuple(classes))
    return {
        kind: scores_of(baseline, sample, tuple(classes), elsewhere.label_names)
        for kind, baseline in fitted.items()
    }


def _parts(sample: ClassifiedEvents) -> Iterator[ClassifiedEvents]:
    for start in range(0, len(sample.targets), CHUNK):
        rows = slice(start, start + CHUNK)
        own = {name: getattr(sample, name)[rows] for name in ("events", "targets", "index")}
        yield replace(sample, **own)
