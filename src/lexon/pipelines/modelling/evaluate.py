"""Evaluation of one member: its validation-best model meets the test split, once."""

from __future__ import annotations

import math
from time import perf_counter
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from lexon import provenance
from lexon.config import EvaluationConfig, MemberConfig
from lexon.datasets.checkpoint import Checkpoints
from lexon.datasets.events import EventSource
from lexon.errors import ConfigurationError
from lexon.events import SPLITS
from lexon.metrics.classification import classification_metrics
from lexon.metrics.scores import Scores
from lexon.models import Model
from lexon.pipelines.modelling.inputs import choose_device, tensor_table
from lexon.plots.training import learning_curves
from lexon.tokenisers.base import Tokeniser
from lexon.training import predict

Metrics = dict[str, dict[str, float]]

# Large enough to keep a GPU busy, small enough for any.
BATCH_SIZE = 2048


def evaluate(
    events: EventSource,
    tokeniser: Tokeniser,
    model: Model,
    history: pd.DataFrame,
    training_record: dict[str, Any],
    evaluation: EvaluationConfig,
    config: MemberConfig,
    device: str,
    checkpoints: Checkpoints,
    member: str,
) -> tuple[Metrics, Scores, Figure, dict[str, Any]]:
    """Metrics of each split, the test scores, the loss curves and the member's run record.

    Raises:
        ConfigurationError: the model was trained with other parameters than those that are asked for now.
    """
    asked = config.model_dump(mode="json")
    if asked != training_record["parameters"]:
        raise ConfigurationError(f"{member}: its model.pt was trained with other parameters; run without --tags to train it again")
    clock = perf_counter()
    chosen = choose_device(device)
    scores = {split: _score(events, split, tokeniser, model, config.classes, chosen) for split in SPLITS}
    metrics = {split: _numbers(classification_metrics(part, evaluation.rejections)) for split, part in scores.items()}
    # The model is on disk by now: its checkpoint could only be mistaken for an unfinished training.
    checkpoints.of(member).clear()
    record = {
        "status": "done",
        **training_record,
        "data": _describe(events, scores),
        "code_version": provenance.code_version(),
        "versions": provenance.versions(),
        "evaluation_seconds": perf_counter() - clock,
        "finished": provenance.now(),
    }
    return metrics, scores["test"], learning_curves({"": history}), record


def _score(events: EventSource, split: str, tokeniser: Tokeniser, model: Model, classes: dict[str, Any], device: str) -> Scores:
    sample = events.classified(split, classes)
    probabilities = predict(model, tensor_table(sample, tokeniser), BATCH_SIZE, device)
    return Scores(
        probabilities, sample.targets, sample.events.labels, sample.index, tuple(classes), events.label_names, sample.events.digest()
    )


def _numbers(metrics: dict[str, float]) -> dict[str, float]:
    """Without what the split could not give: metrics.json holds numbers only."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def _describe(events: EventSource, scores: dict[str, Scores]) -> dict[str, Any]:
    """What the cleaned events say of their origin, and how many of them belong to a class."""
    said = {name: events.attributes[f"raw_{name}"] for name in ("path", "digest", "energy_unit")}
    own = {name: events.attributes[name] for name in ("notes", "generator")}
    return {**said, **own, "test_digest": scores["test"].digest, **{f"n_{split}": len(part) for split, part in scores.items()}}
