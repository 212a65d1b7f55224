"""Progress bar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich import get_console
from rich.progress import Progress

from lexon.events import Events


def with_progress(
    parts: Iterable[tuple[str, Events]], total: int, title: str
) -> Iterator[tuple[str, Events]]:
    """The same (split, events), with a bar on a terminal; `total` events are expected."""
    with Progress(transient=True, disable=not get_console().is_terminal) as progress:
        task = progress.add_task(title, total=total)
        for split, events in parts:
            yield split, events
            progress.advance(task, len(events))
