"""Data of regressions: a quantity of events with columns that do not depend on phi, or a table,
with its split.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lexon.config.data import Shares
from lexon.errors import DataError
from lexon.events import N_TYPES, SPLITS, Events

# What each target of an event is, in words; all but MET can be computed from what the network is
# shown.
TARGETS = {
    "met": "log(1 + MET/GeV)",
    "ht": "log(1 + HT/GeV), the scalar sum of all objects' pT",
    "leading_pt": "log(1 + pT/GeV) of the hardest object, 0 without one",
    "n_objects": "the number of objects",
}
COMPUTABLE = ("ht", "leading_pt", "n_objects")


def event_target(events: Events, name: str) -> NDArray[np.float64]:
    """The quantity of each event that is regressed, see `TARGETS`: float64 [event]."""
    match name:
        case "met":
            return np.log1p(events.met, dtype=np.float64)
        case "ht":
            return np.log1p(events.pt.sum(axis=1, dtype=np.float64))
        case "leading_pt":
            return np.log1p(events.pt.max(axis=1), dtype=np.float64)
        case "n_objects":
            return events.mask.sum(axis=1).astype(np.float64)
    raise ValueError(f"no quantity of an event is called {name!r}; known: {', '.join(TARGETS)}")


def phi_free_columns(events: Events, vector: Literal[4, 5], pid: bool) -> NDArray[np.float64]:
    """Inputs of the baselines [event, column]: as for the network, without azimuths and MET.

    Number of objects, log(1 + HT/GeV) of all objects, then log(1 + pT/GeV) and eta of each slot, 0
    where it is empty.

    Args:
        vector: 5 adds log(1 + E/GeV) of each slot, as the direct tokeniser shows it.
        pid: True adds the number of objects of each type.
    """
    columns = [
        events.mask.sum(1, keepdims=True),
        np.log1p(events.pt.sum(1, keepdims=True)),
        np.log1p(events.pt),
        events.eta,
    ]
    if vector == 5:
        columns.append(np.log1p(events.energy))
    if pid:
        columns.append(
            np.stack([(events.ids == label).sum(1) for label in range(1, N_TYPES + 1)], axis=1)
        )
    return np.concatenate(columns, axis=1, dtype=np.float64)


def split_rows(
    groups: NDArray[np.int64], shares: Shares, seed: int
) -> dict[str, NDArray[np.int64]]:
    """The rows of each split: groups in a random order, cut where the shares of the rows are
    nearest.

    Args:
        groups: of each row; equal ones stay together.
        shares: of train, val and test, up to a factor.

    Raises:
        DataError: there are too few groups for a split to have any row.
    """
    known, code, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(known))
    wanted = np.array([shares["train"], shares["val"], shares["test"]])
    # A group belongs to the split that holds the middle of its rows.
    middle = (np.cumsum(sizes[order]) - sizes[order] / 2) / len(groups)
    split_of = np.empty(len(known), np.int64)
    split_of[order] = np.searchsorted(np.cumsum(wanted / wanted.sum())[:-1], middle, side="right")
    rows = {split: np.flatnonzero(split_of[code] == i) for i, split in enumerate(SPLITS)}
    if empty := [split for split, index in rows.items() if not len(index)]:
        raise DataError(
            f"{len(groups)} rows in {len(known)} groups leave the {empty[0]} split empty; more"
            " groups, or other regression.split"
        )
    return rows
