"""What must hold for every pipeline, today's and tomorrow's."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from kedro.io import MemoryDataset

from lexon.framework.layers import OF_DEFAULT
from lexon.framework.selection import KINDS

ROOT = Path(__file__).parents[1]
EXPERIMENTS = sorted((ROOT / "conf" / "experiments").glob("*/parameters.yml"))


def test_every_experiment_is_a_pipeline(world):
    folders = {path.parent.name for path in EXPERIMENTS}
    assert folders
    assert folders | {"__default__", "data_engineering"} <= world.pipelines.keys()


def test_no_dataset_lives_in_memory_where_nodes_may_be_jobs(world):
    every, catalog = world.pipelines, world.catalog
    names = {
        name
        for pipeline in every.values()
        for name in pipeline.datasets()
        if not name.startswith("params:")
    }
    assert [name for name in names if isinstance(catalog.get(name), MemoryDataset | None)] == []


def test_every_parameter_that_a_node_asks_for_exists(world):
    every, catalog = world.pipelines, world.catalog
    assert {
        name
        for pipeline in every.values()
        for name in pipeline.inputs()
        if name.startswith("params:")
    } <= set(catalog.keys())


def test_what_builds_lexon_is_pinned_too():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    pinned = {
        line.partition("==")[0].lower()
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    assert {re.split("[<>=~! ]", requirement)[0].lower() for requirement in build} <= pinned
    makefile = (ROOT / "Makefile").read_text()
    assert "export PIP_CONSTRAINT := constraints.txt" in makefile, (
        "an option would not reach the isolated build"
    )
    assert "export PIP_BUILD_CONSTRAINT := constraints.txt" in makefile


def test_every_dataset_has_a_layer_for_the_picture(world):
    every, catalog = world.pipelines, world.catalog
    names = {
        name
        for pipeline in every.values()
        for name in pipeline.datasets()
        if not name.startswith("params:")
    }
    assert [name for name in names if not catalog.get(name).metadata["kedro-viz"]["layer"]] == []


def test_every_node_has_exactly_one_kind(world):
    nodes = {node for pipeline in world.pipelines.values() for node in pipeline.nodes}
    assert [node.name for node in nodes if len(node.tags & set(KINDS)) != 1] == []


def test_an_experiment_is_one_box(world):
    """Nothing of an experiment lies outside its namespace but the parameters, so kedro-viz can fold
    it.
    """
    for name, pipeline in world.pipelines.items():
        if name not in ("__default__", *OF_DEFAULT):
            assert {node.namespace.split(".")[0] for node in pipeline.nodes} == {name}


def test_an_experiment_reads_and_writes_as_few_things_as_a_picture_can_show(world):
    """All outputs of members are consumed inside, so that kedro-viz folds 48 of them into
    one box.
    """
    for pipeline in world.pipelines.values():
        ends = {
            name
            for name in pipeline.inputs() | pipeline.outputs()
            if not name.startswith("params:")
        }
        assert [name for name in ends if ".grid." in name] == []


def test_experiments_are_short():
    for path in EXPERIMENTS:
        assert len(path.read_text().splitlines()) <= 20, path
