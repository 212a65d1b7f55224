"""Progress of a training: a bar in a terminal, a line an epoch in a log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, ClassVar, Self

import rich
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

log = logging.getLogger("lexon.training")

# Columns of a history that a line shows beside the losses, where a model has them: they tell a
# failing training early.
ALSO_SHOWN = {"val_variance_ratio": "variance ratio"}

# Title, steps done, steps in all, and the figures of the last epoch.
Listener = Callable[[str, int, int, str], None]
_HEARD_SECONDS = 0.5  # between two messages to a listener


def columns() -> tuple[ProgressColumn, ...]:
    """The columns of a training's bar."""
    return (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[facts]}"),
        TimeRemainingColumn(),
    )


class Reporter:
    """Shows how far a training is. The figures beside the bar are those of the last complete epoch:
    reading the loss at every step would make the device wait.

    Args:
        title: what is trained.
        epochs, steps: their numbers; `done` steps were made by the run that this one continues.
        watched: the metric that selects the best epoch.

    Attributes:
        listener: shows the trainings of this process where it has no terminal of its own.
    """

    listener: ClassVar[Listener | None] = None

    def __init__(self, title: str, epochs: int, steps: int, done: int, watched: str) -> None:
        self.title, self.epochs, self.watched = title, epochs, watched
        console = rich.get_console()
        self.in_terminal = console.is_terminal
        self.bar = Progress(*columns(), console=console, disable=not self.in_terminal)
        self.task = self.bar.add_task(title, total=steps, completed=done, facts="")
        self.steps, self.done, self.facts, self.heard = steps, done, "", 0.0

    def __enter__(self) -> Self:
        if self.in_terminal:  # a disabled bar of rich 13 ends with an empty line
            self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.in_terminal:
            self.bar.stop()

    def step(self) -> None:
        self.bar.advance(self.task)
        self.done += 1
        listener = Reporter.listener
        if listener is not None and time.monotonic() - self.heard > _HEARD_SECONDS:
            self.heard = time.monotonic()
            listener(self.title, self.done, self.steps, self.facts)

    def epoch(self, row: dict[str, Any]) -> None:
        self.facts = (
            f"epoch {row['epoch']}/{self.epochs}  loss {row['train_loss']:.4f}  {self.watched}"
            f" {row[self.watched]:.4f}"
        )
        self.facts += "".join(
            f"  {name} {row[column]:.2f}" for column, name in ALSO_SHOWN.items() if column in row
        )
        self.bar.update(self.task, facts=self.facts)
        level = logging.DEBUG if self.in_terminal or Reporter.listener else logging.INFO
        log.log(
            level,
            "%s: %s  lr %.2e  %.0f events/s",
            self.title,
            self.facts,
            row["lr"],
            row["events_per_second"],
        )
