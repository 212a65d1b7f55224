"""The tables of the report: one row a cell, a member, a comparison; and the spreadsheet of the experiment's plan."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lexon.experiments import Result
from lexon.pipelines.pretraining.autoencoders.corruptions import CORRUPTIONS
from lexon.pipelines.reporting.autoencoders.cells import GridCell
from lexon.pipelines.reporting.autoencoders.changes import LOSSES, PROBES, Grid
from lexon.pipelines.reporting.autoencoders.comparisons import Comparison, comparisons
from lexon.pipelines.reporting.tables import Row, cell_row
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
    *("run", "axis", "metric", "a", "b", "relative", "low", "high", "low_all", "high_all", "verdict", "effect"),
    *("n_seeds", "status", "notes"),
)


def member_numbers(result: Result) -> Row:
    """Test metrics and the validation loss of a finished member."""
    return {"best_val_loss": result.metrics.get("val", {}).get("total", np.nan)} | result.metrics.get("test", {})


def summary_table(grid: Grid, run: str) -> pd.DataFrame:
    """One row a cell: test split with intervals, and what the choice is made by."""
    return pd.DataFrame([_cell_row(cell, grid, run) for cell in grid.cells])


def pivot_table(summary: pd.DataFrame) -> pd.DataFrame:
    """The spreadsheet of the plan: run number 0 to 8, weight outer, bottleneck inner."""
    names = {"run": "run", "number": "number", "bottleneck": "latent_space", "beta": "beta"}
    names |= {"rec_tokens": "rec_tokens", "rec_globals": "rec_globals", "total": "total_loss", "status": "status", "notes": "notes"}
    return summary[list(names)].rename(columns=names)


def changes_table(grid: Grid, run: str) -> pd.DataFrame:
    """Every two cells that differ in one thing, and every two levels of any further axis, averaged over the settings of the others."""
    return pd.DataFrame([_change_row(one, grid, run) for one in comparisons(grid.cells)], columns=list(CHANGE_COLUMNS))


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
        | {name: value for metric in (*LOSSES, *PROBES, "anomaly", *CORRUPTIONS) for name, value in _measured(cell, metric, grid).items()}
        | {name: cell.mean("test", name) for name in MEASURED}
        | {f"{name}_gap": cell.gap(name) for name in ("rec_tokens", "rec_globals")}
        | {"latent_dimension": cell.mean("val", "latent_dimension")}
    )


def _measured(cell: GridCell, metric: str, grid: Grid) -> Row:
    """A metric with its interval and the spread over seeds."""
    interval = grid.interval(metric, cell)
    return {metric: interval.estimate, f"{metric}_low": interval.low, f"{metric}_high": interval.high} | (
        {f"{metric}_seed_sd": seed_spread([result.metrics["test"][metric] for result in cell.finished]).sd}
        if metric in ("rec_tokens", "rec_globals", "total")
        else {}
    )
