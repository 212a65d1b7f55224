"""Whole workflows on a real pool: success, failure and resuming, a held job, a killed job, a killed
waiter.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lexon.framework.config_loader import LayeredConfigLoader
from lexon.runners.cluster.script import Site
from lexon.runners.htcondor.dag import submit_file
from lexon.runners.htcondor.settings import HTCondorSettings

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("pool")]

WAITS = "1"  # HTCondor's JobStatus of an idle job

MEMBERS = Path("data/test/06_models/default/main")
JOBS = Path("data/test/09_jobs/default/main")
REPORT = Path("data/test/08_reporting/default/main")
# Long enough to be caught in the act.
LONG = ("--params", "training.epochs=300,events.n=800")


def command(*arguments: str, env: str = "test+htcondor_local") -> list[str]:
    return [sys.executable, "-m", "kedro", "run", "--env", env, *arguments]


def kedro(*arguments: str, env: str = "test+htcondor_local") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments, env=env), capture_output=True, text=True, check=False, timeout=240
    )


def call(*arguments: str, folder: Path | None = None) -> str:
    return subprocess.run(
        arguments, cwd=folder, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def wait_for(look: Callable[[], Any], seconds: float = 240) -> Any:
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
    return seen


def latest() -> Path:
    return Path(json.loads((JOBS / "ticket.json").read_text())["folder"])


def process_of(job: str) -> int:
    """The process of a running job, once its training has a checkpoint."""
    wait_for(lambda: list(MEMBERS.glob("*/checkpoint.pt")))
    found = subprocess.run(
        ["pgrep", "-f", f"lexon.framework.job {latest()} {job}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return int(found[0])


def change_site(old: str, new: str) -> None:
    path = Path("conf/htcondor_local/runner.yml")
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_a_cluster_finds_what_a_laptop_finds_and_failures_come_home(study):
    """One member cannot write its model, which no further try can change: it is named, and its
    sibling and the report go on.
    """
    change_site("poll_seconds: 1", "poll_seconds: 1\n  retries: 1")
    grid = ("--params", "pool=max|mean")
    in_the_way = MEMBERS / "pool_max__seed_42" / "model.pt" / "x"
    in_the_way.mkdir(parents=True)
    failed = kedro(*grid)
    assert failed.returncode == 2, failed.stdout + failed.stderr
    assert "pool_max__seed_42: exit code 2, 1 try" in failed.stderr
    assert "Is a directory" in failed.stderr
    members = pd.read_csv(REPORT / "members.csv").set_index("pool")
    assert members.status.to_dict() == {"max": "failed", "mean": "done"}
    in_the_way.rmdir()
    in_the_way.parent.rmdir()
    resumed = kedro(*grid)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert set(json.loads((latest() / "submission.json").read_text())["jobs"]) == {
        "pool_max__seed_42",
        "report",
    }
    assert "0 to run" in kedro(*grid, env="test").stdout, "a laptop continues a cluster"


def test_a_killed_waiter_an_evicted_job_and_a_second_command(study):
    """The workflow goes on without its waiter; a stopped training goes on from its checkpoint; no
    work is submitted twice.
    """
    waiter = subprocess.Popen(command(*LONG), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    job = process_of("single__seed_42")
    waiter.kill()
    waiter.wait()
    os.kill(job, signal.SIGTERM)
    refused = kedro("--params", "pool=max")
    assert refused.returncode == 2
    assert "runs on these members with other options" in refused.stderr
    attached = kedro(*LONG)
    assert attached.returncode == 0, attached.stdout + attached.stderr
    assert "Attached to HTCondor job" in attached.stdout
    log = (latest() / "logs" / "single__seed_42.log").read_text()
    assert "checkpoint saved" in log
    assert "resumed at epoch" in log
    assert log.count("--- try 1 ") == 2, "going on is no new try"
    assert len(list(JOBS.glob("2*"))) == 1


def test_a_held_job_is_shown_and_becomes_a_failure(study):
    change_site("hold_minutes: 5", "hold_minutes: 0.05\n  retries: 0")
    waiter = subprocess.Popen(
        command(*LONG), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process_of("single__seed_42")
    number = json.loads((JOBS / "ticket.json").read_text())["cluster"]
    call(
        "condor_hold",
        "-reason",
        "the disk is on fire",
        "-constraint",
        f'DAGManJobId == {number} && DAGNodeName == "single__seed_42"',
    )
    output, errors = waiter.communicate(timeout=120)
    assert waiter.returncode == 1
    assert "single__seed_42: held" in output
    assert "held, then removed: the disk is on fire" in errors
    assert (REPORT / "report.html").exists(), "the report runs in any case"


def test_a_job_that_is_held_for_memory_again_and_again_stays_held(study: Path, tmp_path: Path):
    """A site may hold it for a memory that no request changes, a GPU's for example."""
    base = LayeredConfigLoader(study / "conf", "htcondor_local", base_env="base")["runner"]
    holds = {
        "periodic_hold": "JobStatus == 2 && time() - EnteredCurrentStatus >= 1",
        "periodic_hold_reason": '"more GPU memory than there is"',
    }
    submit = base["htcondor"]["submit"] | holds
    settings = HTCondorSettings.read(base["htcondor"] | {"retries": 1, "submit": submit})
    site = Site(tmp_path, tmp_path, sys.executable, {})
    (tmp_path / "member.sub").write_text(submit_file("member", settings, site))
    (tmp_path / "job.sh").write_text("#!/bin/bash\nsleep 100\n")
    (tmp_path / "job.sh").chmod(0o755)
    command = ("condor_submit", "-terse", "member.sub", "job=max", "try=0")
    number = call(*command, folder=tmp_path).split(".")[0]
    look = ("condor_q", "-allusers", number, "-af", "JobStatus", "NumJobStarts")
    wait_for(lambda: call(*look).split() == ["5", "2"])
    time.sleep(5)  # HTCondor looks at such rules every two seconds here
    assert call(*look).split() == ["5", "2"], "released once, as often as it is tried again"
    call("condor_rm", number)


