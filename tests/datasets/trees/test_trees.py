"""ROOT and Parquet files: what is read, what is left out and reported, and what is an error."""

from __future__ import annotations

import shutil
import sys

import awkward as ak
import numpy as np
import pytest
import uproot
from event_text import all_events, by_met, everything, lines_of
from event_trees import (
    OWN,
    WRITERS,
    add_tree,
    branches_of,
    in_kinds,
    tree_source,
    write_ntuple,
    write_parquet,
    write_tree,
)
from kedro.io import DatasetError

from lexon.errors import ConfigurationError, DataError
from lexon.events import MAX_OBJECTS, SPLITS, Events

BY_FILE = {key: value for key, value in OWN.items() if key != "label"}


@pytest.fixture(scope="module")
def events(make_events) -> Events:
    return in_kinds(make_events(300, n_labels=3))


@pytest.fixture
def branches(events) -> dict:
    return branches_of(events)


def changed(branches: dict, name: str, entry: int, value: float) -> dict:
    """The same with the first value of one entry changed; an entry without any gets one."""
    lists = branches[name].to_list() if isinstance(branches[name], ak.Array) else None
    if lists is None:
        values = branches[name].copy()
        values[entry] = value
        return branches | {name: values}
    assert lists[entry], "the entry has an object"
    lists[entry][0] = value
    return branches | {name: ak.values_astype(ak.Array(lists), np.float32)}


def with_jets(events: Events) -> int:
    """An entry that has a jet and an electron."""
    has = (np.isin(events.ids, (1, 2)).any(1)) & (np.isin(events.ids, (3, 4)).any(1))
    return int(np.flatnonzero(has)[0])


# --- rows that make no sense


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(
    ("branch", "value", "sentence"),
    [
        ("jet_pt", np.nan, "a value of jet_pt that is not finite"),
        ("jet_eta", np.inf, "a value of jet_eta that is not finite"),
        ("jet_btag", np.nan, "a value of jet_btag that is not finite"),
        ("jet_pt", -5.0, "jets whose pT or energy is not positive"),
        ("el_e", 0.0, "electrons whose pT or energy is not positive"),
        ("jet_phi", 100.0, "jets with an azimuth beyond two turns"),
        ("el_charge", 0, "electrons without a charge"),
        ("met", np.nan, "a MET that is not finite"),
        ("met", -1.0, "a negative MET"),
        ("met_phi", 170.0, "an azimuth of MET beyond two turns"),
    ],
)
def test_an_entry_that_makes_no_sense_is_left_out_and_named(
    tmp_path, events, branches, name, branch, value, sentence
):
    entry = with_jets(events)
    path = WRITERS[name](tmp_path / name, changed(branches, branch, entry, value))
    source = tree_source(path, OWN | {"tree": "events"}, max_bad_lines=0.01)
    expected = f"1 of 300 entries are left out: {sentence} ({name}, tree events, entry {entry})."
    assert expected in source.notes
    kept = np.delete(np.arange(300), entry)
    assert by_met(all_events(source)).digest() == by_met(events[kept]).digest()
    with pytest.raises(DataError, match=r"0.33% is more than events.max_bad_lines=0.001 allows"):
        tree_source(path, max_bad_lines=0.001).n("train")


def test_nulls_of_parquet_are_left_out_and_named(tmp_path, events, branches):
    entry = with_jets(events)
    lists = branches["jet_pt"].to_list()
    lists[entry][0] = None
    no_list = [None if i == 7 else row for i, row in enumerate(branches["mu_pt"].to_list())]
    no_met = [None if i == 9 else float(x) for i, x in enumerate(branches["met"])]
    path = tmp_path / "a.parquet"
    others = {"jet_pt": lists, "mu_pt": no_list, "met": no_met}
    if ak.num(branches["mu_pt"])[7]:  # a muon whose other branches are there would be uneven
        for name in ("mu_e", "mu_eta", "mu_phi", "mu_charge"):
            others[name] = [
                None if i == 7 else row for i, row in enumerate(branches[name].to_list())
            ]
    source = tree_source(write_parquet(path, branches | others), max_bad_lines=0.1)
    (note,) = [note for note in source.notes if "are left out" in note]
    assert note.startswith("3 of 300 entries are left out:")
    for sentence in ("jet_pt that is not finite", "no value of muons", "not exactly one MET"):
        assert sentence in note


