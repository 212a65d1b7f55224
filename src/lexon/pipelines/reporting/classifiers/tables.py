"""The tables of a report: one row a member, one row a cell or baseline, one row a comparison, one row a choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lexon.baselines import BASELINES
from lexon.config import EvaluationConfig
from lexon.experiments import Result
from lexon.metrics.classification import classification_metrics
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.classifiers.aurocs import Aurocs
from lexon.pipelines.reporting.classifiers.cells import ClassifierCell, comparable, ranked_by_validation
from lexon.pipelines.reporting.tables import Row, cell_row
from lexon.statistics import Interval, seed_spread

COMPARISON_COLUMNS = (
    *("run", "a", "b", "against", "difference", "low", "high", "low_all", "high_all", "relative", "verdict", "effect"),
    *("n_seeds_a", "n_seeds_b", "n_resamples", "status", "notes"),
)
BEST_COLUMNS = ("run", "chosen_from", "cell", "label")
BEST_NUMBERS = ("member", "val_auroc", "auroc", "auroc_low", "auroc_high", "n_seeds", "n_parameters", "status", "notes")


def member_numbers(result: Result) -> Row:
    """Test metrics and validation AUROC of a finished member."""
    return {"val_auroc": result.metrics.get("val", {}).get("auroc", np.nan)} | result.metrics.get("test", {})


def baseline_label(kind: str) -> str:
    """A baseline in words."""
    return {str(known): words for known, words in BASELINES.items()}.get(kind, kind)


def summary_table(
    cells: Sequence[ClassifierCell], baselines: Mapping[str, Scores], aurocs: Aurocs, evaluation: EvaluationConfig, run: str
) -> pd.DataFrame:
    """One row a cell, then one row a baseline; `kind` tells them, and cells that stand apart, from one another."""
    rows = [_cell_row(cell, aurocs.intervals.get(cell.name), run) for cell in cells]
    none = dict.fromkeys(cells[0].axes if cells else (), "")  # NaN would make 4 of a `vector` a 4.0
    rows += [none | _baseline_row(kind, scores, aurocs.intervals[kind], evaluation, run) for kind, scores in baselines.items()]
    return pd.DataFrame(rows)


def comparisons_table(
    cells: Sequence[ClassifierCell], baselines: Mapping[str, Scores], aurocs: Aurocs, min_effect: float, run: str
) -> pd.DataFrame:
    """Paired differences in AUROC: each cell against each baseline, and against the cell that is best on validation.

    Every baseline is compared, because choosing the better one here would be a choice by the test split.
    """
    compared = [cell for cell in ranked_by_validation(comparable(cells)) if cell.name in aurocs.paired]
    pairs = [(cell, kind, baseline_label(kind), "baseline") for cell in compared for kind in baselines]
    if compared:
        pairs += [(cell, compared[0].name, compared[0].label, "best cell by validation") for cell in compared[1:]]
    family = {(cell.name, other): [{cell.name: 1.0, other: -1.0}] for cell, other, *_ in pairs}
    found = aurocs.compare(family, min_effect)
    rows = [
        {"run": run, "a": cell.label, "b": label, "against": against}
        | aurocs.row(found[cell.name, other], family[cell.name, other])
        | {"n_seeds_a": len(cell.scores), "n_seeds_b": aurocs.paired[other].n, "status": "done", "notes": ""}
        for cell, other, label, against in pairs
    ]
    return pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))


def best_models_table(cells: Sequence[ClassifierCell], summary: pd.DataFrame, run: str) -> pd.DataFrame:
    """The best cell of all and the best of each tokeniser, by validation AUROC, with the first member that holds its model."""
    axes = list(cells[0].axes) if cells else []
    chosen = [("all", ranked_by_validation(comparable(cells)))]
    for tokeniser in dict.fromkeys(cell.axes["tokeniser"] for cell in cells if "tokeniser" in cell.axes):
        chosen.append((f"tokeniser {tokeniser}", ranked_by_validation([cell for cell in cells if cell.axes["tokeniser"] == tokeniser])))
    rows = [
        {**summary[summary["cell"] == ranked[0].name].iloc[0], "run": run, "chosen_from": f"{words} ({len(ranked)} finished models)"}
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


def _baseline_row(kind: str, scores: Scores, interval: Interval, evaluation: EvaluationConfig, run: str) -> Row:
    metrics = classification_metrics(scores, evaluation.rejections)
    return (
        {"run": run, "kind": "baseline", "cell": kind, "label": baseline_label(kind), "status": "done", "notes": "", "n_seeds": 1}
        | _auroc(interval, metrics.pop("auroc"))
        | {"auroc_seed_sd": np.nan, "seed_spread": str(seed_spread([0.0]))}
        | metrics
    )


def _auroc(interval: Interval | None, without_scores: float) -> Row:
    if interval is None:
        return {"auroc": without_scores, "auroc_low": np.nan, "auroc_high": np.nan}
    return {"auroc": interval.estimate, "auroc_low": interval.low, "auroc_high": interval.high}
