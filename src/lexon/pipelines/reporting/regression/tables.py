"""The tables of a report: Table 2 and all that stands behind it, comparisons with baselines, and members."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lexon.experiments import Result
from lexon.metrics.collapse import Judged, passes, shrinkage_explained
from lexon.metrics.regression import negative_r2, r2_statistic
from lexon.pipelines.modelling.regression.baselines import BASELINES
from lexon.pipelines.reporting.numbers import LARGE, counted
from lexon.pipelines.reporting.regression.sweep import LAMBDA, Arrays, Cell, Sweep
from lexon.statistics import Interval, bootstrap_statistics

# Reports of the same results are the same to the last digit.
_BOOTSTRAP_SEED = 2026
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

COMPARISON_COLUMNS = ("variance_lambda", "baseline", "difference", "low", "high", "beats", "n_seeds", "status", "notes")

Row = dict[str, Any]


def summary_table(sweeps: Sequence[Sweep], comparisons: pd.DataFrame, run: str) -> pd.DataFrame:
    """One row a lambda, whatever happened to it; medians over the finished seeds."""
    return pd.DataFrame([_row(sweep, cell, comparisons, run) for sweep in sweeps for cell in sweep.cells])


def table2(summary: pd.DataFrame) -> pd.DataFrame:
    """Table 2 of the user's guide, with `[pending]` and `failed: reason` where there is no number."""
    axes = [name for name in summary.columns[: list(summary.columns).index("variance_lambda")] if name not in ("run", "status", "notes")]
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


def comparisons_table(sweeps: Sequence[Sweep], baselines: Arrays | None, n: int, run: str) -> pd.DataFrame:
    """R2 of each lambda less R2 of each baseline, on the same resamples of the same validation rows; mean over seeds."""
    rows = [
        {"run": run, **sweep.axes, "variance_lambda": cell.value, "baseline": BASELINES[name]}
        | {"difference": interval.estimate, "low": interval.low, "high": interval.high, "beats": interval.low > 0}
        | {"n_seeds": len(cell.predictions("val")), "status": "done", "notes": ""}
        for sweep in sweeps
        for cell in sweep.cells
        for name, interval in compare(cell, baselines, "val", n).items()
    ]
    return pd.DataFrame(rows, columns=["run", *sweeps[0].axes, *COMPARISON_COLUMNS])


def compare(cell: Cell, baselines: Arrays | None, split: str, n: int) -> dict[str, Interval]:
    """R2 of a lambda less R2 of each baseline, paired; nothing where either is missing.

    Each lambda is resampled for itself: the seed spread of a diverging one must not widen the others' intervals.
    """
    if baselines is None or not cell.predictions(split):
        return {}
    target = baselines[f"{split}_target"]
    if not np.ptp(target):  # R2 does not exist
        return {}
    groups = {"cell": [r2_statistic(target, values) for values in cell.predictions(split)]}
    groups |= {name: [r2_statistic(target, baselines[f"{split}_{name}"])] for name in BASELINES}
    replicates = bootstrap_statistics(groups, len(target), n, np.random.default_rng(_BOOTSTRAP_SEED), seedless=BASELINES)
    return {name: (replicates["cell"] - replicates[name]).interval() for name in BASELINES}


def r2_interval(cell: Cell, split: str, n: int) -> Interval | None:
    """R2 of a lambda, mean over its seeds, with the interval over rows and seeds; None without predictions."""
    predictions = cell.predictions(split)
    if not predictions:
        return None
    target = next(result.arrays[f"{split}_target"] for result in cell.finished if result.arrays is not None)
    if not np.ptp(target):  # R2 does not exist
        return None
    statistics = {"": [r2_statistic(target, values) for values in predictions]}
    return bootstrap_statistics(statistics, len(target), n, np.random.default_rng(_BOOTSTRAP_SEED))[""].interval()


def members_table(results: Sequence[Result], run: str) -> pd.DataFrame:
    """One row a member, finished or not, with its validation metrics."""
    return pd.DataFrame([_member_row(result, run) for result in results])


