"""The tables of a report: Table 2 and all that stands behind it, comparisons with baselines, and members."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lexon.experiments import Result
from lexon.metrics.collapse import Judged, passes, shrinkage_explained
from lexon.metrics.regression import negative_r2
from lexon.pipelines.modelling.regression.baselines import BASELINES
from lexon.pipelines.reporting.regression.differences import CONTROL, Differences
from lexon.pipelines.reporting.regression.sweep import LAMBDA, LambdaCell, Sweep
from lexon.pipelines.reporting.tables import Row, cell_row, rows_of
from lexon.pipelines.reporting.words import LARGE, counted
from lexon.statistics.differences import Difference

PENDING = "[pending]"
MEDIANS = ("sd_ratio", "pearson", "bias", "calibration_slope", "rmse", "r2_signal", "r2_spread", "r2_offset")
TABLE2 = {
    "variance_lambda": "variance_lambda",
    "r2": "Final R2",
    "variance_ratio_percent": "Variance Ratio (%)",
    "base_loss": "Avg Base Loss",
    "variance_loss": "Avg Var Loss",
    "stability": "Stability",
    "n_seeds": "Seeds (medians)",
}
BASELINE = "0.0 (Baseline)"

COMPARISON_COLUMNS = ["variance_lambda", "against", "difference", "low", "high", "low_all", "high_all"]
COMPARISON_COLUMNS += ["verdict", "effect", "n_seeds", "status", "notes"]
_ANSWERS = {True: "yes", False: "no", None: "undecided"}


def summary_table(sweeps: Sequence[Sweep], differences: Differences, run: str) -> pd.DataFrame:
    """One row a lambda, whatever happened to it; medians over the finished seeds."""
    return pd.DataFrame([_row(sweep, cell, differences, run) for sweep in sweeps for cell in sweep.cells])


def table2(summary: pd.DataFrame, axes: Iterable[str]) -> pd.DataFrame:
    """Table 2 of the user's guide, with `[pending]` and `failed: reason` where there is no number."""
    frame = summary[["run", "status", "notes", *axes, *TABLE2]].copy()
    for name in ("r2", "variance_ratio_percent", "base_loss", "variance_loss"):
        frame[name] = [
            value if np.isfinite(value) else _missing(status, notes)
            for value, status, notes in zip(frame[name], frame["status"], frame["notes"], strict=True)
        ]
    return frame


