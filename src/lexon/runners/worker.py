"""A worker: one process that runs one unit of nodes, with one thread, and tells its supervisor by
messages how it goes.

It is a fork of the process that planned the run, so that libraries, configuration and hooks are
there at once. It hears its supervisor alone: signals that a terminal, a batch system or `timeout`
sends to all processes of a command are left to that one, which asks each worker once. Whatever the
supervisor dies of, the kernel then asks in its place.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from logging.handlers import QueueHandler
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import rich
from kedro.pipeline.node import Node

from lexon.cores import use_threads
from lexon.errors import LexonError, first_cause
from lexon.runners.units import Unit, group_of
from lexon.runners.work import Work

# Asks a worker to end: a training saves its checkpoint first.
END = signal.SIGUSR1
# What a supervisor hears and a worker does not.
OUTSIDE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1
# Where memory runs out, the kernel kills a worker rather than the process that leads them.
_KILLED_FIRST = "500"


@dataclass(frozen=True)
class Began:
    """A node starts."""

    node: str


@dataclass(frozen=True)
class Trains:
    """How far a training is."""

    done: int
    steps: int
    facts: str


@dataclass(frozen=True)
class Outcome:
    """What became of a unit's nodes, by name; see `Work`."""

    ran: frozenset[str]
    lost: tuple[str, ...]
    failed: dict[str, Exception]


Message = Began | Trains | Outcome | logging.LogRecord


def run_unit(
    unit: Unit,
    work: Work,
    execute: Callable[[Node], Any],
    channel: Connection,
    shown: bool,
    gpu: str | None,
) -> None:
    """The life of a worker.

    Args:
        work: as it stands; this process has a copy.
        execute: runs a node.
        channel: to the supervisor.
        shown: whether the supervisor shows on a terminal how far trainings are.
        gpu: the only one that this worker may use.
    """
    _hear_only_the_supervisor()
    _end_with_the_supervisor()
    use_threads(1)
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu

    def send(message: Message) -> None:
        with suppress(OSError):  # the supervisor is gone, and this process about to end
            channel.send(message)

    _log_to(send)
    if shown:
        from lexon.training.progress import Reporter

        Reporter.listener = lambda _title, done, steps, facts: send(Trains(done, steps, facts))

    def announced(node: Node) -> None:
        send(Began(node.name))
        execute(node)

    for _, group in groupby(unit, key=group_of):
        work.on(list(group), announced)
    send(_outcome(work, unit))


def _outcome(work: Work, unit: Unit) -> Outcome:
    names = {node.name for node in unit}
    return Outcome(
        ran=frozenset(node.name for node in unit if node in work.ran),
        lost=tuple(node.name for node in unit if node in work.lost),
        failed={name: _sendable(error) for name, error in work.failed.items() if name in names},
    )


def _sendable(error: Exception) -> Exception:
    """The cause of an error, without what a message cannot hold; the traceback is in the log."""
    cause = first_cause(error)
    return (
        cause if isinstance(cause, LexonError) else RuntimeError(str(cause) or type(cause).__name__)
    )


def _hear_only_the_supervisor() -> None:
    """Of the signals that end a process only `END` comes through, once, and does what SIGTERM would
    do.
    """

    def end(_number: int, frame: FrameType | None) -> None:
        signal.signal(END, signal.SIG_IGN)
        handler = signal.getsignal(signal.SIGTERM)  # a training's own, while there is one
        if callable(handler):
            handler(signal.SIGTERM, frame)

    signal.pthread_sigmask(signal.SIG_BLOCK, OUTSIDE)
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    signal.signal(END, end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {END})


def _end_with_the_supervisor() -> None:
    """Let the kernel ask this process to end when its supervisor dies, whatever it dies of."""
    supervisor = parent_process()
    with suppress(AttributeError, OSError):  # not on Linux
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, END.value)
    if supervisor is not None and os.getppid() != supervisor.pid:  # it died in between
        os.kill(os.getpid(), END)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_KILLED_FIRST, encoding="utf-8")


class _ToSupervisor(QueueHandler):
    """Sends log records, as text, to the one process that writes to the terminal or the log."""

    def enqueue(self, record: logging.LogRecord) -> None:
        self.queue(record)  # type: ignore[operator]


def _log_to(send: Callable[[Message], None]) -> None:
    """A member's run.log is written here; all else goes to the supervisor. Bars are its
    own, too.
    """
    root = logging.getLogger()
    root.handlers = [_ToSupervisor(send)]  # type: ignore[arg-type]
    rich.reconfigure(force_terminal=False)
