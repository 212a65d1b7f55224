"""What a report says of a study of classifiers: members' results in, tables, words and figures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from lexon.config import EvaluationConfig, ReportConfig
from lexon.experiments import Result
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.cells import collect_cells, ranked_by_validation, set_aside_other_events
from lexon.pipelines.reporting.findings import Findings, findings
from lexon.pipelines.reporting.tables import baseline_label, comparisons_table, members_table, replicate_auroc, summary_table
from lexon.plots import classification, training
from lexon.plots.style import empty_figure
from lexon.statistics import Interval

MAX_CURVES = 12  # more curves than this in one figure cannot be told apart


def summarise(
    results: Sequence[Result], baselines: Mapping[str, Scores], evaluation: EvaluationConfig, report: ReportConfig, run: str
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, Findings]:
    """Members, summary and comparisons as tables, and the findings in words.

    Members that are not done are rows with a status and a note, and in no statistics; choices use validation only.

    Args:
        results: every planned member, in order.
        baselines: test scores by kind, see `lexon.baselines.BASELINES`.
        run: the label that keeps results apart.
    """
    checked = set_aside_other_events(results, baselines)
    cells = collect_cells(checked)
    replicates = replicate_auroc(cells, baselines, report.n_bootstrap)
    summary = summary_table(cells, baselines, replicates, evaluation, run)
    comparisons = comparisons_table(cells, baselines, replicates, report.min_effect, run)
    words = findings(cells, summary, comparisons, evaluation, report)
    return members_table(checked, run), summary, comparisons, words


def draw_figures(results: Sequence[Result], baselines: Mapping[str, Scores], summary: pd.DataFrame) -> dict[str, Figure]:
    """The figures of a report: roc, scores, confusion, learning_curves, calibration, auroc_bars.

    At most `MAX_CURVES` cells, the best on validation; scores and confusion are of the best one's first seed.
    """
    ranked = ranked_by_validation(collect_cells(set_aside_other_events(results, baselines)))
    shown = ranked[:MAX_CURVES]
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
        "auroc_bars": classification.auroc_bars(_intervals(summary, "cell"), _intervals(summary, "baseline")),
    }


def _intervals(summary: pd.DataFrame, kind: str) -> dict[str, Interval]:
    if summary.empty:
        return {}
    rows = summary[(summary["kind"] == kind) & summary["auroc"].notna()]
    return {row["label"]: Interval(row["auroc"], row["auroc_low"], row["auroc_high"]) for row in rows.to_dict("records")}
