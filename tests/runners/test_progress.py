"""A grid says how far it is and what is still to pay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline

from lexon.datasets.members import MemberJSON
from lexon.runners import progress
from lexon.runners.estimate import grid_plan, shared
from lexon.runners.progress import GridProgress, duration
from lexon.runners.units import members_together


def recipe(pool: str = "max") -> dict[str, Any]:
    """As much of a member's configuration as an estimate asks for."""
    return {"pool": pool, "n_train": 1000, "training": {"epochs": 4}}


def work(config: dict[str, Any]) -> dict:
    return {}


def grid(names: str = "abc") -> Pipeline:
    members = [
        Pipeline(
            [
                Node(work, "params:config", "model", name="train", tags="train"),
                Node(lambda x: x, "model", "run_record", name="evaluate"),
            ],
            namespace=f"study.grid.{name}",
        )
        for name in names
    ]
    return Pipeline([Node(work, "params:config", "events", name="clean"), *members])


def test_members_are_counted_as_their_nodes_pass(monkeypatch):
    now = iter(range(0, 1000, 10))
    monkeypatch.setattr(progress, "monotonic", lambda: float(next(now)))
    nodes = members_together(grid().nodes)
    view = GridProgress(nodes)
    texts = {}
    for node in nodes:
        texts[node.name] = view.before(node)
        view.after(node, failed="grid.b." in node.name)
    assert texts["clean"] == ""
    first = [text for text in texts.values() if text]
    assert first == [
        " (member 1 of 3: 0 done)",
        " (member 2 of 3: 1 done, about 20 s left)",
        " (member 3 of 3: 1 done, 1 failed, about 10 s left)",
    ]


def test_nothing_measured_nothing_promised(tmp_path):
    nodes = grid().nodes
    texts = grid_plan(nodes, [node.name for node in nodes], catalog(tmp_path))
    assert texts.startswith(
        "3 different cells, 3 members: 0 done, 3 to train; no member is finished yet"
    )
    assert grid_plan(grid("").nodes, [], catalog(tmp_path)) == ""


def test_what_is_done_is_counted_and_not_paid_again(tmp_path):
    nodes = grid().nodes
    left = [node.name for node in nodes if ".grid.c." in node.name]
    assert grid_plan(nodes, left, catalog(tmp_path)).startswith(
        "3 different cells, 3 members: 2 done, 1 to train"
    )
    assert (
        grid_plan(nodes, [], catalog(tmp_path))
        == "3 different cells, 3 members: 3 done, 0 to train"
    )


def test_workers_share_what_is_to_train(tmp_path):
    nodes = grid().nodes
    every = [node.name for node in nodes]
    assert "3 to train, 2 at a time; no member is finished yet" in grid_plan(
        nodes, every, catalog(tmp_path), workers=2
    )
    assert (shared([4, 1, 1, 1, 1], 1), shared([4, 1, 1, 1, 1], 2), shared([1, 1, 1], 2)) == (
        8,
        4,
        2,
    )


def test_the_most_similar_finished_member_sets_the_speed_of_each_kind_of_device(tmp_path):
    """Jobs are submitted where there is no GPU: the devices are those that finished members
    record.
    """
    done = (
        ("other", "cls", 1000.0, "cpu (x86)"),
        ("alike", "max", 100.0, "cpu (x86)"),
        ("gpu", "max", 1e3, "cuda (NVIDIA L40S)"),
        ("second", "max", 1e3, "cuda:1 (NVIDIA L40S)"),
    )
    for name, pool, speed, device in done:
        folder = tmp_path / "06_models/other/main" / name
        folder.mkdir(parents=True)
        parameters = recipe(pool)
        record = {
            "parameters": parameters,
            "events_per_second": speed,
            "device": device,
            "data": {"n_train": 5},
        }
        (folder / "run.json").write_text(json.dumps(record))
    nodes = grid().nodes
    texts = grid_plan(nodes, [node.name for node in nodes], catalog(tmp_path))
    # 3 members x 4 epochs x 1000 events at 100 events/s, or at 1000
    assert "3 to train, about " in texts
    assert "2 min on cpu (x86)" in texts
    assert texts.count("12 s on NVIDIA L40S") == 1


@pytest.mark.parametrize(("seconds", "text"), [(12.4, "12 s"), (600, "10 min"), (20_000, "5.6 h")])
def test_durations_are_as_fine_as_one_plans(seconds, text):
    assert duration(seconds) == text


def catalog(root: Path) -> DataCatalog:
    records = {
        f"study.grid.{name}.run_record": MemberJSON(
            filepath=str(root / "06_models/study/main" / name / "run.json")
        )
        for name in "abc"
    }
    filled = DataCatalog(records)
    for name in "abc":
        filled[f"params:study.grid.{name}.config"] = recipe()
    return filled
