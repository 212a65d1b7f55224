"""What the nodes of members have in common, whatever their kind: one training, one run record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from torch import nn

from lexon import provenance
from lexon.config import MemberConfig
from lexon.datasets.checkpoint import Checkpoints
from lexon.errors import ConfigurationError
from lexon.models import Model
from lexon.training import (
    GiveUp,
    SelectBy,
    TableOfEpoch,
    TensorTable,
    Training,
    Validate,
    choose_device,
    choose_threads,
    device_name,
)

# Large enough to keep a GPU busy, small enough for any.
EVALUATION_BATCH = 2048


def train_member(
    model: Model,
    tables: Mapping[str, TensorTable],
    config: MemberConfig,
    device: str,
    checkpoints: Checkpoints,
    member: str,
    select_by: SelectBy,
    validate: Validate | None = None,
    give_up: GiveUp | None = None,
    turned: TableOfEpoch | None = None,
) -> tuple[nn.Module, pd.DataFrame, dict[str, Any]]:
    """The model of the best validation epoch, one row of history per epoch, and facts for the run
    record.

    Args:
        model: initialised under the member's seed.
        tables: the splits ``train`` and ``val``.
        device: as asked for by the user.
        select_by, validate, give_up, turned: see `lexon.training.Training`.
    """
    started, chosen = provenance.now(), choose_device(device)
    choose_threads(chosen)
    training = Training(
        model,
        tables["train"],
        tables["val"],
        config.training,
        seed=config.seed,
        device=chosen,
        validate=validate,
        select_by=select_by,
        resume=checkpoints.of(member, type(model)),
        give_up=give_up,
        turned=turned,
        name=member,
    ).run()
    model.load_state_dict(training.best_state)
    facts = {
        "parameters": config.model_dump(mode="json"),
        "seed": config.seed,
        "started": started,
        "device": device_name(chosen),
        "n_parameters": training.n_parameters,
        "best_epoch": training.best_epoch,
        "epochs": len(training.history),
        "stopped_early": training.stopped_early,
        "given_up": training.given_up,
        "seconds": training.seconds,
        "events_per_second": training.events_per_second,
        "code_version": provenance.code_version(),
        "versions": provenance.versions(),
    }
    return model.to("cpu"), pd.DataFrame(training.history), facts


def refuse_other_parameters(
    config: MemberConfig, training_record: Mapping[str, Any], member: str
) -> None:
    """An old model must not get a new name.

    Raises:
        ConfigurationError: the model was trained with other parameters than those that are asked
            for now.
    """
    if config.model_dump(mode="json") != training_record["parameters"]:
        raise ConfigurationError(
            f"{member}: its model.pt was trained with other parameters; run without --tags to train"
            " it again"
        )


def run_record(
    training_record: Mapping[str, Any], data: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    """The record of a finished member.

    Args:
        data: what it was trained and evaluated on: digests, sizes, notes.
        seconds: that the evaluation took.
    """
    return {
        "status": "done",
        **training_record,
        "data": data,
        "evaluation_code_version": provenance.code_version(),
        "evaluation_seconds": seconds,
        "finished": provenance.now(),
    }


def finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """Without what the split could not give: metrics.json holds numbers only."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}
