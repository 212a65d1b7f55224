"""What Slurm's commands are asked, and what is made of their answers; the commands are scripts
here.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from lexon.errors import ConfigurationError
from lexon.runners.cluster.engine import Ticket, new_ticket
from lexon.runners.cluster.script import Site
from lexon.runners.cluster.workflow import Job, Workflow
from lexon.runners.slurm.engine import Slurm
from lexon.runners.slurm.settings import read_settings
from lexon.runners.slurm.status import NO_LAST_WORD

ROOT = Path(__file__).parents[2]
WORKFLOW = Workflow(
    (
        Job("data", "data", ()),
        Job("max", "member", (), ("data",)),
        Job("mean", "member", (), ("data",)),
        Job("late", "baseline", (), ("mean",)),
    ),
    Job("report", "report", ()),
)
NAMES = [job.name for job in WORKFLOW.all]
# Numbers from 11 on, in the order of submission.
COUNT = 'echo x >> "$0.n"; echo "$((10 + $(wc -l < "$0.n")));cluster"'


@pytest.fixture
def command(tmp_path, monkeypatch):
    """`command(name, script)` puts a command onto the PATH that also writes down how it was
    called, a line a call.
    """
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")

    def put(name: str, script: str) -> Path:
        path, asked = tmp_path / "bin" / name, tmp_path / f"{name}.asked"
        path.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n{script}\n')
        path.chmod(0o755)
        return asked

    for name in ("sacct", "squeue", "scancel", "scontrol"):
        put(name, "exit 1")
    return put


@pytest.fixture
def slurm() -> Slurm:
    base = yaml.safe_load((ROOT / "conf/base/runner.yml").read_text())["slurm"]
    return Slurm(read_settings(base))


@pytest.fixture
def ticket(tmp_path, slurm) -> Ticket:
    folder = tmp_path / "jobs"
    (folder / "state").mkdir(parents=True)
    for name, text in slurm.render(WORKFLOW, Site(folder, tmp_path, "python", {})).items():
        (folder / name).write_text(text)
    return new_ticket(folder, "2026-11-21 08:00:00", "Slurm")


def test_nothing_starts_before_all_is_submitted(command, slurm, ticket, monkeypatch):
    monkeypatch.setenv("SECRET", "x")
    asked = command("sbatch", f'{COUNT}; [ -z "$SECRET$SBATCH_ACCOUNT" ]')
    released = command("scontrol", "true")
    complete = slurm.submit(ticket, "title")
    assert complete.cluster == 11
    assert Ticket.from_json(complete.to_json()) == complete
    assert str(complete).startswith("Slurm job 11 of ")
    first, *others = asked.read_text().splitlines()
    assert first == "--parsable --export=ALL --hold data.sbatch"
    assert [line.split("--dependency=")[1] for line in others] == [
        "afterok:11 members_1.sbatch",
        "afterok:12_1 late.sbatch",
        "afterany:11:12:13 report.sbatch",
    ]
    assert released.read_text() == "release 11\n"


def test_a_refusal_is_reported_in_slurms_words_and_takes_back_what_was_submitted(
    command, slurm, ticket
):
    refusal = "sbatch: error: QOSMaxSubmitJobPerUserLimit"
    command("sbatch", f'{COUNT}; case "$*" in *members*) echo "{refusal}" >&2; exit 1;; esac')
    removed = command("scancel", "true")
    with pytest.raises(ConfigurationError, match=rf"sbatch refused .*members_1.sbatch:\n{refusal}"):
        slurm.submit(ticket, "title")
    assert removed.read_text() == "11\n"


def test_one_question_whatever_the_number_of_jobs(command, slurm, ticket):
    listed = "\n".join(
        f"{batch}|{number}|{place}|PENDING|{reason}|{ticket.folder}"
        for batch, number, place, reason in (
            ("members_1", 12, 0, "Resources"),
            ("members_1", 12, 1, "QOSMaxJobsPerUserLimit"),
            ("report", 14, "N/A", "Dependency"),
        )
    )
    asked = command("squeue", f"echo '{listed}'")
    (ticket.folder / "state" / "data").write_text("100 began 1 vm 11\n106 ended 0 done\n")
    now = slurm.poll(ticket, NAMES)
    assert now.queue == "alive"
    states = " ".join(job.state for job in now.jobs.values())
    assert states == "done queued queued waiting waiting"
    assert "QOSMaxJobsPerUserLimit" in now.jobs["mean"].reason
    assert len(asked.read_text().splitlines()) == 1
    assert f"--user {ticket.owner} " in asked.read_text()


@pytest.mark.parametrize(("script", "queue"), [("true", "gone"), ("exit 1", "unknown")])
def test_only_an_answer_tells_whether_a_workflow_is_there(command, slurm, ticket, script, queue):
    command("squeue", script)
    assert slurm.poll(ticket, NAMES).queue == queue


def test_without_commands_nothing_is_known(slurm, ticket, monkeypatch):
    monkeypatch.setitem(os.environ, "PATH", "/nowhere")
    assert slurm.poll(ticket, NAMES).queue == "unknown"


def test_a_job_without_an_end_is_explained_by_accounting_where_there_is_one(command, slurm, ticket):
    command("squeue", "true")
    (ticket.folder / "state" / "data").write_text("100 began 1 vm 11\n")
    assert slurm.poll(ticket, NAMES).jobs["data"].reason == NO_LAST_WORD
    asked = command("sacct", "echo '11|OUT_OF_MEMORY'")
    assert slurm.poll(ticket, NAMES).jobs["data"].reason == "out of memory"
    assert "--jobs 11" in asked.read_text()


def test_the_report_is_cancelled_last(command, slurm, ticket):
    report = f"report|14|N/A|PENDING|Dependency|{ticket.folder}"
    member = f"members_1|12|0|RUNNING|None|{ticket.folder}"
    removed = command("scancel", "true")
    command("squeue", f"printf '{member}\\n{report}\\n'")
    slurm.cancel(ticket)
    command("squeue", f"echo '{report}'")
    slurm.cancel(ticket)
    assert removed.read_text() == "12\n14\n"
    command("squeue", "true")
    with pytest.raises(ConfigurationError, match="none of its jobs is in the queue any more"):
        slurm.cancel(ticket)
    command("squeue", f"echo '{report}'")
    command("scancel", "echo 'Access denied' >&2; exit 1")
    with pytest.raises(ConfigurationError, match="scancel could not remove .*\nAccess denied"):
        slurm.cancel(ticket)
