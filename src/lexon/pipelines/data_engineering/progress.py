"""Progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from rich import get_console
from rich.progress import Progress

from lexon.events import Events


@contextmanager
def progress_bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, and what advances it; elsewhere nothing is written, for which
    `Progress(disable=True)` is no use: that of rich 13 ends with an empty line.
    """
    if not get_console().is_terminal:
        yield lambda _: None
        return
    with Progress(transient=True) as progress:
        yield partial(progress.advance, progress.add_task(title, total=total))


def with_progress(
    parts: Iterable[tuple[str, Events]], total: int, title: str
) -> Iterator[tuple[str, Events]]:
    """The same (split, events), with a bar on a terminal; `total` events are expected."""
    with progress_bar(title, total) as advance:
        for split, events in parts:
            yield split, events
            advance(len(events))
