"""The engine of batch systems whose jobs are all in the queue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from lexon.errors import ConfigurationError
from lexon.runners.cluster.engine import Ticket, text_of
from lexon.runners.cluster.queued import batches, numbers, states
from lexon.runners.cluster.queued.batches import BATCHES, Batch
from lexon.runners.cluster.queued.filling import Filling
from lexon.runners.cluster.queued.job_script import NOTES, job_script
from lexon.runners.cluster.queued.numbers import DROPPED, Number
from lexon.runners.cluster.queued.states import Entry, NotedStatus
from lexon.runners.cluster.queued.system import BatchSystem
from lexon.runners.cluster.script import SCRIPT, Site
from lexon.runners.cluster.state import Progress
from lexon.runners.cluster.workflow import Workflow

TOGETHER = 200  # jobs that one command names


class QueuedEngine:
    """The workflow is all its jobs; the queue keeps their order."""

    def __init__(self, system: BatchSystem) -> None:
        self.system = system
        self.name, self.commands, self.settings = system.name, system.commands, system.settings

    def render(self, workflow: Workflow, site: Site) -> dict[str, str]:
        found = batches.batches(workflow, self._array_size())
        at_once = batches.at_once(found, self.settings.max_jobs)
        in_job = self.system.in_job
        files = {BATCHES: batches.to_json(found), SCRIPT: job_script(in_job, self.settings, site)}
        for batch in found:
            options = self.system.options(batch, site, at_once)
            text = batches.batch_script(batch, options, in_job, self.settings, site)
            files[f"{batch.name}.{self.system.suffix}"] = text
        return files

    def submit(self, ticket: Ticket, title: str) -> Ticket:  # noqa: ARG002
        """Submit what is not submitted yet, as much of it as the site allows.

        The first jobs are held until then, and the ticket has no number: where one is refused for
        good, none has started, and where this ends in the middle, a later call goes on.
        """
        now, begun = self._look(ticket), ticket.cluster is not None
        if now.queue is None and now.numbers:
            return ticket  # what the others would wait for is known when it answers
        now = replace(now, queue=now.queue or {})
        filling = Filling(self.system, ticket.folder, now.in_queue, begun)
        try:
            filling.fill(now.batches, now.left)
            if held := [*now.held, *filling.held]:
                self.system.release(held, ticket)
        except ConfigurationError:
            if not begun:
                self._take_back(ticket)
            raise
        if begun or not filling.in_queue:
            return ticket
        return replace(ticket, cluster=min(map(int, numbers.arrays(filling.in_queue.values()))))

    def poll(self, ticket: Ticket, names: list[str]) -> Progress:
        now = self._look(ticket)
        jobs = {name: now.jobs[name] for name in names}
        for lost in _together([name for name, job in jobs.items() if job.lost]):
            ends = self.system.ends(ticket.folder, {name: jobs[name] for name in lost})
            for name, reason in ends.items():
                jobs[name].ended(reason)
        return states.progress(jobs, now.queue, now.batches)

    def cancel(self, ticket: Ticket) -> None:
        """All but the report, which shows what was done until now; that too, where it alone is
        left.
        """
        now = self._look(ticket)
        if now.queue is None:
            shows = self.commands[1]
            raise ConfigurationError(f"{shows} does not answer: {ticket} cannot be cancelled now")
        if not now.queue and not now.left:
            raise ConfigurationError(f"{ticket}: none of its jobs is in the queue any more")
        report = {name for batch in now.batches if batch.last for name in batch.jobs}
        now.drop(now.left - report)
        others = [number for name, number in now.in_queue.items() if name not in report]
        self._remove(others or now.in_queue.values(), ticket)
        if now.left & report:
            self.submit(ticket, "")

    def _array_size(self) -> int:
        """Jobs of the largest array that the settings and the site allow."""
        most, allowed = self.settings.array_size, self.system.largest_array()
        return most if allowed is None else max(1, min(most, allowed))

    def _take_back(self, ticket: Ticket) -> None:
        """Remove a workflow that cannot be submitted as a whole: the same command begins anew."""
        now = self._look(ticket)
        self._remove({**now.numbers, **now.in_queue}.values(), ticket)
        now.drop(set(now.jobs))

    def _remove(self, jobs: Iterable[Number], ticket: Ticket) -> None:
        for arrays in _together(numbers.arrays(jobs)):
            self.system.remove(arrays, ticket)

    def _look(self, ticket: Ticket) -> Seen:
        """Numbers, queue and notes, in this order: a job that ends or is submitted meanwhile is in
        one of them; the queue is asked one question, whatever the number of jobs.
        """
        folder, begun = ticket.folder, ticket.cluster is not None
        known = batches.from_json(text_of(folder / BATCHES))
        given = numbers.read(folder, known)
        listed = self.system.queue(ticket.owner)
        if listed is None:
            return Seen(folder, known, given, None, begun)
        own = numbers.arrays(given.values())
        queue = states.entries(listed, own, str(folder), known)
        return Seen(folder, known, given, queue, begun)


@dataclass(frozen=True)
class Seen:
    """A workflow as its files and the queue have it.

    Attributes:
        batches: all that there are.
        numbers: of what was submitted, by the name of the job.
        queue: what is in it, by the name of the job; None where it does not answer.
        begun: jobs may run; else the first ones are held.
    """

    folder: Path
    batches: list[Batch]
    numbers: dict[str, Number]
    queue: dict[str, Entry] | None
    begun: bool

    @cached_property
    def jobs(self) -> dict[str, NotedStatus]:
        """The state of each job."""
        names = [name for batch in self.batches for name in batch.jobs]
        notes = {name: text_of(self.folder / NOTES / name) for name in names}
        jobs = states.states(notes, self.queue, self.batches, self.numbers)
        if not self.begun:
            states.not_begun(jobs)
        return jobs

    @property
    def left(self) -> set[str]:
        """Names of the jobs that are still to be submitted."""
        return self._unsubmitted - self.in_queue.keys()

    @property
    def held(self) -> list[str]:
        """The arrays that are held until all are submitted."""
        held = self._unsubmitted & self.in_queue.keys()
        return numbers.arrays(self.in_queue[name] for name in held)

    @property
    def _unsubmitted(self) -> set[str]:
        return {name for name, job in self.jobs.items() if job.state == "unsubmitted"}

    @property
    def in_queue(self) -> dict[str, Number]:
        """Numbers of the jobs in the queue, by name."""
        return {name: entry.number for name, entry in (self.queue or {}).items()}

    def drop(self, names: set[str]) -> None:
        """Note that these will not be submitted."""
        for batch in self.batches:
            if places := batch.places(names):
                numbers.add(self.folder, batch, places, DROPPED.array)


def _together(words: list[str]) -> Iterator[list[str]]:
    """As many as one command may name."""
    return (words[first : first + TOGETHER] for first in range(0, len(words), TOGETHER))
