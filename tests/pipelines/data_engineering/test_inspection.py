"""Events that cannot be right are counted and named; too many of them, and copies in several
splits, never pass in silence.
"""

from __future__ import annotations

import re
from dataclasses import replace

import h5py
import numpy as np
import pytest

from lexon.config import EventChecks
from lexon.datasets.events import EventSample, EventsDataset, EventSource
from lexon.datasets.identity import row_hashes
from lexon.errors import DataError
from lexon.events import Events
from lexon.pipelines.data_engineering.clean import clean_events
from lexon.pipelines.data_engineering.copies import Copies, HashSet
from lexon.pipelines.data_engineering.inspection import Inspection

CHECKS = EventChecks(max_bad_events=0.01, beam_energy=7000, duplicates="keep")


def inspected(events: Events, checks: EventChecks = CHECKS, chunk: int = 100) -> list[str]:
    """Remarks on training events."""
    inspection = Inspection("events.h5", len(events), checks)
    parts = (("train", events[start : start + chunk]) for start in range(0, len(events), chunk))
    assert sum(len(part) for _, part in inspection.passed(parts)) == len(events)
    return inspection.notes


@pytest.fixture
def events(make_events) -> Events:
    return make_events(400, seed=1)


def changed(events: Events, rows, **values) -> Events:
    """Some events with another leading object, MET or with nothing at all."""
    ids, p4, met = events.ids.copy(), events.p4.copy(), events.met.copy()
    for column, name in enumerate(("energy", "pt", "eta")):
        if name in values:
            p4[rows, 0, column] = values[name]
    if "met" in values:
        met[rows] = values["met"]
    if values.get("empty"):
        ids[rows], p4[rows], met[rows] = 0, 0, 0
    return replace(events, ids=ids, p4=p4, met=met)


def test_good_events_need_no_word(events):
    assert inspected(events) == []


FAULTS = [
    (
        {"pt": 1e30, "energy": 2e30},
        (
            r"pT above the beam energy of 7000 GeV: 1 in train \(first: train row 137, object 0:"
            r" 1e\+30\)"
        ),
    ),
    ({"eta": 100.0}, r"\|eta\| above 10: 1 in train \(first: train row 137, object 0: 100\)"),
    (
        {"energy": 1e-3},
        (
            r"an energy below pT cosh\(eta\) by more than 10%: 1 in train \(first: train row 137,"
            r" object 0: 0.001\)"
        ),
    ),
    (
        {"met": 8000.0},
        r"MET above the beam energy of 7000 GeV: 1 in train \(first: train row 137: 8000\)",
    ),
    ({"empty": True}, r"neither objects nor MET: 1 in train \(first: train row 137: 0\)"),
]


@pytest.mark.parametrize(("values", "words"), FAULTS)
@pytest.mark.parametrize("chunk", [50, 400])
def test_a_single_absurd_event_is_kept_counted_and_shown(events, values, words, chunk):
    notes = " ".join(inspected(changed(events, 137, **values), chunk=chunk))
    assert re.search(words, notes), notes


@pytest.mark.parametrize(("values", "words"), FAULTS)
def test_many_of_them_are_an_error_and_the_share_is_the_users(events, values, words):
    many = changed(events, slice(137, 400, 4), **values)
    with pytest.raises(
        DataError, match=r"events.h5: .* cannot be right: .*max_bad_events=0.01 of 400 events"
    ):
        inspected(many)
    inspected(many, CHECKS.model_copy(update={"max_bad_events": 0.5}))


def test_an_energy_that_is_smeared_is_reported_and_never_refused(events):
    p4 = events.p4.copy()
    p4[..., 0] *= 0.95
    (note,) = inspected(replace(events, p4=p4))
    assert "with an energy below pT cosh(eta) by more than 0.1%" in note


@pytest.mark.parametrize("factor", [1000, 1e-3])
def test_rows_of_another_unit_are_refused(events, factor):
    p4, met = events.p4.copy(), events.met.copy()
    p4[250:, :, :2] *= factor
    met[250:] *= factor
    with pytest.raises(DataError, match="are some rows in another unit"):
        inspected(replace(events, p4=p4, met=met))


