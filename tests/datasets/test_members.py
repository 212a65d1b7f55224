"""A report sees by itself what is done, pending, failed, running or stale."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lexon.datasets.checkpoint import CheckpointsDataset
from lexon.datasets.members import MemberFigure, MemberFolders, MemberJSON, MemberScores, MembersDataset
from lexon.datasets.scores import ScoresDataset
from lexon.errors import DataError, first_cause
from lexon.experiments import Member
from lexon.metrics.scores import Scores
from lexon.models.classifier import Classifier

CONFIG = {"kind": "classifier", "training": {"lr": 0.1}}


def member(name: str, folder: str | None = None) -> Member:
    return Member(name, {"pool": "max"}, 42, CONFIG, folder or name)


def record(root: Path, name: str, **content) -> None:
    (root / name).mkdir(parents=True, exist_ok=True)
    (root / name / "run.json").write_text(json.dumps({"parameters": CONFIG, "status": "done"} | content))


def status(root: Path, name: str = "a") -> tuple[str, str]:
    (result,) = MemberFolders(root).read([member(name)])
    return result.status, result.notes


def test_each_state_is_told_apart(tmp_path):
    assert status(tmp_path) == ("pending", "not run yet")
    record(tmp_path, "a", status="running", started="noon")
    assert status(tmp_path) == ("running", "started noon")
    record(tmp_path, "a", status="failed", error="RuntimeError: out of memory")
    assert status(tmp_path) == ("failed", "RuntimeError: out of memory")
    record(tmp_path, "a")
    assert status(tmp_path) == ("done", "")


def test_a_member_made_with_other_parameters_is_stale_and_says_which(tmp_path):
    record(tmp_path, "a", parameters={"kind": "classifier", "training": {"lr": 0.2}})
    assert status(tmp_path) == ("stale", "made with other parameters: training.lr")


def test_a_twin_reads_the_folder_that_was_trained_for_it(tmp_path):
    record(tmp_path, "a")
    first, twin = MemberFolders(tmp_path).read([member("a"), member("b", folder="a")])
    assert (first.status, twin.status) == ("done", "done")


def test_scores_and_metrics_come_along(tmp_path):
    scores = Scores(np.eye(2, dtype="f4"), np.arange(2), np.array([1, 2]), np.arange(2), ("s", "b"), {1: "tttt", 2: "ttH"}, "digest")
    ScoresDataset(filepath=str(tmp_path / "a" / "scores.h5")).save(scores)
    record(tmp_path, "a")
    (tmp_path / "a" / "metrics.json").write_text('{"test": {"auroc": 1.0}}')
    (result,) = MemberFolders(tmp_path).read([member("a")])
    assert result.metrics == {"test": {"auroc": 1.0}}
    assert result.scores.label_names == scores.label_names
    assert result.scores.class_names == scores.class_names
    np.testing.assert_array_equal(result.scores.probabilities, scores.probabilities)


@pytest.mark.parametrize("kind", [MemberJSON, MemberScores, MemberFigure])
def test_what_a_member_has_not_left_is_none(tmp_path, kind):
    assert kind(filepath=str(tmp_path / "absent")).load() is None


def test_each_member_has_its_own_checkpoint(tmp_path):
    checkpoints = CheckpointsDataset(filepath=str(tmp_path)).load()
    checkpoints.of("a", Classifier).save({"epoch": 1})
    assert checkpoints.of("b", Classifier).load() is None
    assert (tmp_path / "a" / "checkpoint.pt").exists()


def test_a_damaged_record_is_named(tmp_path):
    record(tmp_path, "a")
    (tmp_path / "a" / "run.json").write_text("{")
    state, notes = status(tmp_path)
    assert state == "failed"
    assert "a/run.json: not JSON" in notes
    assert "delete it" in notes


def test_a_source_that_is_no_folder_is_refused(tmp_path):
    with pytest.raises(Exception, match="no member there") as failure:
        MembersDataset(filepath=str(tmp_path), source=str(tmp_path / "absent")).load()
    assert isinstance(first_cause(failure.value), DataError)


def test_scores_that_are_none_are_named(tmp_path):
    dataset = ScoresDataset(filepath=str(tmp_path / "scores.h5"))
    Path(tmp_path / "scores.h5").write_text("nothing")
    with pytest.raises(Exception, match="damaged") as failure:
        dataset.load()
    assert isinstance(first_cause(failure.value), DataError)