def test_branches_of_different_collections_are_refused(tmp_path, branches):
    path = write_tree(tmp_path / "a.root", branches | {"jet_eta": branches["mu_eta"]})
    with pytest.raises(
        DataError,
        match=r"a.root: tree events: entry \d+: jet_pt holds \d+ values and jet_eta \d+, and both"
        r" are of the same objects; name branches of one collection",
    ):
        tree_source(path).n("train")


# --- crowded, empty, cut


def test_the_softest_beyond_18_are_left_out(tmp_path, events, branches):
    rng = np.random.default_rng(0)
    pt = rng.permutation(np.arange(1, 26)) * 2.0
    crowded = {
        "jet_pt": pt,
        "jet_eta": np.full(25, 0.5),
        "jet_phi": np.arange(25) / 10,
        "jet_e": 2 * pt,
        "jet_btag": np.zeros(25),
    }
    more = {}
    for name, values in branches.items():
        if isinstance(values, ak.Array):
            row = ak.Array([crowded.get(name, np.empty(0)).tolist() or []])
            more[name] = ak.concatenate([values, ak.values_astype(row, np.float32)])
        else:
            more[name] = np.append(values, values[:1])
    more["met"][-1] = 5.0
    source = tree_source(write_tree(tmp_path / "a.root", more))
    read = all_events(source)
    event = read[np.flatnonzero(read.met == 5)]
    kept = np.flatnonzero(pt > 14)
    np.testing.assert_allclose(event.pt[0], pt[kept])
    np.testing.assert_allclose(event.phi[0], kept / 10, rtol=1e-6)
    assert len(kept) == MAX_OBJECTS
    assert "1 events have more than 18 objects: the leading 18 by pT are kept." in source.notes


@pytest.mark.parametrize("scale", [1, 1000])
def test_cuts_are_in_gev_and_counted(tmp_path, events, scale):
    cut = "pt > 60 and abs(eta) < 1.5 and jet_btag < 0.5"
    path = write_tree(tmp_path / "a.root", branches_of(events, scale))
    source = tree_source(path, OWN | {"jets": OWN["jets"] | {"cut": cut}})
    jets = np.isin(events.ids, (1, 2))
    passed = (events.ids == 1) & (events.pt > 60) & (np.abs(events.eta) < 1.5)
    note = f"Of {jets.sum():,} jets, {passed.sum():,} pass the cut {cut}."
    assert note in source.notes
    read = all_events(source)
    # Copies are kept once: events that nothing is left of differ in MET all the same.
    assert len(read) == 300
    assert np.isin(read.ids, (1, 2)).sum() == passed.sum()
    assert (~np.isin(read.ids, (0, 1, 2))).sum() == (~np.isin(events.ids, (0, 1, 2))).sum()


def test_a_cut_may_ask_for_a_flag_of_the_event(tmp_path, events, branches):
    good = np.arange(300) % 2 == 0
    path = write_tree(tmp_path / "a.root", branches | {"good": good})
    source = tree_source(path, OWN | {"muons": OWN["muons"] | {"cut": "good"}})
    muons = np.isin(events.ids, (5, 6))
    assert np.isin(all_events(source).ids, (5, 6)).sum() == muons[good].sum()


def test_objects_that_a_mapping_leaves_out_are_reported(tmp_path, branches):
    source = tree_source(write_tree(tmp_path / "a.root", branches), OWN | {"photons": None})
    assert "events.branches has no photons: events have none." in source.notes
    assert not (all_events(source).ids == 7).any()


def test_weights_are_not_used_and_that_is_reported(tmp_path, branches):
    path = write_tree(tmp_path / "a.root", branches)
    source = tree_source(path, OWN | {"weight": "genWeight"})
    unused = "Event weights are not used"
    assert f"{unused} (events.weight=genWeight would use them)." in source.notes
    assert f"{unused} (events.weight=BRANCH uses them)." in tree_source(path).notes
    assert all_events(source).weights is None


@pytest.mark.parametrize("format_", WRITERS)
def test_weights_come_from_the_branch_that_events_weight_names(tmp_path, events, branches, format_):
    own = events.met.astype(np.float64) - 50
    path = WRITERS[format_](tmp_path / format_, branches | {"genWeight": own})
    source = tree_source(path, weight="genWeight")
    assert not any("weights" in note for note in source.notes)
    read = all_events(source)
    np.testing.assert_allclose(read.weights, read.met - 50, rtol=1e-4, atol=1e-4)


