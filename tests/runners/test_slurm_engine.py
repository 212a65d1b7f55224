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
from lexon.runners.cluster.queued.batches import from_json
from lexon.runners.cluster.queued.engine import QueuedEngine
from lexon.runners.cluster.queued.states import NO_LAST_WORD
from lexon.runners.cluster.script import Site
from lexon.runners.cluster.workflow import Job, Workflow
from lexon.runners.slurm.commands import Slurm
from lexon.runners.slurm.settings import SlurmSettings

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
def slurm() -> QueuedEngine:
    base = yaml.safe_load((ROOT / "conf/base/runner.yml").read_text())["slurm"]
    return QueuedEngine(Slurm(SlurmSettings.read(base)))


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
    assert released.read_text().splitlines()[-1] == "release 11"


def test_a_refusal_is_reported_in_slurms_words_and_takes_back_what_was_submitted(
    command, slurm, ticket
):
    refusal = "sbatch: error: invalid partition specified: gpu"
    command("sbatch", f'{COUNT}; case "$*" in *members*) echo "{refusal}" >&2; exit 1;; esac')
    removed = command("scancel", "true")
    with pytest.raises(ConfigurationError, match=rf"sbatch refused .*members_1.sbatch:\n{refusal}"):
        slurm.submit(ticket, "title")
    assert removed.read_text() == "11\n"


class Queue:
    """A Slurm that has room for so many jobs: `squeue` lists a file, and `sbatch` adds to it."""

    def __init__(self, command, folder: Path, room: int) -> None:
        self.file, self.room, self.folder = folder / "queue", folder / "room", folder
        self.file.touch()
        self.room.write_text(str(room))
        refusal = "sbatch: error: QOSMaxSubmitJobPerUserLimit"
        self.asked = command(
            "sbatch",
            f"""for word; do
    case $word in --array=*) range=${{word#--array=}};; --dep*|--*) ;; *) file=$word;; esac
done
name=${{file%.sbatch}}
range=${{range:-$(sed -n 's/^#SBATCH --array=\\([0-9-]*\\).*/\\1/p' "$file")}}
places=$(if [ -n "$range" ]; then seq "${{range%-*}}" "${{range#*-}}"; else echo N/A; fi)
if [ $(($(wc -l < {self.file}) + $(echo "$places" | wc -l))) -gt "$(cat {self.room})" ]; then
    echo '{refusal}' >&2; exit 1
fi
echo x >> "$0.n"; number=$((10 + $(wc -l < "$0.n")))
for place in $places; do
    echo "$name|$number|$place|PENDING|Priority|(null)" >> {self.file}
done
echo "$number;cluster" """,
        )
        command("squeue", f"cat {self.file}")
        self.removed = command("scancel", "true")
        command("scontrol", "true")

    def end(self, jobs: list[str], word: str = "done") -> None:
        """The first of these in the queue end."""
        for name in jobs:
            code = 0 if word == "done" else 1
            note = f"100 began 1 vm 1\n101 ended {code} {word}\n"
            (self.folder / "jobs" / "state" / name).write_text(note)

    def leave(self, n: int) -> None:
        """So many jobs leave it."""
        self.file.write_text("".join(self.file.read_text().splitlines(keepends=True)[n:]))


def grid(n: int) -> Workflow:
    members = [Job(f"m{number}", "member", (), ("data",)) for number in range(n)]
    return Workflow((Job("data", "data", ()), *members), Job("report", "report", ()))


def written(slurm: QueuedEngine, ticket: Ticket, workflow: Workflow) -> list[str]:
    for name, text in slurm.render(workflow, Site(ticket.folder, Path(), "python", {})).items():
        (ticket.folder / name).write_text(text)
    return [job.name for job in workflow.all]


@pytest.mark.parametrize(("room", "array_size"), [(1, 1000), (3, 2), (4, 1000)])
def test_a_limit_of_the_site_leaves_jobs_that_later_calls_submit(
    command, slurm, ticket, tmp_path, room, array_size
):
    """Whatever the limit: each job once, members after data, the report last and alone."""
    slurm = QueuedEngine(Slurm(slurm.settings.model_copy(update={"array_size": array_size})))
    names = written(slurm, ticket, grid(5))
    queue = Queue(command, tmp_path, room)
    seen: list[str] = []
    for _ in names:
        ticket = slurm.submit(ticket, "title")
        now = slurm.poll(ticket, names)
        in_queue = now.named("queued", "waiting")
        assert len(in_queue) == min(room, len(names) - len(seen)), "as many as the site allows"
        assert not now.over
        seen += in_queue[:1]
        queue.end(in_queue[:1])
        queue.leave(1)
    assert seen == names
    assert slurm.poll(ticket, names).over
    last = queue.asked.read_text().splitlines()[-1]
    assert last.endswith("report.sbatch")
    assert ("--dependency=afterany:" in last) == (room > 1), "what is over is not waited for"


