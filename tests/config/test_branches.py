"""`events.branches`: ready mappings, changes to them, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lexon.config.branches import event_branches, ready_mappings
from lexon.config.data import EventsFile
from lexon.errors import ConfigurationError

JETS = {"pt": "j_pt", "eta": "j_eta", "phi": "j_phi", "energy": "j_e"}
MET = {"pt": "met", "phi": "met_phi"}
FILE = {
    "energy_unit": "auto",
    "label_names": {},
    "object_types": {1: "jet"},
    "split": {"train": 0.8, "val": 0.1, "test": 0.1},
    "split_seed": 1,
    "max_bad_lines": 0.01,
    "duplicates": "keep",
}


@pytest.mark.parametrize("name", ready_mappings())
def test_a_ready_mapping_is_complete(name):
    mapping = event_branches(name)
    assert mapping is not None
    assert list(mapping.objects) == ["jets", "electrons", "muons", "photons"]
    assert mapping.tree
    assert mapping.energy_unit == "GeV"
    assert dict(mapping.sought())
    assert event_branches(mapping.model_dump(mode="json")) == mapping


def test_changes_go_on_top_of_a_ready_mapping():
    ready = event_branches("nanoaod")
    changes = {"jets": {"cut": "pt > 30", "btag": {"above": 0.5}}, "photons": None}
    changed = event_branches({"like": "nanoaod", **changes})
    assert changed is not None
    assert ready is not None
    assert changed.jets is not None
    assert changed.jets.cut == "pt > 30"
    assert changed.jets.btag is not None
    assert (changed.jets.btag.branch, changed.jets.btag.above) == (("Jet_btagDeepFlavB",), 0.5)
    assert changed.jets.eta == ("Jet_eta",)
    assert changed.photons is None
    assert changed.muons == ready.muons


def test_files_without_a_mapping_are_identified_as_before():
    assert "branches" not in EventsFile(**FILE).model_dump(mode="json")
    with_one = EventsFile(**FILE, branches=event_branches("delphes")).model_dump(mode="json")
    assert with_one["branches"]["jets"]["pt"] == ["Jet.PT"]


def test_patterns_name_the_process_of_a_file():
    named = event_branches(
        {"jets": JETS, "met": MET, "label": {"files": {"x": ["a*.root", "c/*"], "y": "*.root"}}}
    )
    assert named is not None
    assert named.label.named_by(Path("/data/a1.root")) == ["x", "y"]
    assert named.label.named_by(Path("/data/c/b.root")) == ["x", "y"]
    assert named.label.named_by(Path("/data/b.root")) == ["y"]
    by_file = event_branches({"jets": JETS, "met": MET, "label": "file"})
    assert by_file is not None
    assert by_file.label.named_by(Path("/data/ttbar.root")) == ["ttbar"]


@pytest.mark.parametrize(
    ("branches", "message"),
    [
        ("cms", r"no mapping is called cms; there is cms_tutorial, delphes, nanoaod"),
        ({"met": MET}, "there are no jets, electrons, muons or photons; to begin with a ready"),
        ({"jets": JETS}, "met is missing; to begin with a ready mapping, set like to cms_tutorial"),
        ({"jets": {**JETS, "pt": None}}, "eta, phi given; a momentum is pt, eta, phi, or px, py"),
        ({"jets": {**JETS, "px": "j_px"}}, "pt, eta, phi, px given"),
        ({"jets": {**JETS, "energy": None}}, r"energy or mass is missing \(mass: 0"),
        ({"jets": {**JETS, "mass": "j_m"}}, "energy and mass are given"),
        ({"jets": {**JETS, "energy": None, "mass": -1}}, "name of a branch, or a mass in GeV"),
        ({"jets": {**JETS, "cut": "pt > 20 & eta < 1"}}, "20 & eta takes no bits .* with and"),
        ({"jets": {**JETS, "btag": {"above": 1}}}, "branch is missing"),
        ({"muons": JETS}, "charge is missing"),
        ({"jets": JETS, "met": MET, "label": "files"}, r"write file, .*\{branch: NAME\}"),
        (
            {"jets": JETS, "met": MET, "label": {"branch": "x", "files": {"a": "b"}}},
            "branch and files are given",
        ),
        ({"jets": {**JETS, "mt": "j"}, "met": MET}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_no_mapping_is_refused(branches: Any, message: str):
    with pytest.raises(ValueError, match=message):
        event_branches(branches)


def test_a_mistake_names_key_and_origin(kedro_session):
    branches = {"like": "delphes", "jets": {"cut": "pt = 20"}}
    with pytest.raises(
        ConfigurationError,
        match=r"events.branches.jets.cut='pt = 20' \(--params\): it cannot be parsed; a cut is",
    ):
        kedro_session(events={"branches": branches}).loader().experiment("default")