def test_a_branch_of_weights_that_is_missing_or_not_finite_is_said(tmp_path, branches):
    weights = np.ones(300)
    weights[[5, 9]] = np.nan
    path = write_tree(tmp_path / "a.root", branches | {"genWeight": weights})
    with pytest.raises(DataError, match=r"no branch genweigth, which events\.weight names.*near"):
        list(tree_source(path, weight="genweigth").parts(100))
    source = tree_source(path, weight="genWeight", max_bad_lines=0.1)
    assert any("a value of genWeight that is not finite" in note for note in source.notes)
    assert np.isfinite(all_events(source).weights).all()


# --- processes


def test_each_file_is_a_process_or_patterns_name_them(tmp_path, events):
    for label, name in ((1, "tttt"), (2, "ttH_1"), (3, "ttH_2")):
        write_tree(tmp_path / f"{name}.root", branches_of(events[events.labels == label]))
    source = tree_source(tmp_path / "*.root", BY_FILE)
    assert source.label_names == {1: "ttH_1", 2: "ttH_2", 3: "tttt"}
    np.testing.assert_array_equal(
        by_met(all_events(source)).labels, np.array([0, 3, 1, 2])[by_met(events).labels]
    )
    named = BY_FILE | {"label": {"files": {"signal": "tttt.root", "ttH": ["ttH_1*", "ttH_2*"]}}}
    source = tree_source(tmp_path / "*.root", named)
    assert source.label_names == {1: "signal", 2: "ttH"}
    assert source.class_map({"signal": "signal", "background": "rest"}).lookup == {1: 0, 2: 1}


def test_patterns_fit_each_file_once(tmp_path, branches):
    for name in ("a", "b"):
        write_tree(tmp_path / f"{name}.root", branches)

    def refused(files: dict, message: str) -> None:
        with pytest.raises(ConfigurationError, match=message):
            tree_source(tmp_path / "*.root", BY_FILE | {"label": {"files": files}}).n("train")

    refused({"x": "a.root"}, r"b.root: fits no pattern of events.branches.label.files")
    refused({"x": "*.root", "y": "b*"}, r"b.root: fits the patterns of x, y")
    refused(
        {"x": "*.root", "y": "c*"}, r"files.y=c\*: fits none of the files of .*: a.root, b.root"
    )


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path, events):
    for label, folder in ((1, "signal"), (2, "ttH")):
        (tmp_path / folder).mkdir()
        part = branches_of(events[events.labels == label])
        write_tree(tmp_path / folder / "events.root", part)
    with pytest.raises(DataError, match=r"several files are called events, .* 'FOLDER/events\*'}"):
        tree_source(tmp_path / "*" / "events.root", BY_FILE).n("train")
    folders = {"signal": "signal/*", "ttH": "ttH/*"}
    source = tree_source(tmp_path / "*" / "*.root", BY_FILE | {"label": {"files": folders}})
    assert source.label_names == {1: "signal", 2: "ttH"}


@pytest.mark.parametrize("name", WRITERS)
def test_a_branch_names_processes_by_number_or_text(tmp_path, events, branches, name):
    texts = ["", "ttbar", "tttt", "ttH"]
    words = ak.Array([texts[label] for label in events.labels])
    source = tree_source(WRITERS[name](tmp_path / name, branches | {"process": words}))
    assert source.label_names == {1: "ttH", 2: "ttbar", 3: "tttt"}
    numbers = (10 * events.labels).astype(np.float64)
    path = WRITERS[name](tmp_path / f"numbers_{name}", branches | {"process": numbers})
    source = tree_source(path, label_names={10: "tttt"})
    assert source.label_names == {10: "tttt", 20: "20", 30: "30"}
    path = WRITERS[name](tmp_path / f"halves_{name}", branches | {"process": numbers / 20})
    with pytest.raises(DataError, match="200 of 300 entries are left out: a process that is not a"):
        tree_source(path).n("train")


