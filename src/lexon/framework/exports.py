"""Exports beside a run: a process of its own shows members on tracking services while they train,
so that whatever becomes of a service, no training notices.
"""

from __future__ import annotations

import json
import logging
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import IO

from kedro.pipeline import Pipeline

from lexon.errors import ConfigurationError
from lexon.experiments import is_member
from lexon.framework.layers import DEFAULT
from lexon.runners.cluster.submission import Request
from lexon.tracking.__main__ import PATIENCE_SECONDS
from lexon.tracking.export import Export
from lexon.tracking.settings import TrackingSettings, refuse_missing_packages

logger = logging.getLogger(__name__)

_MORE_SECONDS = 10.0  # to an export that ends by itself


def exports_of(pipeline: Pipeline, runs: Mapping[str, str], request: Request) -> list[Export]:
    """What there is to show of each experiment of a pipeline: its members, its report.

    Args:
        runs: the run of each experiment, by name.
        request: the command.
    """
    found = []
    for experiment, run in runs.items():
        nodes = [
            node
            for node in pipeline.nodes
            if (node.namespace or "").partition(".")[0] == experiment
        ]
        spaces = dict.fromkeys(node.namespace or "" for node in nodes)
        members = tuple(name.rpartition(".")[2] for name in spaces if is_member(name))
        report = any("report" in node.tags for node in nodes)
        if members or report:
            found.append(export_of(experiment, run, request, members, report))
    return found


def export_of(
    experiment: str,
    run: str,
    request: Request,
    members: tuple[str, ...] | None = None,
    report: bool = True,
) -> Export:
    """An export with the command that repeats it for the whole run."""
    options = {
        "--pipelines": "" if experiment == DEFAULT else experiment,
        "--env": request.env or "",
        "--params": f"run={run}",
    }
    words = [word for option, value in options.items() if value for word in (option, value)]
    return Export(
        data_root=str(request.data_root),
        experiment=experiment,
        run=run,
        members=members,
        report=report,
        again=shlex.join(["kedro", "tracking", "export", *words]),
        project=str(request.project),
    )


@dataclass(frozen=True)
class _Process:
    """A process that exports, and what it writes of its faults."""

    export: Export
    process: subprocess.Popen[str]
    complaints: IO[str]


@contextmanager
def exported_beside(exports: Sequence[Export], settings: TrackingSettings) -> Iterator[None]:
    """Let another process export these while the block runs, and once more at its end.

    Nothing of it is an error: what goes wrong is a warning, with the command that makes up for it.
    """
    started = (_start(export, settings) for export in exports)
    processes = [one for one in started if one is not None]
    end = _finish
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        end = _let_go  # a signal asks for the end now; the processes come to theirs alone
        raise
    finally:
        end(processes)


def _start(export: Export, settings: TrackingSettings) -> _Process | None:
    # A pipe that nobody reads would fill.
    complaints = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  # as long as the process
    try:
        refuse_missing_packages(settings)
        process = subprocess.Popen(
            [sys.executable, "-m", "lexon.tracking"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            encoding="utf-8",
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert process.stdin is not None
        asked = {"settings": settings.model_dump(), "export": asdict(export)}
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
    except (OSError, ConfigurationError) as error:
        logger.warning("Tracking: nothing is exported: %s; later: %s", error, export.again)
        return None
    return _Process(export, process, complaints)


def _finish(processes: Sequence[_Process]) -> None:
    _let_go(processes)
    for one in processes:
        _tell(one)


def _let_go(processes: Iterable[_Process]) -> None:
    """Let each export a last time, and end."""
    for one in processes:
        assert one.process.stdin is not None
        with suppress(OSError):
            one.process.stdin.close()
        one.process.stdin = None


def _tell(one: _Process) -> None:
    """Wait for a last export, and say how it went."""
    export, process = one.export, one.process
    try:
        text, _ = process.communicate(timeout=PATIENCE_SECONDS + _MORE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        text, _ = process.communicate()
    for line in text.splitlines():
        said = json.loads(line)
        level = logging.INFO if said["is_well"] else logging.WARNING
        logger.log(level, "Tracking: %s", said["text"])
    if process.returncode:
        logger.warning(
            "Tracking: the export %s; all files are as they should be; later: %s",
            _why_not(one),
            export.again,
        )


def _why_not(one: _Process) -> str:
    """How a process ended that did not come to its end."""
    code = one.process.returncode
    if code in (-signal.SIGALRM, -signal.SIGKILL):
        return f"was ended after {PATIENCE_SECONDS} seconds"
    one.complaints.seek(0)
    last = "".join(one.complaints.readlines()[-1:]).strip()
    return f"ended with code {code} ({last or 'no reason given'})"
