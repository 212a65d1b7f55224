"""The report of an experiment with autoencoders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lexon.config import ReportConfig
from lexon.datasets.members import MemberFolders
from lexon.experiments import Result
from lexon.pipelines.pretraining.autoencoders.corruptions import CORRUPTIONS
from lexon.pipelines.reporting.autoencoder_changes import (
    BOTTLENECKS,
    LOSSES,
    PROBES,
    Comparison,
    Grid,
    GridCell,
    collect_grid,
    columns_of,
    comparisons,
    estimate_grid,
)
from lexon.pipelines.reporting.autoencoder_claims import evidence_of
from lexon.pipelines.reporting.autoencoder_words import choose, findings, selected_parameters
from lexon.pipelines.reporting.caveats import Plan
from lexon.pipelines.reporting.claims import answers
from lexon.pipelines.reporting.nodes import collect, completed
from lexon.pipelines.reporting.tables import Row, cell_row, interval_row, members_table
from lexon.pipelines.reporting.words import joined
from lexon.plots.autoencoders import Point, heat_maps, loss_curves, trade_off
from lexon.statistics import EFFECTS, seed_spread

# Mean over seeds, without an interval of their own.
MEASURED = (
    "weighted_globals",
    "vq_loss",
    "perplexity",
    "code_usage",
    "probe_auroc",
    "rec_globals_constant",
    "rec_tokens_constant",
    "met_mae",
    "met_phi_mae",
)
CHANGE_COLUMNS = (
    "run",
    "axis",
    "metric",
    "a",
    "b",
    "relative",
    "low",
    "high",
    "low_all",
    "high_all",
    "verdict",
    "effect",
    "n_seeds",
    "status",
    "notes",
)

# Metric and split of each map, by its title.
MAPS = {
    "rec_tokens": ("test", "rec_tokens"),
    "rec_globals": ("test", "rec_globals"),
    "total loss": ("test", "total"),
    "best validation loss": ("val", "total"),
    "R2 of MET, probe": ("test", "probe_met_r2"),
    "R2 of METphi, probe": ("test", "probe_met_phi_r2"),
    "AUROC of the label, probe": ("test", "probe_auroc"),
    "effective dimension": ("val", "latent_dimension"),
    "perplexity": ("test", "perplexity"),
}


def _member_numbers(result: Result) -> Row:
    """Test metrics and the validation loss of a finished member."""
    return {
        "best_val_loss": result.metrics.get("val", {}).get("total", np.nan)
    } | result.metrics.get("test", {})


def summary_table(grid: Grid, run: str) -> pd.DataFrame:
    """One row a cell: test split with intervals, and what the choice is made by."""
    return pd.DataFrame([_cell_row(cell, grid, run) for cell in grid.cells])


def pivot_table(summary: pd.DataFrame) -> pd.DataFrame:
    """The spreadsheet of the plan: run number 0 to 8, weight outer, bottleneck inner."""
    names = {"run": "run", "number": "number", "bottleneck": "latent_space", "beta": "beta"}
    names |= {
        "rec_tokens": "rec_tokens",
        "rec_globals": "rec_globals",
        "total": "total_loss",
        "status": "status",
        "notes": "notes",
    }
    return summary[list(names)].rename(columns=names)


def changes_table(grid: Grid, run: str) -> pd.DataFrame:
    """Every two cells that differ in one thing, and every two levels of any further axis, averaged
    over the settings of the others.
    """
    return pd.DataFrame(
        [_change_row(one, grid, run) for one in comparisons(grid.cells)],
        columns=list(CHANGE_COLUMNS),
    )


def _change_row(comparison: Comparison, grid: Grid, run: str) -> Row:
    change = grid.of(comparison)
    averaged = f"averaged over {comparison.averaged_over}" if comparison.axis else ""
    known = bool(comparison.finished)
    return {
        "run": run,
        "axis": comparison.axis,
        "metric": change.metric,
        "a": change.cell,
        "b": change.against,
        "relative": change.relative.estimate,
        "low": change.alone.low,
        "high": change.alone.high,
        "low_all": change.relative.low,
        "high_all": change.relative.high,
        "verdict": change.verdict,
        "effect": change.verdict in EFFECTS,
        "n_seeds": change.n_seeds,
        "status": "done" if known else "pending",
        "notes": averaged if known else "a cell has no finished member",
    }


def _cell_row(cell: GridCell, grid: Grid, run: str) -> Row:
    return (
        cell_row(cell, run)
        | {"number": cell.number, "bottleneck": cell.bottleneck, "beta": cell.beta}
        | {"best_val_loss": cell.mean("val", "total"), "val_criterion": cell.criterion("val")}
        | {
            name: value
            for metric in (*LOSSES, *PROBES, "anomaly", *CORRUPTIONS)
            for name, value in _measured(cell, metric, grid).items()
        }
        | {name: cell.mean("test", name) for name in MEASURED}
        | {f"{name}_gap": cell.gap(name) for name in ("rec_tokens", "rec_globals")}
        | {"latent_dimension": cell.mean("val", "latent_dimension")}
    )


def _measured(cell: GridCell, metric: str, grid: Grid) -> Row:
    """A metric with its interval and the spread over seeds."""
    interval = grid.interval(metric, cell)
    return interval_row(metric, interval) | (
        {
            f"{metric}_seed_sd": (
                seed_spread([result.metrics["test"][metric] for result in cell.finished]).sd
            )
        }
        if metric in ("rec_tokens", "rec_globals", "total")
        else {}
    )


def figures(grid: Grid) -> dict[str, Figure]:
    """heat_maps, trade_off and loss_curves."""
    cells = grid.cells
    settings = list(dict.fromkeys(cell.rest for cell in cells))
    lines = sorted(
        {(cell.rest, cell.bottleneck) for cell in cells},
        key=lambda line: (settings.index(line[0]), BOTTLENECKS.index(line[1])),
    )
    betas = sorted({cell.beta for cell in cells})
    maps = {title: _map(cells, *where, lines, betas) for title, where in MAPS.items()}
    histories = {cell.label: cell.histories for cell in cells if cell.finished}
    return {
        "heat_maps": heat_maps(
            maps, [joined(bottleneck, rest) for rest, bottleneck in lines], betas
        ),
        "trade_off": trade_off(_points(grid)),
        "loss_curves": loss_curves(histories),
    }


def _map(
    cells: Sequence[GridCell],
    split: str,
    metric: str,
    lines: Sequence[tuple[str, str]],
    betas: Sequence[float],
) -> NDArray[np.float64]:
    """[line, beta]: a line is a bottleneck with one setting of the grid's other axes, so nothing is
    averaged but seeds.
    """
    values = np.full((len(lines), len(betas)), np.nan)
    for cell in cells:
        values[lines.index((cell.rest, cell.bottleneck)), betas.index(cell.beta)] = cell.mean(
            split, metric
        )
    return values


def _points(grid: Grid) -> Mapping[str, list[Point]]:
    columns = {
        name: [cell for cell in column if cell.finished]
        for name, column in columns_of(grid.cells).items()
    }
    return {
        name: [
            Point(cell.beta, grid.interval("rec_tokens", cell), grid.interval("rec_globals", cell))
            for cell in column
        ]
        for name, column in columns.items()
        if column
    }


def compare_results(
    results: Sequence[Result],
    report: ReportConfig,
    run: str,
    name: str,
    questions: Sequence[Any] = (),
) -> dict[str, Any]:
    """The tables members, summary, pivot and changes, the findings in words, and the selected
    parameters as YAML, by name.

    Choices use validation only, answers the test split; what is not done is a row with a status and
    in no statistics.
    """
    cells = collect_grid(results)
    grid, choice = estimate_grid(cells, "test", report), choose(estimate_grid(cells, "val", report))
    summary, changes = summary_table(grid, run), changes_table(grid, run)
    answered = answers("autoencoder", questions, evidence_of(grid, report)) if choice else []
    return {
        "members": members_table(cells, run, _member_numbers),
        "summary": summary,
        "pivot": pivot_table(summary),
        "changes": changes,
        "findings": findings(grid, choice, answered, summary, changes),
        "selected_parameters": selected_parameters(choice, name),
    }


def compare(
    members: MemberFolders,
    plan: Plan,
    report: ReportConfig,
    questions: Plan,
    run: str,
    n_seeds: int,
    name: str,
    **_finished: Any,
) -> dict[str, Any]:
    """Tables, findings and the parameter file of the choice by name, from the members' folders."""
    found = compare_results(collect(members, plan, n_seeds), report, run, name, questions)
    return completed(found, members, plan, report)


def draw(
    members: MemberFolders, plan: Plan, report: ReportConfig, **_tables: Any
) -> dict[str, Figure]:
    """The figures by name."""
    return figures(estimate_grid(collect_grid(collect(members, plan)), "test", report))
