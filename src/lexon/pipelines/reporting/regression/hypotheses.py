"""The predictions of the user's guide, each confirmed, refuted or undecided by every seed together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lexon.metrics.collapse import Judged, Run
from lexon.pipelines.reporting.regression_sweep import FALLING, LambdaCell, Sweep
from lexon.pipelines.reporting.words import number, percentage

Mark = Literal["confirmed", "refuted", "undecided"]
# What of `lexon.metrics.collapse` is an unstable training, seen in its numbers; too few seeds, or a crash, is none.
UNSTABLE = ("non_finite", "exploded", "oscillating")
UNSTABLE_SEEDS = ("non_finite", "sign_inconsistent", "seed_unstable")


# A run of any other kind did not come to the end at which the guide's numbers are taken.
COMPLETE = ("stable", "oscillating")


@dataclass(frozen=True)
class Expectation:
    """What is expected of some lambdas: ratio and R2 within bounds (exclusive for R2), or (no bounds) an unstable training."""

    words: str
    lambdas: tuple[float, ...]
    ratio: tuple[float, float] | None = None
    r2: tuple[float, float] = (-math.inf, math.inf)

    def holds(self, run: Run) -> bool:
        """Of a run that was completed."""
        assert self.ratio is not None
        return self.ratio[0] <= run.variance_ratio <= self.ratio[1] and self.r2[0] < run.r2 < self.r2[1]


EXPECTED = (
    Expectation("without the penalty R2 is negative and the variance ratio below 20 %", (0.0,), (0.0, 0.2), (-math.inf, 0.0)),
    Expectation("at lambda 0.5 to 1 it recovers partly, to 40-80 % with R2 > 0", (0.5, 1.0), (0.4, 0.8), (0.0, math.inf)),
    Expectation("at lambda 2 to 5 it recovers fully, to 80-120 % with R2 > 0.3", (2.0, 5.0), (0.8, 1.2), (0.3, math.inf)),
    Expectation("at lambda 10 training is unstable", (10.0,)),
)


def hypotheses(sweep: Sweep) -> list[dict[str, Any]]:
    """Each expectation with its mark and the numbers behind it."""
    return [{"hypothesis": one.words, "mark": _mark(one, sweep), "numbers": _numbers(one, sweep)} for one in EXPECTED]


def _mark(expected: Expectation, sweep: Sweep) -> Mark:
    """One lambda refutes a statement about several; to confirm takes all of them, and enough seeds."""
    cells = _cells(expected, sweep)
    marks = [_mark_of(expected, cell) for cell in cells]
    if "refuted" in marks:
        return "refuted"
    return "confirmed" if len(cells) == len(expected.lambdas) and all(mark == "confirmed" for mark in marks) else "undecided"


def _mark_of(expected: Expectation, cell: LambdaCell) -> Mark:
    """The seeds must agree: where some are inside and some outside, nothing is decided."""
    judged = cell.judged
    if judged is None or judged.seeds == "insufficient_seeds":
        return "undecided"
    if expected.ratio is None:
        return _mark_of_unstable(cell, judged)
    if any(run.stability not in COMPLETE or not np.isfinite([run.r2, run.variance_ratio]).all() for run in cell.runs):
        return "undecided"
    holds = {expected.holds(run) for run in cell.runs}
    if len(holds) > 1:
        return "undecided"
    return "confirmed" if holds == {True} else "refuted"


def _mark_of_unstable(cell: LambdaCell, judged: Judged) -> Mark:
    """What a crash or an unfinished training would have come to is not known: neither shows that it was unstable."""
    if judged.stable:
        return "refuted"
    seen = judged.seeds in UNSTABLE_SEEDS or any(run.stability in UNSTABLE for run in cell.runs)
    return "confirmed" if seen else "undecided"


def _cells(expected: Expectation, sweep: Sweep) -> Sequence[LambdaCell]:
    return [cell for cell in sweep.cells if cell.value in expected.lambdas]


def _numbers(expected: Expectation, sweep: Sweep) -> str:
    listed = [f"lambda {cell.value:g}: {_numbers_of(expected, cell)}" for cell in _cells(expected, sweep)]
    return "; ".join(listed) or "no such lambda in this sweep"


def _numbers_of(expected: Expectation, cell: LambdaCell) -> str:
    if not cell.runs:
        return "not run yet"
    ratios, r2 = ([getattr(run, name) for run in cell.runs] for name in ("variance_ratio", "r2"))
    parts = [f"ratio {_range(ratios, percentage)}"]
    if expected.ratio is None:
        parts.append(_stable(cell))
    else:
        parts.append(f"R2 {_range(r2, lambda value: number(value, 2))}")
    return ", ".join([*parts, *([FALLING] if cell.falling else [])])


def _range(values: Sequence[float], write: Callable[[float], str]) -> str:
    """``14% to 20%``; what is not finite is counted."""
    finite = sorted(value for value in values if np.isfinite(value))
    lost = len(values) - len(finite)
    without = f" ({lost} of {len(values)} without a number)" if lost else ""
    return f"{write(finite[0])} to {write(finite[-1])}{without}" if finite else "without a number"


def _stable(cell: LambdaCell) -> str:
    if cell.judged is None or cell.judged.stable is None:
        return "too few seeds to tell"
    why = Counter(run.stability for run in cell.runs if run.stability != "stable")
    seeds = [] if cell.judged.seeds == "seed_stable" else [cell.judged.seeds]
    return "; ".join([*(f"{n} of {len(cell.runs)} seeds {stability}" for stability, n in why.items()), *seeds]) or "stable"
