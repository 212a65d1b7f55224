"""scores.h5 keeps the weights of the evaluated events."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from fabricate import binormal_scores, result
from kedro.io import DatasetError

from lexon.datasets.member_files import check_agreement
from lexon.datasets.scores import ScoresDataset
from lexon.errors import DataError
from lexon.metrics.classification import classification_metrics


def test_weights_come_back_and_absent_ones_leave_no_trace(tmp_path: Path) -> None:
    scores = binormal_scores(1.0, 50)
    dataset = ScoresDataset(filepath=str(tmp_path / "scores.h5"))
    dataset.save(replace(scores, weights=np.arange(50) / 3 - 5))
    np.testing.assert_array_equal(dataset.load().weights, np.arange(50) / 3 - 5)
    dataset.save(scores)
    assert dataset.load().weights is None
    with h5py.File(tmp_path / "scores.h5") as file:
        assert "weights" not in file


@pytest.mark.parametrize("weights", [np.ones(49), np.full(50, np.nan)])
def test_damaged_weights_are_an_error(tmp_path: Path, weights: np.ndarray) -> None:
    path = tmp_path / "scores.h5"
    ScoresDataset(filepath=str(path)).save(binormal_scores(1.0, 50))
    with h5py.File(path, "a") as file:
        file["weights"] = weights
    with pytest.raises(DatasetError, match="weights are not one finite number an event"):
        ScoresDataset(filepath=str(path)).load()


def test_a_members_weighted_accuracy_is_recalculated_with_its_weights(tmp_path: Path) -> None:
    one = result({"pool": "max"})
    assert one.scores is not None
    right = one.scores.probabilities.argmax(1) == one.scores.target
    scores = replace(one.scores, weights=np.where(right, 1.0, 3.0))
    weighted, plain = (classification_metrics(one, ())["accuracy"] for one in (scores, one.scores))
    assert weighted != pytest.approx(plain, rel=1e-3)
    check_agreement(tmp_path, {"test": {"accuracy": weighted}}, scores, None)
    with pytest.raises(DataError, match="accuracy"):
        check_agreement(tmp_path, {"test": {"accuracy": plain}}, scores, None)
