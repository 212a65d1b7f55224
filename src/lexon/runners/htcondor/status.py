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
    """

    cluster: str = ""

    def happened(self, event: str, time: float, detail: str) -> None:
        """Take in a line of DAGMan's log."""
        if event == "JOB_TERMINATED":  # how it ended is the next line
            self.count_time(time)
        elif event in _EVENTS:
            self.becomes(_EVENTS[event], time)
        if event == "SUBMIT":
            self.tries, self.holds, self.cluster = self.tries + 1, 0, detail.partition(".")[0]
        elif event == "JOB_FAILURE":
            self.code = int(detail) if int(detail) > _NO_CODE else None
            self.state = "done" if self.code == PASSED_ON else "failed"


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
            job.was_held(held[job.cluster])
    return Progress({**jobs}, finished)
