"""A whole workflow on a real Slurm, in an image; a script stands for Apptainer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("slurm")]

SITE = "test+slurm_local"


def test_every_job_of_a_workflow_starts_in_its_image(study: Path, monkeypatch):
    bin_, told = study / "bin", study / "told"
    bin_.mkdir()
    apptainer = bin_ / "apptainer"
    apptainer.write_text(
        f'#!/bin/bash\necho "$*" >> {told}\nwhile [ "$1" != {sys.executable} ]; do shift; done\n'
        'exec "$@"\n'
    )
    apptainer.chmod(0o755)
    (study / "lexon.sif").touch()
    runner = study / "conf/slurm_local/runner.yml"
    own = f"  image: lexon.sif\n  python: {sys.executable}\n"
    runner.write_text(runner.read_text().replace("slurm:\n", f"slurm:\n{own}", 1))
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
    command = [sys.executable, "-m", "kedro", "run", "--env", SITE]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    calls = told.read_text().splitlines()
    assert {line.split()[-1] for line in calls} == {"data", "baseline", "single__seed_42", "report"}
    for line in calls:
        assert f" --bind {study} --pwd {study} {study / 'lexon.sif'} {sys.executable} " in line