def stability_words(judged: Judged | None, cell: Cell) -> str:
    """``stable``, what is not, or ``undecided (2 seeds)``."""
    if judged is None:
        return PENDING
    unstable = Counter(run.stability for run in cell.runs if run.stability != "stable")
    if unstable:
        return ", ".join(f"{n} of {len(cell.runs)} {name}" for name, n in unstable.items())
    if judged.stable is None:
        return f"undecided ({counted(judged.n_seeds, 'seed')})"
    return "stable" if judged.stable else judged.seeds


def _row(sweep: Sweep, cell: Cell, comparisons: pd.DataFrame, run: str) -> Row:
    judged, counts = cell.judged, Counter(cell.verdicts)
    medians = {name: cell.median(name) for name in MEDIANS}
    r2, ratio = (judged.r2, judged.variance_ratio) if judged else (np.nan, np.nan)
    words = ", ".join(f"{n} {name}" if len(counts) > 1 else name for name, n in counts.most_common())
    stability = stability_words(judged, cell)
    r2_passes, ratio_passes = passes(r2, ratio, cell.limits) if np.isfinite([r2, ratio]).all() else (None, None)
    return (
        {"run": run, "status": cell.status, "notes": cell.notes, **sweep.axes, "variance_lambda": cell.value}
        | {"n_seeds": len(cell.finished), "r2": r2, "r2_sd": _sd(cell), "variance_ratio_percent": 100 * ratio}
        | {"base_loss": cell.last_epochs("train_base_loss"), "variance_loss": cell.last_epochs("train_variance_loss")}
        | {"stability": f"{stability} ({words})" if words else stability, "verdict": words}
        | {"seeds": judged.seeds if judged else "", "stable": judged.stable if judged else None}
        | {"r2_passes": r2_passes, "ratio_passes": ratio_passes, "falling": cell.falling}
        | {"decision": judged.decision if judged else "", "selected": cell is sweep.selected}
        | medians
        | {"shrinkage_explained": shrinkage_explained(ratio, medians["calibration_slope"], cell.limits)}
        | {"negative_because": negative_r2({"r2": r2, **medians}) or ""}
        | {"r2_best_line": medians["pearson"] ** 2}
        | _beats(sweep, cell, comparisons)
    )


def _beats(sweep: Sweep, cell: Cell, comparisons: pd.DataFrame) -> Row:
    if comparisons.empty:
        return {}
    own = {**sweep.axes, "variance_lambda": cell.value}
    rows = comparisons[np.logical_and.reduce([comparisons[axis] == value for axis, value in own.items()])]
    known: Mapping[str, bool] = dict(zip(rows["baseline"], rows["beats"], strict=True))
    return {f"beats_{name}": known.get(words) for name, words in BASELINES.items()}


def _sd(cell: Cell) -> float:
    values = [result.metrics["val"]["r2"] for result in cell.finished if "r2" in result.metrics.get("val", {})]
    return float(np.std(values, ddof=1)) if len(values) > 1 else np.nan


def _member_row(result: Result, run: str) -> Row:
    member = result.member
    head = {"run": run, "member": member.name, **member.cell, "seed": member.seed, "status": result.status}
    ended = result.record.get("given_up", "")
    notes = {"notes": "; ".join(text for text in (result.notes, ended) if text)}
    # A stale member's numbers were made with other parameters: they stay out of tables, as out of statistics.
    metrics = result.metrics.get("val", {}) if result.status == "done" else {}
    return head | notes | {name: result.record.get(name) for name in ("n_parameters", "epochs", "seconds", "device")} | metrics


def _missing(status: str, notes: str) -> str:
    if status in ("failed", "done", "partial"):
        return f"failed: {notes}" if status == "failed" else "non-finite"
    return PENDING


def _text(value: Any) -> str:
    if not isinstance(value, float) or not np.isfinite(value):
        return str(value)
    return f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) < LARGE else f"{value:.3g}"
