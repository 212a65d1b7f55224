"""What becomes of a job when it ends: the script itself runs, Slurm's commands are scripts."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from lexon.runners.cluster.queued.job_script import job_script
from lexon.runners.cluster.script import MAX_STARTS, Site
from lexon.runners.slurm.options import IN_JOB
from lexon.runners.slurm.settings import SlurmSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def settings() -> SlurmSettings:
    base = yaml.safe_load((ROOT / "conf/base/runner.yml").read_text())["slurm"]
    return SlurmSettings.read(base | {"retries": 1})


@pytest.fixture
def start(tmp_path, settings):
    """`start(body)` starts the job `max`, whose Python is a script with that body."""
    (tmp_path / "logs").mkdir()
    bin_ = tmp_path / "bin"
    bin_.mkdir()

    def put(name: str, body: str) -> None:
        (bin_ / name).write_text(f"#!/bin/bash\n{body}\n")
        (bin_ / name).chmod(0o755)

    def begin(
        body: str,
        kind: str = "resumes",
        state: str = "RUNNING",
        machines: str = "vm vm2",
        setup: str | None = None,
        memory: int = 1000,
    ) -> subprocess.Popen:
        put("python", body)
        put("squeue", f"echo {state}")
        put("scontrol", f'echo "$*" >> {tmp_path}/asked')
        put("sinfo", f"printf '%s\\n' {machines}")
        script = tmp_path / "job.sh"
        own = settings.model_copy(update={"setup": setup})
        script.write_text(
            job_script(IN_JOB, own, Site(tmp_path, tmp_path, str(bin_ / "python"), {}))
        )
        script.chmod(0o755)
        environment = {
            "PATH": f"{bin_}:/usr/bin:/bin",
            "HOME": str(tmp_path),
            "SLURM_JOB_ID": "12",
            "SLURM_ARRAY_JOB_ID": "11",
            "SLURM_ARRAY_TASK_ID": "3",
            "SLURMD_NODENAME": "vm",
            "SLURM_JOB_PARTITION": "cpu",
            "SLURM_MEM_PER_NODE": str(memory),
        }
        return subprocess.Popen([str(script), "max", "1200", kind], env=environment)

    return begin


def asked(tmp_path: Path) -> list[str]:
    """What scontrol was asked, without the pause before the next start."""
    path = tmp_path / "asked"
    lines = path.read_text().splitlines() if path.exists() else []
    return [line for line in lines if "StartTime" not in line]


def ends(tmp_path: Path) -> list[str]:
    lines = (tmp_path / "state" / "max").read_text().splitlines()
    return [line.split(" ended ")[1] for line in lines if " ended " in line]


@pytest.mark.parametrize(
    ("code", "kind", "end", "changes"),
    [
        (0, "resumes", "0 done", None),
        (2, "resumes", "2 failed", None),
        (1, "restarts", "1 again", []),
        (143, "resumes", "143 stopped", []),
        (143, "restarts", "143 again", []),
        (3, "resumes", "3 elsewhere", ["update JobId=11_3 ExcNodeList=vm"]),
        (137, "resumes", "137 memory", ["update JobId=11_3 MinMemoryNode=1200"]),
    ],
)
def test_the_exit_code_decides(start, tmp_path, code, kind, end, changes):
    assert start(f"exit {code}", kind).wait() == code
    assert ends(tmp_path) == [end]
    back = [] if changes is None else ["requeue 11_3", *changes]
    assert asked(tmp_path) == back, "a task's own number could mean its whole array"


def test_tries_end_and_going_on_is_none(start, tmp_path):
    for code in (1, 143, 1):
        start(f"exit {code}").wait()
    assert ends(tmp_path) == ["1 again", "143 stopped", "1 failed"]
    log = (tmp_path / "logs" / "max.log").read_text()
    assert [line[:9] for line in log.splitlines()] == ["--- try 1", "--- try 2", "--- try 2"]


def test_a_job_does_not_stop_for_ever(start, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "max").write_text("1 began 1 vm 12\n" * MAX_STARTS)
    start("exit 143").wait()
    assert ends(tmp_path) == ["143 again"]


def test_a_machine_on_which_it_failed_is_left_out_as_long_as_there_are_others(start, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "max").write_text("1 began 1 vm2 12\n2 ended 3 memory\n")
    start("exit 3", machines="vm vm2 vm3").wait()
    assert asked(tmp_path)[1] == "update JobId=11_3 ExcNodeList=vm,vm2"
    (tmp_path / "state" / "max").unlink()
    start("exit 3", machines="vm vm").wait()
    assert ends(tmp_path) == ["3 again"]


def test_at_the_limit_of_memory_a_killed_job_is_tried_as_any_other(start, tmp_path):
    start("kill -9 $$").wait()
    assert ends(tmp_path) == ["137 memory"]
    log = (tmp_path / "logs" / "max.log").read_text()
    assert "it comes back with 1200 MB instead of 1000" in log
    for _ in range(2):
        start("kill -9 $$", memory=1200).wait()
    assert ends(tmp_path)[1:] == ["137 again", "137 failed"]


def test_what_slurm_ended_does_not_come_back(start, tmp_path):
    start("exit 143", state="COMPLETING").wait()
    assert ends(tmp_path) == ["143 COMPLETING"]
    assert asked(tmp_path) == []


def test_the_signal_before_the_time_limit_reaches_the_training(start, tmp_path):
    job = start(
        f"trap 'sleep 0.3; exit 143' TERM; touch {tmp_path}/ready; while :; do sleep 0.05; done"
    )
    while not (tmp_path / "ready").exists():
        time.sleep(0.02)
    job.send_signal(signal.SIGUSR1)
    assert job.wait(timeout=20) == 143, "it waits until the checkpoint is saved"
    assert ends(tmp_path) == ["143 stopped"]


def test_setup_that_fails_is_the_machines_fault(start, tmp_path):
    (tmp_path / ".bash_profile").write_text(f"PATH={tmp_path}/bin:$PATH")
    start("exit 0", setup="shopt -q login_shell && echo login\nfalse").wait()
    assert ends(tmp_path) == ["3 elsewhere"]
    log = (tmp_path / "logs" / "max.log").read_text()
    assert "login\n" in log
    assert "setup failed with code 1" in log
