"""What each axis of a grid does, alone and with another: effects and means of levels, as tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from lexon.pipelines.reporting.classifiers.aurocs import Aurocs
from lexon.pipelines.reporting.classifiers.cells import ClassifierCell, level_words
from lexon.pipelines.reporting.words import axis_words
from lexon.statistics import UNPAIRED, Contrast, Grid, Interval, Mean, Setting, Verdict, contrasts

EFFECT_COLUMNS = (
    *("run", "kind", "axis", "a", "b", "second_axis", "with", "less_with", "averaged_over", "n_averaged", "difference", "low", "high"),
    *("low_all", "high_all", "relative", "verdict", "effect", "n_resamples", "status", "notes"),
)
MEAN_COLUMNS = ("run", "axis", "level", "second_axis", "second_level", "auroc", "low", "high", "n_averaged", "n_settings", "balanced")

ALONE_IN_THE_GRID = "nothing else varies"
NOT_FINISHED = "not all cells are finished"
OTHER_EVENTS = "evaluated on other test events"

Row = dict[str, Any]


def grid_of(cells: Sequence[ClassifierCell], finished: Collection[str]) -> Grid:
    """The plan of these cells; `finished` are the names of those with a result."""
    models = {cell.name: cell.same_as or cell.name for cell in cells}
    return Grid({cell.name: cell.axes for cell in cells}, models, finished, {cell.name for cell in cells if cell.apart})


def effects_table(grid: Grid, aurocs: Aurocs, min_effect: float, run: str) -> pd.DataFrame:
    """One row a main effect or two-way interaction, all of them one family."""
    planned = contrasts(grid)
    found = aurocs.compare({i: contrast.settings for i, contrast in enumerate(planned) if contrast.settings}, min_effect)
    rows = [
        {"run": run}
        | _what(contrast, grid)
        | (aurocs.row(found[i], contrast.settings) | {"status": "done", "notes": ""} if i in found else _not_compared(contrast))
        for i, contrast in enumerate(planned)
    ]
    return pd.DataFrame(rows, columns=list(EFFECT_COLUMNS))


def means_table(grid: Grid, aurocs: Aurocs, run: str) -> pd.DataFrame:
    """One row a level of each axis, then one row a pair of levels of each two axes: mean AUROC over the settings of the others."""
    chosen = [(axis,) for axis in grid.axes] + list(combinations(grid.axes, 2))
    means = [mean for axes in chosen for mean in grid.means(*axes)]
    found = aurocs.means({i: _of_models(mean, grid) for i, mean in enumerate(means) if mean.weights})
    unknown = Interval(np.nan, np.nan, np.nan)
    rows = [{"run": run} | _mean_row(mean, found.get(i, unknown)) for i, mean in enumerate(means)]
    return pd.DataFrame(rows, columns=list(MEAN_COLUMNS))


def _of_models(mean: Mean, grid: Grid) -> Setting:
    """Weights of models: one that stands in several cells has the weight of all."""
    weights: dict[str, float] = {}
    for name, weight in mean.weights.items():
        weights[grid.models[name]] = weights.get(grid.models[name], 0.0) + weight
    return weights


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


def _not_compared(contrast: Contrast) -> Row:
    unpaired = contrast.left_out.get(UNPAIRED, 0) == contrast.n_compared
    status, notes = ("done", OTHER_EVENTS) if unpaired else ("pending", NOT_FINISHED)
    numbers = dict.fromkeys(("difference", "low", "high", "low_all", "high_all", "relative"), np.nan)
    return numbers | {"verdict": str(Verdict.UNDECIDED), "effect": False, "n_resamples": 0, "status": status, "notes": notes}


def _mean_row(mean: Mean, interval: Interval) -> Row:
    (axis, level), *second = mean.levels.items()
    row: Row = {"axis": axis, "level": level_words(axis, level), "second_axis": "", "second_level": ""}
    for other, value in second:
        row |= {"second_axis": other, "second_level": level_words(other, value)}
    numbers = {"auroc": interval.estimate, "low": interval.low, "high": interval.high}
    return row | numbers | {"n_averaged": mean.n_used, "n_settings": mean.n_settings, "balanced": mean.balanced}
