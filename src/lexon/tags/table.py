"""Tables to multi-hot rows: a column of tags as text, or columns of 0 and 1."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon.errors import DataError

SHOWN = 5  # names in a message


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


def tag_table(frame: pd.DataFrame, column: str | None, label_column: str | None, vocabulary: Sequence[str] | None = None) -> TagTable:
    """The rows of a table that have a tag.

    Args:
        frame: one row a row.
        column: holds tags, separated by ``;`` (where any cell has one) or ``,``, or Python-style lists. None: the columns are the tags.
        label_column: groups the rows; of several values in a cell the first counts.
        vocabulary: the tags to keep, in order; None keeps all, sorted.

    Raises:
        DataError: a column does not exist, a cell is no list and no 0 or 1, or nothing is left.
    """
    for parameter, name in {"tags.column": column, "tags.label_column": label_column}.items():
        if name is not None and name not in frame.columns:
            raise DataError(f"{parameter}={name}: the file has no such column, but {', '.join(map(str, frame.columns))}")
    if column is None:
        every, names = _matrix(frame.drop(columns=[label_column] if label_column else []))
    else:
        every, names = _multi_hot(_lists(frame[column]))
    rows, kept, notes = _in_vocabulary(every, names, vocabulary)
    filled = rows.any(axis=1)
    if not filled.any():
        raise DataError("tags: no row has a tag that is kept; check tags.column and tags.vocabulary")
    empty = [f"{(~filled).sum()} of {len(rows)} rows have no tag and are left out."] if not filled.all() else []
    groups, group_names = _groups(frame[label_column]) if label_column else (np.full(len(rows), -1), ())
    return TagTable(rows[filled], kept, np.flatnonzero(filled), groups[filled], group_names, label_column or "", (*notes, *empty))


def _lists(cells: pd.Series) -> pd.Series:
    """The tags of each cell: lists, without blanks and repeats."""
    texts = cells.fillna("").astype(str).str.strip()
    listed = texts.str.startswith("[")
    separator = ";" if texts[~listed].str.contains(";").any() else ","
    parsed = texts.str.split(separator)
    parsed[listed] = pd.Series({row: _literal(text, row) for row, text in texts[listed].items()}, dtype=object)
    return parsed.map(lambda tags: [tag for tag in dict.fromkeys(tag.strip() for tag in tags) if tag])


def _literal(text: str, row: object) -> list[str]:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        raise DataError(
            f"tags.column: row {row}: {text[:60]!r} begins like a list and is none; quote its texts, or drop the bracket"
        ) from error
    return [str(tag) for tag in value]


def _multi_hot(lists: pd.Series) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    said = lists.reset_index(drop=True).explode().dropna()
    tags = pd.Categorical(said)
    rows = np.zeros((len(lists), len(tags.categories)), np.uint8)
    rows[said.index, tags.codes] = 1
    return rows, tuple(map(str, tags.categories))


def _matrix(frame: pd.DataFrame) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    for name, values in frame.items():
        bad = ~pd.to_numeric(values, errors="coerce").isin([0, 1])
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError(
                f"column {name}, row {row}: {values.iloc[row]!r} is neither 0 nor 1 ({bad.sum()} such rows); "
                "name the column that holds tags in tags.column, or the column that groups rows in tags.label_column"
            )
    return frame.to_numpy(np.float64).astype(np.uint8), tuple(map(str, frame.columns))


def _in_vocabulary(
    rows: NDArray[np.uint8], names: tuple[str, ...], vocabulary: Sequence[str] | None
) -> tuple[NDArray[np.uint8], tuple[str, ...], list[str]]:
    """The columns of the vocabulary's tags, in its order; a tag that no row has is a column of zeros."""
    wanted = names if vocabulary is None else tuple(dict.fromkeys(vocabulary))
    place = {name: column for column, name in enumerate(names)}
    kept = np.zeros((len(rows), len(wanted)), np.uint8)
    found = [column for column, name in enumerate(wanted) if name in place]
    kept[:, found] = rows[:, [place[wanted[column]] for column in found]]
    unknown = [name for name in names if name not in set(wanted)]
    unused = [name for name in wanted if name not in place]
    notes = []
    if unknown:
        n = int(rows[:, [place[name] for name in unknown]].sum())
        notes.append(f"Tags that are not in the vocabulary: {len(unknown)} ({shown(unknown)}), {n} mentions, left out.")
    if unused:
        notes.append(f"Tags of the vocabulary that are in no row: {len(unused)} ({shown(unused)}).")
    return kept, wanted, notes


def _groups(labels: pd.Series) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    first = _lists(labels).map(lambda values: values[0] if values else None)
    codes, names = pd.factorize(first, sort=True)
    return codes.astype(np.int64), tuple(map(str, names))


def shown(names: Collection[str]) -> str:
    """The first few of many names."""
    return ", ".join(list(names)[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
