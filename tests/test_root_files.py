"""Files of physicists to clean events, by the commands and the mapping of
docs/how_to/root_files.md.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import yaml
from event_trees import branches_of, in_kinds, write_parquet, write_tree
from kedro.framework.cli.cli import KedroCLI

from lexon.config.branches import event_branches
from lexon.datasets.events import EventsDataset, EventSource
from lexon.events import SPLITS, Events

PAGE = (Path(__file__).parents[1] / "docs" / "how_to" / "root_files.md").read_text()
EVENTS = Path("data/02_intermediate/default/main/events.h5")


def type_in(project: Path, command: str) -> None:
    """What a shell would run, as far as clean events and tokens; it must end well."""
    _, *arguments = shlex.split(command)
    arguments += ["--pipelines", "data_engineering", "--runner", "SequentialRunner"]
    with pytest.raises(SystemExit) as end:
        KedroCLI(project).main(arguments)
    assert not end.value.code, command


def renamed(events: Events, names: dict[str, str]) -> dict[str, Any]:
    """Branches by the names of a format; those that it has not are left out."""
    branches = branches_of(events)
    momentum = branches["jet_pt"] * np.cosh(branches["jet_eta"])
    mass = np.sqrt(np.maximum(branches["jet_e"] ** 2 - momentum**2, 0))
    return {own: {**branches, "jet_m": mass}[branch] for branch, own in names.items()}


def of_nanoaod(events: Events) -> dict[str, Any]:
    names = {f"jet_{key}": f"Jet_{key}" for key in ("pt", "eta", "phi")}
    names |= {"jet_m": "Jet_mass", "jet_btag": "Jet_btagDeepFlavB"}
    names |= {"met": "MET_pt", "met_phi": "MET_phi"}
    for short, name in (("el", "Electron"), ("mu", "Muon"), ("ph", "Photon")):
        quantities = ("pt", "eta", "phi") if short == "ph" else ("pt", "eta", "phi", "charge")
        names |= {f"{short}_{key}": f"{name}_{key}" for key in quantities}
    branches = renamed(events, names)
    for name, mass in (("Electron", 0.0005), ("Muon", 0.1057)):
        branches[f"{name}_mass"] = ak.zeros_like(branches[f"{name}_pt"]) + np.float32(mass)
    return branches


def of_delphes(events: Events) -> dict[str, Any]:
    names = {"jet_pt": "Jet.PT", "jet_eta": "Jet.Eta", "jet_phi": "Jet.Phi", "jet_m": "Jet.Mass"}
    names |= {"ph_e": "Photon.E"}
    for short, name in (("el", "Electron"), ("mu", "Muon"), ("ph", "Photon")):
        names |= {f"{short}_pt": f"{name}.PT", f"{short}_eta": f"{name}.Eta"}
        names |= {f"{short}_phi": f"{name}.Phi"}
        names |= {} if short == "ph" else {f"{short}_charge": f"{name}.Charge"}
    branches = renamed(events, names)
    tagged = branches_of(events)["jet_btag"] > 0.5
    branches["Jet.BTag"] = ak.values_astype(tagged, np.uint32) * 4
    one = np.ones(len(events), int)
    branches["MissingET.MET"] = ak.unflatten(events.met, one)
    branches["MissingET.Phi"] = ak.unflatten(events.met_phi, one)
    return branches


def cleaned() -> EventSource:
    source = EventsDataset(str(EVENTS)).load()
    assert isinstance(source, EventSource)
    return source


@pytest.fixture
def events(make_events) -> Events:
    return in_kinds(make_events(300))


def test_the_pages_mapping_is_one():
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    mapping = event_branches(yaml.safe_load(text)["events"]["branches"])
    assert mapping is not None
    assert list(mapping.objects) == ["jets", "electrons", "muons"]


def test_the_pages_commands_run_on_nanoaod(project, events):
    Path("data").mkdir()
    for label, name in ((1, "tttt"), (2, "ttbar")):
        branches = of_nanoaod(events[events.labels == label])
        write_tree(Path(f"data/{name}.root"), branches, "Events")
    study, changed, wide = re.findall(r"^(kedro .*)$", PAGE, re.MULTILINE)
    type_in(project, study)
    source = cleaned()
    assert source.label_names == {1: "ttbar", 2: "tttt"}
    assert sum(source.n(split) for split in SPLITS) == 300
    read = Events.concatenate([source.read(split) for split in SPLITS])
    jets = np.isin(events.ids, (1, 2)) & (events.pt > 25) & (np.abs(events.eta) < 2.5)
    assert np.isin(read.ids, (1, 2)).sum() == jets.sum()
    type_in(project, f"{changed},classes.signal=tttt")
    notes = " ".join(cleaned().attributes["notes"])
    assert "events.branches has no photons" in notes
    assert "pass the cut pt > 30 and abs(eta) < 2.4." in notes
    type_in(project, wide)
    assert cleaned().read("train").ids.shape[1] == 24


def test_a_tree_of_delphes_and_the_same_as_parquet(project, events):
    write_tree(Path("run.root"), of_delphes(events) | {"process": events.labels}, "Delphes")
    branches = "events.branches.like=delphes,events.branches.label.branch=process,classes.signal=2"
    type_in(project, f"kedro run --params events.path=run.root,{branches}")
    source = cleaned()
    read = Events.concatenate([source.read(split) for split in SPLITS])
    order = np.argsort(read.met)
    expected = events[np.argsort(events.met)]
    np.testing.assert_array_equal(read.ids[order], expected.ids)
    np.testing.assert_allclose(read.p4[order], expected.p4, rtol=0.06, atol=1e-4)
    digests = source.attributes["split_digests"]
    write_parquet(Path("run.parquet"), of_delphes(events) | {"process": events.labels})
    type_in(project, f"kedro run --params events.path=run.parquet,{branches}")
    assert cleaned().attributes["split_digests"] == digests
