"""State of each job, from its own notes and from the queue.

Where the queue knows a job, it has the last word on whether that waits or runs; where it does not,
the job's notes say how it ended. Slurm's accounting is asked only for jobs that wrote no end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lexon.runners.cluster.state import JobStatus, Progress
from lexon.runners.slurm.batches import Batch
from lexon.runners.slurm.numbers import DROPPED
from lexon.runners.slurm.retries import GOES_ON

# One line a job: name of the batch, number of the whole array, place in it, state, reason, comment.
FORMAT = "%j|%F|%K|%T|%r|%k"
# Slurm's reasons, by how they begin, in words.
REASONS = {
    "Priority": "jobs with a higher priority come first",
    "Resources": "waits for a free machine",
    "Dependency": "waits for other jobs",
    "DependencyNeverSatisfied": "a job that it needs failed: it will never run",
    "BeginTime": "starts again in a moment",
    "JobArrayTaskLimit": "as many jobs as max_jobs allows run",
    "QOS": "a limit of the quality of service (qos) is reached",
    "Assoc": "a limit of the account is reached",
    "MaxGRES": "a limit on GPUs is reached",
    "PartitionTimeLimit": "asks for more time than the partition allows: lower minutes",
    "PartitionNodeLimit": "asks for more than the partition has",
    "PartitionDown": "the partition is down",
    "PartitionInactive": "the partition is closed",
    "BadConstraints": "no machine has what it asks for",
    "ReqNodeNotAvail": "machines that it needs are down, drained or reserved",
    "Nodes required": "machines that it needs are down, drained or reserved",
    "NodeDown": "its machine is down",
    "JobHeldUser": "held by its owner: scontrol release, or kedro cluster cancel",
    "JobHeldAdmin": "held by the cluster's administrators: ask them",
    "Licenses": "waits for a licence",
    "Reservation": "waits for its reservation",
    "InvalidAccount": "the account is not valid",
    "InvalidQOS": "the quality of service (qos) is not valid",
}
# With these nothing will happen before somebody does something.
NEVER = ("DependencyNeverSatisfied", "Partition", "BadConstraints", "Invalid")
NOT_YET = "a limit of the site; the same `kedro run` submits them as others end"
NEVER_BEGAN = "removed from the queue before it began, or its machine does not see this folder"
NO_LAST_WORD = "removed from the queue, or killed with its machine"
# Slurm's words for the end of a job.
ENDS = {
    "CANCELLED": "cancelled",
    "TIMEOUT": "it reached its time limit",
    "OUT_OF_MEMORY": "out of memory",
    "NODE_FAIL": "its machine failed",
}
_KILLED = re.compile(r"\*\*\* JOB (\d+) ON \S+ CANCELLED AT \S+(?: DUE TO ([\w ]+))? \*\*\*")
_CAUSES = {"": ENDS["CANCELLED"], "TIME LIMIT": ENDS["TIMEOUT"]}


@dataclass(frozen=True)
class Entry:
    """A job in the queue.

    Attributes:
        number: ARRAY_PLACE where it belongs to an array.
    """

    state: str
    reason: str
    number: str = ""


@dataclass
class NotedStatus(JobStatus):
    """A job as its notes have it.

    Attributes:
        number: Slurm's.
        word: for its last end; one of Slurm's states where Slurm ended it.
    """

    number: str = ""
    word: str = ""

    @property
    def lost(self) -> bool:
        """It failed without an exit code."""
        return self.state == "failed" and self.code is None

    def read(self, notes: str) -> None:
        """Take in the notes; the last line may be cut off."""
        for line in notes.splitlines():
            match line.split():
                case [time, "began", number_of_try, _, number]:
                    self.count_time(float(time))
                    self.state, self.tries, self.number = "running", int(number_of_try), number
                    self.starts += 1
                case [time, "ended", code, word]:
                    self.count_time(float(time))
                    self.code, self.word = int(code), word
                    self.state = (
                        "done" if word == "done" else "queued" if word in GOES_ON else "failed"
                    )

    def in_queue(self, entry: Entry) -> None:
        """Take in what the queue knows."""
        match entry.state:
            case "PENDING" if "held" in entry.reason.lower() or entry.reason.startswith(NEVER):
                self.state, self.reason = "held", in_words(entry.reason)
            case "PENDING":
                first = entry.reason == "Dependency" and not self.starts
                self.state, self.reason = "waiting" if first else "queued", in_words(entry.reason)
            case "COMPLETING":  # it has just ended, as its notes say
                pass
            case _:
                self.state = "running"

    def left_queue(self, parents: Iterable[JobStatus]) -> None:
        """The queue does not know it any more: whatever it still had to do, it will not."""
        never_began = self.state == "waiting" and all(job.state == "done" for job in parents)
        ended_by_slurm = self.state == "failed" and self.word != "failed"
        if never_began:
            self.state, self.reason = "failed", NEVER_BEGAN
        elif self.state in ("running", "queued") or ended_by_slurm:
            self.state, self.code, self.reason = "failed", None, NO_LAST_WORD
            self.accounted(self.word)

    def accounted(self, word: str) -> None:
        """Take in Slurm's word for its end; the job wrote none."""
        if word == "COMPLETED":
            self.state, self.code, self.reason = "done", 0, ""
        elif word.isupper():
            self.reason = ENDS.get(word, f"ended by Slurm: {word.lower()}")


