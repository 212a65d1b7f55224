"""The batch systems that commands on the PATH belong to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest


def refuse_silence(command: list[str], name: str, tool: str) -> None:
    """Skip, with the reason, where nothing can be submitted."""
    if shutil.which(command[0]) is None:
        pytest.skip(
            f"{name} is not installed here; `.ci/run` starts one where {tool} names a tool for that"
        )
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if not answer.stdout.strip():
        pytest.skip(f"{name} is installed, but no queue answers: {answer.stderr.strip()}")


@pytest.fixture(scope="session")
def pool() -> None:
    """An HTCondor pool."""
    refuse_silence(["condor_status", "-schedd", "-af", "Name"], "HTCondor", "LEXON_POOL_TOOL")


@pytest.fixture(scope="session")
def slurm() -> None:
    """A Slurm with a machine that runs jobs."""
    refuse_silence(["sinfo", "--noheader", "--states=idle,mixed"], "Slurm", "LEXON_SLURM_TOOL")
    configuration = subprocess.run(
        ["scontrol", "show", "config"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"^SlurmUser +=.*\((\d+)\)", configuration, re.MULTILINE)
    if found is None or int(found[1]) != os.getuid():
        pytest.skip(
            "these tests drain machines and kill the controller: they need a Slurm of one's own"
        )


@pytest.fixture
def study(project: Path) -> Path:
    """A project with one study, so that each job starts as soon as it can."""
    shutil.rmtree(project / "conf" / "experiments")
    return project