def test_one_process_has_no_classes_and_the_remedy_is_named(tmp_path, branches):
    source = tree_source(write_tree(tmp_path / "a.root", branches), BY_FILE)
    assert source.only_label == 1
    with pytest.raises(DataError, match=r"of one process, a, .*'data/\*.root'.*label.branch=NAME"):
        source.class_map({"signal": "a", "background": "rest"})


# --- files


@pytest.mark.parametrize("name", WRITERS)
def test_a_missing_branch_is_named_with_what_is_there(tmp_path, branches, name):
    del branches["mu_charge"]
    path = WRITERS[name](tmp_path / name, branches)
    with pytest.raises(
        DataError,
        match=rf"{name}.*: there is no branch mu_charge, which events.branches.muons.charge names;"
        r" near to it is el_charge.*events.branches.muons.charge, or leave muons out with"
        " events.branches.muons=null",
    ):
        tree_source(path).n("train")


def test_files_of_different_schemas_are_refused_or_reported(tmp_path, events, branches):
    write_tree(tmp_path / "a.root", branches)
    doubles = branches | {"jet_pt": ak.values_astype(branches["jet_pt"], np.float64)}
    write_tree(tmp_path / "b.root", doubles)
    source = tree_source(tmp_path / "*.root")
    assert any(
        "Branch jet_pt has different types in different files: float[] in a.root; double[] in"
        " b.root." in note
        for note in source.notes
    )
    assert len(all_events(source)) == 300, "the same events, kept once"
    del branches["jet_btag"]
    write_tree(tmp_path / "c.root", branches)
    with pytest.raises(
        DataError, match=r"c.root: tree events: .* jet_btag names|no branch jet_btag"
    ):
        tree_source(tmp_path / "*.root").n("train")


def test_of_several_branches_the_first_that_all_files_have_is_taken(tmp_path, events, branches):
    write_tree(tmp_path / "a.root", branches | {"puppi": branches["met"] * 2})
    write_tree(tmp_path / "b.root", branches)
    met = {"met": {"pt": ["puppi", "met"], "phi": "met_phi"}}
    assert (
        "Of the branches puppi, met, met was taken."
        in tree_source(tmp_path / "*.root", OWN | met).notes
    )
    source = tree_source(tmp_path / "a.root", OWN | met)
    np.testing.assert_allclose(by_met(all_events(source)).met, 2 * by_met(events).met)


def test_files_without_entries_are_reported_or_refused(tmp_path, branches):
    empty = {name: values[:0] for name, values in branches.items()}
    for write, ending in ((write_tree, "root"), (write_parquet, "parquet")):
        write(tmp_path / f"a.{ending}", branches)
        write(tmp_path / f"empty.{ending}", empty)
        source = tree_source(tmp_path / f"*.{ending}")
        assert f"Files without entries: empty.{ending}." in source.notes
        with pytest.raises(DataError, match="no file has an entry"):
            tree_source(tmp_path / f"empty.{ending}").n("train")


def test_the_tree_is_the_only_one_or_named(tmp_path, branches):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        add_tree(file, branches, "events")
        add_tree(file, {"run": np.arange(3)}, "Runs")
    with pytest.raises(DataError, match=r"a.root: several trees; it has events, Runs; choose one"):
        tree_source(path).n("train")
    assert tree_source(path, OWN | {"tree": "events"}).n("train") == 180
    with pytest.raises(DataError, match=r"no tree nominal; it has events, Runs; .*tree=NAME"):
        tree_source(path, OWN | {"tree": "nominal"}).n("train")
    with uproot.recreate(tmp_path / "none.root") as file:
        file["histogram"] = np.histogram(np.arange(3))
    with pytest.raises(DataError, match="it has no tree at all"):
        tree_source(tmp_path / "none.root").n("train")


def test_a_branch_of_lists_of_lists_is_refused(tmp_path, branches):
    nested = ak.Array([[[1.0], [2.0, 3.0]]] * 300)
    for write, name in ((write_ntuple, "a.root"), (write_parquet, "a.parquet")):
        path = write(tmp_path / name, branches | {"jet_pt": nested})
        with pytest.raises(DataError, match=r"jet_pt has the type .*; a number or a text an event"):
            tree_source(path).n("train")


