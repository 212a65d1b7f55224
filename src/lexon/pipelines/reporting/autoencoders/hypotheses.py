"""Answers to the five questions of the experiment, each from numbers and intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lexon.pipelines.reporting.autoencoder_changes import MIN_SEEDS, NEARLY_EXACT, Change, Grid, GridCell, columns_of, pairs, rows_of_grid
from lexon.pipelines.reporting.autoencoders.answers import NOT_ASKED, UNDECIDED, Answer, listed, undecided
from lexon.pipelines.reporting.autoencoders.scenarios import weight_changes
from lexon.statistics import Interval

QUESTIONS = (
    "Does the latent space hold global information?",
    "Is the bottleneck sufficient for both, objects and MET?",
    "Is there a sweet spot of globals_beta?",
    "Does the type of latent space matter for the reconstruction of MET?",
    "Should the globals head be used at all?",
)
Told = tuple[str, tuple[str, ...]]
ONE_WEIGHT = "one weight only: globals_beta spans no axis"
PROBED = {"probe_met_r2": "size", "probe_met_phi_r2": "direction"}


def hypotheses(grid: Grid) -> list[Answer]:
    """One answer a question, in the order of `QUESTIONS`."""
    found = (holds_globals(grid), sufficient(grid), sweet_spot(grid), type_matters(grid), use_head(grid))
    return [
        Answer(f"hypothesis {number}", question, *answer)
        for number, (question, answer) in enumerate(zip(QUESTIONS, found, strict=True), start=1)
    ]


def holds_globals(grid: Grid) -> Told:
    """From the ridge probe of the frozen latents at the smallest weight: R2 of the size and of the direction of MET.

    Yes where the whole interval of R2 is above the smallest effect, no where it is below.
    """
    lowest = [column[0] for column in columns_of(grid.cells).values() if column[0].finished]
    if not lowest:
        return undecided([]), ()
    shown = _shown_met(lowest)
    parts, numbers = {}, []
    for cell in lowest:
        intervals = {words: grid.interval(metric, cell) for metric, words in PROBED.items()}
        parts[cell.label] = ", ".join(f"{words} {_held(grid, value, cell)}" for words, value in intervals.items())
        numbers.append(f"{cell.label}: R2 of {', '.join(f'{words} {_bounds(value)}' for words, value in intervals.items())}")
    return _joined(parts), (f"{shown}, by a ridge probe from the frozen latents (mean over objects)", *numbers)


def sufficient(grid: Grid) -> Told:
    """Yes where rec_tokens does not rise as the weight does."""
    return _of_columns(grid, _sufficient, "rec_tokens")


def sweet_spot(grid: Grid) -> Told:
    """Yes where a weight between others has a sum of errors that is lower, by an effect, than at both ends of its column."""
    return _of_columns(grid, _sweet, "criterion")


def type_matters(grid: Grid) -> Told:
    """Yes where rec_globals differs between bottlenecks at any weight."""
    rows = [row for row in rows_of_grid(grid.cells).values() if len(row) > 1]
    changes = [grid.change("rec_globals", later, earlier) for row in rows for later, earlier in pairs(row)]
    if not changes:
        return NOT_ASKED, ("one bottleneck only",)
    if effects := [change for change in changes if change.outcome in ("higher", "lower")]:
        return f"yes, in {len(effects)} of {len(changes)} comparisons", listed(effects)
    return ("no" if all(change.outcome == "same" for change in changes) else undecided(changes)), listed(changes)


def use_head(grid: Grid) -> Told:
    """From the step that turns the head on: the smallest weight above 0 against 0."""
    steps = {}
    for name, column in columns_of(grid.cells).items():
        positive = [cell for cell in column if cell.beta > 0]
        if positive and column[0].beta == 0:
            steps[name] = [grid.change(metric, positive[0], column[0]) for metric in ("rec_globals", "rec_tokens")]
    if not steps:
        return NOT_ASKED, ("needs globals_beta 0 beside a larger one",)
    return _joined({name: _worth(*changes) for name, changes in steps.items()}), listed([c for changes in steps.values() for c in changes])


def _worth(gain: Change, cost: Change) -> str:
    if gain.outcome in ("same", "higher"):
        return "no"
    if UNDECIDED in (gain.outcome, cost.outcome):
        return undecided([gain, cost])
    return "yes, at a price in rec_tokens" if cost.outcome == "higher" else "yes"


def _of_columns(grid: Grid, tell: Callable[[Grid, Sequence[GridCell]], str], metric: str) -> Told:
    columns = {name: cells for name, cells in columns_of(grid.cells).items() if len(cells) > 1}
    if not columns:
        return NOT_ASKED, (ONE_WEIGHT,)
    changes = {name: [grid.change(metric, later, earlier) for later, earlier in pairs(cells)] for name, cells in columns.items()}
    answers = {name: tell(grid, cells) for name, cells in columns.items()}
    return _joined(answers), listed([change for column in changes.values() for change in column])


def _sufficient(grid: Grid, column: Sequence[GridCell]) -> str:
    tokens = [change for _, change in weight_changes(grid, column)]
    if any(change.outcome == "higher" for change in tokens):
        return (
            f"no, but less than {NEARLY_EXACT:.0%} of the objects' variance is lost" if all(cell.nearly_exact for cell in column) else "no"
        )
    return undecided(tokens) if any(change.outcome == UNDECIDED for change in tokens) else "yes"


def _sweet(grid: Grid, column: Sequence[GridCell]) -> str:
    first, *between, last = column
    gains = {cell.beta: [grid.change("criterion", cell, end) for end in (first, last)] for cell in between}
    for beta, changes in gains.items():
        if all(change.outcome == "lower" for change in changes):
            return f"yes, {beta:g}"
    if gains and all(any(change.outcome in ("higher", "same") for change in changes) for changes in gains.values()):
        return "no"
    changes = [change for of_one in gains.values() for change in of_one]
    return undecided(changes) if changes else f"{NOT_ASKED} (two weights have none between them)"


def _joined(answers: dict[str, str]) -> str:
    """One answer where all columns agree."""
    distinct = set(answers.values())
    return distinct.pop() if len(distinct) == 1 else "; ".join(f"{name}: {answer}" for name, answer in answers.items())


def _shown_met(cells: Sequence[GridCell]) -> str:
    shown = {cell.settings["encoder_globals"] for cell in cells}
    if shown == {True}:
        return "The encoder was shown MET, so this asks whether it passes MET on, not whether the objects tell it"
    if shown == {False}:
        return "The encoder was not shown MET, so whatever is found was told by the objects"
    return "Some encoders were shown MET (encoder_globals), others not"


def _held(grid: Grid, interval: Interval, cell: GridCell) -> str:
    if len(cell.finished) < MIN_SEEDS:
        return f"{UNDECIDED} ({len(cell.finished)} seed)"
    if interval.low > grid.smallest.size:
        return "yes"
    return "no" if interval.high < grid.smallest.size else UNDECIDED


def _bounds(interval: Interval) -> str:
    return f"{interval.estimate:.3f} [{interval.low:.3f}, {interval.high:.3f}]" if np.isfinite(interval.estimate) else "not measured"
