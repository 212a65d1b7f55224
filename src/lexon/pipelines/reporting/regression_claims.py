"""What a sweep shows, for claims to be held against: of a lambda's value by every seed, of a
difference by rows and seeds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from lexon.config import ReportConfig
from lexon.config.claims import Expected
from lexon.metrics.collapse import Judged
from lexon.pipelines.reporting.cells import Cell
from lexon.pipelines.reporting.claim_evidence import MISSING, UNDECIDED, Evidence, Found
from lexon.pipelines.reporting.regression_sweep import FALLING, LambdaCell, Sweep, trainings_of
from lexon.pipelines.reporting.words import counted, number, percentage, setting_words
from lexon.statistics import SmallestEffect

# What of `lexon.metrics.collapse` is an unstable training, seen in its numbers; too few seeds, or a
# crash, is none.
UNSTABLE = ("non_finite", "exploded", "oscillating")
UNSTABLE_SEEDS = ("non_finite", "sign_inconsistent", "seed_unstable")
COMPLETE = ("stable", "oscillating")
TOO_FEW = "insufficient_seeds"
UNFINISHED = "not all trainings came to their end"


@dataclass(frozen=True)
class SweepEvidence(Evidence):
    """Evidence of sweeps."""

    def value(self, statistic: str, cell: Cell, expected: Expected) -> Found:
        """The seeds must agree: where some are inside and some outside, nothing is decided."""
        assert isinstance(cell, LambdaCell)
        if not cell.runs or cell.judged is None:
            return Found(UNDECIDED, "not run yet", MISSING)
        words = _words(statistic, cell)
        if cell.judged.seeds == TOO_FEW:
            return Found(UNDECIDED, words, counted(cell.judged.n_seeds, "seed"))
        if statistic == "training":
            return _of_training(cell, cell.judged, words)
        if not _have_ended(cell):
            return Found(UNDECIDED, words, UNFINISHED)
        inside = {expected.contains(getattr(run, statistic)) for run in cell.runs}
        if len(inside) > 1:
            return Found(UNDECIDED, words, "the seeds disagree")
        return Found("inside" if inside == {True} else "outside", words)

    def remarks(self, cell: Cell) -> list[str]:
        """Whether its trainings were cut off."""
        return [FALLING] if isinstance(cell, LambdaCell) and cell.falling else []


def evidence_of(sweeps: Sequence[Sweep], report: ReportConfig) -> SweepEvidence:
    """All that claims about regressions may name."""
    cells = [cell for sweep in sweeps for cell in sweep.cells]
    score, loss = (
        SmallestEffect(report.min_effect.score, "absolute"),
        SmallestEffect(report.min_effect.loss, "relative"),
    )
    trainings = cache(partial(trainings_of, cells, report))
    return SweepEvidence(
        cells,
        trainings,
        {"r2": score, "variance_ratio": loss},
        lambda axis, level: setting_words({axis: level}),
    )


def _of_training(cell: LambdaCell, judged: Judged, words: str) -> Found:
    """What a crash or an unfinished training would have come to is not known: neither shows that it
    was unstable.
    """
    if judged.stable:
        return Found("stable", words)
    seen = judged.seeds in UNSTABLE_SEEDS or any(run.stability in UNSTABLE for run in cell.runs)
    return Found("unstable", words) if seen else Found(UNDECIDED, words, UNFINISHED)


def _have_ended(cell: LambdaCell) -> bool:
    """Whether all trainings came to the end at which the guide's numbers are taken."""
    measured = np.isfinite([(run.r2, run.variance_ratio) for run in cell.runs]).all()
    return bool(measured) and all(run.stability in COMPLETE for run in cell.runs)


def _words(statistic: str, cell: LambdaCell) -> str:
    ratios, r2 = ([getattr(run, name) for run in cell.runs] for name in ("variance_ratio", "r2"))
    match statistic:
        case "r2":
            return f"R2 {_range(r2, lambda value: number(value, 2))}"
        case "variance_ratio":
            return f"ratio {_range(ratios, percentage)}"
        case _:
            return f"ratio {_range(ratios, percentage)}, {_stable(cell)}"


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
    return (
        "; ".join(
            [
                *(f"{n} of {len(cell.runs)} seeds {stability}" for stability, n in why.items()),
                *seeds,
            ]
        )
        or "stable"
    )
