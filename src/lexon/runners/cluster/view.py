"""Progress of a workflow for the user: a live list in a terminal, a line a change in a log, and
each failure in words.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import get_args

import rich
from rich.live import Live
from rich.text import Text

from lexon.runners.cluster.script import TRY
from lexon.runners.cluster.state import JobStatus, Progress, State
from lexon.runners.cluster.submission import log_of

logger = logging.getLogger(__name__)

TAIL = 8  # lines of a failed job's log that are shown
SHOWN = 30  # jobs that are listed: what needs attention first
_READ = 8192  # bytes at the end of a log that are looked at for it
_EPOCH = re.compile(r"epoch \d+/\d+.*")
_STAMP = re.compile(r"^\d\d:\d\d:\d\d \w+ +")
_ATTENTION: tuple[State, ...] = ("held", "failed", "running")


def watch(
    poll: Callable[[], Progress],
    folder: Path,
    seconds: float,
    until: Callable[[Progress], bool],
) -> Progress:
    """Show the progress until it is as far as that."""
    with _shown(folder) as show:
        while True:
            progress = poll()
            show(progress)
            if until(progress):
                return progress
            time.sleep(seconds)


def counts(progress: Progress) -> str:
    """`2 running, 45 done, 1 failed`."""
    numbers = {state: len(progress.named(state)) for state in get_args(State)}
    return ", ".join(f"{number} {state}" for state, number in numbers.items() if number)


def overview(progress: Progress, folder: Path) -> str:
    """The jobs that need attention: a name has a line of its own, so that a narrow window does not
    break it; below it state, time, tries and the last epoch of its training.
    """
    silent = " (the queue does not answer)" if progress.queue == "unknown" else ""
    names = [name for state in _ATTENTION for name in progress.named(state)]
    lines = [counts(progress) + silent]
    for name in names[:SHOWN]:
        job = progress.jobs[name]
        last = last_message(job, log_of(folder, name))
        lines += [
            name,
            (
                f"    {job.state}  {_duration(job)}  try"
                f" {max(job.tries, 1)}{f'  {last}' if last else ''}"
            ),
        ]
    more = [f"and {len(names) - SHOWN} more"] if len(names) > SHOWN else []
    return "\n".join([*lines, *more, *_waits(progress)])


def _waits(progress: Progress) -> list[str]:
    """How many jobs wait in the queue, or before it, for which reason, where the batch system
    tells.
    """
    waiting = [progress.jobs[name] for name in progress.named("queued", "unsubmitted")]
    reasons = Counter((job.state, job.reason) for job in waiting if job.reason)
    return [f"{n} {state}: {reason}" for (state, reason), n in reasons.most_common()]


def as_json(progress: Progress, folder: Path) -> str:
    """The progress for scripts: one object, with an object for each job."""
    jobs = {
        name: {
            "state": job.state,
            "tries": job.tries,
            "starts": job.starts,
            "seconds": round(_seconds(job)),
            "code": job.code,
            "reason": job.reason,
            "log": str(log_of(folder, name)),
        }
        for name, job in progress.jobs.items()
    }
    whole = {"folder": str(folder), "queue": progress.queue, "over": progress.over, "jobs": jobs}
    return json.dumps(whole, indent=1)


def last_message(job: JobStatus, log: Path) -> str:
    """Why a job is held or how it failed, or the last epoch that it reported."""
    if job.state == "held":
        return job.reason
    if job.state == "failed":
        return how_it_ended(job)
    epochs = _EPOCH.findall(_end(log))
    return epochs[-1] if epochs and job.state == "running" else ""


def how_it_ended(job: JobStatus) -> str:
    """A failed job's exit code in words, or why it has none."""
    if job.code is None:
        return job.reason or "removed from the queue"
    return f"exit code {job.code}" if job.code >= 0 else f"killed by signal {-job.code}"


def failures(progress: Progress, folder: Path) -> list[str]:
    """The failed jobs, the first ones of many: exit code, tries, the tail of its log and where that
    lies; then what could not run because of them.
    """
    lines, failed = [], progress.named("failed")
    for name in failed[:SHOWN]:
        job, log = progress.jobs[name], log_of(folder, name)
        lines += [
            f"{name}: {how_it_ended(job)}, {job.tries} {'try' if job.tries == 1 else 'tries'};"
            f" {log}"
        ]
        no_log = ["(no log: the machine that ran it did not reach that folder)"]
        tail = last_try(log)[-TAIL:] or (no_log if job.tries else [])
        lines += [f"    {line}" for line in tail]
    if len(failed) > SHOWN:
        lines.append(f"and {len(failed) - SHOWN} more; their logs lie there, too")
    skipped = progress.named("waiting")
    if skipped and lines:
        more = f" and {len(skipped) - SHOWN} more" if len(skipped) > SHOWN else ""
        lines.append(f"skipped because of that: {', '.join(skipped[:SHOWN])}{more}")
    return lines


def last_try(log: Path) -> list[str]:
    """The output of a job since it last began."""
    lines = _end(log).splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith(TRY)]
    return lines[starts[-1] + 1 :] if starts else lines


def messages(log: Path) -> list[str]:
    """The messages of a job's last try, without time stamps and Kedro's own."""
    lines = [_STAMP.sub("", line) for line in last_try(log)]
    return [line for line in lines if not line.startswith(("Plan: ", "[", "Pipeline execution"))]


@contextmanager
def _shown(folder: Path) -> Iterator[Callable[[Progress], None]]:
    console = rich.get_console()
    if not console.is_terminal:
        yield PlainView(folder)
        return
    with Live(console=console, auto_refresh=False, transient=False) as live:
        yield lambda progress: live.update(
            Text(overview(progress, folder), overflow="fold"), refresh=True
        )


class PlainView:
    """One log line for each job whose state changed to something worth reading, and one for the
    whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: dict[str, State] = {}

    def __call__(self, progress: Progress) -> None:
        now = {name: job.state for name, job in progress.jobs.items()}
        changed = [name for name, state in now.items() if state != self.seen.get(name, "waiting")]
        for name in [name for name in changed if now[name] in ("held", "failed", "done")]:
            job = progress.jobs[name]
            logger.info(
                "%s: %s %s",
                name,
                job.state,
                last_message(job, log_of(self.folder, name)) or _duration(job),
            )
        if changed:
            logger.info("%s", counts(progress))
        self.seen = now


def _duration(job: JobStatus) -> str:
    return str(timedelta(seconds=round(_seconds(job))))


def _seconds(job: JobStatus) -> float:
    """How long it ran until now."""
    running = job.state == "running" and job.since is not None
    return job.seconds + (time.time() - (job.since or 0) if running else 0)


def _end(log: Path) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _READ))
        return file.read().decode(errors="replace")
