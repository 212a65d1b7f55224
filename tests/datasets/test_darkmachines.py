"""DarkMachines text: what is read, what is left out and reported, and how it is split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from event_text import TEXT, TYPES, all_events, by_met, everything, lines_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lexon.datasets import darkmachines_lines
from lexon.datasets.darkmachines import DarkMachinesSource
from lexon.datasets.events import EventsDataset, EventSource
from lexon.errors import ConfigurationError, DataError
from lexon.events import MAX_OBJECTS, SPLITS, Events


@pytest.fixture
def events(make_events) -> Events:
    return make_events(300, n_labels=3)


@pytest.fixture
def write_text(tmp_path: Path) -> Callable[..., DarkMachinesSource]:
    """`write_text(lines, name, **text)`: a file of these lines, as the catalog would load it."""

    def write(lines: list[str], name: str = "events.csv", **text: Any) -> DarkMachinesSource:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        return EventsDataset(str(path), text=TEXT | text).load()

    return write


@pytest.fixture(scope="module")
def damaged_events(make_events) -> tuple[Events, list[str]]:
    """A few events and their lines, to be damaged."""
    events = make_events(40)
    return events, lines_of(events)


def test_text_reads_as_the_events_that_it_spells(write_text, events):
    source = write_text(lines_of(events))
    assert isinstance(source, DarkMachinesSource)
    assert source.energy_unit.unit == "MeV"
    read, expected = by_met(all_events(source)), by_met(events)
    np.testing.assert_array_equal(read.ids, expected.ids)
    np.testing.assert_array_equal(read.labels, expected.labels)
    np.testing.assert_allclose(read.p4, expected.p4, rtol=2e-6, atol=1e-6)
    np.testing.assert_allclose(read.met, expected.met, rtol=2e-6)
    np.testing.assert_allclose(read.met_phi, expected.met_phi, atol=1e-6)
    assert source.label_names == {1: "p1", 2: "p2", 3: "p3"}


@pytest.mark.parametrize("block", [1, 300, 5000, 1 << 22])
def test_the_borders_of_blocks_change_nothing(write_text, events, monkeypatch, block):
    source = write_text(lines_of(events))
    whole = everything(source)
    monkeypatch.setattr(darkmachines_lines, "BLOCK_BYTES", block)
    again = everything(write_text(lines_of(events)))
    for split in SPLITS:
        assert by_met(again[split]).digest() == by_met(whole[split]).digest()


def test_two_walks_at_once_do_not_disturb_each_other(write_text, events, monkeypatch):
    monkeypatch.setattr(darkmachines_lines, "BLOCK_BYTES", 20_000)
    source = write_text(lines_of(events))
    pairs = list(zip(source.parts(1000), source.parts(1000), strict=True))
    assert len(pairs) > 6
    assert all(first.digest() == second.digest() for (_, first), (_, second) in pairs)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_layout_that_means_nothing_changes_nothing(write_text, make_events, data):
    events = make_events(60, seed=data.draw(st.integers(0, 50)))
    plain = lines_of(events)
    endings = data.draw(
        st.lists(st.sampled_from([";", "", "; ", "\r", ";\r"]), min_size=60, max_size=60)
    )
    bare = [line.rstrip(";") for line in plain]
    decorated = [
        line + end if line.count(";") > 4 else line + ";"
        for line, end in zip(bare, endings, strict=True)
    ]
    for place in data.draw(st.lists(st.integers(0, 59), max_size=3)):
        decorated.insert(place, "")
    assert (
        by_met(all_events(write_text(decorated))).digest()
        == by_met(all_events(write_text(plain))).digest()
    )


# --- the split


def test_every_process_is_split_by_the_shares_exactly(write_text, events):
    source = write_text(lines_of(events))
    assert [source.label_counts(split) for split in SPLITS] == [
        {1: n, 2: n, 3: n} for n in (60, 20, 20)
    ]
    assert {split: len(part) for split, part in everything(source).items()} == {
        "train": 180,
        "val": 60,
        "test": 60,
    }
    assert any("train 180, val 60, test 60" in note for note in source.notes)


def test_the_split_follows_seed_and_content_not_the_order_of_lines(write_text, events):
    lines = lines_of(events)
    test, reordered = (everything(write_text(text))["test"] for text in (lines, lines[::-1]))
    assert by_met(test).digest() == by_met(reordered).digest()
    other = everything(write_text(lines, split_seed=2))["test"]
    common = len(np.intersect1d(other.met, test.met))
    assert 0 < common < 30  # 12 of 60 are expected


def test_identical_events_are_kept_once_and_counted(write_text, events):
    lines = lines_of(events)
    renumbered = [line.replace("7;", "8;", 1).replace(";0.5;", ";0.7;", 1) for line in lines[:50]]
    other_process = [line.replace(";p1;", ";p2;") for line in lines[:30] if ";p1;" in line]
    source = write_text(lines + renumbered + other_process)
    assert by_met(all_events(source)).digest() == by_met(all_events(write_text(lines))).digest()
    n = 50 + len(other_process)
    expected = (
        f"{n} events that repeat another to the last digit are left out, {len(other_process)} of"
        " them under another process."
    )
    source = write_text(lines + renumbered + other_process)
    assert expected in source.notes


def test_no_content_is_in_two_splits(write_text, make_events):
    few = make_events(40)
    source = write_text(lines_of(few) * 5)
    contents = [
        {part[[i]].digest() for i in range(len(part))} for part in everything(source).values()
    ]
    assert sum(map(len, contents)) == len(set.union(*contents)) == 40


def test_too_few_events_and_senseless_shares_are_refused(write_text, events):
    lines = lines_of(events)
    rare = [line for line in lines if ";p3;" not in line] + [
        line for line in lines if ";p3;" in line
    ][:2]
    with pytest.raises(DataError, match="2 events of p3 are too few for every split to get one"):
        write_text(rare).n("train")
    with pytest.raises(ConfigurationError, match="events.split: shares sum to 0.9"):
        write_text(lines, split={"train": 0.5, "val": 0.2, "test": 0.2}).n("train")
    with pytest.raises(ConfigurationError, match="give train, val, test a share each"):
        write_text(lines, split={"train": 0.5, "val": 0.5}).n("train")


# --- processes and files


def test_numbers_are_labels_and_take_configured_names(write_text, events):
    lines = lines_of(events, {1: "10", 2: "20", 3: "-1"})
    source = write_text(lines)
    assert source.label_names == {-1: "-1", 10: "10", 20: "20"}
    named = DarkMachinesSource(source.path, configured_names={10: "tttt"}, **TEXT)
    assert named.label_names == {-1: "-1", 10: "tttt", 20: "20"}
    assert named.class_map({"signal": "tttt", "background": "rest"}).lookup == {10: 0, -1: 1, 20: 1}


def test_names_are_numbered_in_their_order_whatever_the_order_of_lines(write_text, events):
    source = write_text(lines_of(events, {1: "ttbar", 2: "4top", 3: "10"}))
    assert source.label_names == {1: "10", 2: "4top", 3: "ttbar"}
    labels = by_met(all_events(source)).labels
    np.testing.assert_array_equal(labels, np.array([0, 3, 2, 1])[by_met(events).labels])


def test_a_pattern_reads_several_files_as_one(write_text, events, tmp_path):
    lines = lines_of(events)
    whole = write_text(lines)
    expected, digest = by_met(all_events(whole)), whole.digest
    whole.path.unlink()
    for label in (1, 2, 3):
        write_text([line for line in lines if f";p{label};" in line], f"p{label}.csv")
    source = EventsDataset(str(tmp_path / "p*.csv"), text=TEXT).load()
    assert isinstance(source, DarkMachinesSource)
    assert by_met(all_events(source)).digest() == expected.digest()
    assert any("3 files were read: p1.csv, p2.csv, p3.csv." in note for note in source.notes)
    assert source.digest != digest
    (tmp_path / "p4.csv").write_text("something else")
    with pytest.raises(
        DataError,
        match=r"p4.csv: is text that begins with 'something else', not DarkMachines text as p1.csv",
    ):
        EventsDataset(str(tmp_path / "p*.csv"), text=TEXT).load().n("train")


def test_a_single_process_has_events_but_no_classes_and_the_remedy_is_reported(write_text, events):
    source = write_text(lines_of(events[events.labels == 1]))
    assert source.n("train") > source.n("val") > 0
    assert source.only_label == 1
    with pytest.raises(
        DataError,
        match=(
            r"one process, p1, .* add a file of another process \(a pattern reads several,"
            r" .*fit_on=all"
        ),
    ):
        source.class_map({"signal": "p1", "background": "rest"})


def test_what_is_no_text_loads_as_a_file_of_events(tmp_path):
    assert isinstance(EventsDataset(str(tmp_path / "later.h5"), text=TEXT).load(), EventSource)
    (tmp_path / "table.csv").write_text("a,b,c\n1,2,3\n")
    assert isinstance(EventsDataset(str(tmp_path / "table.csv"), text=TEXT).load(), EventSource)


def test_object_types_are_those_of_the_configuration(write_text, events):
    swapped = all_events(write_text(lines_of(events), object_types=TYPES | {5: "mu-", 6: "mu+"}))
    plain = all_events(write_text(lines_of(events)))
    np.testing.assert_array_equal(
        by_met(swapped).ids, np.array([0, 1, 2, 3, 4, 6, 5, 7])[by_met(plain).ids]
    )
    with pytest.raises(ConfigurationError, match="no type is called mu"):
        all_events(write_text(lines_of(events), object_types=TYPES | {5: "muon"}))


# --- crowded, empty and broken


def test_the_leading_objects_are_kept_in_their_order(write_text, events):
    rng = np.random.default_rng(0)
    pt = rng.permutation(np.arange(1, 26)) * 2000.0
    crowded = "1;p1;1;50000;0.1;" + ";".join(
        f"j,{2 * p},{p},0.5,{i / 10}" for i, p in enumerate(pt)
    )
    source = write_text([*lines_of(events), crowded])
    read = all_events(source)
    event = read[np.flatnonzero(read.met == 50)]
    kept = np.flatnonzero(pt > 7 * 2000)
    np.testing.assert_allclose(event.pt[0], pt[kept] / 1000)
    np.testing.assert_allclose(event.phi[0], kept / 10, atol=1e-6)
    assert len(kept) == MAX_OBJECTS
    assert "1 events have more than 18 objects: the leading 18 by pT are kept." in source.notes


def test_events_without_objects_are_kept(write_text, events):
    n = int((~events.mask.any(1)).sum())
    source = write_text([*lines_of(events), "1;p1;1;4321;0.1", "1;p1;1;1234;0.1;"])
    assert f"{n + 2} events without any object are kept." in source.notes
    read = all_events(source)
    assert {4.321, 1.234} <= {round(float(met), 3) for met in read.met[~read.mask.any(1)]}


BAD = {
    "1;p1;1;50000": "fewer than 5 fields",
    "text": "fewer than 5 fields",
    "1;;1;50000;0.1;j,2000,1000,0.5,0.5": "no process ID",
    f"1;{'p' * 300};1;50000;0.1": "no process ID, or one longer",
    "1;p1;1;50000;0.1;j,2000,1000,0.5": "an object that is not code,E,pt,eta,phi",
    "1;p1;1;50000;0.1;j,2000,1000,0.5,0.5,3": "an object that is not code,E,pt,eta,phi",
    "1;p1;1;50000;0.1;j,2000,1000;0.5,0.5": "an object that is not code,E,pt,eta,phi",
    "1;p1,p2;1;50000;0.1;j,2000,1000,0.5,0.5": "a comma elsewhere",
    "1;p1;1;50000;0.1;;j,2000,1000,0.5,0.5": "an object that is not code,E,pt,eta,phi",
    "1;p1;1;50000;0.1;tau,2000,1000,0.5,0.5": "an object code other than j, b, e",
    "1;p1;1;50000;0.1;e,2000,1000,0.5,0.5": "an object code other than j, b, e",
    "1;p1;1;50000;0.1;3,2000,1000,0.5,0.5": "an object code other than j, b, e",
    "1;p1;1;fifty;0.1;j,2000,1000,0.5,0.5": "something that is not a number",
    "1;p1;1;;0.1": "something that is not a number",
    "1;p1;1;50000;0.1;j,2000,1000,,0.5": "something that is not a number",
    "1;p1;1;50000;0.1;j,2000,nan,0.5,0.5": "something that is not a number",
    "1;p1;1;50000;0.1;j,2000,1e99,0.5,0.5": "something that is not a number",
    "1;p1;1;50000;0.1;j,2000,-1000,0.5,0.5": "an energy or pT that is not positive",
    "1;p1;1;-5;0.1": "negative MET",
    "1;p1;1;50000;90;j,2000,1000,0.5,0.5": "an azimuth beyond two turns",
}


@pytest.mark.parametrize(("line", "reason"), BAD.items())
def test_a_line_that_makes_no_sense_is_left_out_and_named(write_text, events, line, reason):
    lines = lines_of(events)
    source = write_text([*lines[:10], line, *lines[10:]], max_bad_lines=0.01)
    assert by_met(all_events(source)).digest() == by_met(all_events(write_text(lines))).digest()
    source = write_text([*lines[:10], line, *lines[10:]], max_bad_lines=0.01)
    left_out = next(note for note in source.notes if "are left out" in note)
    assert left_out.startswith("1 of 301 lines are left out")
    assert reason in left_out
    assert "(events.csv, line 11)" in left_out


def test_more_bad_lines_than_allowed_are_an_error_that_shows_the_first(write_text, events):
    lines = [*lines_of(events), *["broken"] * 5, "1;p1;1;-5;0.1"]
    message = (
        r"6 of 306 lines are left out: fewer than 5 fields \(events.csv, line 301, 302, 303,"
        r" \.\.\.\); .*line 306\); 1.96% is more than"
    )
    with pytest.raises(DataError, match=message):
        write_text(lines, max_bad_lines=0.01).n("train")
    assert write_text(lines, max_bad_lines=0.02).n("train") == 180


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_whatever_a_line_becomes_its_neighbours_are_read_as_before(
    write_text, damaged_events, data
):
    """Random damage: the reader may keep or refuse the line, or refuse a new process, but never
    crash or touch another line.
    """
    events, lines = damaged_events[0], list(damaged_events[1])
    row = data.draw(st.integers(1, len(lines) - 1))
    damaged = bytearray(lines[row].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(
            st.sampled_from(b";,;,jx0-e+. \t\"'")
        )
    lines[row] = damaged.decode()
    source = write_text(lines, max_bad_lines=0.1)
    try:
        read = all_events(source)
    except DataError as error:
        assert "too few for every split" in str(error)  # noqa: PT017
        return
    met = Counter(np.round(read.met.astype(float), 3).tolist())
    assert not Counter(np.round(np.delete(events.met, row).astype(float), 3).tolist()) - met
    assert 0 <= len(read) - (len(lines) - 1) <= 1


def test_other_units_are_recognised_and_contradictions_refused(write_text, events):
    in_mev = lines_of(events)
    gev = events.p4.copy()
    gev[..., :2] /= 1000
    met = events.met / 1000
    in_gev = lines_of(Events(events.ids, gev, met, events.met_phi, events.labels))
    source = write_text(in_gev)
    assert source.energy_unit.unit == "GeV"
    np.testing.assert_allclose(np.sort(all_events(source).met), np.sort(events.met), rtol=2e-6)
    path = write_text(in_mev).path
    with pytest.raises(DataError, match="GeV was declared"):
        EventsDataset(str(path), "GeV", text=TEXT).load().n("train")


# --- real files, not ours to ship


def test_real_events_are_those_of_the_same_events_in_hdf5(shared_data):
    folder = shared_data / "events"
    text = EventsDataset(str(folder / "cms_hep_tutorial_5proc.darkmachines.csv"), text=TEXT).load()
    events = all_events(text)
    file = EventSource(folder / "cms_hep_tutorial_5proc.h5")
    expected = Events.concatenate([file.read(split) for split in SPLITS])
    assert (len(events), int((~events.mask.any(1)).sum())) == (16194, 48)
    assert text.label_names == {1: "qcd", 2: "single_top", 3: "ww", 4: "wz", 5: "zz"}
    filled = events[events.mask.any(1)]
    np.testing.assert_allclose(np.sort(filled.met), np.sort(expected.met), rtol=1e-5)
    np.testing.assert_allclose(
        np.sort(filled.pt[filled.mask]), np.sort(expected.pt[expected.mask]), rtol=1e-5
    )
    np.testing.assert_array_equal(
        np.bincount(filled.ids.ravel()), np.bincount(expected.ids.ravel())
    )


def test_an_untouched_file_of_one_process_says_what_to_add(shared_data):
    path = shared_data / "events" / "monojet_Zp2000.0_DM_50.0_chan3.csv"
    with pytest.raises(
        DataError, match="one process, monojet_Zp2000.0_DM_50.0.*add a file of another process"
    ):
        EventsDataset(str(path), text=TEXT).load().class_map({"signal": 1, "background": "rest"})
