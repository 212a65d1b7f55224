"""Rows for all configurations of a comparison: made once, divided once."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from lexon.config.data import Shares
from lexon.datasets.events import EventSource
from lexon.events import SPLITS
from lexon.tags import EventBins, TagSplits, TagTable, split_rows, tag_events, tag_table

logger = logging.getLogger(__name__)

CHUNK = 1 << 16  # events held in memory at once


def rows_of_events(
    events: EventSource,
    object_types: dict[int, str],
    pt_bins: int,
    met_bins: int,
    split: Shares,
    split_seed: int,
) -> TagSplits:
    """Events as rows, grouped by process.

    Bins come from the events' own training split; the rows of all its splits are then divided anew,
    by combination.
    """
    bins = EventBins.fit(events.read("train"), pt_bins, met_bins)
    parts = [(tag_events(chunk, bins), chunk.labels) for _, chunk in events.parts(CHUNK)]
    labels = np.concatenate([label for _, label in parts])
    known, groups = np.unique(labels, return_inverse=True)
    table = TagTable(
        rows=np.concatenate([rows for rows, _ in parts]),
        names=bins.names(object_types),
        index=np.arange(len(labels)),
        groups=groups.astype(np.int64),
        group_names=tuple(events.label_names.get(int(label), str(label)) for label in known),
        group_name="process",
        notes=(
            (
                f"Rows are events, in the order {', '.join(SPLITS)} of their file; bins of equal"
                " population in its training events."
            ),
        ),
    )
    return _divided(table, split, split_seed)


def rows_of_file(
    tag_file: pd.DataFrame,
    column: str | None,
    label_column: str | None,
    split: Shares,
    split_seed: int,
    vocabulary: list[str] | None = None,
) -> TagSplits:
    """The rows of a user's table."""
    return _divided(tag_table(tag_file, column, label_column, vocabulary), split, split_seed)


def _divided(table: TagTable, split: Shares, split_seed: int) -> TagSplits:
    splits = split_rows(table, {str(name): share for name, share in split.items()}, split_seed)
    for note in splits.notes:
        logger.info("%s", note)
    return splits