def test_members_of_lost_data_are_not_submitted(command, slurm, ticket, tmp_path):
    names = written(slurm, ticket, grid(3))
    queue = Queue(command, tmp_path, 1)
    ticket = slurm.submit(ticket, "title")
    queue.end(["data"], "failed")
    queue.leave(1)
    slurm.submit(ticket, "title")
    states = [job.state for job in slurm.poll(ticket, names).jobs.values()]
    assert states == ["failed", "waiting", "waiting", "waiting", "queued"]


def test_a_cancelled_workflow_submits_its_report_only(command, slurm, ticket, tmp_path):
    names = written(slurm, ticket, grid(3))
    queue = Queue(command, tmp_path, 2)
    ticket = slurm.submit(ticket, "title")
    queue.leave(1)
    slurm.cancel(ticket)
    assert queue.removed.read_text() == "12\n"
    queue.leave(1)
    slurm.submit(ticket, "title")
    assert slurm.poll(ticket, names).jobs["report"].state == "queued"
    assert not slurm.poll(ticket, names).named("unsubmitted")


def test_parts_of_an_array_keep_below_the_throttle_together(command, slurm, ticket, tmp_path):
    slurm = QueuedEngine(Slurm(slurm.settings.model_copy(update={"max_jobs": 3})))
    names = written(slurm, ticket, grid(9))
    queue = Queue(command, tmp_path, 6)
    queue.end(["data"])
    ticket = slurm.submit(ticket, "title")
    assert len(slurm.poll(ticket, names).named("queued")) == 3
    assert "%" not in queue.asked.read_text()


def test_arrays_fit_what_the_site_allows(command, slurm, ticket):
    command("scontrol", "echo 'MaxArraySize            = 4'")
    files = slurm.render(grid(7), Site(ticket.folder, Path(), "python", {}))
    sizes = [len(batch.jobs) for batch in from_json(files["batches.json"])]
    assert sizes == [1, 3, 3, 1, 1], "a site's MaxArraySize is one more than the largest array"


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
    (ticket.folder / "numbers.txt").write_text("data 11\nmembers_1 12\nlate 13\nreport 14\n")
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


def test_accounting_decides_how_a_job_ended_that_did_not_say_it(command, slurm, ticket):
    command("squeue", "true")
    (ticket.folder / "numbers.txt").write_text("data 11 0 0\nmembers_1 12 0 1\n")
    (ticket.folder / "state" / "data").write_text("100 began 1 vm 11\n")
    assert slurm.poll(ticket, NAMES).jobs["data"].reason == NO_LAST_WORD
    asked = command("sacct", "echo '11|OUT_OF_MEMORY'")
    assert slurm.poll(ticket, NAMES).jobs["data"].reason == "out of memory"
    assert asked.read_text().endswith("--jobs 11\n")
    (ticket.folder / "state" / "data").write_text("100 began 1 vm 11\n101 ended 0 done\n")
    command("sacct", "printf '12_0|CANCELLED by 1000\\n12_1|COMPLETED\\n'")
    jobs = slurm.poll(ticket, NAMES).jobs
    assert asked.read_text().endswith("--jobs 12_0,12_1\n"), "one question for all"
    assert (jobs["max"].state, jobs["max"].reason) == ("failed", "cancelled")
    assert jobs["mean"].state == "done", "its disk was full when it wanted to note its end"
    (ticket.folder / "state" / "max").write_text("100 began 1 vm 12\n101 ended 1 failed\n")
    assert slurm.poll(ticket, NAMES).jobs["max"].code == 1, "its own exit code says more"


def test_accounting_is_not_asked_for_a_job_whose_number_is_not_known(command, slurm, ticket):
    """For no number it would list all jobs of its user."""
    command("squeue", "true")
    asked = command("sacct", "echo '11|OUT_OF_MEMORY'")
    (ticket.folder / "state" / "data").write_text("100 began 1 vm 11\n")
    assert slurm.poll(ticket, NAMES).jobs["data"].reason == NO_LAST_WORD
    assert not asked.exists()


def test_the_report_is_cancelled_last(command, slurm, ticket):
    report = f"report|14|N/A|PENDING|Dependency|{ticket.folder}"
    member = f"members_1|12|0|RUNNING|None|{ticket.folder}"
    removed = command("scancel", "true")
    (ticket.folder / "numbers.txt").write_text("data 11\nmembers_1 12\nlate 13\nreport 14\n")
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
