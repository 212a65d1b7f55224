"""What was predicted before anything was trained (`questions/autoencoder.yml`), beside what was measured.

A place is confirmed by an effect in its direction, refuted by one in the other direction or by a difference that is certainly too small
to be one. A claim is confirmed when every place is, refuted when any place is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from scipy.stats import kendalltau

from lexon.pipelines.reporting.autoencoder_changes import Change, Grid, GridCell, columns_of, of_cells, pairs, rows_of_grid
from lexon.pipelines.reporting.autoencoders.answers import UNDECIDED, Answer, listed, undecided
from lexon.pipelines.reporting.questions import Claim, Direction, claims_of


def predictions(grid: Grid) -> list[Answer]:
    """Each prediction that this grid can speak to, as confirmed, refuted or undecided."""
    found = [_ranking(claim, grid) if claim.cells else _of_lines(claim, grid) for claim in claims_of("autoencoder")]
    return [answer for answer in found if answer is not None]


def _of_lines(claim: Claim, grid: Grid) -> Answer | None:
    """Cells that differ in one thing alone: changes of the table."""
    lines = (rows_of_grid if claim.lines == "bottlenecks" else columns_of)(grid.cells).values()
    compared = [pair for line in lines for pair in _pairs(claim, line)]
    return _judged(claim.claim, [grid.change(claim.statistic, later, earlier) for later, earlier in compared], claim.direction)


def _ranking(claim: Claim, grid: Grid) -> Answer | None:
    """Cells in one order, a family of its own; Kendall's tau says how far the measured order is from the predicted one."""
    known = {(cell.bottleneck, cell.beta): cell for cell in grid.cells}
    if len(known) < len(grid.cells) or any(place not in known for place in claim.cells):
        return None
    ranked = [known[place] for place in claim.cells]
    changes = grid.family([of_cells(claim.statistic, later, earlier) for later, earlier in _pairs(claim, ranked)])
    answer = _judged(claim.claim, changes, claim.direction)
    measured = [grid.interval(claim.statistic, cell).estimate for cell in ranked]
    if answer is None or not all(cell.finished for cell in ranked):
        return answer
    tau = kendalltau(range(len(ranked)), measured).statistic
    order = " < ".join(cell.label for _, cell in sorted(zip(measured, ranked, strict=True), key=lambda pair: pair[0]))
    return replace(answer, because=(f"measured: {order}; Kendall's tau {tau:.2f}", *answer.because))


def _pairs(claim: Claim, line: Sequence[GridCell]) -> list[tuple[GridCell, GridCell]]:
    """(later, earlier)."""
    return pairs(line) if claim.pairs == "all" else [(later, earlier) for earlier, later in pairwise(line)]


def _judged(question: str, changes: Sequence[Change], expected: Direction) -> Answer | None:
    if not changes:
        return None
    against = [change for change in changes if change.outcome not in (expected, UNDECIDED)]
    if against:
        return Answer("prediction", question, "refuted", listed(against))
    confirmed = all(change.outcome == expected for change in changes)
    return Answer("prediction", question, "confirmed" if confirmed else undecided(changes), listed(changes))
