"""SIGTERM, by which a batch system or a user asks a command to end."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_asked: list[int] = []


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """SIGTERM ends the process like an exit, so that half-written files are removed; a training
    handles it better still.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        _asked.clear()


def end_if_asked() -> None:
    """Exit where a signal asked for it and the exit was lost: raised within a destructor, or a bare
    `except` of a library that is just imported, it goes no further.
    """
    if _asked:
        sys.exit(128 + _asked[0])


def _end(number: int, _frame: FrameType | None) -> None:
    _asked.append(number)
    end_if_asked()
