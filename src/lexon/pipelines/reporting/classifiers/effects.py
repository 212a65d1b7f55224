"""What each axis of a grid does, alone and with another: effects and means of levels, as tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from lexon.pipelines.reporting.classifiers.cells import Cell, axis_words, level_words
from lexon.statistics import UNPAIRED, Contrast, Grid, Interval, Mean, Replicates, Verdict, contrasts, simultaneous_intervals, weighted_sum

EFFECT_COLUMNS = (
    *("run", "kind", "axis", "a", "b", "second_axis", "with", "less_with", "averaged_over", "n_averaged", "difference", "low", "high"),
    *("low_all", "high_all", "relative", "verdict", "effect", "n_resamples", "status", "notes"),
)
MEAN_COLUMNS = ("run", "axis", "level", "second_axis", "second_level", "auroc", "low", "high", "n_averaged", "n_settings", "balanced")

ALONE_IN_THE_GRID = "nothing else varies"

Row = dict[str, Any]


def grid_of(cells: Sequence[Cell], finished: Collection[str]) -> Grid:
    """The plan of these cells; `finished` are the names of those with a result."""
    models = {cell.name: cell.same_as or cell.name for cell in cells}
    return Grid({cell.name: cell.axes for cell in cells}, models, finished, {cell.name for cell in cells if cell.apart})


def effects_table(grid: Grid, replicates: Mapping[str, Replicates], min_effect: float, run: str) -> pd.DataFrame:
    """One row a main effect or two-way interaction, with its interval alone and in the family of all of them.

    The verdict follows from the interval that holds for all effects together; so does whether it counts as an effect.
    """
    planned = contrasts(grid)
    family = {i: weighted_sum(replicates, contrast.weights) for i, contrast in enumerate(planned) if contrast.weights}
    together = dict(zip(family, simultaneous_intervals(list(family.values())), strict=True))
    rows = [
        {"run": run}
        | _what(contrast, grid)
        | (_judged(family[i], together[i], _reference(contrast, replicates), min_effect) if i in family else _undecided(contrast))
        for i, contrast in enumerate(planned)
    ]
    return pd.DataFrame(rows, columns=list(EFFECT_COLUMNS))


def means_table(grid: Grid, replicates: Mapping[str, Replicates], run: str) -> pd.DataFrame:
    """One row a level of each axis, then one row a pair of levels of each two axes: mean AUROC over the settings of the others."""
    chosen = [(axis,) for axis in grid.axes] + list(combinations(grid.axes, 2))
    rows = [{"run": run} | _mean_row(mean, replicates) for axes in chosen for mean in grid.means(*axes)]
    return pd.DataFrame(rows, columns=list(MEAN_COLUMNS))


def _what(contrast: Contrast, grid: Grid) -> Row:
    (axis, (a, b)), *second = contrast.levels.items()
    row: Row = {"kind": "main effect", "axis": axis, "a": level_words(axis, a), "b": level_words(axis, b)}
    row |= {"second_axis": "", "with": "", "less_with": "", "averaged_over": _settings(contrast, grid), "n_averaged": contrast.n_used}
    for other, (one, less) in second:
        row |= {"kind": "interaction", "second_axis": other, "with": level_words(other, one), "less_with": level_words(other, less)}
    return row


def _settings(contrast: Contrast, grid: Grid) -> str:
    """Which settings of the other axes an effect is averaged over, and why not over the rest."""
    others = ", ".join(axis_words(axis) for axis in grid.axes if axis not in contrast.levels)
    if not others:
        return ALONE_IN_THE_GRID
    reasons = [f"{n} {reason}" for reason, n in contrast.left_out.items()]
    number = f"{contrast.n_used} of {contrast.n_settings}" if reasons else f"{contrast.n_used}"
    return f"{number} settings of {others}" + (f": {', '.join(reasons)}" if reasons else "")


def _judged(effect: Replicates, together: Interval, reference: float, min_effect: float) -> Row:
    alone = effect.interval()
    relative = alone.estimate / reference if reference else np.nan
    return {
        "difference": alone.estimate,
        "low": alone.low,
        "high": alone.high,
        "low_all": together.low,
        "high_all": together.high,
        "relative": relative,
        "verdict": (verdict := Verdict.of(together, min_effect)),
        "effect": verdict.is_effect,
        "n_resamples": len(effect.values),
        "status": "done",
        "notes": "",
    }


def _undecided(contrast: Contrast) -> Row:
    unpaired = contrast.left_out.get(UNPAIRED, 0) == contrast.n_compared
    verdict, status = (Verdict.UNPAIRED, "done") if unpaired else (Verdict.UNFINISHED, "pending")
    numbers = dict.fromkeys(("difference", "low", "high", "low_all", "high_all", "relative"), np.nan)
    return numbers | {"verdict": verdict, "effect": False, "n_resamples": 0, "status": status, "notes": verdict}


def _reference(contrast: Contrast, replicates: Mapping[str, Replicates]) -> float:
    """Mean of the cells that are subtracted: what a relative change is relative to."""
    subtracted = [replicates[name].estimate for name, weight in contrast.weights.items() if weight < 0]
    return float(np.mean(subtracted))


def _mean_row(mean: Mean, replicates: Mapping[str, Replicates]) -> Row:
    (axis, level), *second = mean.levels.items()
    row: Row = {"axis": axis, "level": level_words(axis, level), "second_axis": "", "second_level": ""}
    for other, value in second:
        row |= {"second_axis": other, "second_level": level_words(other, value)}
    interval = weighted_sum(replicates, mean.weights).interval() if mean.weights else Interval(np.nan, np.nan, np.nan)
    numbers = {"auroc": interval.estimate, "low": interval.low, "high": interval.high}
    return row | numbers | {"n_averaged": mean.n_used, "n_settings": mean.n_settings, "balanced": mean.balanced}
