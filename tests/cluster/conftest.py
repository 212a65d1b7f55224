"""A pool to run jobs on: whatever `condor_submit_dag` on the PATH belongs to."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def pool() -> None:
    """Skip, with the reason, where nothing can be submitted."""
    if shutil.which("condor_submit_dag") is None:
        pytest.skip(
            "HTCondor is not installed here; `.ci/run` starts a pool where LEXON_POOL_TOOL names a"
            " tool for that"
        )
    answer = subprocess.run(
        ["condor_status", "-schedd", "-af", "Name"], capture_output=True, text=True, check=False
    )
    if not answer.stdout.strip():
        pytest.skip(f"HTCondor is installed, but no queue answers: {answer.stderr.strip()}")


@pytest.fixture
def study(project: Path) -> Path:
    """A project with one study, so that each job starts as soon as it can."""
    shutil.rmtree(project / "conf" / "experiments")
    return project
