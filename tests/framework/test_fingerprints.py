"""An output is current while its recipe and its inputs are those it was made from."""

from __future__ import annotations

from pathlib import Path

import pytest
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline

from lexon.datasets.atomic import JSONDataset
from lexon.framework import fingerprints
from lexon.framework.hooks import FingerprintHooks
from lexon.runners.local import LocalRunner


def double(x: dict, factor: int) -> dict:
    return {"value": x["value"] * factor}


def add(x: dict, y: dict) -> dict:
    return {"value": x["value"] + y["value"]}


PIPELINE = Pipeline(
    [
        Node(double, ["raw", "params:factor"], "doubled", name="double", tags="data"),
        Node(double, ["other", "params:device"], "untouched", name="untouched", tags="data"),
        Node(add, ["doubled", "untouched"], "total", name="add", tags="report"),
    ]
)


@pytest.fixture
def world(tmp_path: Path) -> DataCatalog:
    datasets = {name: JSONDataset(filepath=str(tmp_path / f"{name}.json")) for name in ("raw", "other", "doubled", "untouched", "total")}
    catalog = DataCatalog(datasets)
    catalog["params:factor"], catalog["params:device"] = 2, 3
    for name in ("raw", "other"):
        catalog.save(name, {"value": 1})
    return catalog


def run(catalog: DataCatalog) -> list[str]:
    """Run what is not current; return its names."""
    names = list(fingerprints.plan(PIPELINE, catalog))
    manager = _create_hook_manager()
    manager.register(FingerprintHooks())
    LocalRunner().run(PIPELINE, catalog, manager)
    return sorted(names)


def test_a_second_run_does_nothing(world):
    assert run(world) == ["add", "double", "untouched"]
    assert run(world) == []


def test_a_changed_parameter_runs_its_node_and_what_depends_on_it(world):
    run(world)
    world["params:factor"] = 5
    assert run(world) == ["add", "double"]
    assert world.load("total") == {"value": 8}


def test_a_damaged_output_or_fingerprint_is_made_again(world, tmp_path):
    run(world)
    (tmp_path / "doubled.json").write_text("{")
    assert run(world) == ["add", "double"]
    (tmp_path / ".doubled.json.fingerprint.json").write_text("")
    assert run(world) == ["add", "double"]


def test_the_place_of_a_run_changes_nothing(world):
    run(world)
    world["params:device"] = 4
    assert run(world) == []


def test_a_changed_file_from_outside_is_seen(world):
    run(world)
    world.save("raw", {"value": 10})
    assert run(world) == ["add", "double"]


def test_a_deleted_output_is_made_again_with_what_rests_on_it(world, tmp_path):
    run(world)
    (tmp_path / "doubled.json").unlink()
    assert run(world) == ["add", "double"]


def test_an_interruption_between_two_nodes_leaves_nothing_stale(world):
    """The first node ran again, the second did not come to it: the next run must."""
    run(world)
    world["params:factor"] = 5
    manager = _create_hook_manager()
    manager.register(FingerprintHooks())
    LocalRunner().run(PIPELINE.filter(node_names=["double"]), world, manager)
    world["params:factor"] = 5
    assert run(world) == ["add"]


def test_repaired_code_runs_its_nodes_again(world, monkeypatch):
    run(world)
    monkeypatch.setattr(fingerprints, "code_digest", lambda module: "repaired")
    assert run(world) == ["add", "double", "untouched"]


def test_each_file_behind_a_pattern_counts(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(name)
    before = fingerprints._stamp(tmp_path / "*.csv")
    (tmp_path / "b.csv").write_text("changed")
    after = fingerprints._stamp(tmp_path / "*.csv")
    assert before is not None
    assert before != after
    assert fingerprints._stamp(tmp_path / "*.h5") is None
