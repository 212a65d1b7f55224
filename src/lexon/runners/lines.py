"""What a person sees of members that train at once: in a terminal one line for each."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import rich
from rich.progress import Progress, TaskID


class MemberLines:
    """A bar for each worker, below the log; nothing where there is no terminal.

    They are drawn by whoever calls `refresh`, not by a thread: a process that forks should have
    none.
    """

    def __init__(self) -> None:
        from lexon.training.progress import columns

        console = rich.get_console()
        self.shown = console.is_terminal
        self._bars = Progress(
            *columns(), console=console, disable=not self.shown, auto_refresh=False, transient=True
        )
        self._tasks: dict[object, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.shown:
            self._bars.stop()

    def hide(self) -> None:
        """Draw nothing from now on."""
        self.shown = False

    def began(self, worker: object, name: str, what: str) -> None:
        """A worker begins a node."""
        self.ended(worker)
        if self.shown:
            self._tasks[worker] = self._bars.add_task(name, total=None, facts=what)

    def trains(self, worker: object, done: int, steps: int, facts: str) -> None:
        """A training is so far."""
        if worker in self._tasks:
            self._bars.update(self._tasks[worker], completed=done, total=steps, facts=facts)

    def ended(self, worker: object) -> None:
        """A worker is over."""
        if worker in self._tasks:
            self._bars.remove_task(self._tasks.pop(worker))

    def refresh(self) -> None:
        """Draw the lines as they are now."""
        if self.shown:
            self._bars.refresh()
