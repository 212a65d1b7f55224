"""Tables to multi-hot rows: a column of tags as text, or columns of 0 and 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon.errors import DataError
from lexon.tags.cells import read_cells

SHOWN = 5  # names in a message
MOSTLY = 0.95  # share of rows with one tag from which on the separator may be an unknown one


@dataclass(frozen=True)
class TagTable:
    """Multi-hot rows, before they are divided.

    Attributes:
        rows: uint8 [N, K], 0 or 1; none is empty.
        names: of the K tags.
        index: row of the file that each row is, int64 [N].
        groups: number of each row's group, int64 [N]; -1 for none.
        group_names: by that number.
        group_name: what groups the rows, or empty.
        notes: what was left out or counted, one sentence each.
    """

    rows: NDArray[np.uint8]
    names: tuple[str, ...]
    index: NDArray[np.int64]
    groups: NDArray[np.int64]
    group_names: tuple[str, ...]
    group_name: str
    notes: tuple[str, ...]


def tag_table(
    frame: pd.DataFrame,
    column: str | None,
    label_column: str | None,
    vocabulary: Sequence[str] | None = None,
) -> TagTable:
    """The rows of a table that have a tag.

    Args:
        frame: one row a row.
        column: holds tags, separated by ``;``, ``|`` or ``,`` (the first of them that any cell
            has), or lists. None: the columns are the tags.
        label_column: groups the rows; of several values in a cell the first counts.
        vocabulary: the tags to keep, in order; None keeps all, sorted.

    Raises:
        DataError: a column does not exist, a cell cannot be understood or is neither 0 nor 1, or
            nothing is left.
    """
    _require(frame, {"tags.column": column, "tags.label_column": label_column})
    if column is None:
        every, names = _matrix(frame.drop(columns=[label_column] if label_column else []))
    else:
        every, names = _multi_hot(read_cells(frame[column], f"tags.column={column}"))
    rows, kept, notes = _in_vocabulary(every, names, vocabulary)
    filled = rows.any(axis=1)
    if not filled.any():
        raise DataError(
            "tags: no row has a tag that is kept; check tags.column and tags.vocabulary"
        )
    empty = (
        [f"{(~filled).sum()} of {len(rows)} rows have no tag and are left out."]
        if not filled.all()
        else []
    )
    groups, group_names = (
        _groups(frame[label_column], label_column) if label_column else (np.full(len(rows), -1), ())
    )
    alone = _note_on_single_tags(every) if column else []
    all_notes = (
        *frame.attrs.get("notes", ()),
        *alone,
        *_note_on_case({*names, *kept}),
        *notes,
        *empty,
    )
    return TagTable(
        rows[filled],
        kept,
        np.flatnonzero(filled),
        groups[filled],
        group_names,
        label_column or "",
        all_notes,
    )


def _require(frame: pd.DataFrame, wanted: Mapping[str, str | None]) -> None:
    """Check that a table has the columns that parameters name."""
    for parameter, name in wanted.items():
        if name is not None and name not in frame.columns:
            raise DataError(
                f"{parameter}={name}: the file has no such column, but"
                f" {shown(list(map(str, frame.columns)), 20)}"
            )


def _note_on_single_tags(rows: NDArray[np.uint8]) -> list[str]:
    per_row = rows.sum(axis=1, dtype=np.int64)
    one, filled = int((per_row == 1).sum()), int((per_row > 0).sum())
    if one < MOSTLY * filled:
        return []
    return [
        f"{one} of {filled} rows have a single tag: is their separator something else than ; | or a"
        " comma?"
    ]


def _note_on_case(names: Collection[str]) -> list[str]:
    """Tags, of the rows or of the vocabulary, that differ in case only."""
    folded = Counter(name.casefold() for name in names)
    alike = sorted(
        (name for name in names if folded[name.casefold()] > 1),
        key=lambda name: (name.casefold(), name),
    )
    return [f"Tags that differ in case only are kept apart: {shown(alike)}."] if alike else []


def _multi_hot(lists: pd.Series) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    mentions = lists.reset_index(drop=True).explode().dropna()
    tags = pd.Categorical(mentions)
    rows = np.zeros((len(lists), len(tags.categories)), np.uint8)
    rows[mentions.index, tags.codes] = 1
    return rows, tuple(map(str, tags.categories))


def _matrix(frame: pd.DataFrame) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    names = list(map(str, frame.columns))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"two columns are called {twice!r}; rename one, or remove it")
    for name, values in frame.items():
        bad = ~pd.to_numeric(values, errors="coerce").isin([0, 1])
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError(
                f"column {name}, row {row}: {_plain(values.iloc[row])} is neither 0 nor 1"
                f" ({bad.sum()} such rows); name the column that holds tags in tags.column, or the"
                " column that groups rows in tags.label_column"
            )
    return frame.to_numpy(np.float64).astype(np.uint8), tuple(names)


def _plain(value: object) -> str:
    return repr(value.item() if isinstance(value, np.generic) else value)


def _in_vocabulary(
    rows: NDArray[np.uint8], names: tuple[str, ...], vocabulary: Sequence[str] | None
) -> tuple[NDArray[np.uint8], tuple[str, ...], list[str]]:
    """The columns of the vocabulary's tags, in its order; a tag that no row has is a column of
    zeros.
    """
    wanted = names if vocabulary is None else tuple(dict.fromkeys(vocabulary))
    every = pd.DataFrame(rows, columns=list(names))
    kept = every.reindex(columns=list(wanted), fill_value=0).to_numpy(np.uint8)
    unknown = [name for name in names if name not in set(wanted)]
    unused = [name for name in wanted if name not in set(names)]
    notes = []
    if unknown:
        n = int(every[unknown].to_numpy().sum(dtype=np.int64))
        notes.append(
            f"Tags that are not in the vocabulary: {len(unknown)} ({shown(unknown)}), {n} mentions,"
            " left out."
        )
    if unused:
        notes.append(f"Tags of the vocabulary that are in no row: {len(unused)} ({shown(unused)}).")
    return kept, wanted, notes


def _groups(labels: pd.Series, name: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    first = read_cells(labels, f"tags.label_column={name}", several=False).map(
        lambda values: values[0] if values else None
    )
    codes, names = pd.factorize(first, sort=True)
    return codes.astype(np.int64), tuple(map(str, names))


def shown(names: Collection[str], n: int = SHOWN) -> str:
    """The first few of many names."""
    return ", ".join(list(names)[:n]) + (", ..." if len(names) > n else "")
