"""The same events in every layout are the same `Events`."""

from __future__ import annotations

import awkward as ak
import h5py
import numpy as np
import pytest
from event_text import all_events, by_met, everything, lines_of, source_of
from event_trees import OWN, WRITERS, branches_of, in_kinds, tree_source, write_tree

from lexon.datasets.event_rows import to_rows
from lexon.datasets.events import EventsDataset, EventSource
from lexon.datasets.trees import source
from lexon.events import SPLITS, Events


@pytest.fixture(scope="module")
def events(make_events) -> Events:
    return in_kinds(make_events(300, n_labels=3))


def assert_same(read: Events, expected: Events, rtol: float = 0.0) -> None:
    np.testing.assert_array_equal(read.ids, expected.ids)
    np.testing.assert_array_equal(read.labels, expected.labels)
    np.testing.assert_allclose(read.p4, expected.p4, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(read.met, expected.met, rtol=rtol)
    np.testing.assert_allclose(read.met_phi, expected.met_phi, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_reads_as_the_events_that_it_spells(tmp_path, events, name):
    path = WRITERS[name](tmp_path / name, branches_of(events))
    assert_same(by_met(all_events(tree_source(path))), by_met(events))


def test_four_layouts_hold_the_same_events(tmp_path, events):
    """HDF5, text, Parquet and ROOT, TTree and RNTuple, to float32."""
    with h5py.File(tmp_path / "events.h5", "w") as file:
        for place, split in enumerate(SPLITS):
            part = events[100 * place :][:100]
            file[f"X_{split}"], file[f"Y_{split}"] = to_rows(part, "GeV"), part.labels
    hdf5 = EventsDataset(str(tmp_path / "events.h5")).load()
    assert isinstance(hdf5, EventSource)
    of_hdf5 = by_met(Events.concatenate([hdf5.read(split) for split in SPLITS]))
    (tmp_path / "events.csv").write_text("\n".join(lines_of(events, {1: "1", 2: "2", 3: "3"})))
    text = everything(source_of(tmp_path / "events.csv"))
    assert_same(by_met(Events.concatenate(list(text.values()))), of_hdf5, rtol=2e-6)
    splits = []
    for name, write in WRITERS.items():
        read = everything(tree_source(write(tmp_path / name, branches_of(events))))
        assert_same(by_met(Events.concatenate(list(read.values()))), of_hdf5)
        splits.append({split: part.digest() for split, part in read.items()})
    assert splits[0] == splits[1] == splits[2], "the split follows the content, not the format"


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("size", [1, 7, 299, 1000])
def test_the_borders_of_chunks_change_nothing(tmp_path, events, monkeypatch, name, size):
    path = WRITERS[name](tmp_path / name, branches_of(events[:40]))
    whole = all_events(tree_source(path))
    monkeypatch.setattr(source, "CHUNK", size)
    assert all_events(tree_source(path)).digest() == whole.digest()


def test_several_files_are_the_events_of_one(tmp_path, events):
    for place in range(3):
        write_tree(tmp_path / f"part{place}.root", branches_of(events[100 * place :][:100]))
    read = tree_source(tmp_path / "part*.root")
    assert_same(by_met(all_events(read)), by_met(events))
    assert "3 files were read: part0.root, part1.root, part2.root." in read.notes


@pytest.mark.parametrize(("unit", "scale"), [("GeV", 1), ("MeV", 1000)])
def test_the_unit_is_found(tmp_path, events, unit, scale):
    read = tree_source(write_tree(tmp_path / "a.root", branches_of(events, scale)))
    assert read.energy_unit.unit == unit
    assert_same(by_met(all_events(read)), by_met(events), rtol=3e-7)


def test_logarithms_are_found(tmp_path, events):
    branches = branches_of(events, 1000)
    for name in [name for name in branches if name == "met" or name.endswith(("_pt", "_e"))]:
        branches[name] = np.log(branches[name])
    read = tree_source(write_tree(tmp_path / "a.root", branches))
    assert read.energy_unit.unit == "ln(MeV)"
    assert_same(by_met(all_events(read)), by_met(events), rtol=5e-6)


def test_energies_are_those_of_masses(tmp_path, events):
    """E^2 = m^2 + p^2, from a branch, from a number, and for leptons from what they are."""
    branches = branches_of(events)
    momentum = branches["jet_pt"] * np.cosh(branches["jet_eta"])
    branches["jet_m"] = np.sqrt(np.maximum(branches["jet_e"] ** 2 - momentum**2, 0))
    jets = {key: value for key, value in OWN["jets"].items() if key != "energy"}
    mapping = OWN | {"jets": jets | {"mass": "jet_m"}}
    path = write_tree(tmp_path / "a.root", branches)
    read = by_met(all_events(tree_source(path, mapping)))
    assert_same(read, by_met(events), rtol=1e-4)
    massless = by_met(all_events(tree_source(path, mapping | {"jets": jets | {"mass": 0}})))
    jet = np.isin(massless.ids, (1, 2))
    expected = (massless.pt * np.cosh(massless.eta))[jet]
    np.testing.assert_allclose(massless.energy[jet], expected, rtol=1e-6)
    muons = {key: value for key, value in OWN["muons"].items() if key != "energy"}
    heavy = by_met(all_events(tree_source(path, OWN | {"muons": muons})))
    muon = np.isin(heavy.ids, (5, 6))
    expected = np.hypot(heavy.pt * np.cosh(heavy.eta.astype(float)), 0.105658)[muon]
    np.testing.assert_allclose(heavy.energy[muon], expected, rtol=1e-6)


def test_cartesian_components_are_the_same_momenta(tmp_path, events):
    branches = branches_of(events)
    mapping = {**OWN, "met": {"px": "met_px", "py": "met_py"}}
    branches |= {
        "met_px": events.met * np.cos(events.met_phi),
        "met_py": events.met * np.sin(events.met_phi),
    }
    for kind, short in (("jets", "jet"), ("electrons", "el"), ("muons", "mu"), ("photons", "ph")):
        pt, eta, phi = (branches.pop(f"{short}_{name}") for name in ("pt", "eta", "phi"))
        branches |= {
            f"{short}_px": pt * np.cos(phi),
            f"{short}_py": pt * np.sin(phi),
            f"{short}_pz": pt * np.sinh(eta),
        }
        rest = {key: value for key, value in OWN[kind].items() if key not in ("pt", "eta", "phi")}
        mapping[kind] = rest | {name: f"{short}_{name}" for name in ("px", "py", "pz")}
    del branches["met"], branches["met_phi"]
    read = all_events(tree_source(write_tree(tmp_path / "a.root", branches), mapping))
    assert_same(by_met(read), by_met(events), rtol=5e-5)


def test_parquet_records_offer_their_fields(tmp_path, events):
    branches = branches_of(events)
    records = {
        short: ak.zip({name[len(short) + 1 :]: branches.pop(name) for name in own})
        for short in ("jet", "el", "mu", "ph")
        if (own := [name for name in branches if name.startswith(f"{short}_")])
    }
    path = tmp_path / "records.parquet"
    ak.to_parquet(ak.zip({**branches, **records}, depth_limit=1), path)
    mapping = {
        kind: (
            {
                name: branch.replace("_", ".", 1) if isinstance(branch, str) else branch
                for name, branch in group.items()
            }
            if kind in ("electrons", "muons", "photons")
            else group
        )
        for kind, group in OWN.items()
    }
    jets = {name: f"jet.{key}" for name, key in (("pt", "pt"), ("eta", "eta"), ("phi", "phi"))}
    mapping["jets"] = jets | {"energy": "jet.e", "btag": {"branch": "jet.btag", "above": 0.5}}
    assert_same(by_met(all_events(tree_source(path, mapping))), by_met(events))


def test_a_cut_that_asks_nothing_of_objects_holds_for_all_of_them(tmp_path, events):
    path = write_tree(tmp_path / "a.root", branches_of(events))
    every = OWN | {"jets": OWN["jets"] | {"cut": "1 > 0"}}
    assert all_events(tree_source(path, every)).digest() == all_events(tree_source(path)).digest()
