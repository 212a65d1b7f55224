"""Agreement of the tokens of the same events: per axis, per column, bin against bin, and row by
row.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon.events import MAX_OBJECTS, N_TYPES
from lexon.tokenisers.comparison.columns import OBJECT_AXES, IntArray, TokenColumns

TYPE = "type"
COLUMNS = (*(f"object {slot}" for slot in range(1, MAX_OBJECTS + 1)), "MET", "METphi")


def axis_agreement(ours: TokenColumns, reference: TokenColumns) -> pd.DataFrame:
    """One row an axis: pairs that were compared, the share in the same bin, that share for
    unrelated objects, and how many differ (-1 where bins cannot be compared, or there are none).

    Args:
        ours, reference: rows of the same events, one against one.
    """
    rows = []
    for axis, counts in confusions(ours, reference).items():
        n, equal = int(counts.sum()), int(np.trace(counts))
        comparable = axis == TYPE or ours.n_bins == reference.n_bins
        row = {"axis": axis, "compared": n, "agreement": np.nan, "by_chance": np.nan, "differ": -1}
        if comparable and n:
            row |= {
                "agreement": equal / n,
                "by_chance": float(counts.sum(1) @ counts.sum(0)) / n**2,
                "differ": n - equal,
            }
        rows.append(row)
    return pd.DataFrame(rows)


def column_agreement(ours: IntArray, reference: IntArray) -> pd.DataFrame:
    """One row a column of the file: share of equal tokens among those that are no padding in
    either.

    Args:
        ours, reference: tokens of the same events, [N, 20] or [N, 18].
    """
    width = min(ours.shape[1], reference.shape[1])
    a, b = ours[:, :width], reference[:, :width]
    real = (a > 0) | (b > 0)
    equal = ((a == b) & real).sum(0)
    shares = [float(n / of) if of else np.nan for n, of in zip(equal, real.sum(0), strict=True)]
    return pd.DataFrame(
        {
            "column": COLUMNS[:width],
            "compared": real.sum(0),
            "agreement": shares,
            "differ": real.sum(0) - equal,
        }
    )


def confusions(ours: TokenColumns, reference: TokenColumns) -> dict[str, NDArray[np.int64]]:
    """Counts [our bin, the reference's bin] of the object type and of each axis that both have, of
    real objects in both files.
    """
    both = ours.mask & reference.mask
    tables = {TYPE: _counts(ours.types[both], reference.types[both], N_TYPES, N_TYPES)}
    for axis in (axis for axis in ours.bins if axis in reference.bins):
        a, b = (
            one.bins[axis][both] if axis in OBJECT_AXES else one.bins[axis]
            for one in (ours, reference)
        )
        tables[axis] = _counts(a, b, ours.n_bins, reference.n_bins)
    return tables


def differing_rows(ours: IntArray, reference: IntArray, n: int) -> NDArray[np.int64]:
    """The first n pairs of rows [N, C] that are not equal."""
    width = min(ours.shape[1], reference.shape[1])
    return np.flatnonzero((ours[:, :width] != reference[:, :width]).any(1))[:n]


def _counts(a: IntArray, b: IntArray, n_a: int, n_b: int) -> NDArray[np.int64]:
    return np.bincount((a.astype(np.int64) - 1) * n_b + b - 1, minlength=n_a * n_b).reshape(
        n_a, n_b
    )