def test_the_share_is_of_the_whole_file_and_the_end_is_early(events):
    bad = changed(events, slice(0, 5), empty=True)
    parts = Inspection("here", 400, CHECKS).passed(
        ("train", bad[i : i + 100]) for i in range(0, 400, 100)
    )
    with pytest.raises(DataError, match="5 of the first 100 events"):
        next(parts)


def test_a_set_of_hashes_knows_what_was_added_in_any_portions():
    rng = np.random.default_rng(0)
    values = rng.integers(0, 500, 400).astype(np.uint64)
    known = HashSet()
    for part in np.split(values, [1, 3, 40, 41, 300]):
        known.add(part)
    asked = np.arange(500, dtype=np.uint64)
    np.testing.assert_array_equal(known.contains(asked), np.isin(asked, values))
    assert not HashSet().contains(asked).any()


def test_equal_events_have_equal_hashes_whatever_their_label(events):
    hashes = row_hashes(events)
    assert len(np.unique(hashes)) == len(events)
    np.testing.assert_array_equal(row_hashes(replace(events, labels=events.labels + 1)), hashes)
    met = events.met.copy()
    met[0] = np.nextafter(met[0], np.inf, dtype=np.float32)
    assert (row_hashes(replace(events, met=met)) != hashes).tolist() == [True] + [False] * 399


def test_copies_are_counted_within_and_across_splits_in_any_chunks():
    train, test = np.arange(100, dtype=np.uint64), np.arange(90, 110, dtype=np.uint64)
    train[50] = train[3]
    for n in (1, 7, 100):
        copies = Copies()
        marked = [copies.mark("train", train[i : i + n]) for i in range(0, 100, n)]
        assert np.flatnonzero(np.concatenate(marked)).tolist() == [50]
        marked = [copies.mark("test", test[i : i + n]) for i in range(0, 20, n)]
        assert np.concatenate(marked).sum() == 10
        across, within = copies.sentences(dropped=False)
        assert across.startswith("10 of 20 test events are in train too, kept")
        assert within.startswith("1 of 100 train events repeat another train event")


@pytest.fixture
def leak(tmp_path, make_events):
    """A file whose test split holds 20 training events, one of them twice."""
    splits = {
        "train": make_events(300, seed=1),
        "val": make_events(60, seed=2),
        "test": make_events(60, seed=3),
    }
    rows = np.r_[0:19, 0, 20:60]
    splits["test"] = Events.concatenate([splits["train"][:20], splits["test"][20:]])[rows]
    path = tmp_path / "leak.h5"
    EventsDataset(str(path)).save(_sample(splits))
    return path


def _sample(splits: dict[str, Events]) -> EventSample:
    return EventSample(list(splits.items()), {})


@pytest.mark.parametrize(("duplicates", "left"), [("keep", 60), ("drop", 40)])
def test_test_events_that_are_training_events_are_reported_or_dropped(
    leak, tmp_path, caplog, duplicates, left
):
    target = EventsDataset(str(tmp_path / "clean.h5"))
    checks = CHECKS.model_copy(update={"duplicates": duplicates})
    target.save(clean_events(EventSource(leak), {"signal": 1, "background": 2}, None, checks))
    clean = target.load()
    assert [clean.n(split) for split in ("train", "val", "test")] == [300, 60, left]
    notes = " ".join(clean.attributes["notes"])
    assert "20 of 60 test events are in train too" in notes
    assert "20 of 60 test events are in train too" in caplog.text
    if duplicates == "drop":
        assert not np.isin(row_hashes(clean.read("test")), row_hashes(clean.read("train"))).any()


def test_a_file_of_zeros_ends_before_it_is_read_through(tmp_path, make_events):
    path = tmp_path / "zeros.h5"
    EventsDataset(str(path)).save(
        _sample(
            {split: make_events(200, seed=i) for i, split in enumerate(("train", "val", "test"))}
        )
    )
    with h5py.File(path, "r+") as file:
        file["X_train"][100:] = 0
    with pytest.raises(DataError, match="neither objects nor MET: 100 in train"):
        list(clean_events(EventSource(path), {"signal": 1, "background": 2}, None, CHECKS).chunks)
