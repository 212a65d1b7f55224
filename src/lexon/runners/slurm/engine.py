"""Slurm, by its commands."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from lexon.errors import ConfigurationError
from lexon.runners.cluster.engine import Ticket, answer, call, text_of
from lexon.runners.cluster.script import Site
from lexon.runners.cluster.state import Progress
from lexon.runners.cluster.workflow import Workflow
from lexon.runners.slurm import batches, status
from lexon.runners.slurm.batches import Batch
from lexon.runners.slurm.retries import NOTES
from lexon.runners.slurm.settings import SlurmSettings

NUMBERS = "numbers.txt"  # of each batch, as sbatch gave them
TOGETHER = 200  # jobs that one command names
# Of the shell that submits, for sbatch; jobs get what their scripts export.
_KEPT = re.compile("PATH|HOME|USER|LOGNAME|LANG|SLURM_CONF|SLURM_CLUSTERS")


class Slurm:
    """The workflow is all its jobs, submitted at once; the queue keeps their order."""

    name = "Slurm"
    commands: tuple[str, ...] = ("sbatch", "squeue", "scancel", "scontrol")

    def __init__(self, settings: SlurmSettings) -> None:
        self.settings = settings

    def render(self, workflow: Workflow, site: Site) -> dict[str, str]:
        return batches.render(workflow, self.settings, site)

    def submit(self, ticket: Ticket, title: str) -> Ticket:  # noqa: ARG002
        """Nothing starts before all is submitted: the first jobs are held until then."""
        numbers: dict[str, str] = {}  # as other jobs wait for it, by job
        first: list[str] = []
        known = _batches(ticket)
        for batch in known:
            waits = _dependency(batch, numbers)
            number = self._sbatch(ticket, batch, waits or ["--hold"])
            first += [] if waits else [number]
            whole = len(batch.jobs) == 1
            numbers |= {
                job: number if whole else f"{number}_{place}"
                for place, job in enumerate(batch.jobs)
            }
        released = call(["scontrol", "release", ",".join(first)])
        if released is None or released.returncode:
            self._take_back(ticket)
            raise ConfigurationError(f"scontrol could not release jobs:\n{answer(released)}")
        return replace(ticket, cluster=int(first[0]))

    def poll(self, ticket: Ticket, names: list[str]) -> Progress:
        known = _batches(ticket)
        queue = self._queue(ticket, known)  # before the notes: they are complete when it is empty
        notes = {name: text_of(ticket.folder / NOTES / name) for name in names}
        jobs = status.parse(notes, queue, known)
        ended = [job for job in jobs.values() if job.state == "failed" and job.code is None]
        self._explain(ended, ticket)
        return status.progress(jobs, queue, known)

    def cancel(self, ticket: Ticket) -> None:
        """All but the report, which shows what was done until now; that too, where it alone is
        left.
        """
        known = _batches(ticket)
        queue = self._queue(ticket, known)
        if queue is None:
            raise ConfigurationError(f"squeue does not answer: {ticket} cannot be cancelled now")
        if not queue:
            raise ConfigurationError(f"{ticket}: none of its jobs is in the queue any more")
        report = {name for batch in known if batch.last for name in batch.jobs}
        others = {entry.number for name, entry in queue.items() if name not in report}
        self._remove(ticket, others or {entry.number for entry in queue.values()})

    def _queue(self, ticket: Ticket, known: list[Batch]) -> dict[str, status.Entry] | None:
        """What is in the queue, from one question whatever the number of jobs."""
        listed = call(
            ["squeue", "--noheader", "--array", "--user", ticket.owner, "--format", status.FORMAT]
        )
        if listed is None or listed.returncode:
            return None
        return status.entries(listed.stdout, _numbers(ticket), str(ticket.folder), known)

    def _explain(self, jobs: list[status.NotedStatus], ticket: Ticket) -> None:
        """Why Slurm ended jobs: from their output, and from its accounting where there is one."""
        if not jobs:
            return
        known = status.causes(text_of(ticket.folder / batches.SLURM_LOG))
        silent = [job.number for job in jobs if job.number and job.number not in known]
        if silent:
            fields = ["--noheader", "--parsable2", "--allocations", "--format", "JobIDRaw,State"]
            asked = call(["sacct", *fields, "--jobs", ",".join(silent[:TOGETHER])])
            known |= status.accounted(asked.stdout) if asked and not asked.returncode else {}
        for job in jobs:
            job.reason = known.get(job.number, job.reason)

    def _sbatch(self, ticket: Ticket, batch: Batch, options: list[str]) -> str:
        file = f"{batch.name}.sbatch"
        clean = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}
        done = call(["sbatch", "--parsable", "--export=ALL", *options, file], ticket.folder, clean)
        number = re.match(r"\d+", done.stdout) if done is not None and not done.returncode else None
        if number is None:
            self._take_back(ticket)
            raise ConfigurationError(f"sbatch refused {ticket.folder / file}:\n{answer(done)}")
        with (ticket.folder / NUMBERS).open("a", encoding="utf-8") as file_of_numbers:
            file_of_numbers.write(f"{batch.name} {number[0]}\n")
        return number[0]

    def _take_back(self, ticket: Ticket) -> None:
        """Remove what was submitted of a workflow that cannot be submitted whole."""
        self._remove(ticket, _numbers(ticket))

    def _remove(self, ticket: Ticket, numbers: Iterable[str]) -> None:
        together = sorted(numbers)
        for first in range(0, len(together), TOGETHER):
            removed = call(["scancel", *together[first : first + TOGETHER]])
            if removed is None or removed.returncode:
                raise ConfigurationError(f"scancel could not remove {ticket}:\n{answer(removed)}")


def _batches(ticket: Ticket) -> list[Batch]:
    return batches.from_json(text_of(ticket.folder / batches.BATCHES))


def _numbers(ticket: Ticket) -> list[str]:
    return [line.split()[-1] for line in text_of(ticket.folder / NUMBERS).splitlines()]


def _dependency(batch: Batch, numbers: Mapping[str, str]) -> list[str]:
    """What sbatch is told of the jobs that this one waits for."""
    if batch.last:
        others = {number.partition("_")[0] for number in numbers.values()}
        return [f"--dependency=afterany:{':'.join(sorted(others))}"]
    parents = [numbers[job] for job in batch.after]
    return [f"--dependency=afterok:{':'.join(parents)}"] if parents else []
