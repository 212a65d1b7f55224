"""Where one classifier looks in a few test events, as a figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lexon.config import ClassifierMember
from lexon.datasets.events import EventSource
from lexon.errors import ConfigurationError
from lexon.models import Model
from lexon.models.attention import attention_maps
from lexon.models.classifier import Classifier
from lexon.pipelines.members import refuse_other_parameters
from lexon.pipelines.modelling.classifiers.inputs import network_table
from lexon.pipelines.tensors import encoded
from lexon.plots.attention import attention
from lexon.tokenisers.base import Tokeniser


def draw_attention(
    tokeniser: Tokeniser,
    events: EventSource,
    model: Model,
    training_record: dict[str, Any],
    attention_events: int,
    config: ClassifierMember,
    member: str,
    object_types: dict[int, str],
) -> Figure:
    """The attention weights of each block, mean over heads, in the first test events of each class
    in turn.

    Raises:
        ConfigurationError: the network has no attention that could be drawn.
    """
    refuse_other_parameters(config, training_record, member)
    if not isinstance(model, Classifier):
        raise ConfigurationError(
            f"importance.attention_events={attention_events}:"
            f" model.name={config.classifier.name} has no attention to draw; leave it at 0"
        )
    whole = events.classified("test", config.classes)
    rows = first_of_each_class(whole.targets, attention_events)
    chosen = replace(
        whole,
        events=whole.events[rows],
        targets=whole.targets[rows],
        index=whole.index[rows],
    )
    model.to("cpu")
    model.train(False)
    batch = network_table(encoded(chosen, tokeniser), config, tokeniser, object_types).tensors
    maps = attention_maps(model, batch).numpy()
    n_front = maps.shape[-1] - chosen.events.ids.shape[1]
    probabilities = model.score(batch).detach().numpy()
    shown = {}
    for number, ids in enumerate(chosen.events.ids):
        names = [*front_names(model, n_front), *object_names(ids, object_types)]
        title = _title(config, chosen.index[number], chosen.targets[number], probabilities[number])
        shown[title] = (names, maps[number][:, : len(names), : len(names)])
    return attention(shown)


def first_of_each_class(targets: NDArray[np.int64], n: int) -> NDArray[np.intp]:
    """Rows of `n` events: the first of each class, then the second, and so on."""
    order = [np.flatnonzero(targets == target) for target in np.unique(targets)]
    turn = np.concatenate([np.arange(len(rows)) for rows in order])
    return np.concatenate(order)[np.argsort(turn, kind="stable")][:n]


def front_names(model: Classifier, n: int) -> list[str]:
    """Names of the `n` tokens in front of the objects."""
    quantities = ["event"] if model.event is not None else []
    n_met = n - 1 - len(quantities)
    return ["CLS", *["MET", "MET phi"][:n_met], *quantities]


def object_names(ids: NDArray[np.int8], object_types: Mapping[int, str]) -> list[str]:
    """``jet 1``, ``b-jet 1``, ``jet 2``, ... of the real objects of an event."""
    seen: Counter[str] = Counter()
    names = []
    for label in ids[ids != 0].tolist():
        name = object_types.get(label, str(label))
        seen[name] += 1
        names.append(f"{name} {seen[name]}")
    return names


def _title(config: ClassifierMember, index: int, target: int, scores: NDArray[np.float32]) -> str:
    signal = next(iter(config.classes))
    return f"event {index}, {list(config.classes)[target]}\n{signal} probability {scores[0]:.2f}"
