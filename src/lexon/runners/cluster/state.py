"""State of a workflow and of each of its jobs, whatever batch system runs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

# waiting: for other jobs; unsubmitted: the site allows no more jobs in the queue.
State = Literal["unsubmitted", "waiting", "queued", "running", "held", "done", "failed"]
Queue = Literal["alive", "gone", "unknown"]


@dataclass
class JobStatus:
    """State of a job.

    Attributes:
        tries: how often it was begun anew; one that goes on after it was evicted or stopped does so
            in the same try.
        starts: how often it began to run.
        holds: how often its last try was held, where the batch system tells.
        seconds: how long it ran, over all tries, up to its last event.
        since: Unix time of its last event, None before the first.
        code: exit code of the last try, negative for a signal; None where there is none.
        reason: why it waits or is held, or how it ended without a code.
    """

    state: State = "waiting"
    tries: int = 0
    starts: int = 0
    holds: int = 0
    seconds: float = 0.0
    since: float | None = None
    code: int | None = None
    reason: str = ""

    @property
    def lost(self) -> bool:
        """It failed without an exit code."""
        return self.state == "failed" and self.code is None

    def count_time(self, now: float) -> None:
        """Add the time since the last event to `seconds`, if it ran until now."""
        if self.state == "running" and self.since is not None:
            self.seconds += now - self.since
        self.since = now

    def becomes(self, state: State, now: float) -> None:
        """Take in an event, and count starts and holds."""
        self.count_time(now)
        self.state = state
        self.starts += state == "running"
        self.holds += state == "held"

    def was_held(self, reason: str) -> None:
        """Take in why it was held last."""
        often = f"held {self.holds} times" if self.holds > 1 else "held"
        if self.lost:
            self.reason = f"{often}, then removed: {reason}"
        else:
            self.reason = f"{often}: {reason}" if self.holds > 1 else reason


@dataclass
class Progress:
    """A workflow as it is now.

    Attributes:
        jobs: by name, all of them.
        finished: the files say that it is over.
        queue: whether it is still in the queue; unknown while the queue does not answer.
    """

    jobs: dict[str, JobStatus] = field(default_factory=dict)
    finished: bool = False
    queue: Queue = "unknown"

    @property
    def over(self) -> bool:
        """Nothing more will happen, and nothing is left to submit."""
        return not self.named("unsubmitted") and self.still

    @property
    def still(self) -> bool:
        """Nothing more will happen by itself."""
        return self.queue == "gone" or (self.finished and self.queue == "unknown")

    def named(self, *states: State) -> list[str]:
        """The jobs in any of these states."""
        return [name for name, job in self.jobs.items() if job.state in states]
