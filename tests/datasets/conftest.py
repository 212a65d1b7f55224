"""Event files written by h5py alone, so that reading is tested without our own writer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lexon.events import Events

Arrays = dict[str, Any]


def flat_rows(events: Events, unit: str) -> np.ndarray:
    """[N, 92] as domain knowledge has it, spelt out: ids | MET, METphi | 18 x (E, pT, eta, phi)."""
    scale = {
        "GeV": lambda gev: gev,
        "MeV": lambda gev: 1000 * gev,
        "ln(MeV)": lambda gev: np.log(np.maximum(1000 * gev, 1e-30)),
    }[unit]
    rows = np.zeros((len(events), 92), np.float32)
    rows[:, :18] = events.ids
    rows[:, 18], rows[:, 19] = scale(events.met), events.met_phi
    for slot in range(18):
        real = events.mask[:, slot]
        first = 20 + 4 * slot
        rows[real, first] = scale(events.energy[real, slot])
        rows[real, first + 1] = scale(events.pt[real, slot])
        rows[real, first + 2] = events.eta[real, slot]
        rows[real, first + 3] = events.phi[real, slot]
    return rows


@pytest.fixture
def splits(make_events) -> dict[str, Events]:
    return {
        "train": make_events(300, seed=1),
        "val": make_events(60, seed=2),
        "test": make_events(60, seed=3),
    }


@pytest.fixture
def write_file(tmp_path: Path, splits: dict[str, Events]) -> Callable[..., Path]:
    """`write_file(unit, change, **attributes)`: a file as others write it, after `change` had its
    way with the arrays.
    """

    def write(
        unit: str = "GeV", change: Callable[[Arrays], Any] | None = None, **attributes: Any
    ) -> Path:
        arrays: Arrays = {f"X_{split}": flat_rows(events, unit) for split, events in splits.items()}
        arrays |= {
            key: splits[key[2:]].labels.astype(np.float64) for key in ("Y_train", "y_val", "y_test")
        }
        if change is not None:
            change(arrays)
        path = tmp_path / "events.h5"
        with h5py.File(path, "w") as file:
            for key, array in arrays.items():
                file[key] = array
            file.attrs.update(attributes)
        return path

    return write
