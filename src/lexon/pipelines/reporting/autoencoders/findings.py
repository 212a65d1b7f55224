"""What was found, in words: every sentence follows from numbers that stand beside it in the same dictionary."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lexon.pipelines.reporting.autoencoders.advice import SELECTED_BY, Choice, next_steps
from lexon.pipelines.reporting.autoencoders.anomalies import anomaly_sentences
from lexon.pipelines.reporting.autoencoders.answers import NOT_ASKED, Answer
from lexon.pipelines.reporting.autoencoders.axes import axis_sentences
from lexon.pipelines.reporting.autoencoders.caveats import caveats
from lexon.pipelines.reporting.autoencoders.changes import Grid
from lexon.pipelines.reporting.autoencoders.hypotheses import hypotheses
from lexon.pipelines.reporting.autoencoders.predictions import predictions
from lexon.pipelines.reporting.autoencoders.scenarios import scenarios
from lexon.pipelines.reporting.tables import jsonable, rows_of, run_record
from lexon.plots.style import NOTHING
from lexon.statistics import Interval

Findings = dict[str, Any]


def findings(grid: Grid, choice: Choice | None, summary: pd.DataFrame, changes: pd.DataFrame) -> Findings:
    """JSON-able: headline, sentences, caveats, answers, the numbers behind them, and the run record."""
    measured = int((changes["status"] == "done").sum())
    told = {"scenarios": scenarios(grid), "hypotheses": hypotheses(grid), "predictions": predictions(grid)} if choice else {}
    answers = {kind: [answer.row() for answer in of_kind] for kind, of_kind in told.items()}
    return {
        "headline": _headline(grid, choice),
        "sentences": _sentences(grid, choice, told),
        "caveats": caveats(grid.cells, measured, grid.smallest.size),
        "best_cell": choice.cell.name if choice else None,
        "selected_by": SELECTED_BY,
        **({"scenarios": [], "hypotheses": [], "predictions": []} | answers),
        "next_steps": next_steps(grid),
        "summary": [jsonable(row) for row in rows_of(summary)],
        "changes": [jsonable(row) for row in rows_of(changes)],
        "record": run_record([result for cell in grid.cells for result in cell.finished]),
    }


def _headline(grid: Grid, choice: Choice | None) -> str:
    if choice is None:
        return f"{NOTHING[0].upper()}{NOTHING[1:]}."
    numbers = {name: grid.interval(name, choice.cell) for name in ("rec_tokens", "rec_globals")}
    text = ", ".join(f"{name} {_value(interval)}" for name, interval in numbers.items())
    n = sum(bool(cell.finished) for cell in grid.cells)
    return f"Carry forward {choice.cell.label}: best of {n} finished cells on validation; on test {text}."


def _sentences(grid: Grid, choice: Choice | None, told: dict[str, list[Answer]]) -> list[str]:
    if choice is None:
        return []
    return [
        f"By {SELECTED_BY}: {choice.words}.",
        *(answer.sentence for kind in ("scenarios", "hypotheses") for answer in told[kind] if not answer.answer.startswith(NOT_ASKED)),
        *axis_sentences(grid),
        *_gaps(grid),
        *anomaly_sentences(grid, choice.cell),
        *(f"Next: {step}" for step in next_steps(grid)),
    ]


def _gaps(grid: Grid) -> list[str]:
    """Overfitting: how much larger the losses are on events that were not trained on, in the cell where it is worst."""
    found = {}
    for metric in ("rec_tokens", "rec_globals"):
        gaps = {cell.label: cell.gap(metric) for cell in grid.cells if cell.finished and np.isfinite(cell.gap(metric))}
        if gaps:
            worst = max(gaps, key=lambda label: gaps[label])
            found[metric] = f"{metric} {gaps[worst]:+.1%} in {worst}"
    return [f"Test against training split, the largest gap of all cells: {'; '.join(found.values())}."] if found else []


def _value(interval: Interval) -> str:
    return f"{interval.estimate:.3g} [{interval.low:.3g}, {interval.high:.3g}]"
