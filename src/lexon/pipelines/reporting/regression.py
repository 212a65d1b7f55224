"""The report of a sweep of the variance penalty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lexon.config import CollapseConfig, ReportConfig
from lexon.datasets.member_files import read_baseline_arrays
from lexon.datasets.members import MemberFolders
from lexon.experiments import Result
from lexon.metrics.collapse import Judged, passes, shrinkage_explained
from lexon.metrics.regression import negative_r2, regression_metrics
from lexon.pipelines.modelling.regression.baselines import BASELINES
from lexon.pipelines.reporting.caveats import Plan
from lexon.pipelines.reporting.claims import answers
from lexon.pipelines.reporting.nodes import collect, completed
from lexon.pipelines.reporting.regression_claims import evidence_of
from lexon.pipelines.reporting.regression_sweep import (
    CONTROL,
    LAMBDA,
    Arrays,
    Differences,
    LambdaCell,
    Sweep,
    collect_sweeps,
    r2_differences,
)
from lexon.pipelines.reporting.regression_words import PENDING, findings, selected_parameters
from lexon.pipelines.reporting.tables import BOUNDS, Row, cell_row, difference_row, members_table
from lexon.pipelines.reporting.words import LARGE, counted, number, setting_words
from lexon.plots import regression as plots

MEDIANS = (
    "sd_ratio",
    "pearson",
    "bias",
    "calibration_slope",
    "rmse",
    "r2_signal",
    "r2_spread",
    "r2_offset",
)
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

COMPARISON_COLUMNS = [
    "variance_lambda",
    "against",
    *BOUNDS,
]
COMPARISON_COLUMNS += ["verdict", "effect", "n_seeds", "status", "notes"]


def summary_table(sweeps: Sequence[Sweep], differences: Differences, run: str) -> pd.DataFrame:
    """One row a lambda, whatever happened to it; medians over the finished seeds."""
    return pd.DataFrame(
        [_row(sweep, cell, differences, run) for sweep in sweeps for cell in sweep.cells]
    )


def table2(summary: pd.DataFrame, axes: Iterable[str]) -> pd.DataFrame:
    """Table 2 of the user's guide, with `[pending]` and `failed: reason` where there is no
    number.
    """
    frame = summary[["run", "status", "notes", *axes, *TABLE2]].copy()
    for name in ("r2", "variance_ratio_percent", "base_loss", "variance_loss"):
        frame[name] = [
            value if np.isfinite(value) else _missing(status, notes)
            for value, status, notes in zip(
                frame[name], frame["status"], frame["notes"], strict=True
            )
        ]
    return frame


def table2_text(table: pd.DataFrame) -> str:
    """Table 2 as plain text for a paper, numbers rounded and columns aligned; medians over the
    seeds, at the last epoch.
    """
    shown = (
        table.drop(columns=["run", "status", "notes"])
        .rename(columns=TABLE2)
        .assign(Split="validation")
    )
    shown[LAMBDA] = [_lambda(value) for value in shown[LAMBDA]]
    cells = [
        [str(name) for name in shown],
        *([_text(value) for value in row] for row in shown.itertuples(index=False)),
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    header, *rows = [
        " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return "\n".join([header, "-|-".join("-" * width for width in widths), *rows]) + "\n"


def _lambda(value: float) -> str:
    if value == 0:
        return BASELINE
    return f"{value:.1f}" if round(value, 1) == value else f"{value:g}"


def comparisons_table(sweeps: Sequence[Sweep], differences: Differences, run: str) -> pd.DataFrame:
    """R2 of each lambda less that of lambda 0 and of each baseline, on the same resamples of the
    same validation rows.

    `low` and `high` bound each difference alone, `low_all` and `high_all` all of them together; the
    verdict is by the latter.
    """
    rows = [
        {
            "run": run,
            **cell.setting,
            "variance_lambda": cell.value,
            "against": against,
            **difference_row(difference),
        }
        | {
            "n_seeds": difference.n_seeds,
            "status": "done",
            "notes": "",
            "setting": setting_words(cell.setting),
        }
        for (cell, against), difference in differences.items()
    ]
    return pd.DataFrame(
        rows,
        columns=[
            "run",
            *sweeps[0].axes,
            *COMPARISON_COLUMNS,
            *(["setting"] if sweeps[0].label else []),
        ],
    )


def _member_numbers(result: Result) -> Row:
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
    judged = cell.judged
    medians = {name: cell.median(name) for name in MEDIANS}
    r2, ratio = (judged.r2, judged.variance_ratio) if judged else (np.nan, np.nan)
    return (
        cell_row(cell, run)
        | {
            "variance_lambda": cell.value,
            "r2": r2,
            "r2_sd": _sd(cell),
            "variance_ratio_percent": 100 * ratio,
        }
        | {
            "base_loss": cell.last_epochs("train_base_loss"),
            "variance_loss": cell.last_epochs("train_variance_loss"),
        }
        | _judgement(cell, judged)
        | {"selected": cell is sweep.selected}
        | ({"setting": sweep.label} if sweep.label else {})
        | medians
        | {
            "shrinkage_explained": shrinkage_explained(
                ratio, medians["calibration_slope"], cell.limits
            )
        }
        | {"negative_because": negative_r2({"r2": r2, **medians}) or ""}
        | {"r2_best_line": medians["pearson"] ** 2}
        | _verdicts(cell, differences)
    )


def _judgement(cell: LambdaCell, judged: Judged | None) -> Row:
    """Stability, verdicts of seeds, which criteria are passed, and the decision."""
    counts = Counter(cell.verdicts)
    words = ", ".join(
        f"{n} {name}" if len(counts) > 1 else name for name, n in counts.most_common()
    )
    stability = stability_words(judged, cell)
    known = judged is not None and bool(np.isfinite([judged.r2, judged.variance_ratio]).all())
    r2_passes, ratio_passes = (
        passes(judged.r2, judged.variance_ratio, cell.limits) if judged and known else (None, None)
    )
    return {
        "stability": f"{stability} ({words})" if words else stability,
        "verdict": words,
        "seeds": judged.seeds if judged else "",
        "stable": judged.stable if judged else None,
        "r2_passes": r2_passes,
        "ratio_passes": ratio_passes,
        "falling": cell.falling,
        "decision": judged.decision if judged else "",
    }


def _verdicts(cell: LambdaCell, differences: Differences) -> Row:
    """The verdict on R2 against lambda 0 and each baseline; empty where they cannot be compared."""
    found = {
        name: differences.get((cell, words))
        for name, words in {"lambda_0": CONTROL, **BASELINES}.items()
    }
    return {
        f"r2_against_{name}": difference.verdict if difference else ""
        for name, difference in found.items()
    }


def _sd(cell: LambdaCell) -> float:
    values = cell.values("val", "r2")
    return float(np.std(values, ddof=1)) if len(values) > 1 else np.nan


def _missing(status: str, notes: str) -> str:
    if status in ("failed", "done", "partial"):
        return f"failed: {notes}" if status == "failed" else "non-finite"
    return PENDING


def _text(value: Any) -> str:
    if not isinstance(value, float) or not np.isfinite(value):
        return str(value)
    return f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) < LARGE else f"{value:.3g}"


def figures(sweeps: Sequence[Sweep], baselines: Arrays | None) -> dict[str, Figure]:
    """Figure 2, training curves, and R2 against variance ratio."""
    cells = {cell.label: cell for sweep in sweeps for cell in sweep.cells}
    targets = [target for cell in cells.values() for target in cell.arrays("val_target")]
    predicted = {label: (_remark(cell), cell.predictions("val")) for label, cell in cells.items()}
    histories = {label: cell.histories for label, cell in cells.items()}
    points = {label: _points(cell) for label, cell in cells.items()}
    return {
        "distributions": plots.distributions(targets[0] if targets else None, predicted),
        "training_curves": plots.training_curves(histories),
        "r2_against_ratio": plots.r2_against_ratio(points, _baseline_points(baselines)),
    }


def _baselines(members: MemberFolders) -> Arrays | None:
    """The predictions that lie beside the members, wherever these are."""
    return members.beside(
        "baselines/scores.h5", "Baselines", partial(read_baseline_arrays, names=tuple(BASELINES))
    )


def _remark(cell: LambdaCell) -> str:
    if cell.judged is None:
        return PENDING
    judged = cell.judged
    return (
        f"$R^2$ = {number(judged.r2, 2)}, ratio {number(judged.variance_ratio, 2)}"
        if judged.n_seeds
        else "failed"
    )


def _points(cell: LambdaCell) -> tuple[list[float], list[float]]:
    runs = [run for run in cell.runs if np.isfinite(run.r2)]
    return [run.variance_ratio for run in runs], [run.r2 for run in runs]


def _baseline_points(baselines: Arrays | None) -> dict[str, tuple[float, float]]:
    if baselines is None:
        return {}
    numbers = {
        words: regression_metrics(baselines["val_target"], baselines[f"val_{name}"])
        for name, words in BASELINES.items()
    }
    return {words: (one["variance_ratio"], one["r2"]) for words, one in numbers.items()}


def compare_results(
    results: Sequence[Result],
    baselines: Arrays | None,
    limits: CollapseConfig,
    report: ReportConfig,
    run: str,
    questions: Sequence[Any] = (),
) -> dict[str, Any]:
    """Members, summary, comparisons, Table 2 (as table and text), the selected lambda as YAML, and
    the findings in words, by name.
    """
    sweeps = collect_sweeps(results, baselines, limits)
    differences = r2_differences(sweeps, baselines, "val", report)
    comparisons, summary = (
        comparisons_table(sweeps, differences, run),
        summary_table(sweeps, differences, run),
    )
    answered = answers("regression", questions, evidence_of(sweeps, report))
    for_paper = table2(summary, sweeps[0].axes)
    return {
        "members": members_table(
            [cell for sweep in sweeps for cell in sweep.cells], run, _member_numbers
        ),
        "summary": summary,
        "comparisons": comparisons,
        "table2": for_paper,
        "table2_text": table2_text(for_paper),
        "selected_parameters": selected_parameters(sweeps),
        "findings": findings(
            sweeps, summary, comparisons, differences, baselines, report, answered
        ),
    }


def compare(
    members: MemberFolders,
    plan: Plan,
    collapse: CollapseConfig,
    report: ReportConfig,
    questions: Plan,
    run: str,
    n_seeds: int,
    **_finished: Any,
) -> dict[str, Any]:
    """Tables, findings and texts by name, from the members' folders."""
    found = compare_results(
        collect(members, plan, n_seeds), _baselines(members), collapse, report, run, questions
    )
    return completed(found, members, plan, report)


def draw(
    members: MemberFolders, plan: Plan, collapse: CollapseConfig, **_tables: Any
) -> dict[str, Figure]:
    """The figures by name."""
    baselines = _baselines(members)
    return figures(collect_sweeps(collect(members, plan), baselines, collapse), baselines)
