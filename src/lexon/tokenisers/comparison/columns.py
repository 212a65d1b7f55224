"""Tokens taken apart: object types and bins, whatever the number of bins, without the edges that
made them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lexon.config.bins import bins_of
from lexon.errors import DataError
from lexon.events import MAX_OBJECTS, N_TYPES
from lexon.tokenisers.binning import binned_layout

IntArray = NDArray[np.integer[Any]]

OBJECT_AXES = ("pt", "eta", "phi")
EVENT_AXES = ("met", "met_phi")
MAX_BINS = 100


@dataclass(frozen=True)
class TokenColumns:
    """Rows of a token file, unpacked.

    Attributes:
        sizes: numbers of bins by axis.
        types: int8 [N, M], 1..7, 0 for padding.
        bins: 1..size by axis; pt, eta and phi int8 [N, M] with 0 for padding, met and met_phi int8
            [N] or absent.
    """

    sizes: Mapping[str, int]
    types: NDArray[np.int8]
    bins: dict[str, NDArray[np.int8]]

    @classmethod
    def unpack(cls, rows: IntArray, n_bins: int | str, max_objects: int = MAX_OBJECTS) -> Self:
        """Inverse of `lexon.tokenisers.binning`.

        Args:
            rows: [N, M + 2], or [N, M] without MET.
            n_bins: per axis, as `BinnedTokeniser` has it.
            max_objects: places for objects, M.
        """
        layout = binned_layout(n_bins)
        parts = layout.take_apart(rows[:, :max_objects])
        if rows.shape[1] > max_objects:
            parts |= layout.take_apart_event(rows[:, max_objects:])
        bins = {name: values.astype(np.int8) for name, values in parts.items()}
        return cls(bins_of(n_bins), bins.pop("type"), bins)

    @property
    def n_bins(self) -> int:
        """Of each axis, where all have the same: files with others are not compared."""
        return self.sizes["pt"]

    def __len__(self) -> int:
        return len(self.types)

    def __getitem__(self, index: Any) -> Self:
        return type(self)(
            self.sizes, self.types[index], {axis: bins[index] for axis, bins in self.bins.items()}
        )

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True for real objects, bool [N, M]."""
        return self.types > 0

    def values(self, axis: str) -> NDArray[np.int8]:
        """The bins of all real objects, or of all events, 1-D."""
        return self.bins[axis][self.mask] if axis in OBJECT_AXES else self.bins[axis]


def infer_n_bins(
    rows: IntArray,
    where: str,
    max_objects: int = MAX_OBJECTS,
    like: NDArray[np.int8] | None = None,
) -> int:
    """The number of bins per axis that the tokens themselves tell.

    With MET columns it is unique: MET tokens lie in 7 n^3 + 1 .. 7 n^3 + n, and these ranges do not
    overlap. Without them it is the n that all tokens fit in and that gives object types distributed
    most like `like`.

    Args:
        rows: [N, M + 2] or [N, M].
        where: file, for the message.
        max_objects: places for objects, M.
        like: object types of other events of the same kind.

    Raises:
        DataError: no number of bins fits.
    """
    if rows.shape[1] == max_objects:
        return _without_met(rows, where, like)
    fitting = [n for n in range(2, MAX_BINS + 1) if _fits(rows, n)]
    if not fitting:
        met, met_phi = (f"{column.min()}..{column.max()}" for column in rows[:, -2:].T)
        raise DataError(
            f"{where}: object tokens up to {rows[:, :-2].max()}, column {max_objects} with {met},"
            f" column {max_objects + 1} with {met_phi}: no number of bins n gives 7 n^3 object"
            " tokens, then n of MET, then n of its azimuth (n = 5: 875, 876..880, 881..885); is"
            " this a binned token file?"
        )
    return fitting[0]


def row_keys(*columns: IntArray) -> NDArray[np.uint64]:
    """A 64-bit key of each row, [N]: equal rows have equal keys, and two different ones with a
    chance of about 2^-64.

    Args:
        columns: [N] or [N, C], joined along the columns.
    """
    joined = np.column_stack(columns)
    rng = np.random.default_rng(20)
    keys = np.zeros(len(joined), np.uint64)
    for column in joined.T:
        mixed = (column.astype(np.uint64) + np.uint64(1)) * rng.integers(1 << 63, dtype=np.uint64)
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + (mixed ^ (mixed >> np.uint64(29)))
    return keys


def _fits(rows: IntArray, n: int) -> bool:
    first = N_TYPES * n**3
    met, met_phi = rows[:, -2:].T
    return bool(
        rows[:, :-2].max() <= first < met.min() <= met.max() <= first + n
        and first + n < met_phi.min() <= met_phi.max() <= first + 2 * n
    )


def _without_met(rows: IntArray, where: str, like: NDArray[np.int8] | None) -> int:
    largest = int(rows.max())
    smallest = max(math.ceil((largest / N_TYPES) ** (1 / 3) - 1e-9), 2)
    if smallest > MAX_BINS:
        raise DataError(
            f"{where}: token {largest} needs more than {MAX_BINS} bins per axis; is this a binned"
            " token file?"
        )
    if like is None:
        return smallest
    # With more bins than this, every object would be of the first type.
    most = min(MAX_BINS, math.ceil(largest ** (1 / 3)))
    return min(
        range(smallest, max(smallest, most) + 1),
        key=lambda n: _distance(TokenColumns.unpack(rows, n, rows.shape[1]).types, like),
    )


def _distance(types: NDArray[np.int8], like: NDArray[np.int8]) -> float:
    """Total variation between the shares of the object types, padding aside."""
    shares = [
        np.bincount(one[one > 0], minlength=N_TYPES + 1) / max((one > 0).sum(), 1)
        for one in (types, like)
    ]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)
