"""Names of labels: the file's own, else the configured, else those of a known layout, else the
number.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lexon.config import LABEL_SETS, EventChecks
from lexon.config.data import deciding_names
from lexon.datasets.event_rows import to_rows
from lexon.datasets.events import EventsDataset, EventSource
from lexon.datasets.tokens import TokensDataset, TokenSource
from lexon.errors import ConfigurationError, DataError
from lexon.pipelines.data_engineering.clean import clean_events
from lexon.pipelines.data_engineering.tokenise import write_tokens
from lexon.tokenisers.binning import BinnedTokeniser

FOUR_TOPS = LABEL_SETS["four_tops"]
CLASSES = {"signal": "tttt", "background": "rest"}
CHECKS = EventChecks(max_bad_events=0.01, beam_energy=7000, duplicates="keep")


@pytest.fixture
def write(tmp_path, make_events) -> Callable[..., Path]:
    """A file as others make them, without any names: `write(n_labels, unit)`."""

    def go(
        n_labels: int = 5,
        unit: str = "ln(MeV)",
        first: int = 1,
        dtype: str = "f8",
        names: dict[int, str] | None = None,
    ) -> Path:
        path = tmp_path / f"raw_{n_labels}_{unit}_{first}.h5"
        events = make_events(40 * n_labels, n_labels=n_labels)
        with h5py.File(path, "w") as file:
            for split, key in (("train", "Y_train"), ("val", "y_val"), ("test", "y_test")):
                file[f"X_{split}"] = to_rows(events, unit)
                file[key] = (events.labels + first - 1).astype(dtype)
            if names:
                file.attrs["label_names"] = json.dumps(names)
        return path

    return go


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "u1"])
def test_the_known_file_is_recognised_and_reported(write, dtype):
    source = EventSource(write(dtype=dtype))
    assert source.label_names == FOUR_TOPS
    assert source.class_map(CLASSES).lookup == {1: 0, 2: 1, 3: 1, 4: 1, 5: 1}
    (note,) = [note for note in source.notes if "names" in note]
    assert "have no names in raw_5_ln(MeV)_1.h5" in note
    assert "1 tttt, 2 ttH, 3 ttW, 4 ttWW, 5 ttZ (others: events.label_names)" in note


@pytest.mark.parametrize(
    "other", [{"n_labels": 4}, {"n_labels": 6}, {"unit": "GeV"}, {"first": 0}], ids=str
)
def test_nothing_is_recognised_that_is_not_certain(write, other):
    source = EventSource(write(**other))
    assert all(name == str(label) for label, name in source.label_names.items())
    assert not [note for note in source.notes if "names" in note]
    first = other.get("first", 1)
    remedy = (
        rf"its labels have no names: give the number \(classes.signal={first}\), or a name for it"
        rf" \(events.label_names.{first}=NAME\)"
    )
    with pytest.raises(
        ConfigurationError, match=f"classes.signal=tttt: the file has no such label.*{remedy}"
    ):
        source.class_map(CLASSES)


def test_the_set_that_fits_is_in_the_message_and_helps(write):
    path = write(unit="GeV")
    with pytest.raises(
        ConfigurationError, match=r"events.label_names=four_tops for 1 \(tttt\), 2 \(ttH\)"
    ):
        EventSource(path).class_map(CLASSES)
    source = EventsDataset(str(path), label_names="four_tops").load()
    assert source.label_names == FOUR_TOPS
    with pytest.raises(
        ValueError,
        match=r"events.label_names=five_tops: no such set of names; there is four_tops \(1: tttt",
    ):
        EventsDataset(str(path), label_names="five_tops")


def test_own_names_come_first_then_configured_ones(write):
    own = {1: "ww", 2: "wz"}
    assert EventSource(write(names=own), configured_names={2: "x", 3: "zz"}).label_names == {
        1: "ww",
        2: "wz",
        3: "zz",
        4: "4",
        5: "5",
    }
    assert EventSource(write(), configured_names={1: "own"}).label_names == {
        1: "own",
        2: "2",
        3: "3",
        4: "4",
        5: "5",
    }


@pytest.mark.parametrize("names", [{1: "tW", 2: "WZ"}, "in the file"])
def test_names_of_other_labels_than_there_are_are_refused(write, names):
    """Labels 0 and 1, names for 1 and 2: WZ would be called tW."""
    path = write(n_labels=2, first=0, names={1: "tW", 2: "WZ"} if isinstance(names, str) else None)
    with pytest.raises(
        (DataError, ConfigurationError),
        match=r"label 0 of .* has no name, and 2 \(WZ\) is no label there \(it has 0, 1\)",
    ):
        _ = EventSource(
            path, configured_names=None if isinstance(names, str) else names
        ).label_names


@pytest.mark.parametrize("names", [None, {1: "own", 2: "b", 3: "c", 4: "d", 5: "e"}])
def test_names_go_along_with_what_is_made_of_the_events_and_may_be_given_later(
    write, tmp_path, names, caplog
):
    caplog.set_level(logging.INFO)
    classes = {"signal": 1, "background": "rest"}
    events, tokens = (
        EventsDataset(str(tmp_path / "events.h5"), label_names=names),
        TokensDataset(str(tmp_path / "tokens.h5")),
    )
    events.save(clean_events(EventSource(write(), configured_names=names), classes, None, CHECKS))
    source = events.load()
    tokens.save(
        write_tokens(source, BinnedTokeniser(5, "correct", pid=True).fit(source.read("train")))
    )
    expected = names or FOUR_TOPS
    assert (
        TokenSource(tmp_path / "tokens.h5").label_names
        == EventSource(tmp_path / "events.h5").label_names
        == expected
    )
    later = dict(zip(FOUR_TOPS, "vwxyz", strict=True))
    for made in (
        EventSource(tmp_path / "events.h5", configured_names=later),
        TokenSource(tmp_path / "tokens.h5", configured_names=later),
    ):
        assert made.label_names == later


@pytest.mark.parametrize("names", [FOUR_TOPS, {1: "a", 2: "b"}, {}])
def test_names_that_no_class_needs_are_cosmetic(names):
    assert deciding_names(names, {"signal": 1, "background": "rest"}) == {}
    assert deciding_names(FOUR_TOPS, {"signal": "tttt", "background": ["ttH", "ttW"]}) == {}


def test_names_that_decide_what_a_class_is_are_not():
    exchanged = {1: "ttH", 2: "tttt", 3: "ttW"}
    assert deciding_names(exchanged, {"signal": "tttt", "background": "rest"}) == {2: "tttt"}
    assert deciding_names({1: "a", 2: "b", 3: "c"}, {"signal": ("a", 2), "background": "b"}) == {
        1: "a",
        2: "b",
    }


def test_members_know_no_names(kedro_session):
    def members(**events: object) -> list[dict]:
        session = kedro_session("test", events={"path": "own.h5", **events}, classes={"signal": 1})
        return [member.config for member in session.loader().experiment("default").planned]

    unnamed = members()
    assert unnamed == members(label_names="four_tops") == members(label_names={1: "signal"})
    assert unnamed[0]["data"]["label_names"] == {}, (
        "as members without names recorded it: they are not stale"
    )
    assert np.all(
        [one != other for one, other in zip(unnamed, members(energy_unit="MeV"), strict=True)]
    )
