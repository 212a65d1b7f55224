"""What Slurm's commands answer, and what it writes into the output of jobs."""

from __future__ import annotations

import re

from lexon.runners.cluster.queued.numbers import Number
from lexon.runners.cluster.queued.states import Entry, Listed

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
# What Slurm's states say of the end of a job; None for one that is done.
ENDS = {
    "COMPLETED": None,
    "CANCELLED": "cancelled",
    "TIMEOUT": "it reached its time limit",
    "OUT_OF_MEMORY": "out of memory",
    "NODE_FAIL": "its machine failed",
}
_KILLED = re.compile(r"\*\*\* JOB (\d+) ON \S+ CANCELLED AT \S+(?: DUE TO ([\w ]+))? \*\*\*")
_CAUSES = {"": "CANCELLED", "TIME LIMIT": "TIMEOUT"}  # what it is due to, and the state


def listed(answer: str) -> list[Listed]:
    """The jobs of `squeue --array --format FORMAT`."""
    found = []
    for line in answer.splitlines():
        match line.split("|", 5):
            case [batch, array, place, state, reason, comment]:
                number = Number(array, int(place) if place.isdigit() else None)
                found.append(Listed(_entry(number, state, reason), batch, comment))
    return found


def _entry(number: Number, state: str, reason: str) -> Entry:
    """A job in the queue, from Slurm's word for its state and its reason for that."""
    if state == "COMPLETING":
        return Entry(number, "ending")
    if state != "PENDING":
        return Entry(number, "running")
    if "held" in reason.lower() or reason.startswith(NEVER):
        return Entry(number, "held", in_words(reason))
    return Entry(number, "waiting" if reason == "Dependency" else "queued", in_words(reason))


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


def end_in_words(state: str) -> str | None:
    """Why a job ended, from Slurm's state; None where it is done."""
    return ENDS.get(state, f"ended by Slurm: {state.lower()}")


def killed(slurm_log: str) -> dict[str, str]:
    """The states of jobs that Slurm ended, by their numbers, from what it wrote into their
    output.
    """
    return {number: _CAUSES.get(cause, cause) for number, cause in _KILLED.findall(slurm_log)}


def accounted(answer: str) -> dict[str, str]:
    """The states of jobs by their numbers, from `sacct --parsable2 --format JobID,State`."""
    rows = (line.partition("|")[::2] for line in answer.splitlines())
    return {number: state.split()[0] for number, state in rows if state}
