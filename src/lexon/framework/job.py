"""`python -m lexon.framework.job FOLDER JOB`: one job of a workflow, with the configuration that
was submitted.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kedro.framework.startup import bootstrap_project

from lexon.cores import use_threads
from lexon.errors import Killed, LexonError, first_cause
from lexon.framework.session import LexonSession, log_plainly_without_terminal
from lexon.provenance import code_version
from lexon.runners.capacity import exactly
from lexon.runners.cluster import submission
from lexon.runners.cluster.script import KILLED, PASSED_ON
from lexon.runners.local import LocalRunner, RunFailed

logger = logging.getLogger(__name__)


def main(folder: Path, name: str, failed_before: int = 0) -> int:
    """Run a job's nodes.

    Args:
        folder: of the submission.
        name: of the job.
        failed_before: jobs of the workflow that failed, which a report passes on.

    Returns:
        0 when the nodes are current, or `PASSED_ON` where jobs before them failed; else an exit
        code of `lexon.errors`.

    Raises:
        SystemExit: a signal ended it, 128 + its number; a training has saved its checkpoint.
    """
    record = submission.read(folder)
    job = record["jobs"][name]
    bootstrap_project(Path(record["project"]))
    try:
        with _ending_after(job["minutes"]):
            # A job that was submitted by an older version trains one member after the other.
            _run(folder, record, job["nodes"], job.get("workers", 1))
    except Exception as error:  # noqa: BLE001  # the process ends here; the batch system wants to know whether to try again
        return _explain(error)
    return PASSED_ON if failed_before else 0


def _run(folder: Path, record: dict[str, Any], nodes: list[str], workers: int) -> None:
    command = record["command"]
    if workers > 1:
        use_threads(1)  # a member that is left for a later try gets the numbers of its first one
    session: Any = LexonSession.create(
        project_path=record["project"],
        env=command["env"],
        runtime_params=command["params"],
        conf_source=str(folder / submission.CONF),
        save_on_close=False,
    )
    log_plainly_without_terminal()
    _say_if_different(record["code"], code_version())
    session.run(
        pipeline_names=command["pipelines"],
        node_names=nodes,
        runner=LocalRunner(rerun=record["rerun"], settings=exactly(workers)),
    )


def _say_if_different(submitted: dict[str, Any], now: dict[str, Any]) -> None:
    """Compare sources: an image has them, and no commit."""
    if now["digest"] != submitted.get("digest"):
        logger.warning(
            "this is not the code that was submitted: %s, now %s", _named(submitted), _named(now)
        )


def _named(code: dict[str, Any]) -> str:
    """A version of the code in words; an image knows no commit."""
    commit = f"commit {code['commit'][:12]}, " if "commit" in code else ""
    return f"{commit}sources {code.get('digest', 'unknown')[:12]}"


@contextmanager
def _ending_after(minutes: float) -> Iterator[None]:
    """Ask for the end as a batch system would, but in time: a training saves its checkpoint and
    the job goes back to the queue.
    """
    before = signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    signal.setitimer(signal.ITIMER_REAL, minutes * 60)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _explain(error: Exception) -> int:
    """The last lines of a job's log, and its exit code."""
    cause = first_cause(error)
    if not isinstance(cause, LexonError | RunFailed):
        traceback.print_exception(error)
        return 1
    print(cause)
    return KILLED if isinstance(cause, RunFailed) and _ran_out_of_memory(cause) else cause.exit_code


def _ran_out_of_memory(failure: RunFailed) -> bool:
    """Whether a member's process was killed: a batch system must hear it as if it was the job's."""
    causes = [first_cause(error) for error in failure.failed.values()]
    return any(isinstance(cause, Killed) and cause.number == signal.SIGKILL for cause in causes)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("name")
    parser.add_argument("--failed", type=int, default=0)
    asked = parser.parse_args()
    sys.exit(main(asked.folder, asked.name, asked.failed))
