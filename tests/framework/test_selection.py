"""Options that choose nodes name what is there; archives of a configuration are read or refused in
a sentence.
"""

from __future__ import annotations

import tarfile
import zipfile

import pytest
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner

from lexon.errors import ConfigurationError
from lexon.framework.archive import unpacked
from lexon.framework.selection import refuse_unused, selected


def _same(value):
    return value


PIPELINE = Pipeline(
    [
        Node(_same, "x.raw", "x.events", name="clean", namespace="x", tags="data"),
        Node(_same, "x.events", "x.page", name="summarise", namespace="x.grid.m", tags="report"),
    ]
)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"from_nodes": ["summarise"]},
            r"--from-nodes summarise: no such node; near it: x.grid.m.summarise",
        ),
        ({"to_nodes": ["x.claen"]}, r"--to-nodes x.claen: no such node; near it: x.clean"),
        (
            {"node_names": ["zzz"]},
            r"--nodes zzz: no such node; there are x.clean, x.grid.m.summarise",
        ),
        ({"to_outputs": ["events"]}, r"--to-outputs events: no such dataset; near it: x.events"),
        ({"from_inputs": ["x.rwa"]}, r"--from-inputs x.rwa: no such dataset; near it: x.raw"),
        (
            {"namespaces": ["nope"]},
            r"--namespaces nope: no such namespace; there are x, x.grid, x.grid.m",
        ),
        ({"tags": ["trian"]}, r"--tags trian: no such kind of node; near it: train"),
        ({"tags": ["train"]}, r"--tags train: together they choose no node"),
    ],
)
def test_a_mistyped_name_is_answered_with_those_near_it(options, message):
    with pytest.raises(ConfigurationError, match=message):
        selected(PIPELINE, options)


def test_right_names_choose_their_nodes():
    assert [
        node.name
        for node in selected(PIPELINE, {"to_outputs": ["x.events"], "namespaces": None}).nodes
    ] == ["x.clean"]
    assert len(selected(PIPELINE, {"namespaces": ["x"]}).nodes) == 2
    assert len(selected(PIPELINE, {}).nodes) == 2


@pytest.mark.parametrize(
    "options",
    [
        {"only_missing_outputs": True},
        {"load_versions": {"events": "1"}},
        {"runner": SequentialRunner(is_async=True)},
    ],
)
def test_options_without_meaning_are_refused_with_the_reason(options):
    with pytest.raises(
        ConfigurationError, match="--only-missing-outputs looks|--load-versions|--async"
    ):
        refuse_unused(options)


def test_a_configuration_is_read_from_an_archive(tmp_path):
    (tmp_path / "conf" / "base").mkdir(parents=True)
    (tmp_path / "conf" / "base" / "parameters.yml").write_text("seed: 1")
    with tarfile.open(tmp_path / "c.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "conf", "conf")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.write(tmp_path / "conf" / "base" / "parameters.yml", "base/parameters.yml")
    for name in ("c.tar.gz", "c.zip", "conf"):
        folder, _temporary = unpacked(str(tmp_path / name))
        assert (folder / "base" / "parameters.yml").read_text() == "seed: 1"


def test_what_is_no_configuration_is_refused(tmp_path):
    (tmp_path / "text.tar.gz").write_text("no archive")
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 cut")
    (tmp_path / "empty").mkdir()
    for name in ("text.tar.gz", "cut.zip", "empty", "nowhere"):
        with pytest.raises(ConfigurationError, match=f"--conf-source .*{name}"):
            unpacked(str(tmp_path / name))
