"""The report of an experiment with classifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lexon.baselines import BASELINES
from lexon.config import (
    ElsewhereConfig,
    EvaluationConfig,
    ReportConfig,
    SignificanceConfig,
    SlicesConfig,
)
from lexon.datasets.evaluated_events import EvaluatedEvents
from lexon.datasets.members import MemberFolders
from lexon.experiments import Result
from lexon.metrics.classification import classification_metrics
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.caveats import Plan
from lexon.pipelines.reporting.claims import answers
from lexon.pipelines.reporting.classifier_effects import (
    Aurocs,
    Baselines,
    ClassifierCell,
    classifier_cells,
    comparable,
    effects_table,
    evidence_of,
    grid_of,
    label_of,
    level_words,
    means_table,
    measure,
    ranked_by_validation,
)
from lexon.pipelines.reporting.classifier_ensembles import ensembles_table
from lexon.pipelines.reporting.classifier_weights import weight_name
from lexon.pipelines.reporting.classifier_words import findings
from lexon.pipelines.reporting.elsewhere import (
    Elsewhere,
    LeftElsewhere,
    elsewhere_of_report,
    elsewhere_sentences,
)
from lexon.pipelines.reporting.importance import (
    Importances,
    LeftExchanged,
    importance_sentences,
    importances_of_report,
)
from lexon.pipelines.reporting.nodes import collect, completed
from lexon.pipelines.reporting.significance import (
    Significances,
    significance_sentences,
    significances_of_report,
)
from lexon.pipelines.reporting.slices import Slices, slice_sentences, slices_of_report
from lexon.pipelines.reporting.tables import BOUNDS, Row, cell_row, interval_row, members_table
from lexon.pipelines.reporting.token_cost import TokenCost
from lexon.pipelines.reporting.words import axis_words
from lexon.plots import classification, grid, token_cost, training
from lexon.plots import elsewhere as elsewhere_plots
from lexon.plots import importance as importance_plots
from lexon.plots import significance as significance_plots
from lexon.plots import slices as slice_plots
from lexon.plots.style import empty_figure
from lexon.statistics import Grid, Interval, seed_spread

COMPARISON_COLUMNS = (
    "run",
    "a",
    "b",
    "against",
    *BOUNDS,
    "relative",
    "verdict",
    "effect",
    "n_seeds_a",
    "n_seeds_b",
    "n_resamples",
    "status",
    "notes",
)
BEST_COLUMNS = ("run", "chosen_from", "cell", "label")
BEST_NUMBERS = (
    "member",
    "val_auroc",
    "auroc",
    "auroc_low",
    "auroc_high",
    "n_seeds",
    "n_parameters",
    "status",
    "notes",
)

NOT_ASKED = "Not asked for."
MAX_CURVES = 12  # more curves in one figure cannot be distinguished
GRID_FIGURES = ("effects", "heat_maps", "roc_by_axis", "validation_auroc")


def _member_numbers(result: Result) -> Row:
    """Test metrics and validation AUROC of a finished member."""
    return {"val_auroc": result.metrics.get("val", {}).get("auroc", np.nan)} | result.metrics.get(
        "test", {}
    )


def baseline_label(kind: str) -> str:
    """A baseline in words."""
    return {str(known): words for known, words in BASELINES.items()}.get(kind, kind)


def summary_table(
    cells: Sequence[ClassifierCell],
    baselines: Baselines,
    aurocs: Aurocs,
    evaluation: EvaluationConfig,
    run: str,
) -> pd.DataFrame:
    """One row a cell, then one row a baseline; `kind` tells them, and cells that stand apart, from
    one another.
    """
    rows = [_cell_row(cell, aurocs.intervals.get(cell.name), run) for cell in cells]
    none = dict.fromkeys(cells[0].axes if cells else (), "")  # NaN would make 4 of a `vector` a 4.0
    rows += [
        none | _baseline_row(kind, scores, aurocs.intervals[kind], evaluation, run)
        for kind, scores in baselines.items()
    ]
    return pd.DataFrame(rows)


def with_weights(table: pd.DataFrame, cells: Sequence[ClassifierCell]) -> pd.DataFrame:
    """The table with a column that names the weights, where events have some."""
    name = weight_name(cells)
    return table.assign(weights=name) if name else table


def comparisons_table(
    cells: Sequence[ClassifierCell],
    baselines: Baselines,
    aurocs: Aurocs,
    min_effect: float,
    run: str,
) -> pd.DataFrame:
    """Paired differences in AUROC: each cell against each baseline, and against the cell that is
    best on validation.

    Every baseline is compared, because choosing the better one here would be a choice by the test
    split.
    """
    compared = [
        cell for cell in ranked_by_validation(comparable(cells)) if cell.name in aurocs.paired
    ]
    pairs = [
        (cell, kind, baseline_label(kind), "baseline") for cell in compared for kind in baselines
    ]
    if compared:
        pairs += [
            (cell, compared[0].name, compared[0].label, "best cell by validation")
            for cell in compared[1:]
        ]
    family = {(cell.name, other): [{cell.name: 1.0, other: -1.0}] for cell, other, *_ in pairs}
    found = aurocs.compare(family, min_effect)
    rows = [
        {"run": run, "a": cell.label, "b": label, "against": against}
        | aurocs.row(found[cell.name, other], family[cell.name, other])
        | {
            "n_seeds_a": len(cell.scores),
            "n_seeds_b": aurocs.paired[other].n,
            "status": "done",
            "notes": "",
        }
        for cell, other, label, against in pairs
    ]
    return pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))


def best_models_table(
    cells: Sequence[ClassifierCell], summary: pd.DataFrame, run: str
) -> pd.DataFrame:
    """The best cell of all and the best of each tokeniser, by validation AUROC, with the first
    member that holds its model.
    """
    axes = list(cells[0].axes) if cells else []
    chosen = [("all", ranked_by_validation(comparable(cells)))]
    for tokeniser in dict.fromkeys(
        cell.axes["tokeniser"] for cell in cells if "tokeniser" in cell.axes
    ):
        chosen.append(
            (
                f"tokeniser {tokeniser}",
                ranked_by_validation(
                    [cell for cell in cells if cell.axes["tokeniser"] == tokeniser]
                ),
            )
        )
    rows = [
        {
            **summary[summary["cell"] == ranked[0].name].iloc[0],
            "run": run,
            "chosen_from": f"{words} ({len(ranked)} finished models)",
        }
        | {"member": ranked[0].finished[0].member.folder}
        for words, ranked in chosen
        if ranked
    ]
    return pd.DataFrame(rows, columns=[*BEST_COLUMNS, *axes, *BEST_NUMBERS])


def _cell_row(cell: ClassifierCell, interval: Interval | None, run: str) -> Row:
    tests = [result.metrics.get("test", {}) for result in cell.finished]
    means = {str(name): value for name, value in pd.DataFrame(tests).mean(skipna=False).items()}
    spread = seed_spread([test.get("auroc", np.nan) for test in tests])
    return (
        cell_row(cell, run)
        | {"kind": "other events" if cell.apart else "cell", "val_auroc": cell.val_auroc}
        | _auroc(interval, float(means.get("auroc", np.nan)))
        | {"auroc_seed_sd": spread.sd, "seed_spread": str(spread) if tests else ""}
        | {name: value for name, value in means.items() if name != "auroc"}
    )


def _baseline_row(
    kind: str, scores: Scores, interval: Interval, evaluation: EvaluationConfig, run: str
) -> Row:
    metrics = classification_metrics(scores, evaluation.rejections)
    return (
        {
            "run": run,
            "kind": "baseline",
            "cell": kind,
            "label": baseline_label(kind),
            "status": "done",
            "notes": "",
            "n_seeds": 1,
        }
        | _auroc(interval, metrics.pop("auroc"))
        | {"auroc_seed_sd": np.nan, "seed_spread": str(seed_spread([0.0]))}
        | metrics
    )


def _auroc(interval: Interval | None, without_scores: float) -> Row:
    if interval is None:
        return {"auroc": without_scores, "auroc_low": np.nan, "auroc_high": np.nan}
    return interval_row("auroc", interval)


def figures(
    results: Sequence[Result], baselines: Baselines, summary: pd.DataFrame
) -> dict[str, Figure]:
    """The figures of any report: roc, scores, confusion, learning_curves, calibration, auroc_bars.

    At most `MAX_CURVES` cells, the best on validation; scores and confusion are of the best one's
    first seed.
    """
    shown = ranked_by_validation(_comparable(results, baselines))[:MAX_CURVES]
    cells = {cell.label: cell.scores for cell in shown if cell.scores}
    others = {baseline_label(kind): scores for kind, scores in baselines.items()}
    histories = {cell.label: cell.finished[0].history for cell in shown}
    best = next(iter(cells.items()), None)
    return {
        "roc": classification.roc(cells, others),
        "scores": (
            classification.score_distributions(best[1][0], best[0]) if best else empty_figure()
        ),
        "confusion": classification.confusion(best[1][0], best[0]) if best else empty_figure(),
        "learning_curves": training.learning_curves(
            {label: rows for label, rows in histories.items() if rows is not None}
        ),
        "calibration": classification.calibration(cells, others),
        "auroc_bars": classification.auroc_bars(
            *(_intervals(summary, kind) for kind in ("cell", "baseline", "other events")),
            weighted="weights" in summary,
        ),
    }


def grid_figures(
    results: Sequence[Result], baselines: Baselines, effects: pd.DataFrame, means: pd.DataFrame
) -> dict[str, Figure]:
    """The figures of a grid: effects, heat_maps, roc_by_axis, validation_auroc."""
    cells = _comparable(results, baselines)
    return {
        "effects": grid.effect_intervals(effects),
        "heat_maps": grid.heat_maps(
            means[means["second_axis"].notna() & (means["second_axis"] != "")]
        ),
        "roc_by_axis": classification.roc_by_axis(_by_axis(cells)),
        "validation_auroc": training.validation_curves(_by_first_axis(cells)),
    }


def _comparable(results: Sequence[Result], baselines: Baselines) -> list[ClassifierCell]:
    return comparable(classifier_cells(results, baselines)[0])


def _by_axis(cells: Sequence[ClassifierCell]) -> dict[str, dict[str, list[Scores]]]:
    """Scores of each level of each axis over the same settings of the others; an axis without such
    settings is left out.
    """
    scores = {cell.name: cell.trained.scores for cell in cells}
    plan = grid_of(cells, {name for name, seeds in scores.items() if seeds})
    return {axis_words(axis): _by_level(axis, plan, scores) for axis in plan.axes}


def _by_level(
    axis: str, plan: Grid, scores: Mapping[str, Sequence[Scores]]
) -> dict[str, list[Scores]]:
    levels = {
        level_words(axis, mean.levels[axis]): mean.weights
        for mean in plan.means(axis)
        if mean.balanced
    }
    return {
        level: [one for name in names for one in scores[name]] for level, names in levels.items()
    }


def _by_first_axis(cells: Sequence[ClassifierCell]) -> dict[str, dict[str, pd.DataFrame]]:
    """The first seed's history of each distinct cell, by level of the first axis and by what the
    other axes say.
    """
    groups: dict[str, dict[str, pd.DataFrame]] = {}
    for cell in cells:
        if cell.original or not cell.finished or cell.finished[0].history is None:
            continue
        if cell.labels:
            groups.setdefault("", {})[cell.label] = cell.finished[0].history
            continue
        (axis, level), *others = cell.axes.items()
        groups.setdefault(level_words(axis, level), {})[
            label_of(dict(others)) if others else ""
        ] = cell.finished[0].history
    return groups


def _intervals(summary: pd.DataFrame, kind: str) -> dict[str, Interval]:
    if summary.empty:
        return {}
    rows = summary[(summary["kind"] == kind) & np.isfinite(summary["auroc"])]
    return {
        row["label"]: Interval(row["auroc"], row["auroc_low"], row["auroc_high"])
        for row in rows.to_dict("records")
    }


def compare_results(
    results: Sequence[Result],
    baselines: Baselines,
    evaluation: EvaluationConfig,
    report: ReportConfig,
    run: str,
    questions: Sequence[Any] = (),
    of_events: OfEvents | None = None,
) -> dict[str, Any]:
    """The tables of a report (`reports.CLASSIFIER`) and the findings in words, by name.

    Members that are not done are rows with a status and a note, and in no statistics; choices use
    validation only.

    Args:
        results: every planned member, in order.
        baselines: test scores by kind, see `lexon.baselines.BASELINES`.
        run: the label that keeps results apart.
        of_events: what is known of the test events beside scores, and what is asked about them.
    """
    cells, baselines = classifier_cells(results, baselines)
    aurocs, min_effect = measure(cells, baselines, report.n_bootstrap), report.min_effect.score
    cost = TokenCost.of(cells, aurocs, min_effect, run)
    summary = with_weights(summary_table(cells, baselines, aurocs, evaluation, run), cells)
    tables = {
        "summary": summary,
        "comparisons": comparisons_table(cells, baselines, aurocs, min_effect, run),
        "effects": effects_table(grid_of(cells, aurocs.intervals), aurocs, min_effect, run),
        "best_models": best_models_table(cells, summary, run),
        "ensembles": ensembles_table(cells, aurocs, report.n_bootstrap, run),
        "token_cost": cost.table,
        "representations": cost.representations,
    }
    means = means_table(grid_of(comparable(cells), aurocs.intervals), aurocs, run)
    words = findings(
        cells,
        tables,
        evaluation,
        report,
        answers("classifier", questions, evidence_of(cells, aurocs, report)),
    )
    words["sentences"][:0] = cost.sentences
    words["caveats"] += cost.caveats
    slices, promised, worth, elsewhere = _of_events(
        of_events, cells, baselines, aurocs, report, run
    )
    words["sentences"] += [
        *elsewhere_sentences(elsewhere),
        *significance_sentences(promised),
        *slice_sentences(slices),
        *importance_sentences(worth),
    ]
    words |= {
        "slices": list(slices.notes),
        "significance": list(promised.notes),
        "importance": list(worth.notes),
        "elsewhere": list(elsewhere.notes),
    }
    return {
        "members": with_weights(members_table(cells, run, _member_numbers), cells),
        **tables,
        "means": means,
        "slices": slices.table,
        "slice_differences": slices.differences,
        "significance": promised.table,
        "significance_differences": promised.differences,
        "significance_curves": promised.curves,
        "importance": worth.table,
        "importance_differences": worth.differences,
        "elsewhere": elsewhere.table,
        "elsewhere_differences": elsewhere.differences,
        "shifts": elsewhere.shifts,
        "two_samples": elsewhere.two_samples,
        "findings": words,
    }


@dataclass(frozen=True)
class OfEvents:
    """What a report asks about the test events beside AUROC over all of them.

    Attributes:
        events: their quantities, where they were described.
        slices: that they are cut into.
        significance: what scores are turned into significances with.
        importance: what is left of exchanged features; None where none is asked for.
        elsewhere: what is left of a second sample; None where none is asked for.
    """

    events: EvaluatedEvents | None
    slices: SlicesConfig
    significance: SignificanceConfig
    importance: LeftExchanged | None = None
    elsewhere: LeftElsewhere | None = None


def _of_events(
    asked: OfEvents | None,
    cells: Sequence[ClassifierCell],
    baselines: Baselines,
    aurocs: Aurocs,
    report: ReportConfig,
    run: str,
) -> tuple[Slices, Significances, Importances, Elsewhere]:
    if asked is None:
        return (
            Slices.none(NOT_ASKED, run),
            Significances([NOT_ASKED], run),
            Importances([NOT_ASKED], run),
            Elsewhere([], run),
        )
    labels = {kind: baseline_label(kind) for kind in baselines}
    known = (cells, baselines, aurocs, asked.events)
    return (
        slices_of_report(*known, asked.slices, labels, report, run),
        significances_of_report(*known, asked.significance, labels, report, run),
        Importances([NOT_ASKED], run)
        if asked.importance is None
        else importances_of_report(cells, baselines, aurocs, asked.importance, labels, report, run),
        Elsewhere([], run)
        if asked.elsewhere is None
        else elsewhere_of_report(cells, baselines, aurocs, asked.elsewhere, labels, report, run),
    )


def compare(
    members: MemberFolders,
    plan: Plan,
    evaluation: EvaluationConfig,
    report: ReportConfig,
    slices: SlicesConfig,
    significance: SignificanceConfig,
    elsewhere: ElsewhereConfig,
    questions: Plan,
    run: str,
    n_seeds: int,
    **_finished: Any,
) -> dict[str, Any]:
    """Tables and findings by name, from the members' folders."""
    found = compare_results(
        collect(members, plan, n_seeds),
        members.baselines(),
        evaluation,
        report,
        run,
        questions,
        OfEvents(
            members.evaluated_events(),
            slices,
            significance,
            LeftExchanged(members.importance, members.baseline_importance),
            _left_elsewhere(members) if elsewhere.asked else None,
        ),
    )
    return completed(found, members, plan, report)


