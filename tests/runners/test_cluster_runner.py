"""The runner with a batch system made of files: what is submitted, when it attaches, when it
refuses.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import torch
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline

import lexon.training
from lexon.datasets.atomic import JSONDataset
from lexon.errors import ConfigurationError
from lexon.framework import cluster
from lexon.runners.cluster import checks
from lexon.runners.cluster.engine import Ticket
from lexon.runners.cluster.queued.engine import QueuedEngine
from lexon.runners.cluster.runner import UNKNOWN_BUILD, WorkflowFailed
from lexon.runners.cluster.state import JobStatus, Progress
from lexon.runners.cluster.submission import Submissions
from lexon.runners.cluster.workflow import plan_workflow
from lexon.runners.htcondor import dag
from lexon.runners.htcondor.engine import HTCondor
from lexon.runners.htcondor.settings import HTCondorSettings
from lexon.runners.htcondor.status import parse
from lexon.runners.slurm.commands import Slurm

CLUSTER = "test+htcondor_local"
JOBS = Path("data/test/09_jobs/default/main")
# Exit codes, as DAGMan writes them.
GOOD, BAD = "0", "2"


class FakeDagman:
    """Stands for the commands: a submitted workflow is over at once, and each job ends as the test
    says.
    """

    def __init__(self) -> None:
        self.submitted: list[Ticket] = []
        self.queue = "gone"
        self.codes: dict[str, str] = {}

    def submit(self, ticket: Ticket, title: str) -> Ticket:
        self.submitted.append(ticket)
        names = re.findall(
            r"^(?:JOB|FINAL) (\w+)", (ticket.folder / dag.DAG).read_text(), re.MULTILINE
        )
        self.log = "".join(self._lines(number, name) for number, name in enumerate(names))
        for name in names:
            (ticket.folder / "logs" / f"{name}.log").write_text(
                f"--- try 1 on vm\n{name} says hello\n"
            )
        return replace(ticket, cluster=7, schedd="here")

    def submit_elsewhere(self, ticket: Ticket, title: str) -> Ticket:
        """Stands for a batch system whose jobs are those of a report."""
        self.submitted.append(ticket)
        self.log = self._lines(0, "report")
        return replace(ticket, cluster=11)

    def _lines(self, number: int, name: str) -> str:
        code = self.codes.get(name, GOOD)
        end = "JOB_SUCCESS 0" if code == GOOD else f"JOB_FAILURE {code}"
        return (
            f"1{number} {name} SUBMIT {number}.0 - - 1\n2{number} {name} EXECUTE {number}.0 - -"
            f" 1\n3{number} {name} {end} - - 1\n"
        )

    def poll(self, ticket: Ticket, names: list[str]):
        progress = parse(self.log, "", names)
        progress.queue = self.queue
        return progress


@pytest.fixture(autouse=True)
def one_study(project):
    """Experiments that are not run here would only cost every session their expansion."""
    shutil.rmtree(project / "conf" / "experiments")


@pytest.fixture
def dagman(monkeypatch) -> FakeDagman:
    fake = FakeDagman()
    monkeypatch.setattr(HTCondor, "submit", fake.submit)
    monkeypatch.setattr(HTCondor, "poll", fake.poll)
    monkeypatch.setattr(checks, "commands_exist", lambda engine: None)
    return fake


def run(kedro_session, tags=None, **params) -> None:
    with kedro_session(CLUSTER, **params) as session:
        session.run(tags=tags)


def test_the_jobs_get_the_configuration_of_this_moment(kedro_session, dagman, project, caplog):
    caplog.set_level("INFO")
    Path("conf/base/credentials.yml").write_text("password: secret")
    run(kedro_session, pool="max")
    (ticket,) = dagman.submitted
    record = json.loads((ticket.folder / "submission.json").read_text())
    assert record["command"]["params"] == {"pool": "max"}
    assert record["jobs"]["single__seed_42"]["nodes"] == [
        f"default.grid.single__seed_42.{verb}"
        for verb in ("train", "evaluate", "measure_importance")
    ]
    frozen = {
        str(path.relative_to(ticket.folder / "conf"))
        for path in (ticket.folder / "conf").rglob("*.yml")
    }
    assert {
        "base/parameters.yml",
        "test/parameters.yml",
        "htcondor_local/runner.yml",
        "logging.yml",
    } <= frozen
    assert not any("credentials" in name or "experiments" in name for name in frozen)
    assert json.loads((JOBS / "ticket.json").read_text())["cluster"] == 7
    assert "report says hello" in caplog.text


def test_a_failed_job_is_reported_in_words_and_by_exit_code(kedro_session, dagman):
    dagman.codes = {"single__seed_42": BAD, "report": "1"}
    with pytest.raises(WorkflowFailed) as failure:
        run(kedro_session)
    text = str(failure.value)
    assert re.search(r"single__seed_42: exit code 2, 1 try; .*/logs/single__seed_42.log", text)
    assert "single__seed_42 says hello" in text
    assert failure.value.exit_code == 1
    dagman.codes = {"data": BAD}
    with pytest.raises(WorkflowFailed) as failure:
        run(kedro_session, run="other")
    assert failure.value.exit_code == 2


def test_the_same_command_attaches_and_another_one_is_refused(kedro_session, dagman):
    run(kedro_session)
    dagman.queue = "alive"
    with kedro_session(CLUSTER) as session, pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "lexon.runners.cluster.view.time.sleep", lambda _: setattr(dagman, "queue", "gone")
        )
        session.run()
    assert len(dagman.submitted) == 1, "never two workflows on the same members"
    dagman.queue = "alive"
    with pytest.raises(ConfigurationError, match="runs on these members with other options"):
        run(kedro_session, pool="max")
    dagman.queue = "gone"
    run(kedro_session, run="elsewhere")
    assert len(dagman.submitted) == 2


@pytest.mark.parametrize("waits", [True, False])
def test_what_a_limit_left_is_submitted_as_other_jobs_end(
    kedro_session, dagman, project, caplog, monkeypatch, waits
):
    """By the command that waits, or else by the same command again, which the first one names."""
    caplog.set_level("INFO")
    path = project / "conf/htcondor_local/runner.yml"
    path.write_text(
        path.read_text().replace("poll_seconds: 1", f"poll_seconds: 1\n  wait: {waits}")
    )

    def poll(_: HTCondor, ticket: Ticket, names: list[str]) -> Progress:
        progress = dagman.poll(ticket, names)
        if len(dagman.submitted) < 4:
            progress.jobs["report"] = JobStatus("unsubmitted", reason="a limit of the site")
        return progress

    monkeypatch.setattr(HTCondor, "poll", poll)
    run(kedro_session)
    assert "1 of 4 jobs are not submitted: the site allows no more at once" in caplog.text
    if waits:
        assert "They follow as others end" in caplog.text
        assert "All 4 jobs are done" in caplog.text
    else:
        assert "The same command submits more as others end" in caplog.text
        assert len(dagman.submitted) == 2
        run(kedro_session)
        run(kedro_session)
        assert "Attached to HTCondor job 7" in caplog.text
    assert len(dagman.submitted) == 4
    assert len({ticket.folder for ticket in dagman.submitted}) == 1, "one workflow"


def test_a_command_killed_in_mid_submission_is_typed_again_and_goes_on(
    kedro_session, dagman, monkeypatch, caplog
):
    caplog.set_level("INFO")

    def submit(_: HTCondor, ticket: Ticket, title: str) -> Ticket:
        complete = dagman.submit(ticket, title)
        if len(dagman.submitted) == 1:
            raise KeyboardInterrupt
        return complete

    def poll(_: HTCondor, ticket: Ticket, names: list[str]) -> Progress:
        progress = dagman.poll(ticket, names)
        if ticket.cluster is None:
            progress.jobs["report"] = JobStatus("unsubmitted", reason="not all is submitted yet")
        return progress

    monkeypatch.setattr(HTCondor, "submit", submit)
    monkeypatch.setattr(HTCondor, "poll", poll)
    with pytest.raises(KeyboardInterrupt):
        run(kedro_session)
    run(kedro_session)
    first, second = dagman.submitted
    assert first == second, "the same workflow, which has no number yet"
    assert json.loads((JOBS / "ticket.json").read_text())["cluster"] == 7
    assert "All 4 jobs are done" in caplog.text


def test_a_queue_that_does_not_answer_is_no_reason_to_submit_again(kedro_session, dagman):
    run(kedro_session)
    dagman.queue = "unknown"
    with pytest.raises(ConfigurationError, match="does not answer, so it may still run"):
        run(kedro_session)
    assert len(dagman.submitted) == 1


def test_a_cluster_continues_a_laptop(kedro_session, dagman):
    with kedro_session("test") as session:
        session.run()
    run(kedro_session)
    assert dagman.submitted == []
    run(kedro_session, tags=["report"])
    (ticket,) = dagman.submitted
    record = json.loads((ticket.folder / "submission.json").read_text())
    assert record["rerun"]
    assert list(record["jobs"]) == ["report"]


def test_a_preview_writes_and_shows_and_submits_nothing(kedro_session, dagman, caplog, capsys):
    caplog.set_level("INFO")
    with kedro_session(CLUSTER) as session:
        session.run(preview=True)
    assert dagman.submitted == []
    shown = capsys.readouterr().out
    assert "\nJOB single__seed_42 member.sub\n" in shown
    assert '\n+UseOS = "el9"\n' in shown, "as it is, in a window of any width"
    assert re.search(r"4 jobs \(1 data, .*1 report\), not submitted", caplog.text)
    assert len(list(JOBS.glob("preview-*/workflow.dag"))) == 1


def test_two_submissions_of_one_second_have_folders_of_their_own(tmp_path):
    submissions = Submissions(tmp_path, "default", "main")
    now, folders = datetime(2026, 1, 2, 3, 4, 5), []
    for _ in range(3):
        folders.append(submissions.unused(now))
        folders[-1].mkdir(parents=True)
    assert [folder.name[15:] for folder in folders] == ["", "-2", "-3"]
    assert submissions.unused(now, "preview-").name == "preview-20260102-030405"


def test_status_names_what_is_missing(kedro_session, dagman, project):
    with pytest.raises(ConfigurationError, match="nothing was submitted"):
        cluster.status(project, [], CLUSTER, {}, watch=False)
    run(kedro_session)
    for of_default in ([], ["__default__"], ["data_engineering"], ["export"]):
        cluster.status(project, of_default, CLUSTER, {}, watch=False)
    with pytest.raises(ConfigurationError, match="no such experiment"):
        cluster.status(project, ["binning"], CLUSTER, {}, watch=False)


def test_status_for_scripts_ends_well_whatever_became_of_the_jobs(
    kedro_session, dagman, project, capsys
):
    dagman.codes = {"single__seed_42": BAD}
    with pytest.raises(WorkflowFailed):
        run(kedro_session)
    capsys.readouterr()
    cluster.status(project, [], CLUSTER, {}, watch=False, as_json=True)
    jobs = json.loads(capsys.readouterr().out)["jobs"]
    assert jobs["single__seed_42"]["code"] == 2


def test_a_workflow_of_one_batch_system_is_known_to_the_other(kedro_session, dagman, monkeypatch):
    monkeypatch.setattr(Slurm, "commands", ("true", "true"))
    run(kedro_session)
    dagman.queue = "alive"
    with pytest.raises(ConfigurationError, match=r"HTCondor job 7 .* with other options"):
        kedro_session("test+slurm_local").run()
    monkeypatch.setattr(QueuedEngine, "submit", dagman.submit_elsewhere)
    dagman.queue = "gone"
    monkeypatch.setattr(QueuedEngine, "poll", dagman.poll)
    kedro_session("test+slurm_local").run(tags=["report"])
    assert json.loads((JOBS / "ticket.json").read_text())["engine"] == "Slurm"


def test_an_unset_variable_of_a_site_is_named_with_an_example(kedro_session, monkeypatch, project):
    monkeypatch.delenv("LEXON_DATA_ROOT", raising=False)
    with pytest.raises(
        ConfigurationError,
        match=r"LEXON_DATA_ROOT is not set; for example: export LEXON_DATA_ROOT=/data/",
    ):
        kedro_session("stoomboot").run()


@pytest.mark.parametrize(("of_the_build", "asked"), [("8.0", "8.0"), (None, UNKNOWN_BUILD)])
def test_stoomboot_gets_what_it_demands_and_its_root(
    kedro_session, monkeypatch, project, dagman, of_the_build, asked
):
    monkeypatch.setenv("LEXON_DATA_ROOT", str(project / "elsewhere"))
    monkeypatch.setattr(lexon.training, "least_capability", lambda: of_the_build)
    with kedro_session("stoomboot") as session:
        session.run(preview=True)
    (folder,) = (project / "elsewhere/09_jobs/default/main").iterdir()
    for path in folder.glob("*.sub"):
        text = path.read_text()
        assert '+UseOS = "el9"' in text
        assert "+JobCategory = " in text
        assert f"'LEXON_DATA_ROOT={project / 'elsewhere'}'" in text
    assert f"require_gpus = Capability >= {asked}" in (folder / "member.sub").read_text()


def test_a_torch_for_cpus_is_refused_where_jobs_ask_for_gpus(
    kedro_session, monkeypatch, project, dagman
):
    """Otherwise every job would fail, on machine after machine."""
    monkeypatch.setenv("LEXON_DATA_ROOT", str(project / "elsewhere"))
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(
        ConfigurationError,
        match=r"built for CPUs only, and jobs ask for GPUs \(member\).*section 1",
    ):
        kedro_session("test+stoomboot").run()
    assert not dagman.submitted
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    kedro_session("test+stoomboot").run()
    (ticket,) = dagman.submitted
    assert "+JobCategory" in (ticket.folder / "member.sub").read_text()


def test_jobs_read_hdf5_as_the_submitting_shell_does(kedro_session, monkeypatch, dagman):
    monkeypatch.setenv("HDF5_USE_FILE_LOCKING", "FALSE")
    monkeypatch.setenv("HDF5_PLUGIN_PATH", "/opt/plugins")
    monkeypatch.setenv("SOMETHING_ELSE", "1")
    run(kedro_session)
    text = (dagman.submitted[0].folder / "member.sub").read_text()
    assert "'HDF5_USE_FILE_LOCKING=FALSE'" in text
    assert "'HDF5_PLUGIN_PATH=/opt/plugins'" in text
    assert "SOMETHING_ELSE" not in text


def test_without_htcondor_nothing_is_submitted(kedro_session, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(
        ConfigurationError,
        match="condor_submit_dag, condor_q, condor_rm: not found on this machine",
    ):
        run(kedro_session)


def test_what_is_only_in_memory_does_not_cross_jobs(tmp_path):
    pipeline = Pipeline(
        [
            Node(len, "params:x", "shared", name="a", tags="data"),
            Node(len, "shared", "out", name="b", tags="baseline"),
        ]
    )
    workflow = plan_workflow(pipeline)
    catalog = DataCatalog(
        {"out": JSONDataset(filepath=str(tmp_path / "out.json")), "shared": MemoryDataset()}
    )
    with pytest.raises(ConfigurationError, match=r"only in memory.*shared \(data -> baseline\)"):
        checks.nothing_crosses_in_memory(workflow, pipeline, catalog)
    catalog["shared"] = JSONDataset(filepath=str(tmp_path / "shared.json"))
    checks.nothing_crosses_in_memory(workflow, pipeline, catalog)


def test_a_data_root_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="data_root=.*cannot be written"):
        checks.data_root_is_reachable(tmp_path / "file" / "root")


def test_too_little_space_is_found_before_anything_is_submitted(tmp_path, kedro_session):
    raw = kedro_session(CLUSTER).loader()["runner"]["htcondor"]
    greedy = HTCondorSettings.read(
        raw | {"jobs": raw["jobs"] | {"data": raw["jobs"]["data"] | {"writes": 10**9}}}
    )
    pipeline = Pipeline([Node(len, "params:x", "out", name="a", tags="data")])
    with pytest.raises(ConfigurationError, match="MB free, about 1,000,000,000 MB needed"):
        checks.space_suffices(plan_workflow(pipeline), greedy, tmp_path)
    checks.space_suffices(plan_workflow(pipeline), HTCondorSettings.read(raw), tmp_path)


def test_members_that_share_a_core_are_warned_of(kedro_session, dagman, project, caplog):
    caplog.set_level("INFO")
    path = project / "conf/htcondor_local/runner.yml"
    text = path.read_text().replace("htcondor:\n", "htcondor:\n  members_per_gpu: 2\n", 1)
    path.write_text(text.replace("member:   {", "member:   {gpus: 1, "))
    with kedro_session(CLUSTER, pool=["max", "mean", "cls"]) as session:
        session.run(preview=True)
    assert "up to 2 of them at the same time" in caplog.text
    assert "htcondor.jobs.member.cpus=1: 2 members at a time share that" in caplog.text
    (record,) = JOBS.glob("preview-*/submission.json")
    jobs = json.loads(record.read_text())["jobs"]
    members = {name: job for name, job in jobs.items() if job["kind"] == "member"}
    packs = [{node.rpartition(".")[0] for node in job["nodes"]} for job in members.values()]
    assert sorted(map(len, packs)) == [1, 2]
    assert {job["workers"] for job in members.values()} == {2}
    assert jobs["data"]["workers"] == 1
