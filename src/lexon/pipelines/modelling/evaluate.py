"""Evaluation of one member: its validation-best model meets the test split, once."""

from __future__ import annotations

import math
from time import perf_counter
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from lexon import provenance
from lexon.config import EvaluationConfig
from lexon.datasets.events import EventSource
from lexon.events import SPLITS
from lexon.metrics.classification import Scores, classification_metrics
from lexon.models import Model
from lexon.pipelines.modelling.inputs import choose_device, tensor_table
from lexon.plots.training import learning_curves
from lexon.tokenisers.base import Tokeniser
from lexon.training import predict

Metrics = dict[str, dict[str, float]]


def evaluate(
    events: EventSource,
    tokeniser: Tokeniser,
    model: Model,
    history: pd.DataFrame,
    training_record: dict[str, Any],
    classes: dict[str, Any],
    evaluation: EvaluationConfig,
    config: dict[str, Any],
    seed: int,
    device: str,
) -> tuple[Metrics, Scores, Figure, dict[str, Any]]:
    """Metrics of each split, the test scores, the loss curves and the member's run record."""
    clock = perf_counter()
    chosen = choose_device(device)
    scores = {split: _score(events, split, tokeniser, model, classes, evaluation.batch_size, chosen) for split in SPLITS}
    metrics = {split: _numbers(classification_metrics(part, evaluation.rejections)) for split, part in scores.items()}
    record = {
        "status": "done",
        "seed": seed,
        "parameters": config,
        "data": _describe(events, scores["test"].digest),
        "code_version": provenance.code_version(),
        "versions": provenance.versions(),
        **training_record,
        "evaluation_seconds": perf_counter() - clock,
        "finished": provenance.now(),
    }
    return metrics, scores["test"], learning_curves({"": history}), record


def _score(
    events: EventSource, split: str, tokeniser: Tokeniser, model: Model, classes: dict[str, Any], batch_size: int, device: str
) -> Scores:
    sample = events.classified(split, classes)
    probabilities = predict(model, tensor_table(sample, tokeniser), batch_size, device)
    return Scores(
        probabilities, sample.targets, sample.events.labels, sample.index, tuple(classes), events.label_names, sample.events.digest()
    )


def _numbers(metrics: dict[str, float]) -> dict[str, float]:
    """Without what the split could not give: metrics.json holds numbers only."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def _describe(events: EventSource, test_digest: str) -> dict[str, Any]:
    raw = events.attributes
    return {
        "path": raw.get("raw_path", str(events.path)),
        "digest": raw.get("raw_digest", events.digest),
        "energy_unit": raw.get("raw_energy_unit", events.energy_unit.unit),
        "notes": raw.get("notes", []),
        "generator": raw.get("generator"),
        "test_digest": test_digest,
        **{f"n_{split}": events.n(split) for split in SPLITS},
    }
