"""report.html of a sweep: which figures, which columns, in which words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lexon.pipelines.modelling.regression.baselines import BASELINES
from lexon.pipelines.reporting.numbers import number, percentage
from lexon.pipelines.reporting.regression.sweep import LAMBDA
from lexon.pipelines.reporting.regression.tables import MEDIANS, PENDING
from lexon.plots.page import UNKNOWN, Section, figures, render_page, signed, table, with_interval

FIGURES = (
    (
        "r2_against_ratio",
        "R2 against variance ratio",
        "R2 against variance ratio on validation, a dot a seed, with the line of calibrated models, the band of matched ratios and the "
        "baselines; grey curves: what a correlation rho can reach",
    ),
    (
        "distributions",
        "Figure 2: distributions",
        "Histograms of each lambda's predictions on validation, one line a seed, over the target's in grey, all on the same axes",
    ),
    (
        "training_curves",
        "Training curves",
        "Validation Huber loss, R2 and variance ratio per epoch: median over seeds and a band from the lowest to the highest",
    ),
)
TABLE2 = {"variance_lambda": "lambda", "r2": "final R2", "variance_ratio_percent": "variance ratio [%]", "base_loss": "avg base loss"}
TABLE2 |= {"variance_loss": "avg variance loss", "stability": "stability", "n_seeds": "seeds", "notes": "notes"}
MATRIX = {
    "variance_lambda": "lambda",
    "r2_words": "R2 passes",
    "ratio_words": "ratio passes",
    "stable_words": "stable",
    "decision": "decision",
}
MATRIX |= {"selected": "selected"}
MATRIX_ANSWERS = {"r2_passes": "r2_words", "ratio_passes": "ratio_words", "stable": "stable_words"}
YES_NO = {True: "yes", False: "no", "True": "yes", "False": "no"}
DETAILS = {"variance_lambda": "lambda", "n_seeds": "seeds", "r2_sd": "sd of R2", "seeds": "seeds' verdict", "verdict": "verdict"}
DETAILS |= {
    "sd_ratio": "sd ratio",
    "pearson": "rho",
    "bias": "bias",
    "calibration_slope": "slope",
    "shrinkage_explained": "shrinkage explained",
}
TERMS = {"variance_lambda": "lambda", "r2": "R2", "r2_signal": "2 rho s", "r2_spread": "-s^2", "r2_offset": "-(bias/sigma)^2"}
TERMS |= {"negative_because": "negative by", "r2_best_line": "R2 after the best line"}
COMPARISONS = {"variance_lambda": "lambda", "baseline": "baseline", "difference": "difference in R2", "interval": "95 % interval, paired"}
COMPARISONS |= {"beats": "beaten?"}
HYPOTHESES = {"hypothesis": "expected", "mark": "mark", "numbers": "numbers"}
MEMBERS = {"member": "member", "status": "status", "r2": "R2", "variance_ratio": "variance ratio", "epochs": "epochs"}
MEMBERS |= {"seconds": "training [s]", "notes": "notes"}
WORDS = ("notes", "decision", "negative_because", "stability", "verdict", "seeds")
CAPTIONS = {
    "table2": "Table 2: last epoch, validation; losses: training, mean of the last epochs, penalty unweighted; all medians over seeds",
    "matrix": "Decision matrix, on the medians of the seeds",
    "details": "What stands behind: medians over seeds on validation; s is the ratio of standard deviations",
    "terms": "R2 = 2 rho s - s^2 - (bias/sigma)^2, medians; the best line is fitted on validation itself, and nowhere applied",
    "comparisons": "R2 less that of a baseline, on the same resamples of the same validation rows; mean over seeds",
    "hypotheses": "Expectations of the guide: confirmed or refuted where all seeds agree",
    "members": "One row a training, finished or not. All columns: members.csv",
}


def _number(digits: int) -> Any:
    return lambda value: number(value, digits) if pd.notna(value) else UNKNOWN


NUMBERS = {name: _number(3) for name in ("r2", "r2_sd", "base_loss", "variance_loss", *MEDIANS, "r2_best_line", "variance_ratio")}
NUMBERS |= {"n_seeds": _number(0), "variance_ratio_percent": _number(1)}


def regression_page(
    members: pd.DataFrame,
    summary: pd.DataFrame,
    comparisons: pd.DataFrame,
    findings: Mapping[str, Any],
    drawn: Mapping[str, bytes | None],
    title: str,
    description: str,
) -> str:
    """The page as HTML."""
    axes = {str(name): str(name) for name in summary.columns[3 : list(summary.columns).index("variance_lambda")]}
    texts = NUMBERS
    members, summary, comparisons = _readable(members), _readable(summary), _readable(comparisons)
    expected = pd.DataFrame([one for sweep in findings["sweeps"] for one in sweep["hypotheses"]])
    sections = [
        Section("Table 2", tables=[table(summary, axes | TABLE2, CAPTIONS["table2"], texts)]),
        Section("Figures", figures=figures(FIGURES, drawn)),
        Section("Decisions", tables=[table(_matrix(summary), axes | MATRIX, CAPTIONS["matrix"], texts)]),
        Section("Expectations", tables=[table(expected, HYPOTHESES, CAPTIONS["hypotheses"])]),
        Section(
            "Details",
            tables=[
                table(summary, axes | DETAILS, CAPTIONS["details"], texts),
                table(summary, axes | TERMS, CAPTIONS["terms"], texts),
            ],
        ),
        Section(
            "Baselines",
            text=_baselines(findings),
            tables=[
                table(
                    with_interval(comparisons, "low", "high", sign="+"),
                    axes | COMPARISONS,
                    CAPTIONS["comparisons"],
                    texts | {"difference": signed(3)},
                )
            ],
        ),
        Section("Members", tables=[table(members, MEMBERS, CAPTIONS["members"], NUMBERS | {"seconds": _number(1), "epochs": _number(0)})]),
    ]
    footer = "Choices use the last epoch's validation split; the test split is read for the selected lambda only."
    return render_page(title, description, findings, sections, footer)


def _readable(frame: pd.DataFrame) -> pd.DataFrame:
    """A lambda heads its row; words that are missing are no words, which a CSV file reads back as NaN."""
    words = {name: frame[name].astype(object).where(frame[name].notna(), "").astype(str) for name in WORDS if name in frame}
    return frame.assign(**words, **({LAMBDA: frame[LAMBDA].map("{:g}".format)} if LAMBDA in frame else {}))


def _matrix(summary: pd.DataFrame) -> pd.DataFrame:
    """What passed, each criterion by its own number, whatever was decided; a CSV file reads back truths beside gaps as objects."""
    pending = summary["decision"] == ""
    words = {column: summary[column].map(YES_NO).fillna("undecided").mask(pending, PENDING) for column in MATRIX_ANSWERS}
    return summary.assign(**{MATRIX_ANSWERS[column]: answers for column, answers in words.items()})


def _baselines(findings: Mapping[str, Any]) -> list[str]:
    numbers = findings["baselines"]
    if not numbers:
        return []
    listed = "; ".join(
        f"{BASELINES[name]}: R2 {number(one['r2'], 3)}, variance ratio {percentage(one['variance_ratio'])}" for name, one in numbers.items()
    )
    return [f"On validation, fitted on the same training rows: {listed}."]
