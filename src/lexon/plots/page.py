"""One page that holds a whole report: words first, then figures, tables and where it all came from."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
import numpy as np
import pandas as pd

# Name, heading and what a reader who cannot see the figure should know, in the order of the page.
FIGURES = (
    (
        "auroc_bars",
        "AUROC of each cell",
        "AUROC on the test split with 95 % interval, one row a cell or baseline, as in the table of results",
    ),
    ("roc", "ROC curves", "Background rejection against signal efficiency for each cell and baseline, and the ratio to the first baseline"),
    (
        "scores",
        "Score distributions",
        "Distribution of the signal probability per class and process for the best cell on validation, first seed",
    ),
    ("confusion", "Confusion matrix", "Share of each true class given to each class by the best cell on validation, first seed"),
    ("calibration", "Calibration", "Observed share of signal against predicted probability, with events per bin, first seed of each cell"),
    (
        "learning_curves",
        "Learning curves",
        "Training and validation loss and validation AUROC per epoch, with the kept epoch marked, first seed of each cell",
    ),
    ("features", "The events", "Distributions of event-level quantities per class"),
)
# Columns of the tables as a reader sees them; the CSV files hold all.
SUMMARY = {
    "label": "cell",
    "status": "status",
    "auroc": "AUROC",
    "interval": "95 % interval",
    "seed_spread": "seed spread",
    "val_auroc": "AUROC, validation",
    "notes": "notes",
}
METRICS = {
    "label": "cell",
    "accuracy": "accuracy",
    "f1": "F1",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "brier": "Brier",
    "ece": "ECE",
}
TRAININGS = {
    "label": "cell",
    "n_parameters": "parameters",
    "best_epoch": "best epoch",
    "seconds": "training [s]",
    "events_per_second": "events/s",
    "device": "device",
}
COMPARISONS = {
    "a": "cell",
    "b": "compared with",
    "difference": "difference in AUROC",
    "interval": "95 % interval, paired",
    "relative": "relative change",
    "verdict": "verdict",
    "effect": "an effect?",
}
MEMBERS = {"member": "member", "status": "status", "val_auroc": "AUROC, validation", "auroc": "AUROC, test", "best_epoch": "best epoch"}
MEMBERS |= {"seconds": "training [s]", "notes": "notes"}
WHOLE = {"n_parameters", "best_epoch", "seconds", "events_per_second", "seed"}

FINISHED = ("done", "partial")
PIXEL_RATIO = 1.5  # pixels of a figure per CSS pixel: sharp on a dense screen and on paper

Table = dict[str, Any]


def render_page(
    members: pd.DataFrame,
    summary: pd.DataFrame,
    comparisons: pd.DataFrame,
    words: Mapping[str, Any],
    figures: Mapping[str, bytes],
    title: str,
    description: str,
) -> str:
    """The page as HTML; see `lexon.pipelines.reporting.nodes.write_page`."""
    environment = jinja2.Environment(loader=jinja2.PackageLoader("lexon.plots"), autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.get_template("report.html").render(
        title=title,
        description=description,
        words=words,
        figures=[_figure(name, heading, alt, figures[name]) for name, heading, alt in FIGURES if name in figures],
        results=_table(_with_interval(summary, "auroc_low", "auroc_high"), SUMMARY),
        metrics=_table(summary, METRICS),
        trainings=_table(_only_cells(summary), TRAININGS),
        per_process=_table(summary, {"label": "cell"} | _prefixed(summary, "auroc_against_", "AUROC against ")),
        efficiencies=_table(summary, {"label": "cell"} | _prefixed(summary, "signal_efficiency_at_rejection_", "rejection ")),
        comparisons=_table(_with_interval(comparisons, "low", "high", sign="+"), COMPARISONS),
        members=_table(members, MEMBERS),
    )


def _figure(name: str, heading: str, alt: str, png: bytes) -> dict[str, Any]:
    """What the template needs of a figure; its width comes from the file's header (PNG specification, 11.2.2)."""
    pixels = int.from_bytes(png[16:20], "big")
    return {"name": name, "heading": heading, "alt": alt, "data": base64.b64encode(png).decode(), "width": round(pixels / PIXEL_RATIO)}


def _only_cells(summary: pd.DataFrame) -> pd.DataFrame:
    return summary if summary.empty else summary[summary["kind"] == "cell"]


def _prefixed(frame: pd.DataFrame, prefix: str, words: str) -> dict[str, str]:
    return {column: words + column.removeprefix(prefix) for column in frame.columns if column.startswith(prefix)}


def _with_interval(frame: pd.DataFrame, low: str, high: str, sign: str = "") -> pd.DataFrame:
    if frame.empty:
        return frame
    bounds = zip(frame[low], frame[high], strict=True)
    return frame.assign(interval=[f"[{a:{sign}.3f},\N{NO-BREAK SPACE}{b:{sign}.3f}]" if np.isfinite(a) else "" for a, b in bounds])


def _table(frame: pd.DataFrame, columns: Mapping[str, str]) -> Table:
    """Header and rows of text of the columns that exist; `numeric` tells which are aligned to the right."""
    names = [name for name in columns if name in frame.columns]
    return {
        "header": [columns[name] for name in names],
        "numeric": [pd.api.types.is_numeric_dtype(frame[name]) and frame[name].dtype != bool for name in names],
        "rows": [_row(row, names) for row in frame.to_dict("records")],
    }


def _row(row: Mapping[Any, Any], names: Sequence[str]) -> Table:
    return {
        "status": str(row.get("status", "done")),
        "kind": str(row.get("kind", "")),
        "cells": [_text(name, row[name], row.get("status") in FINISHED) for name in names],
    }


def _text(name: str, value: Any, finished: bool) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "too few events" if finished and name.startswith("signal_efficiency") else "\N{EN DASH}"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if name in WHOLE:
        return f"{value:,.0f}"
    if name == "relative":
        return f"{value:+.1%}"
    if isinstance(value, float):
        return f"{value:+.4f}" if name == "difference" else f"{value:.4f}"
    return str(value)
