"""State of each job, from its own notes and from the queue.

Where the queue knows a job, it has the last word on whether that waits or runs; where it does not,
the job's notes say how it ended. The batch system is asked only for jobs that wrote no end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from lexon.runners.cluster.queued.batches import Batch
from lexon.runners.cluster.queued.job_script import GOES_ON
from lexon.runners.cluster.queued.numbers import DROPPED, Number
from lexon.runners.cluster.state import JobStatus, Progress, State

NOT_YET = "a limit of the site; the same `kedro run` submits them as others end"
NOT_ALL = "not all is submitted yet; where its command was ended, the same `kedro run` goes on"
NEVER_BEGAN = "removed from the queue before it began, or its machine does not see this folder"
NO_LAST_WORD = "removed from the queue, or killed with its machine"


@dataclass(frozen=True)
class Entry:
    """A job in the queue.

    Attributes:
        state: waiting: for other jobs; ending: it has just ended, as its notes say.
        reason: why it waits or is held, in words.
    """

    number: Number
    state: Literal["waiting", "queued", "held", "running", "ending"]
    reason: str = ""


@dataclass(frozen=True)
class Listed:
    """A line of the queue.

    Attributes:
        batch: the name that the job has there.
        folder: of its workflow, empty where the queue does not tell.
    """

    entry: Entry
    batch: str
    folder: str


@dataclass
class NotedStatus(JobStatus):
    """A job as its notes have it.

    Attributes:
        number: that it was given; None before it is submitted.
        log_number: the number under which the batch system's messages name its last start.
        word: for its last end.
        absent: the queue answers and does not know it.
    """

    number: Number | None = None
    log_number: str = ""
    word: str = ""
    absent: bool = False

    @property
    def never_done(self) -> bool:
        """It failed, or will not run."""
        return self.state == "failed" or (self.absent and self.state == "waiting")

    def read(self, notes: str) -> None:
        """Take in the notes; the last line may be cut off."""
        for line in notes.splitlines():
            match line.split():
                case [time, "began", number_of_try, _, log_number]:
                    self.becomes("running", float(time))
                    self.tries, self.log_number = int(number_of_try), log_number
                case [time, "ended", code, word]:
                    ended: State = "done" if word == "done" else "failed"
                    self.becomes("queued" if word in GOES_ON else ended, float(time))
                    self.code, self.word = int(code), word

    def in_queue(self, entry: Entry) -> None:
        """Take in what the queue knows."""
        if entry.state == "ending":
            return
        goes_on = entry.state == "waiting" and self.starts
        self.state, self.reason = "queued" if goes_on else entry.state, entry.reason

    def not_in_queue(self, parents: Iterable[NotedStatus]) -> None:
        """The queue does not know it: yet, or any more.

        Args:
            parents: the jobs without which it cannot begin.
        """
        self.absent = True
        if self.number is None and self.state == "waiting":
            if not any(job.never_done for job in parents):
                self.state, self.reason = "unsubmitted", NOT_YET
        elif self.number != DROPPED:
            self._left_queue(parents)

    def _left_queue(self, parents: Iterable[JobStatus]) -> None:
        """Whatever it still had to do, it will not."""
        never_began = self.state == "waiting" and all(job.state == "done" for job in parents)
        ended_from_outside = self.state == "failed" and self.word != "failed"
        if never_began:
            self.state, self.reason = "failed", NEVER_BEGAN
        elif self.state in ("running", "queued") or ended_from_outside:
            self.state, self.code, self.reason = "failed", None, NO_LAST_WORD

    def ended(self, reason: str | None) -> None:
        """Take in what the batch system says of its end: why, or None where it is done."""
        if reason is None:
            self.state, self.code, self.reason = "done", 0, ""
        else:
            self.reason = reason


def entries(
    listed: Iterable[Listed], arrays: Iterable[str], folder: str, batches: Iterable[Batch]
) -> dict[str, Entry]:
    """The jobs of a workflow that are in the queue, by name.

    Args:
        arrays: numbers that were given; a job that was submitted in the moment before its command
            was killed is found by its folder.
    """
    jobs, own = {batch.name: batch.jobs for batch in batches}, set(arrays)
    return {
        jobs[line.batch][line.entry.number.place or 0]: line.entry
        for line in listed
        if line.batch in jobs and (line.entry.number.array in own or line.folder == folder)
    }


def states(
    notes: Mapping[str, str],
    queue: Mapping[str, Entry] | None,
    batches: Iterable[Batch],
    numbers: Mapping[str, Number],
) -> dict[str, NotedStatus]:
    """The state of each job.

    Args:
        notes: the text of each job's notes, by its name.
        queue: what is in it; None where it does not answer.
        batches: each after those that it waits for.
        numbers: of what was submitted, by the name of the job.
    """
    jobs = {name: NotedStatus(number=numbers.get(name)) for name in notes}
    for name, job in jobs.items():
        job.read(notes[name])
    if queue is None:
        return jobs
    for batch in batches:
        parents = [jobs[name] for name in batch.after]
        for name in batch.jobs:
            if name in queue:
                jobs[name].in_queue(queue[name])
            else:
                jobs[name].not_in_queue(parents)
    return jobs


def not_begun(jobs: Mapping[str, NotedStatus]) -> None:
    """Of a workflow whose first jobs are held until all are submitted: these are not submitted for
    good either.
    """
    for job in jobs.values():
        if job.state in ("unsubmitted", "held"):
            job.state, job.reason = "unsubmitted", NOT_ALL


def progress(
    jobs: Mapping[str, NotedStatus], queue: Mapping[str, Entry] | None, batches: Iterable[Batch]
) -> Progress:
    """The whole of it: a workflow is over when the queue has none of its jobs, or, by its notes,
    when the report has ended, or each job where there is none.
    """
    over = {name for name, job in jobs.items() if job.state in ("done", "failed")}
    last = {name for batch in batches if batch.last for name in batch.jobs}
    ended = (last or jobs.keys()) <= over
    if queue is None:
        return Progress({**jobs}, ended, "unknown")
    left = any(entry.state != "ending" or name not in over for name, entry in queue.items())
    return Progress({**jobs}, ended, "alive" if left else "gone")
