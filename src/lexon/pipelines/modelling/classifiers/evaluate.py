"""Evaluation of one classifier: its validation-best model meets the test split, once."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from lexon.config import ClassifierMember, EvaluationConfig
from lexon.datasets.checkpoint import Checkpoints
from lexon.datasets.events import EventSource
from lexon.datasets.tokens import TokenSource, as_tokens
from lexon.events import SPLITS
from lexon.metrics.classification import classification_metrics
from lexon.metrics.occupancy import entropy, occupancy
from lexon.metrics.scores import Scores
from lexon.models import Model
from lexon.pipelines.members import EVALUATION_BATCH, finite, refuse_other_parameters, run_record
from lexon.pipelines.modelling.classifiers.inputs import (
    Shown,
    network_table,
    read_tokens,
    source_of,
)
from lexon.plots.training import learning_curves
from lexon.training import choose_device, predict

Metrics = dict[str, dict[str, float]]


def evaluate(
    shown: Shown,
    model: Model,
    history: pd.DataFrame,
    training_record: dict[str, Any],
    evaluation: EvaluationConfig,
    label_names: dict[int, str],  # noqa: ARG001
    config: ClassifierMember,
    device: str,
    checkpoints: Checkpoints,
    member: str,
    # Before `events`: where a node lacks an optional input, Kedro takes parameters after the gap
    # for their predecessors.
    object_types: dict[int, str] | None = None,
    events: EventSource | None = None,
) -> tuple[Metrics, Scores, Figure, dict[str, Any]]:
    """Metrics of each split, the test scores, the loss curves and the member's run record.

    `label_names` are what the events were opened with: asked for so that other names, which train
    nothing again, reach the scores.
    """
    refuse_other_parameters(config, training_record, member)
    clock = perf_counter()
    chosen = choose_device(device)
    scores = {
        split: _score(split, config, shown, events, object_types, model, chosen) for split in SPLITS
    }
    metrics = {
        split: finite(classification_metrics(part, evaluation.rejections))
        for split, part in scores.items()
    }
    # The model is on disk by now: its checkpoint could only be mistaken for an unfinished training.
    checkpoints.of(member, type(model)).clear()
    data = _describe(shown, events, scores) | token_use(shown)
    record = run_record(training_record, data, perf_counter() - clock)
    return metrics, scores["test"], learning_curves({"": history}), record


def _score(
    split: str,
    config: ClassifierMember,
    shown: Shown,
    events: EventSource | None,
    object_types: dict[int, str] | None,
    model: Model,
    device: str,
) -> Scores:
    sample = read_tokens(split, config, shown, events)
    probabilities = predict(
        model, network_table(sample, config, shown, object_types), EVALUATION_BATCH, device
    )
    names = tuple(config.classes), source_of(shown, events).label_names
    own = sample.targets, sample.labels, sample.index
    return Scores(probabilities, *own, *names, sample.digest, sample.weights)


def token_use(shown: Shown) -> dict[str, Any]:
    """How the training events of a token file use its object tokens: what one can say, and what it
    says (`lexon.metrics.occupancy`).
    """
    if not isinstance(shown, TokenSource):
        return {}
    values = as_tokens(shown.read("train")).values
    n = shown.n_object_tokens
    counts = occupancy(values[values > 0], n)
    return {
        "object_tokens": n,
        "object_tokens_used": int((counts > 0).sum()),
        "object_token_entropy": float(entropy(counts)),
    }


def _describe(
    shown: Shown, events: EventSource | None, scores: dict[str, Scores]
) -> dict[str, Any]:
    """The recorded origin of the cleaned events, and how many of them belong to a class."""
    attributes = source_of(shown, events).attributes
    origin = {name: attributes.get(f"raw_{name}") for name in ("path", "digest", "energy_unit")}
    own = {name: attributes.get(name) for name in ("notes", "generator")}
    return {
        **origin,
        **own,
        "test_digest": scores["test"].digest,
        **{f"n_{split}": len(part) for split, part in scores.items()},
    }