def table2_text(table: pd.DataFrame) -> str:
    """Table 2 as plain text for a paper, numbers rounded and columns aligned; medians over the seeds, at the last epoch."""
    shown = table.drop(columns=["run", "status", "notes"]).rename(columns=TABLE2)
    lambdas = [BASELINE if value == 0 else f"{value:.1f}" if round(value, 1) == value else f"{value:g}" for value in shown[LAMBDA]]
    shown = shown.assign(**{LAMBDA: lambdas, "Split": "validation"})
    cells = [[str(name) for name in shown], *([_text(value) for value in row] for row in shown.itertuples(index=False))]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [" | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([lines[0], "-|-".join("-" * width for width in widths), *lines[1:]]) + "\n"


def comparisons_table(sweeps: Sequence[Sweep], differences: Differences, run: str) -> pd.DataFrame:
    """R2 of each lambda less that of lambda 0 and of each baseline, on the same resamples of the same validation rows.

    `low` and `high` bound each difference alone, `low_all` and `high_all` all of them together; the verdict is by the latter.
    """
    rows = [
        {"run": run, **sweep.axes, "variance_lambda": value, "against": against, **_numbers(difference), "status": "done", "notes": ""}
        | {"setting": sweep.label}
        for sweep in sweeps
        for (label, value, against), difference in differences.items()
        if label == sweep.label
    ]
    return pd.DataFrame(rows, columns=["run", *sweeps[0].axes, *COMPARISON_COLUMNS, *(["setting"] if sweeps[0].label else [])])


def _numbers(difference: Difference) -> Row:
    alone, family = difference.alone, difference.family
    return {"difference": alone.estimate, "low": alone.low, "high": alone.high, "low_all": family.low, "high_all": family.high} | {
        "verdict": difference.verdict,
        "effect": difference.is_effect,
        "n_seeds": difference.n_seeds,
    }


def decisions(summary: pd.DataFrame) -> list[dict[str, str]]:
    """The decision matrix in words: what passed, each criterion by its own number, whatever was decided."""
    return [_decision(row) for row in rows_of(summary)]


def _decision(row: Row) -> dict[str, Any]:
    pending = not row["decision"]
    answers = {name: PENDING if pending else _ANSWERS[row[name]] for name in ("r2_passes", "ratio_passes", "stable")}
    return (
        {name: row[name] for name in ("status", "setting", LAMBDA, "decision") if name in row}
        | answers
        | {"selected": bool(row["selected"])}
    )


def member_numbers(result: Result) -> Row:
    """Validation metrics of a finished member."""
    return result.metrics.get("val", {})


def stability_words(judged: Judged | None, cell: LambdaCell) -> str:
    """``stable``, what is not, or ``undecided (2 seeds)``."""
    if judged is None:
        return PENDING
    unstable = Counter(run.stability for run in cell.runs if run.stability != "stable")
    if unstable:
        return ", ".join(f"{n} of {len(cell.runs)} {name}" for name, n in unstable.items())
    if judged.stable is None:
        return f"undecided ({counted(judged.n_seeds, 'seed')})"
    return "stable" if judged.stable else judged.seeds


def _row(sweep: Sweep, cell: LambdaCell, differences: Differences, run: str) -> Row:
    judged, counts = cell.judged, Counter(cell.verdicts)
    medians = {name: cell.median(name) for name in MEDIANS}
    r2, ratio = (judged.r2, judged.variance_ratio) if judged else (np.nan, np.nan)
    words = ", ".join(f"{n} {name}" if len(counts) > 1 else name for name, n in counts.most_common())
    stability = stability_words(judged, cell)
    r2_passes, ratio_passes = passes(r2, ratio, cell.limits) if np.isfinite([r2, ratio]).all() else (None, None)
    return (
        cell_row(cell, run)
        | {"variance_lambda": cell.value, "r2": r2, "r2_sd": _sd(cell), "variance_ratio_percent": 100 * ratio}
        | {"base_loss": cell.last_epochs("train_base_loss"), "variance_loss": cell.last_epochs("train_variance_loss")}
        | {"stability": f"{stability} ({words})" if words else stability, "verdict": words}
        | {"seeds": judged.seeds if judged else "", "stable": judged.stable if judged else None}
        | {"r2_passes": r2_passes, "ratio_passes": ratio_passes, "falling": cell.falling}
        | {"decision": judged.decision if judged else "", "selected": cell is sweep.selected}
        | ({"setting": sweep.label} if sweep.label else {})
        | medians
        | {"shrinkage_explained": shrinkage_explained(ratio, medians["calibration_slope"], cell.limits)}
        | {"negative_because": negative_r2({"r2": r2, **medians}) or ""}
        | {"r2_best_line": medians["pearson"] ** 2}
        | _verdicts(sweep, cell, differences)
    )


def _verdicts(sweep: Sweep, cell: LambdaCell, differences: Differences) -> Row:
    """The verdict on R2 against lambda 0 and each baseline; empty where they cannot be compared."""
    found = {name: differences.get((sweep.label, cell.value, words)) for name, words in {"lambda_0": CONTROL, **BASELINES}.items()}
    return {f"r2_against_{name}": difference.verdict if difference else "" for name, difference in found.items()}


def _sd(cell: LambdaCell) -> float:
    values = [result.metrics["val"]["r2"] for result in cell.finished if "r2" in result.metrics.get("val", {})]
    return float(np.std(values, ddof=1)) if len(values) > 1 else np.nan


def _missing(status: str, notes: str) -> str:
    if status in ("failed", "done", "partial"):
        return f"failed: {notes}" if status == "failed" else "non-finite"
    return PENDING


def _text(value: Any) -> str:
    if not isinstance(value, float) or not np.isfinite(value):
        return str(value)
    return f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) < LARGE else f"{value:.3g}"
