"""Other ways to write the same tokens: counted from 0, padded with another number or in front, MET
first.

What the numbers decide is converted, with a note; where two readings are possible, the file is
refused, and the error names both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lexon.errors import DataError
from lexon.events import MAX_OBJECTS, N_TYPES

IntRows = NDArray[np.int64]

MAX_BINS = 100
# Number of tokens, padding included, of the largest number of bins.
MAX_VOCABULARY = N_TYPES * MAX_BINS**3 + 2 * MAX_BINS + 1
# Tokens may be counted from 0, or after a few special ones; farther away it is another encoding.
MAX_OFFSET = 10
# Columns of MET and METphi, and their description.
LAST = (MAX_OBJECTS, MAX_OBJECTS + 1)
ORDERS: dict[tuple[int, ...], str] = {
    LAST: "",
    LAST[::-1]: "METphi came before MET",
    (0, 1): "MET and METphi came before the objects",
    (1, 0): "METphi and MET came before the objects",
}
TWO_READINGS = (
    "{where}: tokens are counted from {first}, and rows end with {first}, which may be a token or"
    " padding; write padding as another number, such as -1, or count tokens from 1"
)
HIDDEN = (
    "0 is padding and comes after all objects of a row; where 0 is a token, because tokens are"
    " counted from 0, pad with another number"
)
FROM_0_OR_1 = (
    "{where}: {padding} is padding, but whether tokens are counted from 0 or from 1 cannot be seen;"
    " count from 1 and pad with 0"
)


@dataclass(frozen=True)
class Convention:
    """The convention by which a file writes its tokens.

    Attributes:
        met: columns of MET and METphi; empty where it has none.
        offset: what is to be added to a token.
        padding: the number that stands for no object; None where every position is filled.
        in_front: whether padding comes before the objects.
    """

    met: tuple[int, ...]
    offset: int = 0
    padding: int | None = 0
    in_front: bool = False

    def converted(self, rows: IntRows) -> IntRows:
        """Rows as lexon writes them, [N, 20] or [N, 18]."""
        objects, met = _objects(rows, self.met), rows[:, list(self.met)] + self.offset
        real = objects != self.padding if self.padding is not None else np.ones(objects.shape, bool)
        objects = np.where(real, objects + self.offset, 0)
        if self.in_front:
            objects = np.take_along_axis(objects, np.argsort(~real, axis=1, kind="stable"), axis=1)
        return np.concatenate([objects, met], axis=1)

    @property
    def note(self) -> str:
        """A sentence about the conversion; empty where nothing is converted."""
        changed = [
            *([f"tokens were counted from {1 - self.offset}, now from 1"] if self.offset else []),
            *([f"padding was {self.padding}, now 0"] if self.padding not in (0, None) else []),
            *(["padding came before the objects, now behind"] if self.in_front else []),
            *([f"{ORDERS[self.met]}, now last"] if ORDERS.get(self.met) else []),
        ]
        return f"Its way of writing tokens was converted: {'; '.join(changed)}." if changed else ""


def convention_of(rows: IntRows, where: str) -> Convention:
    """The convention of a file, from all its rows [N, 20] or [N, 18]; lexon's own way where no
    other is certain.

    Raises:
        DataError: the numbers can be read in two ways.
    """
    if rows.shape[1] == MAX_OBJECTS:
        return _without_met(rows, where)
    own = Convention(LAST, in_front=_in_front(_objects(rows, LAST), 0))
    if any(_in_range(rows, LAST, n, 0) for n in range(2, MAX_BINS + 1)) and rows.min() >= 0:
        return own
    found = list(_possible(rows, where))
    return found[0] if len(found) == 1 else own


def _possible(rows: IntRows, where: str) -> Iterator[Convention]:
    """Conventions that fit all rows, given that every bin of METphi is used: of n bins, the first
    METphi token is 7 n^3 + n + 1.
    """
    for met in ORDERS:
        met_phi = rows[:, met[1]]
        n = int(met_phi.max() - met_phi.min()) + 1
        offset = N_TYPES * n**3 + n + 1 - int(met_phi.min())
        if (
            not 2 <= n <= MAX_BINS
            or abs(offset) > MAX_OFFSET
            or not _in_range(rows, met, n, offset, objects=False)
        ):
            continue
        objects = _objects(rows, met)
        outside = np.unique(objects[(objects < 1 - offset) | (objects > N_TYPES * n**3 - offset)])
        if len(outside) > 1:
            continue
        padding = int(outside[0]) if len(outside) else None
        if padding is None and (objects[:, -1] == 1 - offset).any():
            raise DataError(TWO_READINGS.format(where=where, first=1 - offset))
        yield Convention(met, offset, padding, _in_front(objects, padding))


def _without_met(rows: IntRows, where: str) -> Convention:
    """The convention of rows without MET, from the padding: a number that ends rows and is never
    inside one.
    """
    padding = next(
        (int(value) for value in (0, rows.min(), rows.max()) if _may_be_padding(rows, value)), 0
    )
    tokens = rows[rows != padding]
    if padding == 0 or not len(tokens) or tokens.min() < 0:
        return Convention((), in_front=_in_front(rows, 0))
    if tokens.min() == 0:
        return Convention((), 1, padding, _in_front(rows, padding))
    if int(tokens.max()) in {N_TYPES * n**3 for n in range(2, MAX_BINS + 1)}:
        return Convention((), 0, padding, _in_front(rows, padding))
    raise DataError(FROM_0_OR_1.format(where=where, padding=padding))


def _objects(rows: IntRows, met: tuple[int, ...]) -> IntRows:
    return np.delete(rows, met, axis=1)


def _in_range(
    rows: IntRows, met: tuple[int, ...], n: int, offset: int, objects: bool = True
) -> bool:
    """Whether MET, METphi and (where asked for) objects lie where n bins put them."""
    first = N_TYPES * n**3 - offset
    of_met, of_phi = (rows[:, column] for column in met)
    return bool(
        first
        < of_met.min()
        <= of_met.max()
        <= first + n
        < of_phi.min()
        <= of_phi.max()
        <= first + 2 * n
        and (not objects or _objects(rows, met).max() <= first)
    )


def _only_padding(rows: IntRows, value: int) -> bool:
    """Whether a number is in rows, and only behind (or only before) everything else."""
    is_value = rows == value
    behind = ~(is_value[:, :-1] & ~is_value[:, 1:]).any()
    return bool(is_value.any() and (behind or _in_front(rows, value)))


def _may_be_padding(rows: IntRows, value: int) -> bool:
    """Whether a number is only padding; one that fills all rows is so only if it is 0."""
    return _only_padding(rows, value) and (value == 0 or bool((rows != value).any()))


def _in_front(objects: IntRows, padding: int | None) -> bool:
    """Whether all padding of all rows comes before the objects."""
    real = objects != padding if padding is not None else np.ones(objects.shape, bool)
    partial = real[real.any(1) & ~real.all(1)]
    return bool(len(partial) and (partial[:, :-1] <= partial[:, 1:]).all())
