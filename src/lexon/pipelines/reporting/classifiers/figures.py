"""Which cells stand in which figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lexon.experiments import Result
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.classifiers.cells import (
    ClassifierCell,
    classifier_cells,
    comparable,
    label_of,
    level_words,
    ranked_by_validation,
)
from lexon.pipelines.reporting.classifiers.effects import grid_of
from lexon.pipelines.reporting.classifiers.tables import baseline_label
from lexon.pipelines.reporting.words import axis_words
from lexon.plots import classification, grid, training
from lexon.plots.style import empty_figure
from lexon.statistics import Interval

MAX_CURVES = 12  # more curves than this in one figure cannot be told apart


def draw_figures(results: Sequence[Result], baselines: Mapping[str, Scores], summary: pd.DataFrame) -> dict[str, Figure]:
    """The figures of any report: roc, scores, confusion, learning_curves, calibration, auroc_bars.

    At most `MAX_CURVES` cells, the best on validation; scores and confusion are of the best one's first seed.
    """
    shown = ranked_by_validation(_comparable(results, baselines))[:MAX_CURVES]
    cells = {cell.label: cell.scores for cell in shown if cell.scores}
    others = {baseline_label(kind): scores for kind, scores in baselines.items()}
    histories = {cell.label: cell.finished[0].history for cell in shown}
    best = next(iter(cells.items()), None)
    return {
        "roc": classification.roc(cells, others),
        "scores": classification.score_distributions(best[1][0], best[0]) if best else empty_figure(),
        "confusion": classification.confusion(best[1][0], best[0]) if best else empty_figure(),
        "learning_curves": training.learning_curves({label: rows for label, rows in histories.items() if rows is not None}),
        "calibration": classification.calibration(cells, others),
        "auroc_bars": classification.auroc_bars(*(_intervals(summary, kind) for kind in ("cell", "baseline", "other events"))),
    }


def draw_grid(results: Sequence[Result], baselines: Mapping[str, Scores], effects: pd.DataFrame, means: pd.DataFrame) -> dict[str, Figure]:
    """The figures of a grid: effects, heat_maps, roc_by_axis, validation_auroc."""
    cells = _comparable(results, baselines)
    return {
        "effects": grid.effect_intervals(effects),
        "heat_maps": grid.heat_maps(means[means["second_axis"].notna() & (means["second_axis"] != "")]),
        "roc_by_axis": classification.roc_by_axis(_by_axis(cells)),
        "validation_auroc": training.validation_curves(_by_first_axis(cells)),
    }


def _comparable(results: Sequence[Result], baselines: Mapping[str, Scores]) -> list[ClassifierCell]:
    return comparable(classifier_cells(results, baselines)[0])


def _by_axis(cells: Sequence[ClassifierCell]) -> dict[str, dict[str, list[Scores]]]:
    """Scores of each level of each axis over the same settings of the others; an axis without such settings is left out."""
    models = {cell.name: cell for cell in cells}
    scores = {cell.name: models[cell.same_as or cell.name].scores for cell in cells}
    plan = grid_of(cells, {name for name, seeds in scores.items() if seeds})
    return {
        axis_words(axis): {
            level_words(axis, mean.levels[axis]): [one for name in mean.weights for one in scores[name]]
            for mean in plan.means(axis)
            if mean.balanced
        }
        for axis in plan.axes
    }


def _by_first_axis(cells: Sequence[ClassifierCell]) -> dict[str, dict[str, pd.DataFrame]]:
    """The first seed's history of each distinct cell, by level of the first axis and by what the other axes say."""
    groups: dict[str, dict[str, pd.DataFrame]] = {}
    for cell in cells:
        if cell.original or not cell.finished or cell.finished[0].history is None:
            continue
        (axis, level), *others = cell.axes.items()
        groups.setdefault(level_words(axis, level), {})[label_of(dict(others)) if others else ""] = cell.finished[0].history
    return groups


def _intervals(summary: pd.DataFrame, kind: str) -> dict[str, Interval]:
    if summary.empty:
        return {}
    rows = summary[(summary["kind"] == kind) & np.isfinite(summary["auroc"])]
    return {row["label"]: Interval(row["auroc"], row["auroc_low"], row["auroc_high"]) for row in rows.to_dict("records")}