def _left_elsewhere(members: MemberFolders) -> LeftElsewhere:
    return LeftElsewhere(
        members.elsewhere, members.baselines("scores_elsewhere.h5"), members.sample_shift()
    )


def draw(members: MemberFolders, plan: Plan, summary: pd.DataFrame) -> dict[str, Figure]:
    """The figures of any report of classifiers, by name."""
    return figures(collect(members, plan), members.baselines(), summary)


def draw_grid(
    members: MemberFolders, plan: Plan, effects: pd.DataFrame, means: pd.DataFrame
) -> dict[str, Figure]:
    """The figures that take several cells, by name."""
    return grid_figures(collect(members, plan), members.baselines(), effects, means)


def draw_token_bits(representations: pd.DataFrame) -> Figure:
    """AUROC against bits of an object's token."""
    return token_cost.by_bits(representations)


def draw_training_events(representations: pd.DataFrame) -> Figure:
    """AUROC of each representation against training events."""
    return token_cost.by_training_events(representations)


def draw_slices(slices: pd.DataFrame) -> Figure:
    """AUROC in slices of the test events."""
    return slice_plots.by_slice(slices)


def draw_significance(significance: pd.DataFrame, significance_curves: pd.DataFrame) -> Figure:
    """Expected significances."""
    return significance_plots.significances(significance, significance_curves)


def draw_importance(importance: pd.DataFrame) -> Figure:
    """What each feature is worth to each classifier."""
    return importance_plots.importances(importance)


def draw_elsewhere(elsewhere: pd.DataFrame) -> Figure:
    """AUROC on the own test split and on a second sample."""
    return elsewhere_plots.on_both(elsewhere)


def draw_shifts(shifts: pd.DataFrame, two_samples: pd.DataFrame) -> Figure:
    """How far two samples are apart."""
    return elsewhere_plots.apart(shifts, two_samples)
