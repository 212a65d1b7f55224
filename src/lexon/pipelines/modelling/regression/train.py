"""Training of one regression, from events or from a table: the model of the last epoch out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from lexon.config import EventRegression, RegressionMember, TableRegression
from lexon.datasets.checkpoint import Checkpoints
from lexon.datasets.events import EventSource
from lexon.datasets.table import Table
from lexon.metrics.collapse import EXPLODED_EPOCHS, LOSSES, explodes
from lexon.metrics.regression import regression_metrics
from lexon.models.regressor import Regressor, regression_losses
from lexon.pipelines.members import train_member
from lexon.pipelines.modelling.regression.inputs import Sample, event_sample, table_sample
from lexon.tokenisers.direct import DirectTokeniser
from lexon.training import SelectBy, TensorTable, Validate, seeded

# The last epoch is kept: a lambda is judged by where its training ends, and a best epoch would hide
# what came after it.
SELECT_BY: SelectBy = (("epoch", "max"),)

Trained = tuple[nn.Module, pd.DataFrame, dict[str, Any]]


def train_on_events(
    tokeniser: DirectTokeniser,
    events: EventSource,
    config: EventRegression,
    device: str,
    checkpoints: Checkpoints,
    member: str,
) -> Trained:
    """Model, one row of history per epoch, and facts for the run record."""
    return _train(event_sample(config, tokeniser, events), config, device, checkpoints, member)


def train_on_table(
    rows: Table, config: TableRegression, device: str, checkpoints: Checkpoints, member: str
) -> Trained:
    """Model, one row of history per epoch, and facts for the run record."""
    return _train(table_sample(config, rows), config, device, checkpoints, member)


def _train(
    sample: Sample, config: RegressionMember, device: str, checkpoints: Checkpoints, member: str
) -> Trained:
    with seeded(config.seed):
        model = Regressor(
            network=sample.network, variance_lambda=config.variance_lambda, penalty=config.penalty
        )
    model.standardise(sample.tables["train"].tensors)
    validate, give_up = _whole_split(model), _reason_to_end(config.exploded_loss)
    return train_member(
        model, sample.tables, config, device, checkpoints, member, SELECT_BY, validate, give_up
    )


def _whole_split(model: Regressor) -> Validate:
    """Metrics and losses of all rows at once: variances within validation batches would depend on
    the batch size.
    """

    def validate(prediction: NDArray[np.float32], table: TensorTable) -> dict[str, float]:
        target = table.tensors["target"]
        location, scale = model.location.cpu(), model.scale.cpu()
        scaled = (torch.from_numpy(prediction) - location) / scale, (target - location) / scale
        base, penalty = (float(loss) for loss in regression_losses(*scaled, model.penalty))
        losses = {
            "loss": base + model.variance_lambda * penalty,
            "base_loss": base,
            "variance_loss": penalty,
        }
        return losses | regression_metrics(target.numpy(), prediction)

    return validate


def _reason_to_end(exploded_loss: float) -> Callable[[list[dict[str, Any]]], str]:
    """Nothing that comes after a loss that is not finite, or stays far above its best, could make
    the run stable again.
    """

    def give_up(history: list[dict[str, Any]]) -> str:
        frame, epoch = pd.DataFrame(history), history[-1]["epoch"]
        if not np.isfinite(frame[list(LOSSES)].to_numpy(float)).all():
            return f"epoch {epoch}: a loss is not finite"
        if explodes(frame, exploded_loss):
            return (
                f"epoch {epoch}: a loss has been above {exploded_loss:g} times its best for"
                f" {EXPLODED_EPOCHS} epochs"
            )
        return ""

    return give_up
