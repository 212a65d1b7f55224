"""MLflow and W&B show a run once, however often it is exported, and a service that is down costs
seconds and a warning.

MLflow is a folder, by its own client; LEXON_MLFLOW_SERVER=ADDRESS lets the same tests use a server.
"""

from __future__ import annotations

import os
import struct
import time
from collections import Counter
from pathlib import Path

import pytest
from tracking_world import (
    DONE,
    TRAINS,
    epochs,
    finish_member,
    write_checkpoint,
    write_member,
    write_report,
)

from lexon.errors import ServiceError
from lexon.tracking.content import Place, read_run
from lexon.tracking.export import Export, Exporter
from lexon.tracking.settings import WandbSettings, read_settings


@pytest.fixture
def mlflow(tmp_path, monkeypatch):
    """A service with an experiment of its own, and a function that lists its runs by name."""
    pytest.importorskip("mlflow", reason="needs MLflow's client: make test-tracking")
    from lexon.tracking.mlflow_service import MLflowService

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    server = os.environ.get("LEXON_MLFLOW_SERVER")
    return MLflowService(server or (tmp_path / "mlflow").as_uri())


def runs_of(service, place) -> dict:
    client = service._client
    experiment = client.get_experiment_by_name(f"lexon/{place.experiment}")
    found = client.search_runs([experiment.experiment_id])
    own = place.identity
    (parent,) = [run for run in found if run.data.tags["lexon.id"] == own]
    below = [run for run in found if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    names = Counter(run.info.run_name for run in below)
    assert set(names.values()) <= {1}, names
    return {"": parent} | {run.info.run_name: run for run in below}


def points(service, run, name: str) -> list[tuple[int, float]]:
    history = service._client.get_metric_history(run.info.run_id, name)
    return sorted((point.step, point.value) for point in history)


def test_mlflow_nests_members_below_the_experiment(mlflow, place):
    assert mlflow.send(read_run(place)) == {"report updated": 1, "new": 2}
    runs = runs_of(mlflow, place)
    assert runs.keys() == {"", DONE, TRAINS}
    done = runs[DONE]
    assert (done.info.status, runs[TRAINS].info.status) == ("FINISHED", "RUNNING")
    assert done.data.params["training.lr"] == "0.001"
    assert done.data.tags["cell.pool"] == "cls"
    assert (done.data.metrics["test/auroc"], done.data.metrics["cell/auroc_low"]) == (0.9, 0.88)
    losses = {row["epoch"]: row["train_loss"] for row in epochs(3)}
    assert dict(points(mlflow, done, "epoch/train_loss")) == pytest.approx(losses)
    files = [file.path for file in mlflow._client.list_artifacts(done.info.run_id, "figures")]
    assert files == ["figures/loss.png"]
    report = {file.path for file in mlflow._client.list_artifacts(runs[""].info.run_id)}
    assert {"report.html", "summary.csv"} <= report


def test_mlflow_again_updates_and_duplicates_nothing(mlflow, place):
    mlflow.send(read_run(place))
    again = type(mlflow)(mlflow.where)  # as another process
    assert again.send(read_run(place)) == {"report as before": 1, "as before": 2}
    finish_member(place.members / TRAINS, epochs(4), auroc=0.7)
    assert mlflow.send(read_run(place)) == {"report as before": 1, "as before": 1, "updated": 1}
    run = runs_of(mlflow, place)[TRAINS]
    assert run.info.status == "FINISHED"
    assert [step for step, _ in points(mlflow, run, "epoch/val_loss")] == [1, 2, 3, 4]
    finish_member(place.members / TRAINS, epochs(4), auroc=0.6)
    mlflow.send(read_run(place))
    assert runs_of(mlflow, place)[TRAINS].data.metrics["test/auroc"] == 0.6, "evaluated again"


def test_mlflow_goes_on_where_an_export_was_cut_off(mlflow, place, monkeypatch):
    from mlflow.exceptions import MlflowException

    def fail(*_: object) -> None:
        raise MlflowException("the disk of the server is full")

    with monkeypatch.context() as broken:
        broken.setattr(mlflow._client, "log_artifact", fail)
        with pytest.raises(ServiceError, match="the disk of the server is full"):
            mlflow.send(read_run(place, with_report=False))
    assert mlflow.send(read_run(place)) == {"report updated": 1, "updated": 1, "new": 1}
    run = runs_of(mlflow, place)[DONE]
    assert [step for step, _ in points(mlflow, run, "epoch/val_loss")] == [1, 2, 3]


def test_mlflow_keeps_an_earlier_training_and_says_so(mlflow, place):
    mlflow.send(read_run(place))
    write_member(place.members / TRAINS, "running", pool="cls")
    write_checkpoint(place.members / TRAINS, epochs(1, loss=0.5))
    mlflow.send(read_run(place))
    runs = runs_of(mlflow, place)
    assert runs.keys() == {"", DONE, TRAINS, f"{TRAINS} (superseded)"}
    assert runs[TRAINS].data.params["pool"] == "cls"


def test_mlflow_has_one_run_of_all_from_the_first_member_on(mlflow, place):
    empty = Place(place.data_root / "new", place.experiment, place.run)
    assert mlflow.send(read_run(empty)) == {}
    before = empty.identity
    write_member(empty.members / TRAINS, "running")
    write_checkpoint(empty.members / TRAINS, epochs(1))
    mlflow.send(read_run(empty))
    write_report(empty)
    mlflow.send(read_run(empty))
    runs = runs_of(mlflow, empty)
    assert runs[""].data.tags["lexon.id"] == before
    assert runs.keys() == {"", TRAINS}


def test_a_job_shows_its_member_below_the_run_of_all(mlflow, place):
    for name in (DONE, TRAINS):
        mlflow.send(read_run(place, [name], with_report=False))
    mlflow.send(read_run(place))
    assert runs_of(mlflow, place).keys() == {"", DONE, TRAINS}


def test_a_server_that_is_down_costs_seconds_and_names_the_command(place, deaf_address):
    pytest.importorskip("mlflow", reason="needs MLflow's client: make test-tracking")
    data_root = str(place.data_root)
    asked = Export(data_root, place.experiment, place.run, None, True, "kedro tracking export", ".")
    exporter = Exporter(asked, read_settings({"mlflow": deaf_address}))
    start = time.monotonic()
    ((text, is_well),) = exporter.export()
    assert time.monotonic() - start < 30
    assert not is_well
    assert all(word in text for word in (deaf_address, "refused", "kedro tracking export"))


@pytest.fixture
def wandb(tmp_path):
    pytest.importorskip("wandb", reason="needs W&B's client: make test-tracking")
    from lexon.tracking.wandb_service import WandbService

    return WandbService(WandbSettings(project="tops"), tmp_path / "wandb_dir")


def records_of(path: Path) -> list:
    """The records of an offline run: a log in LevelDB's format, behind a header of 7 bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, records, data, at = path.read_bytes(), [], b"", 7
    while at + 7 <= len(content):
        left = 32768 - at % 32768
        if left < 7:  # padding at the end of a block
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", content[at : at + 7])
        data += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # a whole record, or the last part of one
            records.append(Record.FromString(data))
            data = b""
    return records


def offline_runs(service) -> dict[str, list]:
    """The records of each offline run, by its name."""
    found: dict[str, list] = {}
    for path in sorted((service._folder / "wandb").glob("offline-run-*/*.wandb")):
        records = records_of(path)
        run = next(one.run for one in records if one.WhichOneof("record_type") == "run")
        assert run.display_name not in found, "shown twice"
        found[run.display_name] = records
    return found


def logged(records: list, key: str) -> list[str]:
    return [
        item.value_json
        for one in records
        if one.WhichOneof("record_type") == "history"
        for item in one.history.item
        if "/".join(item.nested_key or [item.key]) == key
    ]


def test_wandb_offline_holds_each_member_once(wandb, place):
    assert wandb.send(read_run(place)) == {"report new": 1, "new": 2}
    runs = offline_runs(wandb)
    assert runs.keys() == {place.title, DONE, TRAINS}
    losses = [row["train_loss"] for row in epochs(3)]
    assert [float(text) for text in logged(runs[DONE], "epoch/train_loss")] == pytest.approx(losses)
    for path in (wandb._folder / "wandb").glob("offline-run-*"):
        path.rename(f"{path}-1")  # as W&B calls the second run of one second
    assert wandb.send(read_run(place)) == {"report as before": 1, "as before": 2}
    finish_member(place.members / TRAINS, epochs(4))
    assert wandb.send(read_run(place)) == {"report as before": 1, "as before": 1, "updated": 1}
    runs = offline_runs(wandb)
    assert runs.keys() == {place.title, DONE, TRAINS}
    assert len(logged(runs[TRAINS], "epoch/train_loss")) == 4
    elsewhere = type(wandb)(WandbSettings(project="bottoms"), wandb._folder)
    assert elsewhere.send(read_run(place, [DONE], with_report=False)) == {"updated": 1}


def test_wandb_uses_the_folder_of_its_own_variable(place, tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="needs W&B's client: make test-tracking")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "outputs"))
    asked = Export(str(place.data_root), place.experiment, place.run, (TRAINS,), False, "", ".")
    settings = read_settings({"wandb": {"project": "tops"}})
    assert all(is_well for _, is_well in Exporter(asked, settings).export())
    assert len(list(Path(tmp_path, "outputs", "wandb").glob("offline-run-*"))) == 1


def test_wandb_that_does_not_answer_leaves_nothing_behind(
    place, tmp_path, monkeypatch, deaf_address
):
    pytest.importorskip("wandb", reason="needs W&B's client: make test-tracking")
    from lexon.tracking import wandb_service

    monkeypatch.setattr(wandb_service, "_SECONDS", 2.0)
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", deaf_address)
    settings = WandbSettings(project="tops", mode="online")
    service = wandb_service.WandbService(settings, tmp_path / "online")
    with pytest.raises(ServiceError, match="W&B, project tops"):
        service.send(read_run(place))
    assert not [path for path in (tmp_path / "online/wandb").glob("run-*") if path.is_dir()]
