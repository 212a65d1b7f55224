"""What a report says of a study of classifiers: members' results in, tables and words out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lexon.config import EvaluationConfig, ReportConfig
from lexon.experiments import Result
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.classifiers import tables
from lexon.pipelines.reporting.classifiers.aurocs import measure
from lexon.pipelines.reporting.classifiers.cells import classifier_cells, comparable
from lexon.pipelines.reporting.classifiers.effects import effects_table, grid_of, means_table
from lexon.pipelines.reporting.classifiers.findings import findings
from lexon.pipelines.reporting.tables import members_table


def summarise(
    results: Sequence[Result], baselines: Mapping[str, Scores], evaluation: EvaluationConfig, report: ReportConfig, run: str
) -> dict[str, Any]:
    """The tables members, summary, comparisons, effects, means and best_models, and the findings in words, by name.

    Members that are not done are rows with a status and a note, and in no statistics; choices use validation only.

    Args:
        results: every planned member, in order.
        baselines: test scores by kind, see `lexon.baselines.BASELINES`.
        run: the label that keeps results apart.
    """
    cells, baselines = classifier_cells(results, baselines)
    aurocs = measure(cells, baselines, report.n_bootstrap)
    summary = tables.summary_table(cells, baselines, aurocs, evaluation, run)
    min_effect = report.min_effect.score
    comparisons = tables.comparisons_table(cells, baselines, aurocs, min_effect, run)
    effects = effects_table(grid_of(cells, aurocs.intervals), aurocs, min_effect, run)
    best_models = tables.best_models_table(cells, summary, run)
    return {
        "members": members_table(cells, run, tables.member_numbers),
        "summary": summary,
        "comparisons": comparisons,
        "effects": effects,
        "means": means_table(grid_of(comparable(cells), aurocs.intervals), aurocs, run),
        "best_models": best_models,
        "findings": findings(cells, summary, comparisons, effects, best_models, evaluation, report),
    }
