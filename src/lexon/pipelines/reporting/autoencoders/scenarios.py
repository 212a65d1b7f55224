"""Which of the four scenarios of the experiment holds.

1 to 3 are told by one bottleneck at a time, from every two of its weights, and exclude each other: 3 comes before 2 before 1.
4 is about the bottlenecks and independent of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from lexon.pipelines.reporting.autoencoder_changes import Change, Grid, GridCell, columns_of, pairs, rows_of_grid
from lexon.pipelines.reporting.autoencoders.answers import NOT_ASKED, UNDECIDED, Answer, listed, undecided

SCENARIOS = {
    1: "globals_beta has little effect: rec_globals is similar at every weight",
    2: "a larger weight improves rec_globals at no cost to rec_tokens",
    3: "a trade-off: a larger weight improves rec_globals and worsens rec_tokens",
    4: "vq is significantly worse than linear and none in both errors",
}
HOLDS, DOES_NOT = "holds", "does not hold"


def scenarios(grid: Grid) -> list[Answer]:
    """One answer each for scenarios 1 to 4, the first three with the bottlenecks that they hold for."""
    return [*_weights(grid), _quantised(grid)]


def by_column(grid: Grid, number: int) -> dict[str, str]:
    """Whether scenario 1, 2 or 3 ``holds``, ``does not hold`` or is ``undecided``, for each bottleneck with several weights."""
    columns = {name: cells for name, cells in columns_of(grid.cells).items() if len(cells) > 1}
    return {name: tell(number, weight_changes(grid, cells)) for name, cells in columns.items()}


def weight_changes(grid: Grid, column: Sequence[GridCell]) -> list[tuple[Change, Change]]:
    """Changes of (rec_globals, rec_tokens) from every weight to every larger one, the widest step first."""
    return [(grid.change("rec_globals", later, earlier), grid.change("rec_tokens", later, earlier)) for later, earlier in pairs(column)]


def tell(number: int, changes: Sequence[tuple[Change, Change]]) -> str:
    """Whether a scenario holds, from changes of (rec_globals, rec_tokens) over the pairs of weights of one column."""
    both = [(found.outcome, tokens.outcome) for found, tokens in changes]
    match number:
        case 1:
            holds, excluded = all(found == "same" for found, _ in both), any(found in ("lower", "higher") for found, _ in both)
        case 2:
            holds = any(found == "lower" for found, _ in both) and all(tokens in ("same", "lower") for _, tokens in both)
            excluded = any(tokens == "higher" for _, tokens in both) or all(found in ("same", "higher") for found, _ in both)
        case _:
            holds = ("lower", "higher") in both
            excluded = all(found in ("same", "higher") or tokens in ("same", "lower") for found, tokens in both)
    return HOLDS if holds else DOES_NOT if excluded else UNDECIDED


def _weights(grid: Grid) -> list[Answer]:
    return [_weight_scenario(number, by_column(grid, number), grid) for number in (1, 2, 3)]


def _weight_scenario(number: int, held: dict[str, str], grid: Grid) -> Answer:
    if not held:
        return Answer(f"scenario {number}", SCENARIOS[number], NOT_ASKED, ("one weight only: globals_beta spans no axis",))
    having, doubtful = ([name for name, answer in held.items() if answer == wanted] for wanted in (HOLDS, UNDECIDED))
    columns = columns_of(grid.cells)
    told = having or doubtful or list(held)
    changes = [change for name in told for pair in weight_changes(grid, columns[name]) for change in pair]
    if not having:
        return Answer(f"scenario {number}", SCENARIOS[number], undecided(changes) if doubtful else DOES_NOT, listed(changes))
    where = "" if len(having) == len(held) else f" for {', '.join(having)}"
    left = f"; undecided for {', '.join(doubtful)}" if doubtful else ""
    return Answer(f"scenario {number}", SCENARIOS[number], f"{HOLDS}{where}{left}", listed(changes))


def _quantised(grid: Grid) -> Answer:
    changes = [
        grid.change(metric, later, earlier)
        for row in rows_of_grid(grid.cells).values()
        for later, earlier in pairs(row)
        if later.bottleneck == "vq"
        for metric in ("rec_tokens", "rec_globals")
    ]
    if not changes:
        return Answer("scenario 4", SCENARIOS[4], NOT_ASKED, ("vq or its alternatives are no part of the grid",))
    if all(change.outcome == "higher" for change in changes):
        answer = HOLDS
    elif against := [change for change in changes if change.outcome in ("lower", "same")]:
        answer, changes = f"{DOES_NOT} everywhere" if len(against) < len(changes) else DOES_NOT, against + changes
    else:
        answer = undecided(changes)
    return Answer("scenario 4", SCENARIOS[4], answer, listed(changes))
