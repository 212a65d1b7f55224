"""The one training loop. It knows no model by name: a model brings its loss, its score and the
arguments to rebuild it (`recipe`).
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexon.config import TrainingConfig
from lexon.models import Batch, Model
from lexon.training.averaging import WeightAverage
from lexon.training.data import TensorTable, training_batches
from lexon.training.device import device_name, explained_faults, go_on_with_threads
from lexon.training.epoch import UnfinishedEpoch, refuse_divergence
from lexon.training.evaluation import SelectBy, Validate, mean_loss, predict, rank
from lexon.training.interruption import (
    Resume,
    StopRequest,
    TrainingStopped,
    accepted,
    digest,
    random_state,
    seeded,
    set_random_state,
    stop_signals,
)
from lexon.training.muon import optimiser_of
from lexon.training.optimisation import learning_rates, precision_of, warn_of_long_warmup
from lexon.training.progress import Reporter

log = logging.getLogger("lexon.training")

TableOfEpoch = Callable[[int], TensorTable]
GiveUp = Callable[[list[dict[str, Any]]], str]

TIMINGS = frozenset({"seconds", "evaluation_seconds", "events_per_second"})
SCORING_BATCH = 1024  # scores do not depend on their batch, so a large one costs fewer launches


@dataclass(eq=False, repr=False)
class Training:
    """One training: what it is made of, where it stands, and what comes out.

    After `run` the model has the weights of the last epoch; those of the best one are in
    `best_state`. Torch's global generators are left as they were. With `resume`, the state is saved
    after every epoch and on SIGTERM or SIGINT, and the same training started again ends with the
    same numbers as if it had not been interrupted.

    Attributes:
        model: initialised by the caller; `run` moves it to `device`.
        train: the split to learn from; copied to `device` whole.
        val: the split that decides which epoch is best; likewise.
        config: the settings. `label_smoothing` belongs to the model's loss: give it to the model.
        seed: of dropout and batch order.
        device: ``cpu``, ``cuda``, ...
        select_by: columns of the history that decide the best epoch; a later one decides where the
            earlier are equal. NaN is worst.
        validate: metrics of the scores [N, ...] of `val`, as passed here; they enter the history as
            ``val_<name>``.
        resume: where the state of an unfinished training is kept. A finished one stays, so that
            nothing is lost if the model cannot be saved; the caller clears it after saving the
            model.
        give_up: called after each epoch with the history; returns the reason to end the training
            there, or "". With it a loss that is not finite raises nothing and stands in the
            history.
        turned: the events of `train` as an epoch (from 1) shows them; it must depend on nothing but
            the epoch, so that an interrupted training can go on. None: every epoch shows `train`
            itself.
        name: of this training on the screen and in the log.
        settings: the group of parameters that `config` comes from, for messages.
        history: one row an epoch. ``epoch`` counts from 1; ``train_loss`` and
            ``train_<diagnostic>`` are means over the epoch's events while it trains; ``val_loss``,
            ``val_<diagnostic>`` and ``val_<metric>`` are taken after it, in eval mode; ``lr`` is
            that of the last step, ``grad_norm`` a mean before clipping. `TIMINGS` are ``seconds``
            and ``events_per_second`` of training alone, and ``evaluation_seconds``.
        best_epoch: number of the best epoch in the history; 0 before the first one ends.
        best_state: weights of the best epoch, on the CPU; averages where `config.ema` asks for
            them.
        epoch: the epoch that is not finished.
        schedule: learning rate of every planned step, float64.

    Raises:
        ValueError: a split is empty.
    """

    model: Model
    train: TensorTable
    val: TensorTable
    config: TrainingConfig
    _: KW_ONLY
    seed: int
    device: str
    select_by: SelectBy
    validate: Validate | None = None
    resume: Resume | None = None
    give_up: GiveUp | None = None
    turned: TableOfEpoch | None = None
    name: str = "training"
    settings: str = "training"
    history: list[dict[str, Any]] = field(init=False, default_factory=list)
    best_epoch: int = field(init=False, default=0)
    best_state: dict[str, Tensor] = field(init=False, default_factory=dict)
    epoch: UnfinishedEpoch = field(init=False, default_factory=UnfinishedEpoch)

    def __post_init__(self) -> None:
        for name, table in {"train": self.train, "val": self.val}.items():
            if not len(table):
                raise ValueError(f"{name}: no events to train with")
        self._parameters = [
            parameter for parameter in self.model.parameters() if parameter.requires_grad
        ]
        self.steps_per_epoch = -(-len(self.train) // self.config.batch_size)
        self.schedule = learning_rates(self.config, self.config.epochs * self.steps_per_epoch)
        warn_of_long_warmup(self.config, len(self.schedule), self.settings)

    def run(self) -> Self:
        """Train to the end, from the saved state if there is one.

        Raises:
            TrainingDiverged: the loss of an epoch is not finite.
            TrainingStopped: a signal came; the state is saved.
            MachineError: the device has too little memory, or failed.
        """
        log.info("%s: on %s", self.name, device_name(self.device))
        with (
            explained_faults(self.device, self.settings),
            seeded(self.seed, self.device),
            stop_signals() as stop,
        ):
            self._start()
            watched = next((name for name, _ in self.select_by if name != "epoch"), "val_loss")
            with Reporter(
                self.name, self.config.epochs, len(self.schedule), self.steps_done, watched
            ) as reporter:
                self._run_epochs(stop, reporter)
        speed = self.events_per_second
        log.info(
            "%s: best epoch %d of %d, %.0f events/s",
            self.name,
            self.best_epoch,
            len(self.history),
            speed,
        )
        return self

    @property
    def n_parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(parameter.numel() for parameter in self._parameters)

    @property
    def seconds(self) -> float:
        """Training time of all finished epochs, without evaluation, over all interruptions."""
        return sum(row["seconds"] for row in self.history)

    @property
    def events_per_second(self) -> float:
        """Training events per second of `seconds`."""
        return len(self.history) * len(self.train) / self.seconds

    @property
    def steps_done(self) -> int:
        return len(self.history) * self.steps_per_epoch + self.epoch.step

    @property
    def stopped_early(self) -> bool:
        """Whether early stopping ends the training before its last epoch."""
        patience = self.config.early_stopping
        without_gain = len(self.history) - self.best_epoch
        return (
            patience is not None
            and without_gain >= patience
            and len(self.history) < self.config.epochs
        )

    @property
    def given_up(self) -> str:
        """Why `give_up` ends the training, or ""."""
        return self.give_up(self.history) if self.give_up and self.history else ""

    @property
    def evaluated(self) -> Model:
        """The model that is validated and kept: the one that is trained, or the average of its
        weights.
        """
        return self._average.model if self._average else self.model

    @property
    def finished(self) -> bool:
        return len(self.history) >= self.config.epochs or self.stopped_early or bool(self.given_up)

    def _start(self) -> None:
        """Move everything to the device and continue the saved state of this very training, if
        there is one.
        """
        self._fingerprint = self._what_decides_the_numbers()
        self._train, self._val = self.train.to(self.device), self.val.to(self.device)
        self.model.to(self.device)
        self._average = WeightAverage(self.model, self.config.ema) if self.config.ema else None
        self._optimiser = optimiser_of(self.model, self.config)
        state = accepted(self.resume.load(), self._fingerprint) if self.resume is not None else None
        if state is not None:
            self._restore(state)

    def _run_epochs(self, stop: StopRequest, reporter: Reporter) -> None:
        """Epoch after epoch, until the end or a signal."""
        while not self.finished:
            sizes = self._train_epoch(stop, reporter)
            if self.epoch.step == self.steps_per_epoch:
                self._end_epoch(sizes)
                reporter.epoch(self.history[-1])
            if self.resume is not None:
                self.resume.save(self._state())
            if stop.signum is not None:
                kept = "checkpoint saved" if self.resume else "no checkpoint is kept"
                log.warning("stopped by signal %d; %s", stop.signum, kept)
                raise TrainingStopped(stop.signum)

    def _train_epoch(self, stop: StopRequest, reporter: Reporter) -> NDArray[np.int64]:
        """Make the remaining steps of the present epoch, or those before a signal; returns the size
        of each batch.
        """
        start = time.perf_counter()
        number = len(self.history) + 1
        train = self.turned(number).to(self.device) if self.turned else self._train
        batches = training_batches(
            train, self.config.batch_size, self.config.length_aware, self.seed, number
        )
        self.model.train(True)
        for batch in batches.of(train, first=self.epoch.step):
            if stop.signum is not None:
                break
            self.epoch.add(self._train_step(batch), self.steps_per_epoch)
            reporter.step()
        if torch.device(self.device).type == "cuda":
            torch.cuda.synchronize(self.device)
        self.epoch.seconds += time.perf_counter() - start
        return batches.sizes

    def _train_step(self, batch: Batch) -> dict[str, Tensor]:
        """One update of the weights; returns its loss, diagnostics and gradient norm, on the
        device.
        """
        for group in self._optimiser.param_groups:
            group["lr"] = float(self.schedule[self.steps_done])
        with precision_of(self.config, self.device):
            loss, diagnostics = self.model.loss(batch)
        self._optimiser.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(
            self._parameters, self.config.grad_clip or float("inf")
        )
        self._optimiser.step()
        if self._average is not None:
            self._average.update(self.steps_done + 1)
        return {"loss": loss.detach(), **diagnostics, "grad_norm": norm}

    def _end_epoch(self, sizes: NDArray[np.int64]) -> None:
        """Turn the epoch's facts and an evaluation into a row, and keep the weights if it is the
        best.
        """
        facts = self.epoch.values()
        if self.give_up is None:
            refuse_divergence(facts["loss"], len(self.history) + 1, self.config, self.settings)
        means = {name: float(np.average(values, weights=sizes)) for name, values in facts.items()}
        grad_norm = means.pop("grad_norm")
        start = time.perf_counter()
        validation = self._validation()
        row = {
            "epoch": len(self.history) + 1,
            **{f"train_{name}": value for name, value in means.items()},
            "grad_norm": grad_norm,
            "lr": float(self.schedule[self.steps_done - 1]),
            "seconds": self.epoch.seconds,
            "events_per_second": len(self.train) / self.epoch.seconds,
            **{f"val_{name}": float(value) for name, value in validation.items()},
            "evaluation_seconds": time.perf_counter() - start,
        }
        best = self.history[self.best_epoch - 1] if self.best_epoch else None
        if best is None or rank(row, self.select_by) > rank(best, self.select_by):
            self.best_epoch = len(self.history) + 1
            self.best_state = {
                name: value.detach().cpu().clone()
                for name, value in self.evaluated.state_dict().items()
            }
        self.history.append(row)
        self.epoch = UnfinishedEpoch()

    def _validation(self) -> dict[str, float]:
        size = self.config.batch_size
        row = mean_loss(self.evaluated, self._val, size, self.config.length_aware)
        if self.validate is not None:
            row |= self.validate(
                predict(self.evaluated, self._val, max(size, SCORING_BATCH), self.device), self.val
            )
        return row

    def _what_decides_the_numbers(self) -> dict[str, str]:
        """A checkpoint that differs in any of it belongs to a different training."""
        return {
            **{f"training.{name}": str(value) for name, value in self.config.model_dump().items()},
            "seed": str(self.seed),
            "select_by": str(self.select_by),
            "recipe": json.dumps(self.model.recipe, sort_keys=True),
            "initial weights": digest(self.model.state_dict()),
            "training data": digest(self.train.tensors),
            "validation data": digest(self.val.tensors),
        }

    def _state(self) -> dict[str, Any]:
        """All that a checkpoint has to hold."""
        return {
            "fingerprint": self._fingerprint,
            "model": self.model.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "average": self._average.state_dict() if self._average else None,
            "random": random_state(self.device),
            "threads": torch.get_num_threads(),
            "history": self.history,
            "best_epoch": self.best_epoch,
            "best_state": self.best_state,
            **vars(self.epoch),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self._optimiser.load_state_dict(state["optimiser"])
        if self._average is not None:
            self._average.load_state_dict(state["average"])
        set_random_state(state["random"], self.device)
        go_on_with_threads(self.device, state.get("threads", torch.get_num_threads()))
        self.history, self.best_epoch, self.best_state = (
            state["history"],
            state["best_epoch"],
            state["best_state"],
        )
        facts = None if state["facts"] is None else state["facts"].to(self.device)
        self.epoch = UnfinishedEpoch(state["step"], state["seconds"], state["names"], facts)
        log.info(
            "resumed at epoch %d, step %d of %d",
            len(self.history) + 1,
            self.epoch.step,
            self.steps_per_epoch,
        )
