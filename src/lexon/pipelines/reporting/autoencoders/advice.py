"""Which cell to carry forward, and what to try next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lexon.pipelines.reporting.autoencoders.answers import UNDECIDED, listed
from lexon.pipelines.reporting.autoencoders.cells import BETA, BOTTLENECK, GridCell, columns_of, pairs, rows_of_grid
from lexon.pipelines.reporting.autoencoders.changes import MIN_SEEDS, Change, Grid
from lexon.pipelines.reporting.autoencoders.comparisons import of_cells
from lexon.pipelines.reporting.autoencoders.hypotheses import PROBED
from lexon.pipelines.reporting.autoencoders.scenarios import HOLDS, by_column
from lexon.pipelines.reporting.parameter_file import parameter_file
from lexon.statistics import Verdict

SELECTED_BY = "unweighted rec_tokens + rec_globals on validation, geometric mean over seeds"
# A head that explains more than this share of what a constant answer to MET costs reconstructs it well.
WELL_RECONSTRUCTED = 0.5
# A codebook of which more than this share is in use is too small, rather than badly used.
FULL_CODEBOOK = 0.9


@dataclass(frozen=True)
class Choice:
    """The cell that is best on validation.

    Attributes:
        cell: of the grid.
        words: how it stands to the next best one.
    """

    cell: GridCell
    words: str


def choose(validation: Grid) -> Choice | None:
    """The finished cell with the smallest sum of both errors; None where none is finished."""
    finished = [cell for cell in validation.cells if cell.finished]
    ranked = sorted(finished, key=lambda cell: cell.criterion("val"))
    if not ranked:
        return None
    best, *others = ranked
    if not others:
        return Choice(best, "the only finished cell")
    (change,) = validation.family([of_cells("criterion", others[0], best)])
    return Choice(best, f"the next best is {_next(change)}: {change.words}, on validation")


def _next(change: Change) -> str:
    """How the second best stands to the best."""
    words = {Verdict.HIGHER: "worse", Verdict.SAME: "the same", Verdict.UNDECIDED: "not told apart from it"}
    return {str(verdict): text for verdict, text in words.items()}.get(change.verdict, change.verdict)


def selected_parameters(choice: Choice | None, experiment: str) -> str:
    """The choice as a parameter file; nothing but a remark where there is none."""
    if choice is None:
        return parameter_file({}, "No finished member yet: nothing is selected.")
    values = {BOTTLENECK: choice.cell.bottleneck, BETA: choice.cell.beta, **choice.cell.axes}
    use = "To use it: copy to conf/experiments/NAME/parameters_selected.yml"
    return parameter_file(values, f"Selected in {experiment} by {SELECTED_BY}.", use)


def next_steps(grid: Grid) -> list[str]:
    """What follows from the findings, the most certain first; with nothing certain, more seeds."""
    finished = [cell for cell in grid.cells if cell.finished]
    if not finished:
        return []
    found = [*_trade_off(grid, finished), *_hardly_used(grid), *_good_head(grid, finished), *_linear(grid), *_codebook(grid, finished)]
    return [*found, *_more_seeds(grid)] or ["Nothing that the numbers ask for."]


def _trade_off(grid: Grid, finished: Sequence[GridCell]) -> list[str]:
    columns = columns_of(grid.cells)
    having = [n for n, answer in by_column(grid, 3).items() if answer == HOLDS and not all(cell.nearly_exact for cell in columns[n])]
    if not having:
        return []
    # A quantiser passes on no more than which code it is, however many dimensions a code has.
    limits = dict.fromkeys("codebook_size" if columns[n][0].bottleneck == "vq" else "latent_dim" for n in having)
    values = {limit: finished[0].settings[limit] for limit in limits}
    tries = " and ".join(f"autoencoder.{limit}={2 * value} instead of {value}" for limit, value in values.items())
    return [f"Objects and MET compete for the latent space ({', '.join(having)}): try {tries}."]


def _hardly_used(grid: Grid) -> list[str]:
    """Nothing of MET in the latents at the smallest weight."""
    lowest = [column[0] for column in columns_of(grid.cells).values() if len(column[0].finished) >= MIN_SEEDS]
    empty = [cell for cell in lowest if all(grid.interval(metric, cell).high < grid.smallest.size for metric in PROBED)]
    if not empty:
        return []
    return [
        f"The latents hold nothing of MET by themselves ({'; '.join(cell.label for cell in empty)}): look at the encoder; "
        "try autoencoder.encoder=transformer or a larger autoencoder.id_embed_dim."
    ]


def _good_head(grid: Grid, finished: Sequence[GridCell]) -> list[str]:
    """The smallest weight above 0 at which MET is well reconstructed without a cost to the objects that matters."""
    for name, column in columns_of(grid.cells).items():
        for cell in (cell for cell in column if cell.beta > 0 and cell in finished and len(cell.finished) >= MIN_SEEDS):
            constant = cell.mean("test", "rec_globals_constant")
            interval = grid.interval("rec_globals", cell)
            cost = grid.change("rec_tokens", cell, column[0]).outcome if cell is not column[0] else "same"
            free = cost in ("same", "lower") or cell.nearly_exact
            if interval.high < (1 - WELL_RECONSTRUCTED) * constant and free:
                return [
                    f"MET is well reconstructed at globals_beta {cell.beta:g} ({name}: rec_globals {interval.estimate:.3g} "
                    f"[{interval.low:.3g}, {interval.high:.3g}], a constant answer costs {constant:.3g}): use it as the baseline."
                ]
    return []


def _linear(grid: Grid) -> list[str]:
    """Linear is better than both others by an effect at every weight."""
    rows = [row for row in rows_of_grid(grid.cells).values() if len(row) > 1 and any(cell.bottleneck == "linear" for cell in row)]
    changes = [
        grid.change("criterion", cell, other)
        for row in rows
        for cell in row
        for other in row
        if cell.bottleneck == "linear" and other is not cell
    ]
    if not changes or any(change.outcome != "lower" for change in changes):
        return []
    return [f"linear is best at every weight: use autoencoder.bottleneck=linear instead of none ({'; '.join(listed(changes))})."]


def _codebook(grid: Grid, finished: Sequence[GridCell]) -> list[str]:
    """What a quantiser's losses and the use of its codes suggest."""
    quantised = [cell for cell in finished if cell.bottleneck == "vq"]
    usage = [share for cell in quantised if np.isfinite(share := cell.mean("test", "code_usage"))]  # records of old may lack it
    row_pairs = [pair for row in rows_of_grid(grid.cells).values() for pair in pairs(row) if pair[0].bottleneck == "vq"]
    worse = [grid.change("rec_tokens", later, earlier).outcome == "higher" for later, earlier in row_pairs]
    if not usage or not any(worse):
        return []
    size = quantised[0].settings["codebook_size"]
    mean = float(np.mean(usage))
    if mean > FULL_CODEBOOK:
        return [f"vq loses most and uses {mean:.0%} of its {size} codes: try autoencoder.codebook_size={2 * size}."]
    return [f"vq loses most, but uses only {mean:.0%} of its {size} codes: a larger codebook would not help before they are used."]


def _more_seeds(grid: Grid) -> list[str]:
    answers = [answer for number in (1, 2, 3) for answer in by_column(grid, number).values()]
    n = grid.n_seeds
    if UNDECIDED not in answers and n >= MIN_SEEDS:
        return []
    return [f"{n} seed{'s' * (n != 1)} leave{'s' * (n == 1)} questions open: run with n_seeds={max(3, 2 * n)}."]
