"""What each feature of the test events is worth to one classifier: its scores of the same events
with the feature exchanged between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexon.config import ClassifierMember
from lexon.datasets.arrays import Arrays
from lexon.datasets.events import EventSource
from lexon.events import Events
from lexon.exchange import exchanged_scores
from lexon.models import Model
from lexon.pipelines.members import EVALUATION_BATCH, refuse_other_parameters
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
    compared on the same ones.
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

    found = exchanged_scores(test.events, score, permutations)
    return {"index": test.index, "plain": plain, **found}


def _shows_the_same(one: TensorTable, other: TensorTable, config: ClassifierMember) -> bool:
    """Whether a network is shown the same in two tables, because it never sees what differs."""
    shown = one.tensors.keys() - (set() if config.classifier.met else {"met"})
    return all(_equal(name, one.tensors, other.tensors) for name in shown)


def _equal(name: str, one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return torch.equal(one[name].nan_to_num(), other[name].nan_to_num())