def test_what_is_no_tree_beside_trees_is_refused(tmp_path, events, branches):
    write_tree(tmp_path / "a.root", branches)
    (tmp_path / "b.root").write_text("\n".join(lines_of(events)))
    with pytest.raises(
        DataError, match=r"b.root: is DarkMachines text.*not a ROOT or Parquet file"
    ):
        tree_source(tmp_path / "*.root").n("train")


@pytest.mark.parametrize("name", WRITERS)
def test_damaged_files_are_errors_that_name_the_file(tmp_path, branches, name):
    """Cut off anywhere, or with bytes overwritten anywhere."""
    whole = WRITERS[name](tmp_path / name, branches).read_bytes()
    rng = np.random.default_rng(1)
    (tmp_path / "damaged").mkdir()
    messages = []
    for place in range(40):
        damaged = bytearray(whole)
        if place % 2:
            damaged = damaged[: int(rng.integers(5, len(whole)))]
        else:
            start = int(rng.integers(5, len(whole) - 200))
            damaged[start : start + 200] = rng.bytes(200)
        path = tmp_path / "damaged" / f"{place}_{name}"
        path.write_bytes(bytes(damaged))
        try:
            tree_source(path, max_bad_lines=0.01).n("train")
        except (DataError, ConfigurationError) as error:
            messages.append((path, str(error)))
    assert len(messages) > 20
    assert all(str(path) in message for path, message in messages)


def test_the_digest_follows_content_and_the_names_that_decide(tmp_path, events, branches):
    a = write_tree(tmp_path / "a.root", branches)
    b = shutil.copy(a, tmp_path / "b.root")
    assert tree_source(a).digest == tree_source(b).digest
    assert tree_source(a, BY_FILE).digest != tree_source(b, BY_FILE).digest


def test_splits_are_those_of_text(tmp_path, events, branches):
    source = tree_source(write_tree(tmp_path / "a.root", branches))
    assert {split: len(part) for split, part in everything(source).items()} == {
        "train": 180,
        "val": 60,
        "test": 60,
    }
    assert all(set(source.label_counts(split)) == {1, 2, 3} for split in SPLITS)


# --- what is asked for


def test_without_the_libraries_the_error_says_what_to_install(tmp_path, branches, monkeypatch):
    tree = write_tree(tmp_path / "a.root", branches)
    table = write_parquet(tmp_path / "a.parquet", branches)
    monkeypatch.setitem(sys.modules, "uproot", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    for path, name in ((tree, "uproot"), (table, "pyarrow.parquet")):
        with pytest.raises(
            ConfigurationError, match=rf"takes {name}, which is not .*: pip install 'lexon\[root\]'"
        ):
            tree_source(path).n("train")


def test_a_mapping_is_asked_for_and_only_where_it_is_read(tmp_path, events, branches):
    path = write_tree(tmp_path / "a.root", branches)
    with pytest.raises(DatasetError, match=r"events.branches=cms_tutorial\|delphes\|nanoaod"):
        tree_source(path, None)
    (tmp_path / "a.csv").write_text("\n".join(lines_of(events)))
    with pytest.raises(
        DatasetError, match="a.csv: is DarkMachines text.*; events.branches is for ROOT and"
    ):
        tree_source(tmp_path / "a.csv")


def test_a_declared_unit_is_held_against_the_numbers(tmp_path, events):
    path = write_tree(tmp_path / "a.root", branches_of(events, 1000))
    with pytest.raises(DataError, match=r"a.root: tree events: GeV was declared, but"):
        tree_source(path, energy_unit="GeV").n("train")
    with pytest.raises(DataError, match="GeV was declared, but"):
        tree_source(path, OWN | {"energy_unit": "GeV"}).n("train")
    write_tree(tmp_path / "b.root", branches_of(events))
    with pytest.raises(DataError, match=r"b.root: tree events: MeV was declared, but"):
        tree_source(tmp_path / "*.root").n("train")


def test_logarithms_and_masses_do_not_go_together(tmp_path, events):
    branches = branches_of(events, 1000)
    for name in [name for name in branches if name == "met" or name.endswith(("_pt", "_e"))]:
        branches[name] = np.log(branches[name])
    photons = {key: value for key, value in OWN["photons"].items() if key != "energy"}
    path = write_tree(tmp_path / "a.root", branches)
    with pytest.raises(ConfigurationError, match=r"events.branches.photons needs pt and energy"):
        tree_source(path, OWN | {"photons": photons}).n("train")
