"""The predictions of the user's guide, each confirmed, refuted or undecided by every seed together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lexon.metrics.collapse import Judged
from lexon.pipelines.reporting.regression.sweep import Cell, Sweep

Mark = Literal["confirmed", "refuted", "undecided"]
# What of `lexon.metrics.collapse` is an unstable training, seen in its numbers; too few seeds, or a crash, is none.
UNSTABLE = ("non_finite", "exploded", "oscillating")
UNSTABLE_SEEDS = ("non_finite", "sign_inconsistent", "seed_unstable")


@dataclass(frozen=True)
class Expectation:
    """What is expected of some lambdas: a ratio between `low` and `high`, or (None) an unstable training."""

    words: str
    lambdas: tuple[float, ...]
    ratio: tuple[float, float] | None


EXPECTED = (
    Expectation("without the penalty the variance ratio falls below 20 %", (0.0,), (0.0, 0.2)),
    Expectation("at lambda 0.5 to 1 it recovers partly, to 40-80 % with R2 > 0", (0.5, 1.0), (0.4, 0.8)),
    Expectation("at lambda 2 to 5 it recovers fully, to 80-120 % with R2 > 0", (2.0, 5.0), (0.8, 1.2)),
    Expectation("at lambda 10 training is unstable", (10.0,), None),
)


def hypotheses(sweep: Sweep) -> list[dict[str, Any]]:
    """Each expectation with its mark and the numbers behind it."""
    return [{"hypothesis": one.words, "mark": _mark(one, sweep), "numbers": _numbers(one, sweep)} for one in EXPECTED]


def _mark(expected: Expectation, sweep: Sweep) -> Mark:
    """One lambda refutes what is said of several; to confirm takes all of them, and enough seeds."""
    cells = _cells(expected, sweep)
    marks = [_mark_of(expected, cell) for cell in cells]
    if "refuted" in marks:
        return "refuted"
    return "confirmed" if len(cells) == len(expected.lambdas) and all(mark == "confirmed" for mark in marks) else "undecided"


def _mark_of(expected: Expectation, cell: Cell) -> Mark:
    """The seeds must agree: where some are inside and some outside, nothing is decided."""
    judged = cell.judged
    if judged is None or judged.seeds == "insufficient_seeds":
        return "undecided"
    if expected.ratio is None:
        return _mark_of_unstable(cell, judged)
    low, high = expected.ratio
    # A spread that came with predictions worse than the mean is no recovery.
    inside = {low <= run.variance_ratio <= high and (low == 0 or run.r2 > 0) for run in cell.runs}
    if len(inside) > 1:
        return "undecided"
    return "confirmed" if inside == {True} else "refuted"


def _mark_of_unstable(cell: Cell, judged: Judged) -> Mark:
    """What a crash or an unfinished training would have come to is not known: neither shows that it was unstable."""
    if judged.stable:
        return "refuted"
    seen = judged.seeds in UNSTABLE_SEEDS or any(run.stability in UNSTABLE for run in cell.runs)
    return "confirmed" if seen else "undecided"


def _cells(expected: Expectation, sweep: Sweep) -> Sequence[Cell]:
    return [cell for cell in sweep.cells if cell.value in expected.lambdas]


def _numbers(expected: Expectation, sweep: Sweep) -> str:
    said = []
    for cell in _cells(expected, sweep):
        ratios = sorted(run.variance_ratio for run in cell.runs)
        spread = f"ratio {ratios[0]:.0%} to {ratios[-1]:.0%}" if ratios else "not run yet"
        said.append(f"lambda {cell.value:g}: {spread}{_stable(cell) if expected.ratio is None else ''}")
    return "; ".join(said) or "no such lambda in this sweep"


def _stable(cell: Cell) -> str:
    if cell.judged is None:
        return ""
    if cell.judged.stable is None:
        return ", too few seeds to tell"
    why = Counter(run.stability for run in cell.runs if run.stability != "stable")
    seeds = [] if cell.judged.seeds == "seed_stable" else [cell.judged.seeds]
    return ", " + ("; ".join([*(f"{n} of {len(cell.runs)} seeds {stability}" for stability, n in why.items()), *seeds]) or "stable")
