"""Several workers at a time: starts them as their inputs are made, shows what they do, and outlives
whatever they die of.

`concurrent.futures` gives up every task when one of its processes is killed, so each unit of nodes
has a process of its own here.
"""

from __future__ import annotations

import gc
import importlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Any

from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from lexon.errors import Killed
from lexon.experiments import is_member
from lexon.runners.crew import Crew
from lexon.runners.lines import MemberLines
from lexon.runners.units import Schedule, Unit, group_of
from lexon.runners.work import Work, remove_traces
from lexon.runners.worker import END, OUTSIDE, Began, Message, Outcome, Trains, run_unit
from lexon.runs import records

logger = logging.getLogger(__name__)

_FORK = multiprocessing.get_context("fork")
_LOOK_SECONDS = 0.5  # between two looks at signals, and two pictures


@dataclass
class Worker:
    """A process and what is known of it.

    Attributes:
        node: that it works on.
        outcome: that it sent, at its end.
    """

    process: ForkProcess
    channel: Connection
    unit: Unit
    gpu: str | None
    node: Node
    outcome: Outcome | None = None

    @property
    def name(self) -> str:
        """What it works on, as a log shows it."""
        return group_of(self.node).rpartition(".")[2]


class Supervisor:
    """Runs the units of a pipeline in workers.

    Args:
        execute: runs a node, in a worker.
        crew: workers at a time, and their GPUs.
    """

    def __init__(self, work: Work, execute: Callable[[Node], Any], crew: Crew) -> None:
        self.work, self.execute, self.crew = work, execute, crew
        self.workers: list[Worker] = []
        self.stopped_by: int | None = None
        self.lines = MemberLines()
        self._said = False

    def run(self, pipeline: Pipeline) -> None:
        """Run every node that can be.

        Raises:
            SystemExit: a signal ended it, 128 + its number; trainings have saved their checkpoints.
        """
        _import_once(pipeline)
        schedule = Schedule(pipeline)
        gc.freeze()  # else each worker's first collection would copy all that the plan made
        try:
            with self._stopping(), self.lines:
                while self.workers or (self.stopped_by is None and not schedule.is_over):
                    self._start_what_can(schedule)
                    self._listen(schedule)
        finally:
            gc.unfreeze()
            self._kill()
        if self.stopped_by is not None:
            sys.exit(128 + self.stopped_by)

    def _start_what_can(self, schedule: Schedule) -> None:
        while (
            self.stopped_by is None
            and len(self.workers) < self.crew.workers
            and (unit := schedule.next())
        ):
            self._start(unit)

    def _start(self, unit: Unit) -> None:
        """Fork a worker; a signal that comes meanwhile waits until its handlers are the
        right ones.
        """
        gpu = self._free_gpu() if is_member(unit[0].namespace or "") else None
        receiver, sender = _FORK.Pipe(duplex=False)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {*OUTSIDE, END})
        try:
            process = _FORK.Process(target=self._in_worker, args=(unit, receiver, sender, gpu))
            process.start()
            self.workers.append(Worker(process, receiver, unit, gpu, unit[0]))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            sender.close()

    def _in_worker(
        self, unit: Unit, receiver: Connection, sender: Connection, gpu: str | None
    ) -> None:
        for end in (
            receiver,
            *(worker.channel for worker in self.workers),
        ):  # the supervisor alone listens
            end.close()
        run_unit(unit, self.work, self.execute, sender, self.lines.shown, gpu)

    def _free_gpu(self) -> str | None:
        """The GPU with the fewest members on it."""
        used = [worker.gpu for worker in self.workers]
        return min(self.crew.gpus, key=used.count, default=None)

    def _listen(self, schedule: Schedule) -> None:
        """Wait until workers have something to say, or are over."""
        heard = wait([worker.channel for worker in self.workers], timeout=_LOOK_SECONDS)
        self._say_that_it_stops()
        for worker in [worker for worker in self.workers if worker.channel in heard]:
            try:
                self._hear(worker, worker.channel.recv())
            except (EOFError, OSError):
                self._end(worker)
                schedule.done(worker.unit)
        self.lines.refresh()

    def _hear(self, worker: Worker, message: Message) -> None:
        match message:
            case Began(name):
                worker.node = next(node for node in worker.unit if node.name == name)
                self.work.begin(worker.node)
                self.lines.began(worker.channel, worker.name, worker.node.name.rpartition(".")[2])
            case Trains(done, steps, facts):
                self.lines.trains(worker.channel, done, steps, facts)
            case Outcome():
                worker.outcome = message
            case logging.LogRecord():
                _show(message, worker.name if len(self.workers) > 1 else "")

    def _end(self, worker: Worker) -> None:
        """Take over what became of a unit whose worker is over."""
        worker.process.join()
        self.workers.remove(worker)
        self.lines.ended(worker.channel)
        worker.channel.close()
        if worker.outcome is None and self.stopped_by is not None:
            remove_traces(worker.unit, self.work.catalog)
            records.mark_interrupted(worker.node, self.work.catalog)
            return
        outcome = worker.outcome or self._killed(worker)
        self.work.take_over(worker.unit, outcome.ran, outcome.lost, outcome.failed)

    def _killed(self, worker: Worker) -> Outcome:
        """What a worker that was killed leaves: the node that it worked on failed, those after it
        cannot run.
        """
        code = worker.process.exitcode or 0
        error = Killed(_how(code), max(0, -code))
        remove_traces(worker.unit, self.work.catalog)
        records.mark_failed(worker.node, self.work.catalog, error)
        logger.error("%s failed: %s", worker.node.name, error)
        at = worker.unit.index(worker.node)
        names = tuple(node.name for node in worker.unit)
        return Outcome(frozenset(names[: at + 1]), names[at:], {worker.node.name: error})

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """The first signal asks all workers to end, a second one ends them at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, self._stop)
            for number in OUTSIDE
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, _frame: object) -> None:
        if number == signal.SIGHUP:
            self.lines.hide()  # the terminal is gone
        first, self.stopped_by = self.stopped_by is None, self.stopped_by or number
        for worker in self.workers:
            with suppress(ProcessLookupError):
                os.kill(worker.process.pid or 0, END if first else signal.SIGKILL)

    def _say_that_it_stops(self) -> None:
        """Tell the user, once; not in the handler, which may interrupt another line of the log."""
        if self.stopped_by is not None and not self._said:
            self._said = True
            logger.warning(
                "signal %d: trainings save their checkpoints and end; a second signal ends them at"
                " once",
                self.stopped_by,
            )

    def _kill(self) -> None:
        """End at once what still runs."""
        for worker in self.workers:
            worker.process.kill()
            worker.process.join()
            remove_traces(worker.unit, self.work.catalog)
            records.mark_interrupted(worker.node, self.work.catalog)


def _import_once(pipeline: Pipeline) -> None:
    """Import what nodes need here, where it is paid once, and not in each worker."""
    modules = {node.func.__module__ for node in pipeline.nodes} | {"torch"}
    if any("train" in node.tags for node in pipeline.nodes):
        modules.add("torch._dynamo")  # by the first step of an optimiser of torch, with sympy
    for module in modules - sys.modules.keys():
        importlib.import_module(module)


def _how(code: int) -> str:
    """How a process ended, by its exit code.

    >>> _how(-9)
    'killed by signal 9, probably out of memory'
    """
    if code >= 0:
        return f"its process ended with code {code} and without a result"
    reason = "probably out of memory" if -code == signal.SIGKILL else signal.strsignal(-code)
    return f"killed by signal {-code}, {reason}"


def _show(record: logging.LogRecord, name: str) -> None:
    """Log what a worker logged, with the name of that one where the text does not tell."""
    if name not in record.msg:
        record.msg = f"{name}: {record.msg}"
    logging.getLogger().handle(record)