def test_htcondor_understands_what_we_write(study, tmp_path):
    """Arguments and environment arrive as they were meant, from a folder with an
    unfortunate name.
    """
    folder = tmp_path / "it's a $HOME (folder)"
    folder.mkdir()
    settings = HTCondorSettings.read(
        LayeredConfigLoader(study / "conf", "htcondor_local", base_env="base")["runner"]["htcondor"]
    )
    odd = {"PLAIN": "a", "ODD": 'it\'s "50 $(x) ${y} % of" a b', "OUT": str(folder / "out")}
    (folder / "member.sub").write_text(
        submit_file("member", settings, Site(folder, folder, sys.executable, odd))
    )
    tell = 'printf "%s\\n" "$PLAIN" "$ODD" "$PWD" "$1" "$2" "$4" > "$OUT.part"'
    (folder / "job.sh").write_text(f'#!/bin/bash\n{tell} && mv "$OUT.part" "$OUT"\n')
    (folder / "job.sh").chmod(0o755)
    submit = ["member.sub", "job=max", "try=0"]
    assert "1 job(s) dry-run" in call(
        "condor_submit", "-dry-run", str(tmp_path / "ad"), *submit, folder=folder
    )
    call("condor_submit", *submit, folder=folder)
    wait_for((folder / "out").exists)
    assert (folder / "out").read_text().splitlines() == [
        odd["PLAIN"],
        odd["ODD"],
        str(folder),
        "max",
        "0",
        "0",
    ]


def test_a_job_whose_machine_is_at_fault_never_starts_there_again(
    study: Path, tmp_path: Path
) -> None:
    """This pool has one machine: the job waits for another one, in vain, and counts as failed."""
    settings = HTCondorSettings.read(
        LayeredConfigLoader(study / "conf", "htcondor_local", base_env="base")["runner"]["htcondor"]
        | {"hold_minutes": 0.1}
    )
    (tmp_path / "member.sub").write_text(
        submit_file("member", settings, Site(tmp_path, tmp_path, sys.executable, {}))
    )
    (tmp_path / "job.sh").write_text(f"#!/bin/bash\necho started >> {tmp_path}/starts\nexit 3\n")
    (tmp_path / "job.sh").chmod(0o755)
    number = call(
        "condor_submit", "-terse", "member.sub", "job=max", "try=0", folder=tmp_path
    ).split(".")[0]
    wait_for(
        lambda: (
            call("condor_q", "-allusers", number, "-af", "JobStatus", "ExitCode").split()
            == [WAITS, "3"]
        )
    )
    wait_for(lambda: not call("condor_q", "-allusers", number, "-af", "JobStatus").strip())
    assert (tmp_path / "starts").read_text() == "started\n"
