"""Events as ROOT trees, RNTuples and Parquet, spelt out by hand, and the mapping of their
branches.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot
from event_text import TEXT

from lexon.datasets.events import EventsDataset
from lexon.datasets.trees import TreeSource
from lexon.events import Events

# Object types of each kind, and what tells the second of two from the first.
KINDS: dict[str, tuple[tuple[int, ...], str]] = {
    "jet": ((1, 2), "btag"),
    "el": ((3, 4), "charge"),
    "mu": ((5, 6), "charge"),
    "ph": ((7,), ""),
}
OWN: dict[str, Any] = {
    "jets": {
        "pt": "jet_pt",
        "eta": "jet_eta",
        "phi": "jet_phi",
        "energy": "jet_e",
        "btag": {"branch": "jet_btag", "above": 0.5},
    },
    **{
        kind: {
            "pt": f"{short}_pt",
            "eta": f"{short}_eta",
            "phi": f"{short}_phi",
            "energy": f"{short}_e",
            **({"charge": f"{short}_charge"} if short != "ph" else {}),
        }
        for kind, short in (("electrons", "el"), ("muons", "mu"), ("photons", "ph"))
    },
    "met": {"pt": "met", "phi": "met_phi"},
    "label": {"branch": "process"},
}
Branches = dict[str, Any]
# Options of the catalog's entry beside those of `text`.
CATALOG = ("energy_unit", "label_names", "weight")


def in_kinds(events: Events) -> Events:
    """The same events, objects in the order jets, electrons, muons, photons."""
    kind = np.array([9, 0, 0, 1, 1, 2, 2, 3])[events.ids]
    order = np.argsort(kind, axis=1, kind="stable")
    return Events(
        np.take_along_axis(events.ids, order, axis=1),
        np.take_along_axis(events.p4, order[..., None], axis=1),
        events.met,
        events.met_phi,
        events.labels,
    )


def branches_of(events: Events, scale: float = 1.0) -> Branches:
    """Awkward arrays by branch, as `OWN` maps them; energies times `scale`."""
    factor = np.float32(scale)
    found: Branches = {
        "met": events.met * factor,
        "met_phi": events.met_phi,
        "process": events.labels.astype(np.int32),
    }
    for short, (types, name) in KINDS.items():
        chosen = np.isin(events.ids, types)
        counts = chosen.sum(1)
        p4, ids = events.p4[chosen], events.ids[chosen]
        columns = {
            "e": p4[:, 0] * factor,
            "pt": p4[:, 1] * factor,
            "eta": p4[:, 2],
            "phi": p4[:, 3],
        }
        if name == "btag":
            columns[name] = np.where(ids == types[1], 0.9, 0.1).astype(np.float32)
        elif name:
            columns[name] = np.where(ids == types[1], -1, 1).astype(np.int32)
        found |= {
            f"{short}_{key}": ak.unflatten(np.ascontiguousarray(each), counts)
            for key, each in columns.items()
        }
    return found


def write_tree(path: Path, branches: Mapping[str, Any], tree: str = "events") -> Path:
    """A TTree."""
    with uproot.recreate(path) as file:
        add_tree(file, branches, tree)
    return path


def add_tree(file: Any, branches: Mapping[str, Any], tree: str) -> None:
    arrays = {name: ak.Array(array) for name, array in branches.items()}
    types = {name: array.type.content for name, array in arrays.items()}
    written = file.mktree(tree, types)
    if len(next(iter(arrays.values()))):
        written.extend(arrays)


def write_ntuple(path: Path, branches: Mapping[str, Any], tree: str = "events") -> Path:
    """An RNTuple."""
    with uproot.recreate(path) as file:
        file.mkrntuple(tree, {name: ak.Array(array) for name, array in branches.items()})
    return path


def write_parquet(path: Path, branches: Mapping[str, Any], **options: Any) -> Path:
    columns = {
        name: ak.to_arrow(array, extensionarray=False) if isinstance(array, ak.Array) else array
        for name, array in branches.items()
    }
    pq.write_table(pa.table(columns), path, **options)
    return path


WRITERS = {"tree.root": write_tree, "ntuple.root": write_ntuple, "table.parquet": write_parquet}


def tree_source(path: Path | str, branches: Any = OWN, **text: Any) -> TreeSource:
    """A file as the catalog loads it."""
    options = {name: text.pop(name) for name in CATALOG if name in text}
    source = EventsDataset(str(path), text=TEXT | text, branches=branches, **options).load()
    assert isinstance(source, TreeSource)
    return source
