"""A member is found by the names that reports print, and no other is taken for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fabricate import finished, planned, write_member

from lexon.datasets.finished import finished_member
from lexon.errors import ConfigurationError, DataError

GRID = {"pool": ["cls", "mean"], "grid": {"axes": ["pool"]}}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """One member in default/main and default/other, two in study/main, one in single/main."""
    root = tmp_path / "06_models"
    for place in ("default/main", "default/other", "single/main"):
        (member,) = planned().planned
        write_member(root / place, finished(member))
    for member in planned(**GRID).planned:
        write_member(root / "study" / "main", finished(member))
    return root


@pytest.mark.parametrize(
    ("member", "run", "name"),
    [
        (None, "main", "default/main/single__seed_42"),
        (None, "other", "default/other/single__seed_42"),
        ("single__seed_42", "other", "default/other/single__seed_42"),
        ("single", "main", "single/main/single__seed_42"),
        ("default/other", "main", "default/other/single__seed_42"),
        ("study/pool_mean__seed_42", "main", "study/main/pool_mean__seed_42"),
        ("study/main/pool_cls__seed_42", "elsewhere", "study/main/pool_cls__seed_42"),
    ],
)
def test_a_name_finds_its_member(models, member, run, name):
    found = finished_member(models, member, run)
    assert found.name == name
    assert found.config.model_dump(mode="json") == found.record["parameters"]
    assert finished_member(models, str(found.folder), run).name == name, "and so does its folder"


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("study", "2 members are meant"),
        ("study/main", "there are study/main/pool_cls__seed_42, study/main/pool_mean__seed_42"),
        ("study/main/pool_max__seed_42", "no such member"),
        ("a/b/c/d", "no such member"),
        ("nothing", "there are default/main/single__seed_42"),
    ],
)
def test_another_name_is_an_error_that_lists_members(models, member, words):
    with pytest.raises(ConfigurationError, match=words):
        finished_member(models, member, "main")


def test_before_anything_is_trained_the_error_says_what_trains(tmp_path):
    with pytest.raises(ConfigurationError, match="none yet: kedro run trains one"):
        finished_member(tmp_path, None, "main")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "failed"}, "is not finished"),
        ({"parameters": {"kind": "vae"}}, "is no classifier"),
        ({"parameters": {"kind": "classifier"}}, "this version of lexon does not know"),
    ],
)
def test_what_cannot_be_used_says_why(models, change, words):
    path = models / "default" / "main" / "single__seed_42" / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=words):
        finished_member(models, None, "main")


def test_a_copy_without_its_tokeniser_is_refused(models, tmp_path):
    copy = tmp_path / "desk" / "single__seed_42"
    copy.parent.mkdir()
    (models / "default" / "main" / "single__seed_42").rename(copy)
    with pytest.raises(ConfigurationError, match="03_primary; copy both"):
        finished_member(models, str(copy), "main")


def test_tokens_of_another_origin_are_no_tokeniser(models):
    path = models / "default" / "main" / "single__seed_42" / "run.json"
    record = json.loads(path.read_text())
    record["parameters"]["tokeniser"] = {"kind": "file"}
    path.write_text(json.dumps(record))
    with pytest.raises(ConfigurationError, match="does not know how events become such tokens"):
        finished_member(models, None, "main").tokeniser()
