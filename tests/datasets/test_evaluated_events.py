"""What a report knows of the test events comes back as it was written, for the right events."""

from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest

from lexon.datasets.evaluated_events import (
    EvaluatedEvents,
    EvaluatedEventsDataset,
    read_evaluated_events,
)
from lexon.datasets.identity import part_digest
from lexon.errors import DataError

EVENTS = EvaluatedEvents(
    {"ht": np.array([5.0, 7.0, 9.0], np.float32), "n_jets": np.array([6, 7, 8], np.float32)},
    np.array([0, 2, 4]),
    "these",
    {"tttt": 0.03},
)


def test_it_comes_back_as_it_was_written(tmp_path):
    path = tmp_path / "evaluated_events.h5"
    EvaluatedEventsDataset(filepath=str(path)).save(EVENTS)
    found = EvaluatedEventsDataset(filepath=str(path)).load()
    assert (found.digest, found.efficiencies) == ("these", {"tttt": 0.03})
    np.testing.assert_array_equal(found.index, EVENTS.index)
    assert set(found.quantities) == {"ht", "n_jets"}
    np.testing.assert_array_equal(found.quantities["ht"], EVENTS.quantities["ht"])


def test_quantities_follow_the_order_asked_for():
    found = EVENTS.of("these", np.array([4, 0, 2]))
    assert found is not None
    assert found["n_jets"].tolist() == [8, 6, 7]


def test_some_of_the_events_are_found_and_others_are_not():
    found = EVENTS.of(part_digest("these", "2 common"), np.array([2, 4]))
    assert found is not None
    assert found["ht"].tolist() == [7, 9]
    assert EVENTS.of("those", EVENTS.index) is None
    assert EVENTS.of("these", np.array([0, 3])) is None
    assert EVENTS.of("these", np.array([0, 99])) is None


@pytest.mark.parametrize("broken", ["index", "ht"])
def test_a_file_of_something_else_is_named(tmp_path, broken):
    path = tmp_path / "evaluated_events.h5"
    EvaluatedEventsDataset(filepath=str(path)).save(EVENTS)
    with h5py.File(path, "r+") as file:
        del file[broken]
        if broken == "ht":
            file["ht"] = np.zeros(2)
    with pytest.raises(DataError, match=f"{path}.*run the experiment again"):
        read_evaluated_events(path)


def test_a_digest_is_needed(tmp_path):
    path = tmp_path / "evaluated_events.h5"
    EvaluatedEventsDataset(filepath=str(path)).save(replace(EVENTS, efficiencies={}))
    with h5py.File(path, "r+") as file:
        del file.attrs["digest"]
    with pytest.raises(DataError, match="no index, digest"):
        read_evaluated_events(path)
