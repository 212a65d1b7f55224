"""Jobs in an image: on a real Slurm, where a script stands for Apptainer, and on a real HTCondor
that starts no containers.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.cluster

LOGS = "data/test/09_jobs/default/main/*/logs"


def run(site: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kedro", "run", "--env", f"test+{site}"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.usefixtures("slurm")
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
    done = run("slurm_local")
    assert done.returncode == 0, done.stdout + done.stderr
    calls = told.read_text().splitlines()
    assert {line.split()[-1] for line in calls} == {"data", "baseline", "single__seed_42", "report"}
    for line in calls:
        assert f" --bind {study} --pwd {study} {study / 'lexon.sif'} {sys.executable} " in line


@pytest.mark.usefixtures("pool")
def test_no_job_runs_outside_its_image_in_silence(study: Path):
    (study / "lexon.sif").touch()
    runner = study / "conf/htcondor_local/runner.yml"
    text = runner.read_text().replace("hold_minutes: 5", "hold_minutes: 0.1\n  retries: 0")
    runner.write_text(text.replace("htcondor:\n", "htcondor:\n  image: lexon.sif\n", 1))
    done = run("htcondor_local")
    assert done.returncode != 0, done.stdout + done.stderr
    (log,) = study.glob(f"{LOGS}/data.log")
    assert "runs jobs outside the image" in log.read_text()
    assert not (study / "data/test/02_intermediate").exists()
