"""The nodes of a sweep's report: members are read from their folders, against the whole plan; nothing is trained here."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lexon.config import CollapseConfig, ReportConfig
from lexon.datasets.member_files import read_baseline_arrays
from lexon.datasets.members import MemberFolders
from lexon.experiments import Result
from lexon.metrics.regression import regression_metrics
from lexon.pipelines.modelling.regression.baselines import BASELINES
from lexon.pipelines.reporting import caveats
from lexon.pipelines.reporting.cells import without_seeds_not_asked_for
from lexon.pipelines.reporting.plan import Plan, whole_plan
from lexon.pipelines.reporting.regression import tables
from lexon.pipelines.reporting.regression.differences import r2_differences
from lexon.pipelines.reporting.regression.findings import Findings, findings, selected_parameters
from lexon.pipelines.reporting.regression.sweep import Arrays, LambdaCell, Sweep, collect
from lexon.pipelines.reporting.tables import members_table
from lexon.pipelines.reporting.words import number
from lexon.plots import regression as plots

logger = logging.getLogger(__name__)

BASELINES_FOLDER = "baselines"
LOGGED = 3  # of the findings' sentences are logged; the page has them all

Summary = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, str, str, Findings]


def summarise(
    members: MemberFolders, plan: Plan, collapse: CollapseConfig, report: ReportConfig, run: str, n_seeds: int, *_finished: Any
) -> Summary:
    """Members, summary, comparisons, Table 2 (as table and text), the selected lambda as a parameter file, and the findings.

    `_finished` is what members and baselines leave behind: asked for so that this runs after them, read from the folders like all else.
    """
    results = without_seeds_not_asked_for(whole_plan(members, plan), n_seeds)
    summary = summarise_results(results, _baselines(members), collapse, report, run)
    words = summary[-1]
    words["caveats"][:0] = caveats.of_the_folder(members, plan, report)
    for sentence in [words["headline"], *words["sentences"][:LOGGED]]:
        logger.info("%s", sentence)
    return summary


def summarise_results(
    results: Sequence[Result], baselines: Arrays | None, limits: CollapseConfig, report: ReportConfig, run: str
) -> Summary:
    """The same from what the members left."""
    sweeps = collect(results, baselines, limits)
    differences = r2_differences(sweeps, baselines, "val", report)
    comparisons, summary = tables.comparisons_table(sweeps, differences, run), tables.summary_table(sweeps, differences, run)
    table2 = tables.table2(summary, sweeps[0].axes)
    words = findings(sweeps, summary, comparisons, differences, baselines, report)
    text = tables.table2_text(table2)
    return (
        members_table([cell for sweep in sweeps for cell in sweep.cells], run, tables.member_numbers),
        summary,
        comparisons,
        table2,
        text,
        selected_parameters(sweeps),
        words,
    )


def draw_figures(members: MemberFolders, plan: Plan, collapse: CollapseConfig, _summary: pd.DataFrame) -> dict[str, Figure]:
    """The figures of the sweep, by name."""
    baselines = _baselines(members)
    return figures(collect(whole_plan(members, plan), baselines, collapse), baselines)


def figures(sweeps: Sequence[Sweep], baselines: Arrays | None) -> dict[str, Figure]:
    """Figure 2, training curves, and R2 against variance ratio."""
    cells = {cell.label: cell for sweep in sweeps for cell in sweep.cells}
    targets = [result.arrays["val_target"] for cell in cells.values() for result in cell.finished if result.arrays is not None]
    return {
        "distributions": plots.distributions(
            targets[0] if targets else None, {title: (_remark(cell), cell.predictions("val")) for title, cell in cells.items()}
        ),
        "training_curves": plots.training_curves(
            {title: [one.history for one in cell.finished if one.history is not None] for title, cell in cells.items()}
        ),
        "r2_against_ratio": plots.r2_against_ratio({title: _points(cell) for title, cell in cells.items()}, _baseline_points(baselines)),
    }


def _baselines(members: MemberFolders) -> Arrays | None:
    """The predictions that lie beside the members, wherever these are."""
    return members.beside(f"{BASELINES_FOLDER}/scores.h5", "Baselines", partial(read_baseline_arrays, names=tuple(BASELINES)))


def _remark(cell: LambdaCell) -> str:
    if cell.judged is None:
        return tables.PENDING
    judged = cell.judged
    return f"$R^2$ = {number(judged.r2, 2)}, ratio {number(judged.variance_ratio, 2)}" if judged.n_seeds else "failed"


def _points(cell: LambdaCell) -> tuple[list[float], list[float]]:
    runs = [run for run in cell.runs if np.isfinite(run.r2)]
    return [run.variance_ratio for run in runs], [run.r2 for run in runs]


def _baseline_points(baselines: Arrays | None) -> dict[str, tuple[float, float]]:
    if baselines is None:
        return {}
    numbers = {words: regression_metrics(baselines["val_target"], baselines[f"val_{name}"]) for name, words in BASELINES.items()}
    return {words: (one["variance_ratio"], one["r2"]) for words, one in numbers.items()}
