"""The batch system as four methods. HTCondor's commands are called, never its bindings: commands
always match their cluster.
"""

from __future__ import annotations

import getpass
import json
import re
import shutil
import socket
import subprocess
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

from lexon.errors import ConfigurationError
from lexon.runners.htcondor import dag, status
from lexon.runners.htcondor.settings import ClusterSettings
from lexon.runners.htcondor.workflow import Workflow

# DAGMan's event log of all jobs, named after the DAG.
EVENTS = f"{dag.DAG}.nodes.log"
LABEL = "LexonWorkflow"


@dataclass(frozen=True)
class Ticket:
    """Identification of a submitted workflow.

    Attributes:
        folder: of the submission; DAGMan's job carries it as a label.
        cluster: number of DAGMan's job; None until it is known.
        schedd: name of the queue it is in.
    """

    folder: Path
    owner: str
    host: str
    submitted: str
    cluster: int | None = None
    schedd: str | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self) | {"folder": str(self.folder)}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Ticket:
        content = json.loads(text)
        return cls(**content | {"folder": Path(content["folder"])})

    def __str__(self) -> str:
        number = f"HTCondor job {self.cluster}" if self.cluster else "a workflow"
        return f"{number} of {self.owner} on {self.host}, submitted {self.submitted}"


class Engine(Protocol):
    """Interface of a batch system."""

    def render(
        self, workflow: Workflow, settings: ClusterSettings, site: dag.Site
    ) -> dict[str, str]:
        """The files that describe a workflow, by name."""

    def submit(self, ticket: Ticket, title: str, settings: ClusterSettings) -> Ticket:
        """Submit the workflow that lies in the ticket's folder; the ticket comes back complete."""

    def poll(self, ticket: Ticket, names: list[str]) -> status.Progress:
        """Progress of the named jobs; works on any machine that sees the folder."""

    def cancel(self, ticket: Ticket) -> None:
        """Remove the workflow and all its jobs from the queue."""


class HTCondor:
    """DAGMan, by its commands."""

    def render(
        self, workflow: Workflow, settings: ClusterSettings, site: dag.Site
    ) -> dict[str, str]:
        return dag.render(workflow, settings, site)

    def submit(self, ticket: Ticket, title: str, settings: ClusterSettings) -> Ticket:
        throttles = [
            "-maxidle",
            str(settings.max_idle),
            *(["-maxjobs", str(settings.max_jobs)] if settings.max_jobs else []),
        ]
        label = f"+{LABEL} = {_string(str(ticket.folder))}"
        command = ["condor_submit_dag", *throttles, "-batch-name", title, "-append", label, dag.DAG]
        done = _call(command, ticket.folder)
        if done is None or done.returncode:
            raise ConfigurationError(
                f"condor_submit_dag refused {ticket.folder / dag.DAG}:\n{_said(done)}"
            )
        number = re.search(r"submitted to cluster (\d+)", done.stdout)
        known = self._query(ticket, "-af", "GlobalJobId")
        schedd = (
            known.stdout.partition("#")[0] if known is not None and "#" in known.stdout else None
        )
        return replace(ticket, cluster=int(number[1]) if number else None, schedd=schedd)

    def poll(self, ticket: Ticket, names: list[str]) -> status.Progress:
        asked = self._query(
            ticket, "-af", "JobStatus"
        )  # before the files, so that "gone" means they are complete
        progress = status.parse(
            _text(ticket.folder / dag.JOBSTATE), _text(ticket.folder / EVENTS), names
        )
        progress.queue = (
            "unknown"
            if asked is None or asked.returncode
            else "alive"
            if asked.stdout.strip()
            else "gone"
        )
        return progress

    def cancel(self, ticket: Ticket) -> None:
        removed = _call(["condor_rm", *self._named(ticket)])
        if removed is None or removed.returncode:
            raise ConfigurationError(f"condor_rm could not remove {ticket}:\n{_said(removed)}")

    def _query(self, ticket: Ticket, *fields: str) -> subprocess.CompletedProcess[str] | None:
        return _call(["condor_q", "-allusers", *self._named(ticket), *fields])

    def _named(self, ticket: Ticket) -> list[str]:
        schedd = ["-name", ticket.schedd] if ticket.schedd else []
        return [*schedd, "-constraint", f"{LABEL} == {_string(str(ticket.folder))}"]


def new_ticket(folder: Path, submitted: str) -> Ticket:
    """A ticket for what is about to be submitted here and now."""
    return Ticket(folder, getpass.getuser(), socket.gethostname(), submitted)


def _call(
    command: list[str], folder: Path | None = None
) -> subprocess.CompletedProcess[str] | None:
    """The output of a command; None where it does not exist or does not answer."""
    if shutil.which(command[0]) is None:
        return None
    try:
        return subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=120,
        )
    except subprocess.TimeoutExpired:
        return None


def _said(done: subprocess.CompletedProcess[str] | None) -> str:
    return "no answer" if done is None else (done.stderr or done.stdout).strip()


def _string(text: str) -> str:
    """A ClassAd string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
