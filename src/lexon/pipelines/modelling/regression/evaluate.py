"""Evaluation of one regression: metrics of each split, and its predictions beside the targets."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lexon.config import EventRegression, RegressionMember, TableRegression
from lexon.datasets.checkpoint import Checkpoints
from lexon.datasets.events import EventSource
from lexon.datasets.table import Table
from lexon.events import SPLITS
from lexon.metrics.regression import regression_metrics
from lexon.models import Model
from lexon.pipelines.members import EVALUATION_BATCH, finite, refuse_other_parameters, run_record
from lexon.pipelines.modelling.regression.inputs import Sample, event_sample, table_sample
from lexon.plots.regression import training_curves
from lexon.tokenisers.direct import DirectTokeniser
from lexon.training import choose_device, predict

Arrays = dict[str, NDArray[Any]]
Evaluated = tuple[dict[str, dict[str, float]], Arrays, Figure, dict[str, Any]]


def evaluate_on_events(
    tokeniser: DirectTokeniser,
    events: EventSource,
    model: Model,
    history: pd.DataFrame,
    training_record: dict[str, Any],
    config: EventRegression,
    device: str,
    checkpoints: Checkpoints,
    member: str,
) -> Evaluated:
    """Metrics of each split, predictions with targets, the training's curves and the member's run
    record.
    """
    refuse_other_parameters(config, training_record, member)
    return _evaluate(
        event_sample(config, tokeniser, events),
        model,
        history,
        training_record,
        config,
        device,
        checkpoints,
        member,
    )


def evaluate_on_table(
    rows: Table,
    model: Model,
    history: pd.DataFrame,
    training_record: dict[str, Any],
    config: TableRegression,
    device: str,
    checkpoints: Checkpoints,
    member: str,
) -> Evaluated:
    """Metrics of each split, predictions with targets, the training's curves and the member's run
    record.
    """
    refuse_other_parameters(config, training_record, member)
    sample = table_sample(config, rows)
    metrics, arrays, curves, record = _evaluate(
        sample, model, history, training_record, config, device, checkpoints, member
    )
    if rows.groups is not None:  # rows of one group are resampled together
        arrays |= {f"{split}_group": rows.groups[sample.index[split]] for split in ("val", "test")}
    return metrics, arrays, curves, record


def _evaluate(
    sample: Sample,
    model: Model,
    history: pd.DataFrame,
    training_record: dict[str, Any],
    config: RegressionMember,
    device: str,
    checkpoints: Checkpoints,
    member: str,
) -> Evaluated:
    clock = perf_counter()
    predictions = {
        split: predict(model, sample.tables[split], EVALUATION_BATCH, choose_device(device))
        for split in SPLITS
    }
    metrics = {
        split: finite(regression_metrics(sample.target(split), values))
        for split, values in predictions.items()
    }
    arrays: Arrays = {}
    for split in ("val", "test"):
        arrays |= {
            f"{split}_prediction": predictions[split],
            f"{split}_target": sample.target(split),
            f"{split}_index": sample.index[split],
        }
    # The model is on disk by now: its checkpoint could only be mistaken for an unfinished training.
    checkpoints.of(member, type(model)).clear()
    title = f"lambda {config.variance_lambda:g}, seed {config.seed}"
    record = run_record(training_record, sample.record, perf_counter() - clock)
    return metrics, arrays, training_curves({title: [history]}), record
