"""A report sees by itself what is done, pending, failed, running or stale."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fabricate import finished, planned, write_member

from lexon.datasets.checkpoint import CheckpointsDataset
from lexon.datasets.members import (
    MemberFigure,
    MemberFolders,
    MemberJSON,
    MemberScores,
    MembersDataset,
)
from lexon.datasets.scores import ScoresDataset
from lexon.errors import DataError, first_cause
from lexon.experiments import Member
from lexon.models.classifier import Classifier

MEMBER = planned().planned[0]


def member(name: str, folder: str | None = None) -> Member:
    return replace(MEMBER, name=name, folder=folder or name)


def record(root: Path, name: str, **content) -> None:
    """A finished member whose record says something else."""
    result = finished(member(name))
    if not (root / name).exists():
        write_member(root, result)
    (root / name / "run.json").write_text(json.dumps(result.record | content))


def status(root: Path, name: str = "a") -> tuple[str, str]:
    (result,) = MemberFolders(root).read([member(name)])
    return result.status, result.notes


def test_states_are_distinguished(tmp_path):
    assert status(tmp_path) == ("pending", "not run yet")
    record(tmp_path, "a", status="running", started="noon")
    assert status(tmp_path) == ("running", "started noon")
    record(tmp_path, "a", status="failed", error="RuntimeError: out of memory")
    assert status(tmp_path) == ("failed", "RuntimeError: out of memory")
    record(tmp_path, "a")
    assert status(tmp_path) == ("done", "")


def test_a_member_made_with_other_parameters_is_stale_and_says_which(tmp_path):
    record(tmp_path, "a", parameters=MEMBER.config | {"n_train": 20})
    assert status(tmp_path) == ("stale", "made with other parameters: n_train")


def test_a_twin_reads_the_folder_that_was_trained_for_it(tmp_path):
    record(tmp_path, "a")
    first, twin = MemberFolders(tmp_path).read([member("a"), member("b", folder="a")])
    assert (first.status, twin.status) == ("done", "done")


def test_scores_metrics_and_history_come_along(tmp_path):
    whole = finished(member("a"))
    write_member(tmp_path, whole)
    (result,) = MemberFolders(tmp_path).read([member("a")])
    assert result.metrics == whole.metrics
    assert result.scores.label_names == whole.scores.label_names
    assert result.scores.class_names == whole.scores.class_names
    np.testing.assert_array_equal(result.scores.probabilities, whole.scores.probabilities)
    assert result.history.equals(whole.history)


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
