"""A training between two steps: what it is made of, how it makes a step and an epoch, and what a checkpoint holds of it."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from lexon.config import TrainingConfig
from lexon.errors import ConfigurationError
from lexon.models import Batch, Model
from lexon.training.data import TensorTable, training_batches
from lexon.training.evaluation import Validate, mean_loss, predict
from lexon.training.interruption import Resume, StopRequest, TrainingStopped, accepted, digest, random_state, set_random_state
from lexon.training.optimisation import adamw, learning_rates, precision_of
from lexon.training.progress import Reporter

log = logging.getLogger("lexon.training")

GiveUp = Callable[[list[dict[str, Any]]], str]
SelectBy = tuple[tuple[str, Literal["max", "min"]], ...]

SCORING_BATCH = 1024  # scores do not depend on their batch, so a large one costs fewer launches

# The attributes of a training that change while it runs, besides model, optimiser and generators.
_PROGRESS = ("step", "seconds", "names", "facts", "history", "best_epoch", "best_state")


class TrainingDiverged(ConfigurationError):
    """The training loss is not finite any more; the same training would end in the same way."""


class Training:
    """A training between two steps: everything that a checkpoint has to hold."""

    def __init__(
        self,
        *,
        model: Model,
        train: TensorTable,
        val: TensorTable,
        config: TrainingConfig,
        seed: int,
        device: str,
        validate: Validate | None,
        select_by: SelectBy,
        give_up: GiveUp | None = None,
        settings: str = "training",
    ) -> None:
        self.settings = settings
        self.model, self.config, self.seed, self.device = model, config, seed, device
        self.validate, self.select_by, self.give_up = validate, select_by, give_up
        # Everything that decides the numbers: a checkpoint that differs in any of it belongs to another training.
        self.fingerprint = {
            **{f"training.{name}": str(value) for name, value in config.model_dump().items()},
            "seed": str(seed),
            "select_by": str(select_by),
            "recipe": json.dumps(model.recipe, sort_keys=True),
            "initial weights": digest(model.state_dict()),
            "training data": digest(train.tensors),
            "validation data": digest(val.tensors),
        }
        self.host_val = val
        self.train, self.val = train.to(device), val.to(device)
        model.to(device)
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.optimiser = adamw(model, config)
        self.steps_per_epoch = -(-len(train) // config.batch_size)
        self.rates = learning_rates(config, config.epochs * self.steps_per_epoch)
        if config.warmup_steps >= len(self.rates):
            log.warning(
                "%s.warmup_steps=%d, but there are %d steps: the learning rate never reaches %s.lr=%g",
                settings,
                config.warmup_steps,
                len(self.rates),
                settings,
                config.lr,
            )
        self.step = 0
        self.seconds = 0.0
        self.names: list[str] = []
        self.sizes = np.empty(0, np.int64)
        self.facts: Tensor | None = None
        self.history: list[dict[str, Any]] = []
        self.best_epoch = 0
        self.best_state: dict[str, Tensor] = {}

    @property
    def steps_done(self) -> int:
        return len(self.history) * self.steps_per_epoch + self.step

    @property
    def stopped_early(self) -> bool:
        patience = self.config.early_stopping
        return patience is not None and len(self.history) - self.best_epoch >= patience

    @property
    def given_up(self) -> str:
        """Why it makes no sense to go on, or ""."""
        return self.give_up(self.history) if self.give_up and self.history else ""

    @property
    def finished(self) -> bool:
        return len(self.history) >= self.config.epochs or self.stopped_early or bool(self.given_up)

    def run(self, resume: Resume | None, stop: StopRequest, reporter: Reporter) -> None:
        """Epoch after epoch, until the end or a signal."""
        while not self.finished:
            self._train_epoch(stop, reporter)
            if self.step == self.steps_per_epoch:
                self._end_epoch()
                reporter.epoch(self.history[-1])
            if resume is not None:
                resume.save(self._state())
            if stop.signum is not None:
                log.warning("stopped by signal %d; %s", stop.signum, "checkpoint saved" if resume else "no checkpoint is kept")
                raise TrainingStopped(stop.signum)

    def _train_epoch(self, stop: StopRequest, reporter: Reporter) -> None:
        """The steps that are left of the present epoch, or those before a signal. Their facts stay on the device."""
        start = time.perf_counter()
        batches = training_batches(self.train, self.config.batch_size, self.config.length_aware, self.seed, len(self.history) + 1)
        self.sizes = batches.sizes
        self.model.train(True)
        for batch in batches.of(self.train, first=self.step):
            if stop.signum is not None:
                break
            facts = self._train_step(batch)
            if self.facts is None:
                self.facts = torch.full((self.steps_per_epoch, len(facts)), torch.nan, device=self.device)
            self.facts[self.step] = facts
            self.step += 1
            reporter.step()
        if torch.device(self.device).type == "cuda":
            torch.cuda.synchronize(self.device)
        self.seconds += time.perf_counter() - start

    def _train_step(self, batch: Batch) -> Tensor:
        """One update; loss, diagnostics and gradient norm as one tensor, so that nobody has to wait for their values."""
        for group in self.optimiser.param_groups:
            group["lr"] = float(self.rates[self.steps_done])
        with precision_of(self.config, self.device):
            loss, diagnostics = self.model.loss(batch)
        self.optimiser.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.config.grad_clip or float("inf"))
        self.optimiser.step()
        facts = {"loss": loss.detach(), **diagnostics, "grad_norm": norm}
        self.names = list(facts)
        return torch.stack([value.float() for value in facts.values()])

    def _end_epoch(self) -> None:
        """Turn the epoch's facts and an evaluation into a row, and note whether it is the best."""
        row: dict[str, Any] = {"epoch": len(self.history) + 1} | self._train_row()
        row |= {"lr": float(self.rates[self.steps_done - 1]), "seconds": self.seconds, "events_per_second": len(self.train) / self.seconds}
        start = time.perf_counter()
        row |= {f"val_{name}": float(value) for name, value in self._validation().items()}
        row["evaluation_seconds"] = time.perf_counter() - start
        if self.best_epoch == 0 or self._rank(row) > self._rank(self.history[self.best_epoch - 1]):
            self.best_epoch = row["epoch"]
            self.best_state = {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}
        self.history.append(row)
        self.step, self.seconds, self.facts = 0, 0.0, None

    def _train_row(self) -> dict[str, float]:
        assert self.facts is not None
        facts = self.facts.double().cpu().numpy()
        bad = np.flatnonzero(~np.isfinite(facts[:, 0]))
        if len(bad) and self.give_up is None:
            raise TrainingDiverged(
                f"epoch {len(self.history) + 1}, step {bad[0] + 1} of {len(facts)}: the training loss is {facts[bad[0], 0]}; "
                f"lower {self.settings}.lr={self.config.lr:g}, or {self._clipping}"
            )
        means = dict(zip(self.names, np.average(facts, axis=0, weights=self.sizes).tolist(), strict=True))
        grad_norm = means.pop("grad_norm")
        return {f"train_{name}": value for name, value in means.items()} | {"grad_norm": grad_norm}

    @property
    def _clipping(self) -> str:
        """What gradient clipping could do against a divergence."""
        clip = self.config.grad_clip
        return f"lower {self.settings}.grad_clip={clip:g}" if clip else f"set {self.settings}.grad_clip=1 (it is null: no clipping)"

    def _validation(self) -> dict[str, float]:
        size = self.config.batch_size
        row = mean_loss(self.model, self.val, size, self.config.length_aware)
        if self.validate is not None:
            row |= self.validate(predict(self.model, self.val, max(size, SCORING_BATCH), self.device), self.host_val)
        return row

    def _rank(self, row: dict[str, Any]) -> tuple[float, ...]:
        """Larger is better; NaN is worst."""
        unknown = [name for name, _ in self.select_by if name not in row]
        if unknown:
            raise ValueError(f"select_by={unknown[0]}: no such column in the history, which has {', '.join(row)}")
        signed = [row[name] if direction == "max" else -row[name] for name, direction in self.select_by]
        return tuple(-np.inf if np.isnan(value) else value for value in signed)

    def _state(self) -> dict[str, Any]:
        return {
            "fingerprint": self.fingerprint,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "random": random_state(self.device),
            **{name: getattr(self, name) for name in _PROGRESS},
        }

    def restore(self, resume: Resume | None) -> None:
        """Go on where the saved state of this very training ends, if there is one."""
        state = accepted(resume.load(), self.fingerprint) if resume is not None else None
        if state is None:
            return
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        set_random_state(state["random"], self.device)
        for name in _PROGRESS:
            setattr(self, name, state[name])
        if self.facts is not None:
            self.facts = self.facts.to(self.device)
        log.info("resumed at epoch %d, step %d of %d", len(self.history) + 1, self.step, self.steps_per_epoch)
