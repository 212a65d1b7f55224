"""Events as DarkMachines text, spelt out by hand, so that reading is tested without a writer of
ours.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lexon.datasets.darkmachines import DarkMachinesSource
from lexon.datasets.events import EventsDataset, EventSource
from lexon.events import SPLITS, Events

TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}
TEXT = {
    "split": {"train": 0.6, "val": 0.2, "test": 0.2},
    "split_seed": 1,
    "max_bad_lines": 0.0,
    "object_types": TYPES,
}
CODES = ["", "j", "b", "e+", "e-", "m+", "m-", "g"]


def lines_of(events: Events, names: dict[int, str] | None = None) -> list[str]:
    """Events as text in MeV, spelt out; the processes are called p1, p2, ... if no names
    are given.
    """
    lines = []
    for i in range(len(events)):
        label = int(events.labels[i])
        objects = [
            f"{CODES[kind]},{1000 * float(e):.7g},{1000 * float(pt):.7g},"
            f"{float(eta):.7g},{float(phi):.7g};"
            for kind, (e, pt, eta, phi) in zip(events.ids[i], events.p4[i].tolist(), strict=True)
            if kind
        ]
        process = names[label] if names else f"p{label}"
        lines.append(
            f"7;{process};0.5;{1000 * float(events.met[i]):.7g};"
            f"{float(events.met_phi[i]):.7g};{''.join(objects)}"
        )
    return lines


def source_of(path: Path, **text: Any) -> DarkMachinesSource | EventSource:
    """A file as the catalog loads it."""
    return EventsDataset(str(path), text=TEXT | text).load()


def everything(source: DarkMachinesSource) -> dict[str, Events]:
    """All events of each split, read in parts of at most 64."""
    parts: dict[str, list[Events]] = {split: [] for split in SPLITS}
    for split, events in source.parts(64):
        assert 0 < len(events) <= 64
        parts[split].append(events.validate(split))
    return {split: Events.concatenate(chunks) for split, chunks in parts.items()}


def all_events(source: DarkMachinesSource) -> Events:
    """All events, split after split."""
    return Events.concatenate(list(everything(source).values()))


def by_met(events: Events) -> Events:
    """Events in an order that the file's does not matter for."""
    return events[np.argsort(events.met, kind="stable")]
