"""Slurm, by its commands."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lexon.errors import ConfigurationError
from lexon.runners.cluster.engine import Ticket, answer_of, call, text_of
from lexon.runners.cluster.script import Site
from lexon.runners.cluster.state import Progress
from lexon.runners.cluster.workflow import Workflow
from lexon.runners.slurm import batches, numbers, status
from lexon.runners.slurm.batches import Batch
from lexon.runners.slurm.retries import NOTES
from lexon.runners.slurm.settings import SlurmSettings
from lexon.runners.slurm.status import Entry, NotedStatus

PATIENCE = 240  # seconds: sbatch itself tries for two minutes where the cluster is full
TOGETHER = 200  # jobs that one command names
# Of the shell that submits, for sbatch; jobs get what their scripts export.
_KEPT = re.compile("PATH|HOME|USER|LOGNAME|LANG|SLURM_CONF|SLURM_CLUSTERS")
# Answers of sbatch where a user, an account or the cluster has as many jobs as it may have.
_NO_MORE = re.compile(r"Submit\w*(?:Limit|PerAccount)|temporarily un")


class Slurm:
    """The workflow is all its jobs; the queue keeps their order."""

    name = "Slurm"
    commands: tuple[str, ...] = ("sbatch", "squeue", "scancel", "scontrol")

    def __init__(self, settings: SlurmSettings) -> None:
        self.settings = settings

    def render(self, workflow: Workflow, site: Site) -> dict[str, str]:
        return batches.render(workflow, self.settings, site, self._array_size())

    def submit(self, ticket: Ticket, title: str) -> Ticket:  # noqa: ARG002
        """Submit what is not submitted yet, as much of it as the site allows.

        The first jobs are held until then: where one is refused for good, none has started.
        """
        now = _look(ticket)
        if now.queue is None and now.numbers:
            return ticket  # what the others would wait for is known when it answers
        now = replace(now, queue=now.queue or {})
        try:
            first = self._fill(ticket, now)
            if first and not now.numbers:
                released = call(["scontrol", "release", ",".join(first)])
                answer_of(released, f"scontrol could not release {ticket}")
        except ConfigurationError:
            if not now.numbers:
                _remove(ticket, numbers.read(ticket.folder, now.batches).values())
            raise
        return replace(ticket, cluster=int(first[0])) if first and not ticket.cluster else ticket

    def poll(self, ticket: Ticket, names: list[str]) -> Progress:
        now = _look(ticket)
        jobs = now.jobs(names)
        _explain({name: job for name, job in jobs.items() if job.lost}, ticket, now.numbers)
        return status.progress(jobs, now.queue, now.batches)

    def cancel(self, ticket: Ticket) -> None:
        """All but the report, which shows what was done until now; that too, where it alone is
        left.
        """
        now = _look(ticket)
        if now.queue is None:
            raise ConfigurationError(f"squeue does not answer: {ticket} cannot be cancelled now")
        left = now.left
        if not now.queue and not left:
            raise ConfigurationError(f"{ticket}: none of its jobs is in the queue any more")
        for batch in now.batches:
            if not batch.last and (places := batch.places(left)):
                numbers.add(ticket.folder, batch, places, numbers.DROPPED)
        report = {name for batch in now.batches if batch.last for name in batch.jobs}
        others = [entry.number for name, entry in now.queue.items() if name not in report]
        _remove(ticket, others or [entry.number for entry in now.queue.values()])
        if left & report:
            self.submit(ticket, "")

    def _array_size(self) -> int:
        """Jobs of the largest array that the settings and the site allow."""
        shown = call(["scontrol", "show", "config"])
        found = shown and re.search(r"^MaxArraySize\s*=\s*(\d+)", shown.stdout, re.MULTILINE)
        most = self.settings.array_size
        return max(1, min(most, int(found[1]) - 1)) if found else most

    def _fill(self, ticket: Ticket, now: Seen) -> list[str]:
        """Submit until nothing is left or the site allows no more: whole batches at first, half as
        many jobs after each refusal; in a later call one job, and twice as many each time.

        Returns:
            The numbers of what waits for no other job.
        """
        left, first = now.left, []
        in_queue = {name: entry.number for name, entry in (now.queue or {}).items()}
        size, factor = (1, 2) if now.numbers else (len(left), 1)
        for batch in now.batches:
            waits, places = _dependency(batch, in_queue), batch.places(left)
            while places and size:
                part = places[:size]
                free = self._below_max_jobs(batch, part, len(in_queue))
                options = waits or ([] if now.numbers else ["--hold"])
                number = self._sbatch(ticket, batch, part, options) if free else None
                if number is None:
                    size, factor = len(part) // 2, 1
                    continue
                first += [] if waits else [number]
                in_queue |= numbers.of_jobs(batch, part, number)
                size, places = size * factor, places[len(part) :]
        return first

    def _below_max_jobs(self, batch: Batch, part: Sequence[int], in_queue: int) -> bool:
        """The throttle of an array holds for it alone: parts of one are kept below it together."""
        most, whole = self.settings.max_jobs, len(part) == len(batch.jobs)
        return whole or most is None or in_queue + len(part) <= most

    def _sbatch(
        self, ticket: Ticket, batch: Batch, places: Sequence[int], options: list[str]
    ) -> str | None:
        """Submit a part of a batch, and note its number; None where the site allows no more."""
        file = f"{batch.name}.sbatch"
        if len(places) < len(batch.jobs):
            options = [*options, f"--array={places[0]}-{places[-1]}"]
        clean = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}
        command = ["sbatch", "--parsable", "--export=ALL", *options, file]
        done = call(command, ticket.folder, clean, PATIENCE)
        if done is not None and done.returncode and _NO_MORE.search(done.stderr):
            return None
        answered = answer_of(done, f"sbatch refused {ticket.folder / file}").stdout
        number = answered.partition(";")[0].strip()  # NUMBER;CLUSTER where there are several
        numbers.add(ticket.folder, batch, places, number)
        return number


@dataclass(frozen=True)
class Seen:
    """A workflow as its files and the queue have it.

    Attributes:
        batches: all that there are.
        numbers: of what was submitted, by the name of the job.
        queue: what is in it, by the name of the job; None where it does not answer.
    """

    folder: Path
    batches: list[Batch]
    numbers: dict[str, str]
    queue: dict[str, Entry] | None

    def jobs(self, names: Iterable[str]) -> dict[str, NotedStatus]:
        """The state of each job; `names` are all of them."""
        notes = {name: text_of(self.folder / NOTES / name) for name in names}
        return status.parse(notes, self.queue, self.batches, self.numbers)

    @property
    def left(self) -> set[str]:
        """Names of the jobs that are still to be submitted."""
        jobs = self.jobs(name for batch in self.batches for name in batch.jobs)
        return {name for name, job in jobs.items() if job.state == "unsubmitted"}


def _look(ticket: Ticket) -> Seen:
    """Numbers, queue and notes, in this order: a job that ends or is submitted meanwhile is in one
    of them; the queue is asked one question, whatever the number of jobs.
    """
    known = batches.from_json(text_of(ticket.folder / batches.BATCHES))
    given = numbers.read(ticket.folder, known)
    listed = call(
        ["squeue", "--noheader", "--array", "--user", ticket.owner, "--format", status.FORMAT]
    )
    queue = None
    if listed is not None and not listed.returncode:
        own = numbers.arrays(given.values())
        queue = status.entries(listed.stdout, own, str(ticket.folder), known)
    return Seen(ticket.folder, known, given, queue)


def _remove(ticket: Ticket, jobs: Iterable[str]) -> None:
    together = numbers.arrays(jobs)
    for first in range(0, len(together), TOGETHER):
        done = call(["scancel", *together[first : first + TOGETHER]])
        answer_of(done, f"scancel could not remove {ticket}")


def _dependency(batch: Batch, in_queue: Mapping[str, str]) -> list[str]:
    """What sbatch is told of the jobs in the queue that these wait for; those that have left it are
    done.
    """
    if batch.last:
        others = numbers.arrays(in_queue.values())
        return [f"--dependency=afterany:{':'.join(others)}"] if others else []
    parents = [in_queue[job] for job in batch.after if job in in_queue]
    return [f"--dependency=afterok:{':'.join(parents)}"] if parents else []


def _explain(jobs: Mapping[str, NotedStatus], ticket: Ticket, given: Mapping[str, str]) -> None:
    """How jobs ended that did not say it themselves: from what Slurm wrote into their output, and
    from its accounting, which has the last word where there is one.
    """
    if not jobs:
        return
    causes = status.causes(text_of(ticket.folder / batches.SLURM_LOG))
    ended = _accounted([given[name] for name in jobs if name in given])
    for name, job in jobs.items():
        job.reason = causes.get(job.number, job.reason)
        job.accounted(ended.get(given.get(name, ""), ""))


def _accounted(of_jobs: list[str]) -> dict[str, str]:
    """Slurm's word for the end of each job, by its number."""
    fields = ["--noheader", "--parsable2", "--allocations", "--format", "JobID,State"]
    found: dict[str, str] = {}
    for first in range(0, len(of_jobs), TOGETHER):
        asked = call(["sacct", *fields, "--jobs", ",".join(of_jobs[first : first + TOGETHER])])
        if asked is None or asked.returncode:
            return found
        found |= status.accounted(asked.stdout)
    return found