def in_words(reason: str) -> str:
    """Why a job waits: what Slurm's word means, and that; a sentence of Slurm's is enough."""
    if reason in ("None", ""):
        return ""
    word = re.split(r"[,(]", reason)[0]
    known = [start for start in REASONS if word.startswith(start)]
    if not known:
        return reason
    meaning = REASONS[max(known, key=len)]
    return meaning if " " in word else f"{meaning} ({word})"


def entries(
    listed: str, arrays: Iterable[str], folder: str, batches: Iterable[Batch]
) -> dict[str, Entry]:
    """The jobs of a workflow that are in the queue, by name, from `squeue --format FORMAT`.

    Args:
        arrays: numbers that sbatch gave; a job that was submitted in the moment before its command
            was killed is found by its comment.
    """
    jobs, own = {batch.name: batch.jobs for batch in batches}, set(arrays)
    found: dict[str, Entry] = {}
    for line in listed.splitlines():
        match line.split("|", 5):
            case [batch, number, place, state, reason, comment] if batch in jobs and (
                number in own or comment == folder
            ):
                known = place.isdigit()
                found[jobs[batch][int(place) if known else 0]] = Entry(
                    state, reason, f"{number}_{place}" if known else number
                )
    return found


def parse(
    notes: Mapping[str, str],
    queue: Mapping[str, Entry] | None,
    batches: Iterable[Batch],
    numbers: Mapping[str, str],
) -> dict[str, NotedStatus]:
    """The state of each job.

    Args:
        notes: the text of each job's notes, by its name.
        queue: what is in it; None where it does not answer.
        batches: each after those that it waits for.
        numbers: of what was submitted, by the name of the job.
    """
    jobs = {name: NotedStatus() for name in notes}
    for name, job in jobs.items():
        job.read(notes[name])
        if queue is not None and name in queue:
            job.in_queue(queue[name])
    never: set[str] = set()  # these fail, or will not run
    for batch in batches:
        parents = [jobs[name] for name in batch.after if name in jobs]
        for name in jobs.keys() & set(batch.jobs):
            job, gone = jobs[name], queue is not None and name not in queue
            known = name in numbers or job.state != "waiting"
            if gone and not known and never.isdisjoint(batch.after):
                job.state, job.reason = "unsubmitted", NOT_YET
            elif gone and known and numbers.get(name) != DROPPED:
                job.left_queue(parents)
            if job.state == "failed" or (gone and job.state == "waiting"):
                never.add(name)
    return jobs


def progress(
    jobs: Mapping[str, NotedStatus], queue: Mapping[str, Entry] | None, batches: Iterable[Batch]
) -> Progress:
    """The whole of it: a workflow is over when the queue has none of its jobs, or, by its notes,
    when the report has ended, or each job where there is none.
    """
    last = [name for batch in batches if batch.last for name in batch.jobs]
    ended = all(jobs[name].state in ("done", "failed") for name in last or jobs if name in jobs)
    left = {
        name: entry
        for name, entry in (queue or {}).items()
        if entry.state != "COMPLETING" or jobs[name].state not in ("done", "failed")
    }
    return Progress({**jobs}, ended, "unknown" if queue is None else "alive" if left else "gone")


def causes(slurm_log: str) -> dict[str, str]:
    """Why Slurm ended jobs, by their numbers, from what it writes into their output."""
    return {
        number: _CAUSES.get(cause, f"ended by Slurm: {cause.lower()}")
        for number, cause in _KILLED.findall(slurm_log)
    }


def accounted(listed: str) -> dict[str, str]:
    """Slurm's word for the end of each job, from `sacct --parsable2 --format JobID,State`."""
    rows = (line.partition("|")[::2] for line in listed.splitlines())
    return {number: state.split()[0] for number, state in rows if state}
