"""The rankings that were predicted before anything was trained, beside what was measured.

A place is confirmed by an effect in its direction, refuted by one in the other direction or by a difference that is certainly too small
to be one. A ranking is confirmed when every place is, refuted when any place is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal

from scipy.stats import kendalltau

from lexon.pipelines.reporting.autoencoders.answers import UNDECIDED, Answer, listed, undecided
from lexon.pipelines.reporting.autoencoders.cells import GridCell, columns_of, pairs, rows_of_grid
from lexon.pipelines.reporting.autoencoders.changes import Change, Grid
from lexon.pipelines.reporting.autoencoders.comparisons import of_cells

# Lowest total loss first: (bottleneck, globals_beta).
TOTAL_LOSS = (
    *(("none", 0.0), ("linear", 0.0), ("none", 1.0), ("linear", 1.0), ("none", 10.0), ("linear", 10.0)),
    *(("vq", 0.0), ("vq", 1.0), ("vq", 10.0)),
)
Expected = Literal["higher", "lower", "same"]


def predictions(grid: Grid) -> list[Answer]:
    """Each prediction that this grid can speak to, as confirmed, refuted or undecided."""
    columns = [cells for cells in columns_of(grid.cells).values() if len(cells) > 1]
    rows = [cells for cells in rows_of_grid(grid.cells).values() if len(cells) > 1]
    found = [
        _places("rec_tokens: none < linear < vq", grid, "rec_tokens", rows, "higher"),
        _all_pairs("rec_tokens: similar at every globals_beta", grid, "rec_tokens", columns, "same"),
        _places("rec_globals: beta 0 >> 1 >> 10", grid, "rec_globals", columns, "lower"),
        _all_pairs("rec_globals: similar for every bottleneck", grid, "rec_globals", rows, "same"),
        _total_loss(grid),
    ]
    return [answer for answer in found if answer is not None]


def _places(question: str, grid: Grid, metric: str, lines: Sequence[Sequence[GridCell]], expected: Expected) -> Answer | None:
    """Neighbours of each line, from the least constrained bottleneck or the smallest weight."""
    changes = [grid.change(metric, later, earlier) for line in lines for earlier, later in pairwise(line)]
    return _judged(question, changes, expected)


def _all_pairs(question: str, grid: Grid, metric: str, lines: Sequence[Sequence[GridCell]], expected: Expected) -> Answer | None:
    changes = [grid.change(metric, later, earlier) for line in lines for later, earlier in pairs(line)]
    return _judged(question, changes, expected)


def _total_loss(grid: Grid) -> Answer | None:
    """The nine places, by neighbours; Kendall's tau says how far the measured order is from the predicted one."""
    known = {(cell.bottleneck, cell.beta): cell for cell in grid.cells}
    if len(known) < len(grid.cells) or any(place not in known for place in TOTAL_LOSS):
        return None
    ranked = [known[place] for place in TOTAL_LOSS]
    neighbours = [of_cells("total", later, earlier) for earlier, later in pairwise(ranked)]
    answer = _judged("total loss: the nine places", grid.family(neighbours), "higher")
    measured = [grid.interval("total", cell).estimate for cell in ranked]
    if answer is None or not all(cell.finished for cell in ranked):
        return answer
    tau = kendalltau(range(len(ranked)), measured).statistic
    order = " < ".join(cell.label for _, cell in sorted(zip(measured, ranked, strict=True), key=lambda pair: pair[0]))
    return replace(answer, because=(f"measured: {order}; Kendall's tau {tau:.2f}", *answer.because))


def _judged(question: str, changes: Sequence[Change], expected: Expected) -> Answer | None:
    if not changes:
        return None
    against = [change for change in changes if change.outcome not in (expected, UNDECIDED)]
    if against:
        return Answer("prediction", question, "refuted", listed(against))
    confirmed = all(change.outcome == expected for change in changes)
    return Answer("prediction", question, "confirmed" if confirmed else undecided(changes), listed(changes))
