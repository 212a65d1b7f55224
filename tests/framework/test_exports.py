"""Exports beside a run cost it nothing: what goes wrong there is a warning, what cannot be right is
refused before anything runs, and no secret reaches a file of a job.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from kedro.framework.cli.cli import KedroCLI
from kedro.pipeline import Pipeline
from tracking_world import TRAINS, epochs, finish_member, write_checkpoint, write_member

from lexon.errors import ConfigurationError
from lexon.framework.exports import export_of, exported_beside
from lexon.pipeline_registry import register_pipelines
from lexon.runners.cluster.submission import Request
from lexon.runs.frozen import freeze
from lexon.tracking import settings as tracking_settings
from lexon.tracking.content import Place
from lexon.tracking.settings import read_settings

WARNED = "kedro tracking export --pipelines pooling --params run=main"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path / "data", "pooling", "main")
    write_member(place.members / TRAINS, "running")
    write_checkpoint(place.members / TRAINS, epochs(2))
    return place


@pytest.fixture
def command(place: Place, tmp_path: Path) -> Request:
    return Request(tmp_path, tmp_path / "conf", [], place.data_root, None, {}, ["pooling"], {})


def test_a_job_exports_its_own_members_and_that_of_the_report_the_report(kedro_session):
    with kedro_session(pool=["cls", "max"]) as session:
        loader = session.loader()
        loader.ask_for([])
        every = register_pipelines()["__default__"]
        members = ("pool_cls__seed_42", "pool_max__seed_42")
        job = every.filter(node_namespaces=[f"default.grid.{members[1]}"])

        def exported(pipeline: Pipeline) -> list[tuple]:
            return [(one.members, one.report) for one in session.exports(loader, pipeline)]

        assert exported(job) == [((members[1],), False)]
        assert exported(every.filter(tags=["report"])) == [((), True)]
        assert exported(every.filter(tags=["data"])) == []
        ((found, report),) = exported(every)
    assert (sorted(found), report) == (sorted(members), True)


def test_a_missing_package_is_a_warning_where_a_run_has_begun(command, monkeypatch, caplog):
    monkeypatch.setattr(tracking_settings, "find_spec", lambda name: None)
    settings = read_settings({"mlflow": "http://127.0.0.1:1"})
    with exported_beside([export_of("pooling", "main", command)], settings):
        pass
    assert "lexon[tracking]" in caplog.text
    assert WARNED in caplog.text


@pytest.mark.parametrize("end", ["well", "with an error"])
def test_a_service_that_is_down_is_a_warning_however_the_run_ends(command, caplog, end):
    pytest.importorskip("mlflow", reason="needs MLflow's client: make test-tracking")
    settings = read_settings({"mlflow": "http://127.0.0.1:1"})
    try:
        with exported_beside([export_of("pooling", "main", command)], settings):
            if end != "well":
                raise KeyError(end)
    except KeyError:
        assert end != "well"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert all(word in caplog.text for word in ("refused", WARNED))


def test_a_process_that_breaks_is_a_warning(command, monkeypatch, caplog):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")  # no interpreter starts so
    monkeypatch.setattr(tracking_settings, "find_spec", lambda name: True)
    settings = read_settings({"mlflow": "http://127.0.0.1:1"})
    with exported_beside([export_of("pooling", "main", command)], settings):
        time.sleep(0.1)
    assert "code 1" in caplog.text or "Broken pipe" in caplog.text
    assert WARNED in caplog.text


def test_members_appear_while_they_train_and_at_the_end(command, place, tmp_path, caplog):
    pytest.importorskip("wandb", reason="needs W&B's client: make test-tracking")
    folder = tmp_path / "outputs"
    settings = read_settings({"wandb": {"project": "tops", "folder": str(folder)}, "seconds": 0.2})
    caplog.set_level("INFO")
    with exported_beside([export_of("pooling", "main", command)], settings):
        end = time.monotonic() + 300
        while not list(folder.glob("wandb/offline-run-*/lexon.content")):
            assert time.monotonic() < end, "nothing appeared"
            time.sleep(0.1)
        (first,) = folder.glob("wandb/offline-run-*/lexon.content")
        digest = first.read_text()
        finish_member(place.members / TRAINS, epochs(4))
    (last,) = folder.glob("wandb/offline-run-*/lexon.content")
    assert last.read_text() != digest
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_what_cannot_be_right_is_refused_before_anything_runs(kedro_session, project):
    file = project / "conf" / "test" / "tracking.yml"
    for text, words in {
        "mlflwo: http://127.0.0.1": "conf/test/tracking.yml: mlflwo",
        "mlflow: sqlite:///mlflow.db": "mlflow server",
        "wandb: {project: tops, mode: sometimes}": "wandb.mode='sometimes'",
    }.items():
        file.write_text(text)
        with kedro_session() as session, pytest.raises(ConfigurationError, match=words):
            session.run()
    assert not (project / "data").exists()


def test_a_missing_package_is_refused_before_jobs_are_submitted(
    kedro_session, project, monkeypatch
):
    monkeypatch.setattr(tracking_settings, "find_spec", lambda name: None)
    (project / "conf" / "test" / "tracking.yml").write_text("wandb: {project: tops}")
    with (
        kedro_session("test+htcondor_local") as session,
        pytest.raises(ConfigurationError, match=r"lexon\[tracking\]"),
    ):
        session.run(preview=True)
    assert not (project / "data").exists()


def test_no_secret_reaches_the_files_of_a_job(command, tmp_path, monkeypatch):
    for name in ("WANDB_API_KEY", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("WANDB_DIR", "/data/wandb")
    local = tmp_path / "conf" / "local"
    local.mkdir(parents=True)
    (local / "tracking.yml").write_text("mlflow: http://127.0.0.1:5000\n")
    (local / "credentials.yml").write_text("mlflow: {password: hunter2}\n")
    freeze(tmp_path / "conf", ["local"], tmp_path / "frozen")
    frozen = [path.name for path in (tmp_path / "frozen").rglob("*") if path.is_file()]
    assert frozen == ["tracking.yml"]
    environment = command.environment()
    assert environment["WANDB_DIR"] == "/data/wandb"
    assert "hunter2" not in environment.values()


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("", [], "names no service"),
        ("wandb: {project: tops}", ["--pipelines", "pooling"], "no such experiment"),
        ("wandb: {project: tops}", ["--params", "run=never"], "nothing to export yet"),
    ],
)
def test_the_command_says_what_it_cannot_do(project, monkeypatch, capsys, text, arguments, words):
    monkeypatch.setattr(tracking_settings, "find_spec", lambda name: True)
    (project / "conf" / "test" / "tracking.yml").write_text(text)
    with pytest.raises(SystemExit) as end:
        KedroCLI(project).main(["tracking", "export", "--env", "test", *arguments])
    assert end.value.code in (1, 2)
    assert words in capsys.readouterr().err
