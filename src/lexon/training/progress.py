"""What a person sees of a training: a bar in a terminal, a line an epoch in a log."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any, Self

import rich
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

log = logging.getLogger("lexon.training")

# Columns of a history that a line shows beside the losses, where a model has them: they tell a failing training early.
ALSO_SHOWN = {"val_variance_ratio": "variance ratio"}


class Reporter:
    """Shows how far a training is. The figures beside the bar are those of the last complete epoch: reading the loss at every
    step would make the device wait.

    Args:
        title: what is trained.
        epochs, steps: their numbers; `done` steps were made by the run that this one continues.
        watched: the metric that selects the best epoch.
    """

    def __init__(self, title: str, epochs: int, steps: int, done: int, watched: str) -> None:
        self.title, self.epochs, self.watched = title, epochs, watched
        console = rich.get_console()
        self.in_terminal = console.is_terminal
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[facts]}"))
        self.bar = Progress(*columns, TimeRemainingColumn(), console=console, disable=not self.in_terminal)
        self.task = self.bar.add_task(title, total=steps, completed=done, facts="")

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.bar.stop()

    def step(self) -> None:
        self.bar.advance(self.task)

    def epoch(self, row: dict[str, Any]) -> None:
        facts = f"epoch {row['epoch']}/{self.epochs}  loss {row['train_loss']:.4f}  {self.watched} {row[self.watched]:.4f}"
        facts += "".join(f"  {name} {row[column]:.2f}" for column, name in ALSO_SHOWN.items() if column in row)
        self.bar.update(self.task, facts=facts)
        level = logging.DEBUG if self.in_terminal else logging.INFO
        log.log(level, "%s: %s  lr %.2e  %.0f events/s", self.title, facts, row["lr"], row["events_per_second"])
