"""A workflow's folder: the frozen command and configuration, and the ticket by which the workflow
is found again.

<data_root>/09_jobs/<experiment>/<run>/
    ticket.json                  of the latest workflow on these members
    <time>/conf/                 the configuration that its jobs read
    <time>/submission.json       the command, the jobs with their nodes, the code version
    <time>/*                     what the batch system reads
    <time>/logs/<job>.log        output of each job, try after try
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lexon.datasets.files import write_text
from lexon.errors import ConfigurationError
from lexon.provenance import code_version
from lexon.runners.cluster.engine import Ticket
from lexon.runners.cluster.script import SCRIPT
from lexon.runners.cluster.settings import ClusterSettings
from lexon.runners.cluster.workflow import Workflow
from lexon.runs.environment import variables
from lexon.runs.frozen import freeze

RECORD = "submission.json"
LOGS = "logs"
CONF = "conf"
# Of the shell that submits: how programs are found, and how HDF5 reads files (locking, plugins with
# filters), and where W&B puts its files. No key or password is among them.
INHERITED = re.compile("HOME|PATH|PYTHONPATH|HDF5_\\w+|WANDB_DIR")


@dataclass(frozen=True)
class Request:
    """A `kedro run`, as its jobs must repeat it.

    Attributes:
        project: the project's folder.
        conf_source: of its configuration.
        layers: folders of the configuration that it reads, weakest first.
        data_root: where results go, absolute.
        env, params, pipelines: the command's.
        selection: the command's other options that choose nodes, by name.
    """

    project: Path
    conf_source: Path
    layers: list[str]
    data_root: Path
    env: str | None
    params: dict[str, Any]
    pipelines: list[str]
    selection: dict[str, list[str]]

    @property
    def command(self) -> dict[str, Any]:
        """The options that identify a command, as JSON stores them."""
        command = {
            "env": self.env,
            "params": self.params,
            "pipelines": self.pipelines,
            "selection": self.selection,
        }
        return json.loads(json.dumps(command, default=str))

    @property
    def rerun(self) -> bool:
        """Whether nodes run even if they are current: those that tags name."""
        return "tags" in self.selection

    @property
    def frozen_layers(self) -> list[str]:
        """The layers, and those of the experiments that run: the others would only make each job
        start later.
        """
        own = [f"experiments/{name}" for name in self.pipelines]
        return [
            *self.layers,
            *(
                layer
                for layer in own
                if layer not in self.layers and (self.conf_source / layer).is_dir()
            ),
        ]

    def environment(self) -> dict[str, str]:
        """Environment variables of a job's process."""
        return {
            "DO_NOT_TRACK": "1",
            "PYTHONUNBUFFERED": "1",
            **{name: value for name, value in os.environ.items() if INHERITED.fullmatch(name)},
            **variables(self.conf_source / layer for layer in self.frozen_layers),
        }


class Submissions:
    """The workflows of one run of an experiment, of which one runs at a time."""

    def __init__(self, data_root: Path, experiment: str, run: str) -> None:
        self.folder = data_root / "09_jobs" / experiment / run
        self.title = f"lexon {experiment} {run}"

    @contextmanager
    def locked(self, patient: bool = False) -> Iterator[None]:
        """Keep other commands from submitting; the lock ends with its process, however that
        ends.

        Args:
            patient: wait for another command that submits just now.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | (0 if patient else fcntl.LOCK_NB))
            except BlockingIOError as error:
                raise ConfigurationError(
                    f"{self.title}: another command is submitting it just now; look again in a"
                    " minute"
                ) from error
            yield

    def unused(self, when: datetime, prefix: str = "") -> Path:
        """The folder of a new submission, named after its second; two may have the same one."""
        name = f"{prefix}{when:%Y%m%d-%H%M%S}"
        names = (name, *(f"{name}-{number}" for number in range(2, 1000)))
        return next(path for path in map(self.folder.joinpath, names) if not path.exists())

    @property
    def ticket(self) -> Ticket | None:
        """The ticket of the latest workflow, running or over."""
        path = self.folder / "ticket.json"
        return Ticket.from_json(path.read_text(encoding="utf-8")) if path.exists() else None

    def renewed(self, ticket: Ticket) -> Ticket:
        """A ticket as it is now: another command may have completed it."""
        latest = self.ticket
        return latest if latest is not None and latest.folder == ticket.folder else ticket

    def save(self, ticket: Ticket) -> None:
        """Write the ticket of a workflow: before it is submitted, so that it cannot get lost, and
        after.
        """
        write_text(self.folder / "ticket.json", ticket.to_json())


def write(
    folder: Path,
    request: Request,
    workflow: Workflow,
    files: dict[str, str],
    settings: ClusterSettings,
) -> None:
    """Write everything that a workflow needs into its folder."""
    (folder / LOGS).mkdir(parents=True)
    freeze(request.conf_source, request.frozen_layers, folder / CONF)
    jobs = {
        job.name: {
            "kind": job.kind,
            "nodes": job.nodes,
            "minutes": settings.jobs[job.kind].minutes,
            "workers": settings.at_once if job.kind == "member" else 1,
        }
        for job in workflow.all
    }
    record = {
        "project": str(request.project),
        "rerun": request.rerun,
        "command": request.command,
        "code": code_version(),
        "jobs": jobs,
    }
    write_text(folder / RECORD, json.dumps(record, indent=1))
    for name, text in files.items():
        write_text(folder / name, text)
    (folder / SCRIPT).chmod(0o755)


def read(folder: Path) -> dict[str, Any]:
    """The record of a submission: `project`, `rerun`, `command`, `code`, `jobs`."""
    return json.loads((folder / RECORD).read_text(encoding="utf-8"))


def log_of(folder: Path, job: str) -> Path:
    """The output of all tries of a job."""
    return folder / LOGS / f"{job}.log"
