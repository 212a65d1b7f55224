"""What a batch system must do. Its commands are called, never its bindings: commands always match
their cluster.
"""

from __future__ import annotations

import getpass
import json
import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from lexon.errors import ConfigurationError
from lexon.runners.cluster.script import Site
from lexon.runners.cluster.settings import ClusterSettings
from lexon.runners.cluster.state import Progress
from lexon.runners.cluster.workflow import Workflow


@dataclass(frozen=True)
class Ticket:
    """Identification of a submitted workflow.

    Attributes:
        folder: of the submission; jobs in the queue carry it as a label.
        cluster: number of its (first) job; None until all is submitted that the site allows.
        schedd: name of the queue it is in, where a batch system has several.
        engine: name of the batch system.
    """

    folder: Path
    owner: str
    host: str
    submitted: str
    cluster: int | None = None
    schedd: str | None = None
    engine: str = "HTCondor"

    def to_json(self) -> str:
        return json.dumps(asdict(self) | {"folder": str(self.folder)}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Ticket:
        content = json.loads(text)
        return cls(**content | {"folder": Path(content["folder"])})

    def __str__(self) -> str:
        number = f"{self.engine} job {self.cluster}" if self.cluster else "a workflow"
        return f"{number} of {self.owner} on {self.host}, submitted {self.submitted}"


def new_ticket(folder: Path, submitted: str, engine: str) -> Ticket:
    """A ticket for what is about to be submitted here and now."""
    return Ticket(folder, getpass.getuser(), socket.gethostname(), submitted, engine=engine)


class Engine(Protocol):
    """Interface of a batch system.

    Attributes:
        name: as its users write it; in lower case, what `engine` in runner.yml says and the group
            of its settings there.
        commands: that must exist where workflows are submitted; the second one shows the queue.
        settings: of the site.
    """

    name: str
    commands: tuple[str, ...]

    @property
    def settings(self) -> ClusterSettings: ...

    def render(self, workflow: Workflow, site: Site) -> dict[str, str]:
        """The files that describe a workflow, by name."""

    def submit(self, ticket: Ticket, title: str) -> Ticket:
        """Submit the workflow that lies in the ticket's folder; the ticket comes back complete.
        What a limit of the site leaves is `unsubmitted`: a later call submits more of it.
        """

    def poll(self, ticket: Ticket, names: list[str]) -> Progress:
        """Progress of the named jobs; works on any machine that sees the folder."""

    def cancel(self, ticket: Ticket) -> None:
        """Remove the workflow and all its jobs from the queue."""


def call(
    command: list[str],
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    seconds: float = 120,
) -> subprocess.CompletedProcess[str] | None:
    """The output of a command; None where it does not exist or does not answer."""
    if shutil.which(command[0]) is None:
        return None
    options: dict[str, Any] = {"cwd": folder, "env": environment, "timeout": seconds}
    try:
        return subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            **options,
        )
    except subprocess.TimeoutExpired:
        return None


def answer_of(
    done: subprocess.CompletedProcess[str] | None, failure: str
) -> subprocess.CompletedProcess[str]:
    """What a command answered.

    Raises:
        ConfigurationError: it failed; `failure` says at what, and the command why.
    """
    if done is None or done.returncode:
        said = "no answer" if done is None else (done.stderr or done.stdout).strip()
        raise ConfigurationError(f"{failure}:\n{said}")
    return done


def answer_if_any(done: subprocess.CompletedProcess[str] | None) -> str | None:
    """What a command wrote; None where it failed or did not answer."""
    return None if done is None or done.returncode else done.stdout


def text_of(path: Path) -> str:
    """A file that a batch system writes; empty before it does."""
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
