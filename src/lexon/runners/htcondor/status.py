"""State of each job, from the two files that DAGMan keeps beside the DAG."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lexon.runners.cluster.script import PASSED_ON
from lexon.runners.cluster.state import JobStatus, Progress, State

# DAGMan's words for what happens to a job, and the state that follows.
_EVENTS: dict[str, State] = {
    "SUBMIT": "queued",
    "EXECUTE": "running",
    "JOB_EVICTED": "queued",
    "JOB_HELD": "held",
    "JOB_RELEASED": "queued",
    "JOB_SUCCESS": "done",
    "JOB_FAILURE": "failed",
}
_HOLD = re.compile(r"^012 \((\d+)\.\d+\.\d+\)[^\n]*\n\s+([^\n]+)", re.MULTILINE)
_NO_CODE = -1000  # codes below are DAGMan's own reasons


@dataclass
class NodeStatus(JobStatus):
    """A job as DAGMan knows it.

    Attributes:
        cluster: the number of its last try.
        holds: how often that was held.
    """

    cluster: str = ""
    holds: int = 0

    def happened(self, event: str, time: float, detail: str) -> None:
        """Take in a line of DAGMan's log."""
        if event not in _EVENTS and event != "JOB_TERMINATED":
            return
        self.count_time(time)
        if event == "JOB_TERMINATED":
            return
        self.tries += event == "SUBMIT"
        self.starts += event == "EXECUTE"
        self.holds += event == "JOB_HELD"
        if event == "SUBMIT":
            self.cluster, self.holds = detail.partition(".")[0], 0
        elif event == "JOB_FAILURE":
            self.code = int(detail) if int(detail) > _NO_CODE else None
        self.state = "done" if event == "JOB_FAILURE" and self.code == PASSED_ON else _EVENTS[event]

    def explain(self, reason: str) -> None:
        """Take in why it was held last."""
        removed = self.state == "failed" and self.code is None
        often = f"held {self.holds} times" if self.holds > 1 else "held"
        if removed:
            self.reason = f"{often}, then removed: {reason}"
        else:
            self.reason = f"{often}: {reason}" if self.holds > 1 else reason


def parse(jobstate: str, events: str, names: Iterable[str]) -> Progress:
    """Progress from DAGMan's jobstate log and the jobs' event log; either may be cut off in the
    middle of a line.
    """
    jobs = {name: NodeStatus() for name in names}
    finished = False
    for line in jobstate.splitlines():
        match line.split():
            case [_, "INTERNAL", "***", "DAGMAN_STARTED", *_]:
                finished = False
            case [_, "INTERNAL", "***", "DAGMAN_FINISHED", *_]:
                finished = True
            case [time, name, event, detail, _, _, _] if name in jobs:
                jobs[name].happened(event, float(time), detail)
    # Event logs number a job with leading zeros.
    held = {number.lstrip("0"): reason.strip() for number, reason in _HOLD.findall(events)}
    for job in jobs.values():
        if job.cluster in held:
            job.explain(held[job.cluster])
    return Progress({**jobs}, finished)
