"""State of each job, from the two files that DAGMan keeps beside the DAG."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from lexon.runners.htcondor.dag import PASSED_ON

State = Literal["waiting", "queued", "running", "held", "done", "failed"]
Queue = Literal["alive", "gone", "unknown"]

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


@dataclass
class JobStatus:
    """State of a job.

    Attributes:
        tries: how often DAGMan submitted it; an evicted or requeued job is started again in the
            same try.
        starts: how often it began to run.
        seconds: how long it ran, over all tries, up to its last event.
        since: Unix time of its last event, None before the first.
        code: exit code of the last try, negative for a signal or DAGMan's own reasons.
        reason: why it was held last.
    """

    state: State = "waiting"
    tries: int = 0
    starts: int = 0
    seconds: float = 0.0
    since: float | None = None
    code: int | None = None
    reason: str = ""
    cluster: str = ""

    def happened(self, event: str, time: float, detail: str) -> None:
        if event not in _EVENTS and event != "JOB_TERMINATED":
            return
        self._count_time(time)
        if event == "JOB_TERMINATED":
            return
        self.tries += event == "SUBMIT"
        self.starts += event == "EXECUTE"
        if event == "SUBMIT":
            self.cluster = detail.partition(".")[0]
        elif event == "JOB_FAILURE":
            self.code = int(detail)
        self.state = "done" if event == "JOB_FAILURE" and self.code == PASSED_ON else _EVENTS[event]

    def _count_time(self, now: float) -> None:
        if self.state == "running" and self.since is not None:
            self.seconds += now - self.since
        self.since = now


@dataclass
class Progress:
    """A workflow as it is now.

    Attributes:
        jobs: by name, all of them.
        finished: DAGMan has written its last word.
        queue: whether DAGMan is still in HTCondor's queue; unknown while the queue does not answer.
    """

    jobs: dict[str, JobStatus] = field(default_factory=dict)
    finished: bool = False
    queue: Queue = "unknown"

    @property
    def over(self) -> bool:
        """Nothing more will happen."""
        return self.queue == "gone" or (self.finished and self.queue == "unknown")

    def named(self, *states: State) -> list[str]:
        """The jobs in any of these states."""
        return [name for name, job in self.jobs.items() if job.state in states]


def parse(jobstate: str, events: str, names: Iterable[str]) -> Progress:
    """Progress from DAGMan's jobstate log and the jobs' event log; either may be cut off in the
    middle of a line.
    """
    progress = Progress({name: JobStatus() for name in names})
    for line in jobstate.splitlines():
        match line.split():
            case [_, "INTERNAL", "***", "DAGMAN_STARTED", *_]:
                progress.finished = False
            case [_, "INTERNAL", "***", "DAGMAN_FINISHED", *_]:
                progress.finished = True
            case [time, name, event, detail, _, _, _] if name in progress.jobs:
                progress.jobs[name].happened(event, float(time), detail)
    _explain_holds(progress.jobs, dict(_HOLD.findall(events)))
    return progress


def _explain_holds(jobs: Mapping[str, JobStatus], reasons: Mapping[str, str]) -> None:
    """Event logs number a job with leading zeros."""
    plain = {cluster.lstrip("0"): reason.strip() for cluster, reason in reasons.items()}
    for job in jobs.values():
        job.reason = plain.get(job.cluster, "")
