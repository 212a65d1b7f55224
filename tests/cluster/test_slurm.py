"""Whole workflows on a real Slurm: failures, cancelled and requeued jobs, a controller that dies, a
time limit. Whatever happened, the tables are those of a run on one machine.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lexon.framework.config_loader import LayeredConfigLoader
from lexon.runners.cluster.engine import Ticket, new_ticket
from lexon.runners.cluster.queued.engine import QueuedEngine
from lexon.runners.cluster.script import Site
from lexon.runners.cluster.state import JobStatus
from lexon.runners.cluster.workflow import Job, Workflow
from lexon.runners.slurm.commands import Slurm
from lexon.runners.slurm.settings import SlurmSettings

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("slurm")]

SITE = "test+slurm_local"
MEMBERS = Path("data/test/06_models/default/main")
JOBS = Path("data/test/09_jobs/default/main")
REPORTS = Path("data/test/08_reporting/default")
# Long enough to be caught in the act.
LONG = "training.epochs=150,events.n=800"
SAVED_WITHIN = 6  # seconds: slurmctld writes what it knows at least every five
# Differ between two runs of the same numbers.
OWN = ["run", "notes", "seconds", "device", "events_per_second"]


def command(params: str, env: str = SITE) -> list[str]:
    return [sys.executable, "-m", "kedro", "run", "--env", env, "--params", params]


def call(*arguments: str) -> str:
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wait_for(look: Callable[[], Any], not_yet: type[Exception] | tuple = ()) -> Any:
    """What `look` returns as soon as it is something."""
    deadline = time.monotonic() + 240
    while True:
        with suppress(not_yet):
            if seen := look():
                return seen
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


def latest() -> Path:
    return Path(json.loads((JOBS / "ticket.json").read_text())["folder"])


def notes(job: str) -> str:
    path = latest() / "state" / job
    return path.read_text() if path.exists() else ""


def process_of(job: str) -> int:
    """The Python of a running job, stopped by a signal, so that it does not end before the test is
    done with it.
    """
    pattern = f"lexon.framework.job {latest()} {job}"
    found = subprocess.run(["pgrep", "-f", pattern], capture_output=True, text=True, check=True)
    process = int(found.stdout.split()[0])
    os.kill(process, signal.SIGSTOP)
    return process


def set_of_controller() -> dict[str, str]:
    lines = [line.partition(" = ") for line in call("scontrol", "show", "config").splitlines()]
    return {name.strip(): value.strip() for name, _, value in lines}


def status() -> dict[str, Any]:
    shown = call(sys.executable, "-m", "kedro", "cluster", "status", "--env", SITE, "--json")
    return json.loads(shown)["jobs"]


def table(run: str) -> pd.DataFrame:
    members = pd.read_csv(REPORTS / run / "members.csv")
    return members[[name for name in members if name not in OWN]]


def test_a_drained_machine_a_failing_member_and_a_cancelled_job(study):
    """One member fails, which no further try can change, one is cancelled: both are named, the
    third and the report go on, and the same command does what is missing.
    """
    grid = "pool=max|mean|cls"
    in_the_way = MEMBERS / "pool_max__seed_42" / "model.pt" / "x"
    in_the_way.mkdir(parents=True)
    machine = call("sinfo", "--noheader", "--format", "%n").split()[0]
    call("scontrol", "update", f"NodeName={machine}", "State=DRAIN", "Reason=test")
    try:
        waiter = subprocess.Popen(
            command(grid), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        wait_for(lambda: json.loads((JOBS / "ticket.json").read_text())["cluster"], OSError)
        wait_for(lambda: "drained" in status()["data"]["reason"])
    finally:
        call("scontrol", "update", f"NodeName={machine}", "State=RESUME")
    wait_for(lambda: " began " in notes("data"))
    ids = call("squeue", "--noheader", "--array", "--format", "%i %j").splitlines()
    third = next(line.split()[0] for line in ids if line.endswith("members_1"))
    place = json.loads((latest() / "batches.json").read_text())
    names = next(batch["jobs"] for batch in place if batch["name"] == "members_1")
    number = third.partition("_")[0]
    call("scancel", f"{number}_{names.index('pool_mean__seed_42')}")
    output, errors = waiter.communicate(timeout=240)
    assert waiter.returncode == 1, output + errors
    assert "pool_max__seed_42: exit code 2, 1 try" in errors
    assert "Is a directory" in errors
    assert "pool_mean__seed_42: removed from the queue" in errors
    assert dict(table("main")[["pool", "status"]].to_numpy()) == {
        "max": "failed",
        "mean": "pending",
        "cls": "done",
    }
    in_the_way.rmdir()
    in_the_way.parent.rmdir()
    call(*command(grid))
    assert set(json.loads((latest() / "submission.json").read_text())["jobs"]) == {
        "pool_max__seed_42",
        "pool_mean__seed_42",
        "report",
    }
    assert "0 to run" in call(*command(grid, env="test")), "a laptop continues a cluster"
    call(*command(f"{grid},run=local", env="test"))
    pd.testing.assert_frame_equal(table("main"), table("local"))


def test_a_killed_waiter_a_dead_controller_a_requeued_job_and_a_time_limit(study):
    """The workflow goes on without its waiter and its controller; a training that was stopped goes
    on from its checkpoint.
    """
    job = "single__seed_42"
    path = study / "conf/slurm_local/runner.yml"
    path.write_text(path.read_text().replace("stop_seconds: 60", "stop_seconds: 110"))
    waiter = subprocess.Popen(command(LONG), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: list(MEMBERS.glob("*/checkpoint.pt")))
    process_of(job)
    waiter.kill()
    waiter.wait()
    # A job that ends while the controller is gone, or whose end it has not saved yet, would count
    # as running until its machine registers again, minutes later.
    wait_for(lambda: "baseline" not in call("squeue", "--noheader", "--format", "%j"))
    time.sleep(SAVED_WITHIN)
    controller = set_of_controller()
    os.kill(int(Path(controller["SlurmctldPidFile"]).read_text()), signal.SIGKILL)
    call("slurmctld", "-f", controller["SLURM_CONF"])
    number, log = notes(job).split()[-1], latest() / "logs" / f"{job}.log"
    requeue = ("scontrol", "requeue", number)
    wait_for(lambda: subprocess.run(requeue, check=False).returncode == 0)
    state = ("squeue", "--noheader", "--job", number, "--format", "%T")
    wait_for(lambda: call(*state).startswith("PENDING"))
    call("scontrol", "update", f"JobId={number}", "StartTime=now")  # Slurm would wait two minutes
    wait_for(lambda: "resumed at epoch" in log.read_text())
    process = process_of(job)
    call("scontrol", "update", f"JobId={number}", "TimeLimit=2")
    wait_for(lambda: "its time limit is near" in log.read_text())
    os.kill(process, signal.SIGCONT)
    wait_for(lambda: " ended 143 stopped" in notes(job))
    call("scontrol", "update", f"JobId={number}", "TimeLimit=50")
    attached = call(*command(LONG))
    assert "Attached to Slurm job" in attached
    assert len(list(JOBS.glob("2*"))) == 1, "no work is submitted twice"
    assert log.read_text().count("--- try 1 ") == 3, "going on is no new try"
    assert log.read_text().count("resumed at epoch") == 2
    call(*command(f"{LONG},run=local", env="test"))
    pd.testing.assert_frame_equal(table("main"), table("local"))


@pytest.fixture
def engine(study: Path) -> QueuedEngine:
    loader = LayeredConfigLoader(study / "conf", "slurm_local", base_env="base")
    return QueuedEngine(Slurm(SlurmSettings.read(loader["runner"]["slurm"])))


def submitted(engine: QueuedEngine, workflow: Workflow, site: Site) -> Ticket:
    (site.folder / "logs").mkdir(parents=True)
    for name, text in engine.render(workflow, site).items():
        (site.folder / name).write_text(text)
    (site.folder / "job.sh").chmod(0o755)
    return engine.submit(new_ticket(site.folder, "now", "Slurm"), "title")


def finished(engine: QueuedEngine, ticket: Ticket, workflow: Workflow) -> dict[str, JobStatus]:
    names = [job.name for job in workflow.all]
    wait_for(lambda: engine.poll(ticket, names).queue == "gone")
    return engine.poll(ticket, names).jobs


def test_jobs_come_back_by_their_exit_codes_and_what_cannot_run_is_skipped(engine, tmp_path):
    """Stands for Python: a script that ends with the codes of a file, one a start. Arguments and
    environment arrive as they were meant, in a folder with an unfortunate name.
    """
    folder = tmp_path / "it's a $HOME (folder) 100%x"
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/bash\ncodes="$CODES/$4" && echo "$ODD $PWD memory $SLURM_MEM_PER_NODE"\n'
        'code=$(head -n 1 "$codes") && sed -i 1d "$codes"\n'
        '[ "$code" = 137 ] && kill -9 $$\nexit "$code"\n'
    )
    python.chmod(0o755)
    codes = {
        "killed": "137 0",
        "elsewhere": "3 3 3",
        "mistake": "2",
        "fine": "0",
        "skipped": "0",
        "report": "0",
    }
    for name, ends in codes.items():
        (tmp_path / name).write_text(ends.replace(" ", "\n") + "\n")
    odd = 'it\'s "50 $(x) ${y} % of" a b'
    site = Site(folder, tmp_path, str(python), {"ODD": odd, "CODES": str(tmp_path)})
    jobs = [Job(name, "member", ()) for name in ("killed", "elsewhere", "mistake", "fine")]
    jobs.append(Job("skipped", "baseline", (), ("mistake",)))
    workflow = Workflow(tuple(jobs), Job("report", "report", ()))
    quick = engine.settings.model_copy(update={"retries": 1})
    engine = QueuedEngine(Slurm(quick))
    ended = finished(engine, submitted(engine, workflow, site), workflow)
    assert {name: (job.state, job.tries, job.code) for name, job in ended.items()} == {
        "killed": ("done", 1, 0),
        "elsewhere": ("failed", 2, 3),  # there is no other machine here
        "mistake": ("failed", 1, 2),
        "fine": ("done", 1, 0),
        "skipped": ("waiting", 0, None),
        "report": ("done", 1, 0),
    }
    log = (folder / "logs" / "killed.log").read_text()
    assert f"{odd} {tmp_path} memory 500\n" in log
    assert f"{odd} {tmp_path} memory 750\n" in log


def test_a_cancelled_workflow_ends_with_its_report(engine, tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/bin/bash\n[ "$4" = report ] || sleep 100\n')
    python.chmod(0o755)
    workflow = Workflow(
        (Job("data", "data", ()), Job("max", "member", (), ("data",))), Job("report", "report", ())
    )
    site = Site(tmp_path / "jobs", tmp_path, str(python), {})
    ticket = submitted(engine, workflow, site)
    names = [job.name for job in workflow.all]
    wait_for(lambda: engine.poll(ticket, names).jobs["data"].starts)
    engine.cancel(ticket)
    ended = finished(engine, ticket, workflow)
    assert {name: job.state for name, job in ended.items()} == {
        "data": "failed",
        "max": "waiting",
        "report": "done",
    }
    assert ended["data"].reason == "cancelled"


def test_jobs_beyond_a_limit_are_submitted_as_others_end(engine, tmp_path, monkeypatch):
    """A site without accounting has no such limit: an `sbatch` before the real one has it."""
    (tmp_path / "bin").mkdir()
    sbatch = tmp_path / "bin" / "sbatch"
    sbatch.write_text(
        "#!/bin/bash\n"
        "for word; do [[ $word = --array=* ]] && range=${word#--array=}; done\n"
        'here=$(sed -n "s/^#SBATCH --array=//p" "$word"); range=${range:-${here:-0-0}}\n'
        f'queued=$(squeue --noheader --array --format %k | grep -cF "{tmp_path}")\n'
        "if [ $((queued + ${range#*-} - ${range%-*} + 1)) -gt 4 ]; then\n"
        "    echo 'sbatch: error: AssocMaxSubmitJobLimit' >&2; exit 1\n"
        f'fi\nPATH=${{PATH#*:}} exec sbatch "$@"\n'
    )
    sbatch.chmod(0o755)
    monkeypatch.setenv("PATH", f"{sbatch.parent}:{os.environ['PATH']}")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/bash\necho "$4" >> {tmp_path}/ran\n')
    python.chmod(0o755)
    members = [Job(f"m{number}", "member", (), ("data",)) for number in range(7)]
    workflow = Workflow((Job("data", "data", ()), *members), Job("report", "report", ()))
    names = [job.name for job in workflow.all]
    ticket = submitted(engine, workflow, Site(tmp_path / "jobs", tmp_path, str(python), {}))
    assert len(engine.poll(ticket, names).named("unsubmitted")) == 5

    def over() -> bool:
        engine.submit(ticket, "title")
        return engine.poll(ticket, names).over

    wait_for(over)
    ran = (tmp_path / "ran").read_text().split()
    assert sorted(ran) == sorted(names), "each once"
    assert (ran[0], ran[-1]) == ("data", "report")


def test_a_command_killed_in_mid_submission_is_typed_again_and_goes_on(study, monkeypatch):
    """By an `sbatch` before the real one, which submits two jobs and kills the command that called
    it.
    """
    (study / "bin").mkdir()
    sbatch = study / "bin" / "sbatch"
    sbatch.write_text(
        "#!/bin/bash\n"
        'number=$(PATH=${PATH#*:} exec sbatch "$@") && echo "$number" || exit\n'
        f'echo "$number" >> {study}/submitted\n'
        f"[ $(wc -l < {study}/submitted) != 2 ] || kill -9 $PPID\n"
    )
    sbatch.chmod(0o755)
    monkeypatch.setenv("PATH", f"{sbatch.parent}:{os.environ['PATH']}")
    killed = subprocess.run(command("pool=max|mean"), capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert call("squeue", "--noheader", "--format", "%k").split().count(str(latest())) == 2
    jobs = status()
    assert [jobs[name]["state"] for name in ("data", "report")] == 2 * ["unsubmitted"]
    assert "the same `kedro run` goes on" in jobs["data"]["reason"]
    done = call(*command("pool=max|mean"))
    assert "Attached to a workflow of" in done
    assert len(list(JOBS.glob("2*"))) == 1, "no work is submitted twice"
    assert set(table("main")["status"]) == {"done"}
