"""One division of rows for every model that is compared: seeded, and no combination in two
splits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lexon.errors import DataError
from lexon.events import SPLITS
from lexon.tags.table import TagTable, shown

MIN_ROWS = 10  # of a split
MOST_UNSEEN = 0.5  # share of a held-out split's mentions that training has no tag for


@dataclass(frozen=True)
class TagSplits:
    """Multi-hot rows, divided; arrays by split.

    Attributes:
        rows: uint8 [n, K].
        index: row of the file or events, int64 [n].
        groups: number of each row's group, int64 [n]; -1 for none.
        names, group_names, group_name, notes: as in `TagTable`.
    """

    rows: Mapping[str, NDArray[np.uint8]]
    index: Mapping[str, NDArray[np.int64]]
    groups: Mapping[str, NDArray[np.int64]]
    names: tuple[str, ...]
    group_names: tuple[str, ...]
    group_name: str
    notes: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of rows and names: equal digests are the same rows in the same splits."""
        content = hashlib.sha256("\n".join(self.names).encode())
        for split in SPLITS:
            content.update(np.ascontiguousarray(self.rows[split]).data)
        return content.hexdigest()


def combinations(rows: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The number of each row's combination [N], and how many rows have it [k]."""
    _, number, counts = np.unique(
        np.packbits(rows, axis=1), axis=0, return_inverse=True, return_counts=True
    )
    return number.ravel().astype(np.int64), counts.astype(np.int64)


def split_rows(table: TagTable, shares: Mapping[str, float], seed: int) -> TagSplits:
    """Shuffled combinations, laid end to end and cut where the shares of rows are reached.

    Raises:
        DataError: fewer than two tags, a split with fewer than `MIN_ROWS` rows, or rows whose tags
            are mostly unknown in training.
    """
    if len(table.names) < 2:
        raise DataError(
            f"tags: {len(table.names)} tag ({shown(table.names)}); rows of at least two are needed"
        )
    number, counts = combinations(table.rows)
    order = np.random.default_rng(seed).permutation(len(counts))
    middle = np.cumsum(counts[order]) - counts[order] / 2
    ends = np.cumsum([shares[split] for split in SPLITS]) / sum(shares.values()) * len(number)
    of_combination = np.empty(len(counts), np.int64)
    of_combination[order] = np.searchsorted(ends[:-1], middle)
    chosen = {
        split: np.flatnonzero(of_combination[number] == place) for place, split in enumerate(SPLITS)
    }
    for split, rows in chosen.items():
        if len(rows) < MIN_ROWS:
            n = f"{len(rows)} of {len(number)} rows ({len(counts)} combinations)"
            raise DataError(
                f"tags.split: {split} gets {n}, fewer than {MIN_ROWS}; give more rows, or change"
                " tags.split or tags.split_seed"
            )
    _refuse_unseen(table, chosen)
    return TagSplits(
        {split: table.rows[rows] for split, rows in chosen.items()},
        {split: table.index[rows] for split, rows in chosen.items()},
        {split: table.groups[rows] for split, rows in chosen.items()},
        table.names,
        table.group_names,
        table.group_name,
        (*table.notes, *_notes_on_split(table, chosen, counts)),
    )


def _refuse_unseen(table: TagTable, chosen: Mapping[str, NDArray[np.int64]]) -> None:
    """Combinations never cross the split; of rows with one tag each, none would be known."""
    seen = table.rows[chosen["train"]].any(axis=0)
    for split in ("val", "test"):
        mentions = table.rows[chosen[split]].sum(axis=0, dtype=np.int64)
        share = mentions[~seen].sum() / mentions.sum()
        if share > MOST_UNSEEN:
            single = float((table.rows.sum(axis=1, dtype=np.int64) == 1).mean())
            raise DataError(
                f"tags: {share:.0%} of what {split} mentions is never seen in training, because"
                f" equal rows stay in one split and {single:.0%} of the rows have a single tag;"
                " give rows of several tags, or keep frequent ones (tags.vocabulary)"
            )


def _notes_on_split(
    table: TagTable, chosen: Mapping[str, NDArray[np.int64]], counts: NDArray[np.int64]
) -> list[str]:
    n = len(table.rows)
    sizes = ", ".join(f"{len(rows)} {split}" for split, rows in chosen.items())
    repeated = int(counts[counts > 1].sum())
    notes = [
        f"{n} rows of {len(table.names)} tags in {len(counts)} combinations ({repeated} rows share"
        f" their combination): {sizes}; no combination is in two splits."
    ]
    unseen = np.flatnonzero(~table.rows[chosen["train"]].any(axis=0))
    if len(unseen):
        mentions = int(table.rows[np.concatenate([chosen["val"], chosen["test"]])][:, unseen].sum())
        names = shown([table.names[i] for i in unseen])
        missed = (
            f"{mentions} mentions in val and test that no model can know"
            if mentions
            else "nor in any other split"
        )
        notes.append(f"Tags never seen in training: {len(unseen)} ({names}), {missed}.")
    return notes
