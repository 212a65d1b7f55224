"""A job runs what was submitted, whatever became of the configuration since, and its exit code says
what to do next.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from threadpoolctl import threadpool_limits

from lexon.errors import USER_MISTAKE, ConfigurationError, Killed
from lexon.framework import job
from lexon.framework.job import main
from lexon.runners.cluster.script import KILLED, PASSED_ON, STOPPED
from lexon.runners.local import RunFailed

MODEL = Path("data/test/06_models/default/main/single__seed_42/model.pt")


@pytest.fixture
def submitted(kedro_session, project) -> Callable[..., Path]:
    """The folder of a workflow as it would be submitted now."""
    shutil.rmtree(project / "conf" / "experiments")

    def submit(**params: object) -> Path:
        with kedro_session("test+htcondor_local", **params) as session:
            session.run(preview=True)
        return max((project / "data/test/09_jobs/default/main").iterdir())

    return submit


def set_in(path: Path, job: str, **what: object) -> None:
    record = json.loads(path.read_text())
    record["jobs"][job] |= what
    path.write_text(json.dumps(record))


@pytest.mark.usefixtures("unpainted")
def test_jobs_run_what_was_submitted_one_after_the_other(submitted, project):
    folder = submitted(pool="max")
    (project / "conf/test/parameters.yml").write_text("training: {epochs: 0}")
    assert main(folder, "data") == 0
    assert not MODEL.exists()
    assert main(folder, "report", failed_before=1) == PASSED_ON, (
        "a report is done though nothing else is"
    )
    assert Path("data/test/08_reporting/default/main/report.html").exists()
    assert main(folder, "single__seed_42") == 0
    assert (
        json.loads(MODEL.with_name("run.json").read_text())["parameters"]["training"]["epochs"] == 2
    )
    before = MODEL.stat().st_mtime_ns
    assert main(folder, "single__seed_42") == 0
    assert MODEL.stat().st_mtime_ns == before, "a job that is started again does nothing twice"


def test_a_job_says_if_its_code_is_not_what_was_submitted(submitted, monkeypatch, caplog):
    """An image knows no commit, and has the same sources."""
    folder = submitted()
    code = json.loads((folder / "submission.json").read_text())["code"]
    monkeypatch.setattr(job, "code_version", lambda: {"digest": code["digest"]})
    assert main(folder, "data") == 0
    assert "not the code" not in caplog.text
    monkeypatch.setattr(job, "code_version", lambda: {"digest": "1234567890abcdef"})
    assert main(folder, "data") == 0
    assert "not the code that was submitted" in caplog.text
    assert "now sources 1234567890ab" in caplog.text


def test_a_mistake_of_the_user_has_its_own_code(submitted, capsys):
    folder = submitted()
    (folder / "conf/test/parameters.yml").write_text("training: {epohcs: 1}")
    assert main(folder, "data") == USER_MISTAKE
    assert "epohcs" in capsys.readouterr().out


def test_a_job_without_its_inputs_may_be_tried_again(submitted, capsys):
    assert main(submitted(), "single__seed_42") == 1
    assert "train" in capsys.readouterr().out


def test_the_time_limit_ends_a_training_with_a_checkpoint(submitted):
    folder = submitted(training={"epochs": 100000})
    assert main(folder, "data") == 0
    set_in(folder / "submission.json", "single__seed_42", minutes=0.1)
    with pytest.raises(SystemExit) as end:
        main(folder, "single__seed_42")
    assert end.value.code == STOPPED == 128 + signal.SIGTERM
    assert MODEL.with_name("checkpoint.pt").exists()
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


@pytest.fixture
def threads(monkeypatch):
    """A job has a process of its own: what it sets there must not stay in that of the tests."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    before = torch.get_num_threads()
    with threadpool_limits():
        yield
    torch.set_num_threads(before)


def test_members_of_one_job_train_at_once_and_fail_alone(submitted, project, threads):
    path = project / "conf/htcondor_local/runner.yml"
    text = path.read_text().replace("htcondor:\n", "htcondor:\n  members_per_job: 2\n", 1)
    path.write_text(text.replace("member:   {", "member:   {cpus: 2, "))
    folder = submitted(pool=["max", "mean"])
    assert main(folder, "data") == 0
    members = MODEL.parents[1]
    in_the_way = members / "pool_max__seed_42/model.pt/x"
    in_the_way.mkdir(parents=True)
    assert main(folder, "pack_1_of_2_members") == USER_MISTAKE, "as a job of that member alone"
    records = {
        path.parent.name: json.loads(path.read_text()) for path in members.glob("*/run.json")
    }
    assert {name: record["status"] for name, record in records.items()} == {
        "pool_max__seed_42": "failed",
        "pool_mean__seed_42": "done",
    }
    in_the_way.rmdir()
    in_the_way.parent.rmdir()
    assert main(folder, "pack_1_of_2_members") == 0
    for path in members.glob("*/run.json"):
        device = json.loads(path.read_text())["device"]
        assert "1 thread" in device, "the one that was left has the numbers of its first try"


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ([Killed("killed by signal 9", signal.SIGKILL), ConfigurationError("pool")], KILLED),
        ([Killed("killed by signal 11", signal.SIGSEGV)], 1),
        ([ConfigurationError("pool")], USER_MISTAKE),
    ],
)
def test_a_batch_system_hears_that_memory_ran_out(submitted, monkeypatch, errors, code):
    """Else it would start the job again with the same memory."""

    def fail(*_: object) -> None:
        raise RunFailed({str(number): error for number, error in enumerate(errors)}, [])

    monkeypatch.setattr(job, "_run", fail)
    assert main(submitted(), "data") == code
