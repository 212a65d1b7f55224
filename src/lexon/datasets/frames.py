"""Tables as text: comma-separated values with a header, in UTF-8, compressed or not."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon.datasets.darkmachines_lines import COMMENTS, first_lines, is_event
from lexon.datasets.kinds import in_words, is_darkmachines, is_hdf5, read_head
from lexon.datasets.packed import read_content
from lexon.errors import DataError

NOTES = "notes"  # of a frame, in its `attrs`
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
UNNAMED = re.compile(r"\(unnamed \d+\)|Unnamed: \d+(_level_\d+|\.\d+)?")
INDICES = (
    "index",
    "level_0",
    "__index_level_0__",
    "rownames",
)  # what pandas and R call an index that became a column


def read_frame(path: Path, parameter: str) -> pd.DataFrame:
    """The rows of a file, without columns that count them; what was left out is in
    ``attrs["notes"]``.

    Args:
        parameter: the one that names the file, for messages.

    Raises:
        DataError: not such a table, or one whose columns are not clear.
    """
    text = _text(path, parameter)
    names, body = _header(path, text)
    frame = _body(path, names, body)
    return _without_index(path, frame, names)


def counts_rows(values: NDArray[np.generic]) -> bool:
    """Whether a column is 0, 1, 2, ... or another such count of the rows, upwards or downwards."""
    if len(values) < 2 or values.dtype.kind not in "iuf":
        return False
    steps = np.diff(values.astype(np.float64))
    return bool(abs(steps[0]) == 1 and (steps == steps[0]).all())


def _text(path: Path, parameter: str) -> str:
    head = read_head(path, parameter)
    kind = in_words(path, head)
    if is_hdf5(path) or not (_is_table(head) or "is text that begins with" in kind):
        raise DataError(
            f"{path}: {kind}; {parameter} is a table as CSV with a header, or an HDF5 file"
        )
    content = read_content(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}: line {line} is not UTF-8 ({content[error.start : error.start + 1]!r}); save"
            " the table as UTF-8, for example with iconv -f LATIN1 -t UTF-8"
        ) from error


def _is_table(head: bytes) -> bool:
    """Whether a text with semicolons, as event text has them, begins with names of columns that are
    not those of events.
    """
    first = first_lines(head)[:1]
    names = first[0].lower().replace(b" ", b"").split(b";") if first else []
    return (
        len(names) > 1
        and is_darkmachines(head)
        and not is_event(first[0])
        and b"metphi" not in names
        and names[0][:1] not in COMMENTS
    )


def _header(path: Path, text: str) -> tuple[list[str], str]:
    """The names of the columns, without blanks around them, and the text of the rows."""
    lines = text.lstrip("\r\n")
    while lines.startswith("#") and not _is_commented_header(lines):
        lines = lines.partition("\n")[2]
    stream = io.StringIO(lines, newline="")
    try:
        names = [name.strip() for name in next(csv.reader(stream, skipinitialspace=True), [])]
    except csv.Error as error:
        raise DataError(
            f"{path}: its first line cannot be the names of columns ({error})"
        ) from error
    if names and names[0].startswith("#"):
        names[0] = names[0].lstrip("# ")
    _check_header(path, names)
    body = stream.read()
    if not body.strip():
        raise DataError(f"{path}: no rows below the header; write some")
    return names, body


def _is_commented_header(lines: str) -> bool:
    """Whether a first line that begins with # names the columns, as numpy.savetxt writes it."""
    first, _, rest = lines.partition("\n")
    return first.count(",") == rest.partition("\n")[0].count(",") > 0


def _check_header(path: Path, names: list[str]) -> None:
    if not any(names):
        raise DataError(f"{path}: its first line is empty; write the names of the columns there")
    if len(names) == 1:
        _refuse_other_separator(path, names[0])
    named = [name for name in names if name]
    if all(map(_is_number, named)) and named != list(
        map(str, range(len(named)))
    ):  # as pandas names columns
        raise DataError(
            f"{path}: has no header: its first line holds numbers ({', '.join(names)[:60]}); write"
            " the names of the columns above it"
        )
    twice = [name for name, count in Counter(named).items() if count > 1]
    if twice:
        raise DataError(f"{path}: two columns are called {twice[0]!r}; rename one, or remove it")


def _refuse_other_separator(path: Path, header: str) -> None:
    for separator, word in SEPARATORS.items():
        if separator in header:
            raise DataError(
                f"{path}: its columns are separated by {word} ({header[:60]!r}), not by commas;"
                " write them with commas and decimal points, for example pandas:"
                " read_csv(sep=...).to_csv(index=False)"
            )


def _body(path: Path, names: list[str], body: str) -> pd.DataFrame:
    try:
        frame = pd.read_csv(io.StringIO(body), header=None, low_memory=False, skipinitialspace=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, OverflowError) as error:
        raise DataError(
            f"{path}: not every row has as many values ({str(error).strip()}, below the header);"
            " repair the row"
        ) from error
    kept = len(names)
    while kept > frame.shape[1] and not names[kept - 1]:
        kept -= 1
    spare = frame.iloc[:, kept:]
    if frame.shape[1] < kept or not spare.isna().all(axis=None):
        raise DataError(
            f"{path}: the header names {kept} columns, the rows hold {frame.shape[1]} values; write"
            " a name for each column"
        )
    frame = frame.iloc[:, :kept]
    frame.columns = pd.Index(
        [name or f"(unnamed {place + 1})" for place, name in enumerate(names[:kept])]
    )
    return frame


def _without_index(path: Path, frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    dropped, empty = [], []
    for place, name in enumerate(frame.columns):
        values = frame[name].to_numpy()
        if UNNAMED.fullmatch(name):
            if frame[name].isna().all():
                empty.append(name)
            elif values.dtype.kind in "iu" and len(np.unique(values)) == len(values):
                dropped.append(name)
            else:
                raise DataError(
                    f"{path}: column {place + 1} of {len(names)} has no name; write one in the"
                    " header, or remove the column"
                )
        elif name.lower() in INDICES and counts_rows(values):
            dropped.append(name)
    kept = frame.drop(columns=[*dropped, *empty])
    note = (
        f"columns that only number the rows are left out: {', '.join(dropped)} (an index; pandas"
        " leaves it out with to_csv(index=False))"
    )
    kept.attrs[NOTES] = [note] if dropped else []
    return kept


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
