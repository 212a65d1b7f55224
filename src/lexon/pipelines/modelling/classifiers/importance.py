"""What each feature of the test events is worth to one classifier, a network or boosted trees: its
scores of the same events with the feature exchanged between them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexon.baselines import Baseline
from lexon.config import ClassifierMember, Weighting
from lexon.datasets.arrays import Arrays
from lexon.datasets.events import ClassifiedEvents, EventSource
from lexon.events import Events
from lexon.exchange import FEATURES, exchanged
from lexon.models import Model
from lexon.pipelines.members import EVALUATION_BATCH, refuse_other_parameters
from lexon.pipelines.modelling.classifiers.baselines import fitted_baselines, scores_of
from lexon.pipelines.modelling.classifiers.inputs import network_table
from lexon.pipelines.tensors import encoded
from lexon.tokenisers.base import Tokeniser
from lexon.training import TensorTable, choose_device, predict


def measure_importance(
    tokeniser: Tokeniser,
    events: EventSource,
    model: Model,
    training_record: dict[str, Any],
    permutations: int,
    config: ClassifierMember,
    device: str,
    member: str,
    object_types: dict[int, str],
) -> Arrays:
    """The signal probability of each test event: `plain` float32 [event], and of each feature of
    `FEATURES`, exchanged, [permutation, event]; `index` of the events.

    Features are exchanged before the events are encoded, so that all ways to show events are
    compared on the same ones, and one permuted copy of the test split is held at a time.
    """
    refuse_other_parameters(config, training_record, member)
    test, chosen = events.classified("test", config.classes), choose_device(device)

    def table_of(sample: Events) -> TensorTable:
        shown = encoded(replace(test, events=sample), tokeniser)
        return network_table(shown, config, tokeniser, object_types)

    def signal(table: TensorTable) -> NDArray[np.float32]:
        return predict(model, table, EVALUATION_BATCH, chosen)[:, 0]

    own = table_of(test.events)
    plain = signal(own)

    def score(sample: Events) -> NDArray[np.float32]:
        table = table_of(sample)
        return plain if _shows_the_same(own, table, config) else signal(table)

    return _exchanged_scores(test, plain, score, permutations)


def measure_baseline_importance(
    events: EventSource,
    classes: dict[str, Any],
    object_types: dict[int, str],
    weighting: Weighting,
    permutations: int,
) -> dict[str, Arrays]:
    """The same of each baseline, by its kind, for the same permutations."""
    test, names = events.classified("test", classes), tuple(classes)

    def of(baseline: Baseline) -> Arrays:
        def score(sample: Events) -> NDArray[np.float32]:
            shown = replace(test, events=sample)
            return scores_of(baseline, shown, names, events.label_names).signal

        return _exchanged_scores(test, score(test.events), score, permutations)

    fitted = fitted_baselines(events, classes, object_types, weighting)
    return {kind: of(baseline) for kind, baseline in fitted.items()}


def _exchanged_scores(
    test: ClassifiedEvents,
    plain: NDArray[np.float32],
    score: Callable[[Events], NDArray[np.float32]],
    permutations: int,
) -> Arrays:
    """What a classifier says of events as they are, and of each feature exchanged."""
    found: dict[str, NDArray[Any]] = {
        feature: np.stack(
            [score(exchanged(test.events, feature, number)) for number in range(permutations)]
        )
        for feature in FEATURES
    }
    return {"index": test.index, "plain": plain, **found}


def _shows_the_same(one: TensorTable, other: TensorTable, config: ClassifierMember) -> bool:
    """Whether a network is shown the same in two tables, because it never sees what differs."""
    shown = one.tensors.keys() - (set() if config.classifier.met else {"met"})
    return all(_equal(name, one.tensors, other.tensors) for name in shown)


def _equal(name: str, one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return torch.equal(one[name].nan_to_num(), other[name].nan_to_num())
