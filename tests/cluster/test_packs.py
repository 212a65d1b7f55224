"""A job of several members on a real Slurm: they train at the same time, one that is killed takes
no other with it, and the tables are those of a run on one machine.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("slurm")]

MEMBERS = Path("data/test/06_models/default/main")
JOBS = Path("data/test/09_jobs/default/main")
REPORTS = Path("data/test/08_reporting/default")
JOB = "pack_1_of_2_members"
# Differ between two runs of the same numbers.
OWN = ["run", "notes", "seconds", "device", "events_per_second"]


def command(params: str, env: str = "test+slurm_local") -> list[str]:
    grid = f"pool=max|mean,training.epochs=60,events.n=800{params}"
    return [sys.executable, "-m", "kedro", "run", "--env", env, "--params", grid]


def worker_of(member: str) -> int:
    """The process that holds the lock of a member."""
    return json.loads((MEMBERS / member / ".lock").read_text())["pid"]


def table(run: str) -> pd.DataFrame:
    members = pd.read_csv(REPORTS / run / "members.csv")
    return members[[name for name in members if name not in OWN]]


def test_a_killed_member_takes_no_other_with_it(study: Path):
    path = study / "conf/slurm_local/runner.yml"
    text = path.read_text().replace("slurm:\n", "slurm:\n  members_per_job: 2\n", 1)
    path.write_text(text.replace("member:   {", "member:   {cpus: 2, "))
    waiter = subprocess.Popen(
        command(""), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    deadline = time.monotonic() + 240
    while len(list(MEMBERS.glob("*/checkpoint.pt"))) < 2:
        assert waiter.poll() is None
        assert time.monotonic() < deadline, "they train one after the other"
        time.sleep(0.1)
    os.kill(worker_of("pool_max__seed_42"), signal.SIGKILL)
    output, _ = waiter.communicate(timeout=240)
    assert waiter.returncode == 0, output
    folder = Path(json.loads((JOBS / "ticket.json").read_text())["folder"])
    assert " ended 137 memory\n" in (folder / "state" / JOB).read_text()
    log = (folder / "logs" / f"{JOB}.log").read_text()
    assert "killed by signal 9, probably out of memory" in log
    subprocess.run(command(",run=local", env="test"), check=True, capture_output=True)
    pd.testing.assert_frame_equal(table("main"), table("local"))
