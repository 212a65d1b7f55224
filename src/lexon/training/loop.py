"""The one training loop. It knows no model by name: a model brings its loss, its score and its recipe."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lexon.config import TrainingConfig
from lexon.models import Model
from lexon.training.data import TensorTable
from lexon.training.device import device_name, explained_faults
from lexon.training.evaluation import Validate
from lexon.training.interruption import Resume, seeded, stop_signals
from lexon.training.progress import Reporter
from lexon.training.run import GiveUp, SelectBy, Training

log = logging.getLogger("lexon.training")

TIMINGS = frozenset({"seconds", "evaluation_seconds", "events_per_second"})


@dataclass(frozen=True)
class FitResult:
    """What a training leaves behind.

    Attributes:
        history: one row an epoch. ``epoch`` counts from 1; ``train_loss`` and ``train_<diagnostic>`` are means over the
            epoch's events while it trains; ``val_loss``, ``val_<diagnostic>`` and ``val_<metric>`` are taken after it, in
            eval mode; ``lr`` is that of the last step, ``grad_norm`` a mean before clipping. `TIMINGS` are ``seconds`` and
            ``events_per_second`` of training alone, and ``evaluation_seconds``.
        best_state: weights of the best epoch, on the CPU.
        best_epoch: its number in the history.
        schedule: learning rate of every planned step, float64.
        n_parameters: trainable parameters.
        seconds: training time, without evaluation, over all interruptions.
        events_per_second: training events per second of it.
        stopped_early: whether early stopping ended the training.
        given_up: why `give_up` ended it, or "".
    """

    history: list[dict[str, Any]]
    best_state: dict[str, Tensor]
    best_epoch: int
    schedule: NDArray[np.float64]
    n_parameters: int
    seconds: float
    events_per_second: float
    stopped_early: bool
    given_up: str = ""


def fit(
    model: Model,
    train: TensorTable,
    val: TensorTable,
    config: TrainingConfig,
    *,
    seed: int,
    device: str,
    select_by: SelectBy,
    validate: Validate | None = None,
    resume: Resume | None = None,
    give_up: GiveUp | None = None,
    progress: str = "training",
    settings: str = "training",
) -> FitResult:
    """Train a model, whose weights are then those of the last epoch; the best epoch's are in the result.

    Torch's global generators are left as they were. With `resume`, the state is saved after every epoch and on SIGTERM or SIGINT, and a
    later call with the same arguments ends with the same numbers as if nothing had happened.

    Args:
        model: initialised by the caller; moved to `device`.
        train: the split to learn from; copied to `device` whole.
        val: the split that decides which epoch is best; likewise.
        config: the recipe. `label_smoothing` belongs to the model's loss: give it to the model.
        seed: of dropout and batch order.
        device: ``cpu``, ``cuda``, ...
        validate: metrics of the scores [N, ...] of `val`, as passed here; they enter the history as ``val_<name>``.
        select_by: columns of the history that decide the best epoch; a later one decides where the earlier are equal. NaN is worst.
        resume: where the state of an unfinished training is kept. A finished one stays, so that nothing is
            lost if the model cannot be saved: whoever saved it clears this.
        give_up: asked after each epoch, with the history, for a reason to end the training there ("": none). It decides on losses
            that are not finite, too: with it a training never raises TrainingDiverged, and leaves its history.
        progress: what to call this training on the screen and in the log.
        settings: the group of parameters that `config` comes from, as messages name it.

    Raises:
        TrainingDiverged: the loss of an epoch is not finite.
        TrainingStopped: a signal came; the checkpoint is saved.
        MachineError: the device has too little memory, or failed.
        ValueError: a split is empty.
    """
    for name, table in {"train": train, "val": val}.items():
        if not len(table):
            raise ValueError(f"{name}: no events to train with")
    log.info("%s: on %s", progress, device_name(device))
    with explained_faults(device, settings), seeded(seed, device), stop_signals() as stop:
        training = Training(
            model=model,
            train=train,
            val=val,
            config=config,
            seed=seed,
            device=device,
            validate=validate,
            select_by=select_by,
            give_up=give_up,
            settings=settings,
        )
        training.restore(resume)
        watched = next((name for name, _ in select_by if name != "epoch"), "val_loss")
        with Reporter(progress, config.epochs, len(training.rates), training.steps_done, watched) as reporter:
            training.run(resume, stop, reporter)
    result = _result(training)
    log.info("%s: best epoch %d of %d, %.0f events/s", progress, result.best_epoch, len(result.history), result.events_per_second)
    return result


def _result(training: Training) -> FitResult:
    seconds = sum(row["seconds"] for row in training.history)
    return FitResult(
        history=training.history,
        best_state=training.best_state,
        best_epoch=training.best_epoch,
        schedule=training.rates,
        n_parameters=sum(parameter.numel() for parameter in training.parameters),
        seconds=seconds,
        events_per_second=len(training.history) * len(training.train) / seconds,
        stopped_early=training.stopped_early and len(training.history) < training.config.epochs,
        given_up=training.given_up,
    )
