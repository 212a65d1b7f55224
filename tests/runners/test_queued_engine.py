"""Workflows on a batch system that is neither Slurm nor HTCondor, but has jobs and job arrays: what
it must do for that, and what becomes of a workflow whose command is killed while it submits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import yaml

from lexon.errors import ConfigurationError
from lexon.runners.cluster.engine import Ticket, new_ticket
from lexon.runners.cluster.queued import numbers
from lexon.runners.cluster.queued.batches import Batch
from lexon.runners.cluster.queued.engine import QueuedEngine
from lexon.runners.cluster.queued.filling import Filling
from lexon.runners.cluster.queued.numbers import Number
from lexon.runners.cluster.queued.settings import QueuedSettings
from lexon.runners.cluster.queued.states import Entry, Listed, NotedStatus
from lexon.runners.cluster.script import Site
from lexon.runners.cluster.workflow import Job, Workflow
from lexon.runners.slurm.options import IN_JOB

ROOT = Path(__file__).parents[2]
WORKFLOW = Workflow(
    (
        Job("data", "data", ()),
        Job("free", "baseline", ()),
        Job("max", "member", (), ("data",)),
        Job("mean", "member", (), ("data",)),
        Job("late", "pretrain", (), ("mean",)),
    ),
    Job("report", "report", ()),
)
NAMES = [job.name for job in WORKFLOW.all]


class Settings(QueuedSettings):
    group: ClassVar[str] = "pbs"


class Killed(BaseException):
    """The command that submits is killed."""


@dataclass
class Waiting:
    """A job in the queue."""

    folder: Path
    batch: Batch
    waits: Sequence[Number]
    held: bool


class Pbs:
    """A batch system in memory.

    Attributes:
        jobs: that are in the queue.
        killed_at: changes of the queue until the command is killed that asks for the next one.
        done_first: that change is made, though the command does not learn of it.
        refused: the batch that it does not accept.
    """

    name, commands, suffix, in_job = "PBS", ("qsub", "qstat"), "pbs", IN_JOB

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.jobs: dict[Number, Waiting] = {}
        self.killed_at, self.done_first, self.refused = 1000, False, ""
        self._arrays: Iterator[int] = iter(range(11, 1000))

    def largest_array(self) -> int | None:
        return None

    def options(self, batch: Batch, site: Site, at_once: int | None) -> list[str]:
        return [f"#PBS -N {batch.name}"]

    def submit(
        self, folder: Path, batch: Batch, places: Sequence[int], waits: Sequence[Number], hold: bool
    ) -> str | None:
        assert list(places) == list(range(places[0], places[-1] + 1))
        if batch.name == self.refused:
            raise ConfigurationError("qsub: no such queue")
        self._change(before=True)
        array = str(next(self._arrays))
        for place in places:
            number = Number(array, place if len(batch.jobs) > 1 else None)
            self.jobs[number] = Waiting(folder, batch, waits, hold)
        self._change()
        return array

    def release(self, arrays: Sequence[str], ticket: Ticket) -> None:
        self._change(before=True)
        for number, job in self.jobs.items():
            job.held = job.held and number.array not in arrays
        self._change()

    def remove(self, arrays: Sequence[str], ticket: Ticket) -> None:
        self.jobs = {number: job for number, job in self.jobs.items() if number.array not in arrays}

    def queue(self, owner: str) -> list[Listed] | None:
        return [
            Listed(Entry(number, self._state(job)), job.batch.name, str(job.folder))
            for number, job in self.jobs.items()
        ]

    def ends(self, folder: Path, jobs: Mapping[str, NotedStatus]) -> dict[str, str | None]:
        return {}

    def run(self) -> list[str]:
        """Let jobs run until none can; their names, in this order."""
        ran = []
        while ready := [n for n, job in self.jobs.items() if self._state(job) == "queued"]:
            job = self.jobs.pop(ready[0])
            ran.append(job.batch.jobs[ready[0].place or 0])
            (job.folder / "state" / ran[-1]).write_text("1 began 1 vm 1\n2 ended 0 done\n")
        return ran

    def _state(self, job: Waiting):
        if job.held:
            return "held"
        there = {*self.jobs, *(Number(number.array) for number in self.jobs)}
        return "queued" if there.isdisjoint(job.waits) else "waiting"

    def _change(self, before: bool = False) -> None:
        self.killed_at -= before
        if self.killed_at < 0 and before != self.done_first:
            raise Killed


@pytest.fixture
def system() -> Pbs:
    base = yaml.safe_load((ROOT / "conf/base/runner.yml").read_text())["slurm"]
    return Pbs(Settings.read(base))


@pytest.fixture
def ticket(tmp_path, system) -> Ticket:
    (tmp_path / "state").mkdir()
    files = QueuedEngine(system).render(WORKFLOW, Site(tmp_path, tmp_path, "python", {}))
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return new_ticket(tmp_path, "2026-11-21 08:00:00", "PBS")


def test_any_batch_system_with_job_arrays_runs_a_workflow(system, ticket):
    engine = QueuedEngine(system)
    assert "#PBS -N members_1" in (ticket.folder / "members_1.pbs").read_text().splitlines()
    complete = engine.submit(ticket, "title")
    assert complete.cluster == 11
    assert str(complete).startswith("PBS job 11 of ")
    assert " ".join(job.state for job in engine.poll(complete, NAMES).jobs.values()) == (
        "queued queued waiting waiting waiting waiting"
    )
    ran = system.run()
    assert sorted(ran) == sorted(NAMES)
    assert ran[-1] == "report"
    assert engine.poll(complete, NAMES).over


@pytest.mark.parametrize("done_first", [False, True])
@pytest.mark.parametrize("killed_at", range(6))
def test_a_command_killed_while_it_submits_is_typed_again_and_goes_on(
    system, ticket, killed_at, done_first
):
    """At any of five submissions and the release that follows, before and after the batch system
    did as it was told.
    """
    engine = QueuedEngine(system)
    system.killed_at, system.done_first = killed_at, done_first
    with pytest.raises(Killed):
        engine.submit(ticket, "title")
    system.killed_at = 1000
    everything = (killed_at, done_first) == (5, True)
    now = engine.poll(ticket, NAMES)
    if not everything:
        assert not system.run(), "nothing begins before all is submitted"
        assert now.named("unsubmitted"), "so the same command has something to do"
        assert "not all is submitted" in now.jobs[now.named("unsubmitted")[0]].reason
        assert not now.over
    complete = engine.submit(ticket, "title")
    assert complete.cluster == 11
    assert not engine.poll(complete, NAMES).named("unsubmitted", "held")
    ran = system.run()
    assert sorted(ran) == sorted(NAMES), "each once"
    assert ran.index("data") < ran.index("max")
    assert ran[-1] == "report"
    assert engine.poll(complete, NAMES).over


def test_jobs_between_those_that_are_left_are_neither_submitted_nor_dropped(system, tmp_path):
    batch = Batch("members_1", "member", ("a", "b", "c", "d", "e"))
    Filling(system, tmp_path, {}, begun=False).fill([batch], {"a", "c", "d"})
    assert sorted(batch.jobs[number.place] for number in system.jobs) == ["a", "c", "d"]
    assert numbers.read(tmp_path, [batch]).keys() == {"a", "c", "d"}
    (tmp_path / "dropped").mkdir()
    numbers.add(tmp_path / "dropped", batch, [1, 4], numbers.DROPPED.array)
    assert numbers.read(tmp_path / "dropped", [batch]).keys() == {"b", "e"}


def test_what_its_owner_holds_stays_held_once_a_workflow_has_begun(system, ticket):
    engine = QueuedEngine(system)
    complete = engine.submit(ticket, "title")
    system.jobs[Number("11")].held = True
    now = engine.poll(complete, NAMES)
    assert now.jobs["data"].state == "held"
    assert not now.named("unsubmitted")
    assert engine.submit(complete, "title") == complete
    assert system.jobs[Number("11")].held


@pytest.mark.parametrize("refused", ["data", "members_1", "report"])
def test_a_workflow_that_is_refused_is_over_so_that_the_same_command_begins_anew(
    system, ticket, refused
):
    engine = QueuedEngine(system)
    system.refused = refused
    with pytest.raises(ConfigurationError, match="no such queue"):
        engine.submit(ticket, "title")
    assert not system.jobs
    now = engine.poll(ticket, NAMES)
    assert now.over, "with what was put right there are other files"
    assert not now.named("unsubmitted")


def test_a_workflow_killed_while_it_is_submitted_can_be_cancelled(system, ticket):
    engine = QueuedEngine(system)
    system.killed_at = 2
    with pytest.raises(Killed):
        engine.submit(ticket, "title")
    system.killed_at = 1000
    engine.cancel(ticket)
    assert system.run() == ["report"], "it shows what was done until then"
    assert engine.poll(ticket, NAMES).over
