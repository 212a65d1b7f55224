"""The tables of a report: one row a member, one row a cell or baseline, one row a comparison, one row a choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lexon.baselines import BASELINES
from lexon.config import EvaluationConfig
from lexon.experiments import Result
from lexon.metrics import ranking
from lexon.metrics.classification import classification_metrics
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.classifiers.cells import Cell, comparable, ranked_by_validation
from lexon.statistics import Replicates, Verdict, bootstrap, seed_spread, simultaneous_intervals

# Facts of a run record that a table shows, averaged over seeds where they are numbers.
FACTS = ("n_parameters", "best_epoch", "seconds", "events_per_second", "device")
COMPARISON_COLUMNS = (
    *("run", "a", "b", "against", "difference", "low", "high", "low_all", "high_all", "relative", "verdict", "effect"),
    *("n_seeds_a", "n_seeds_b", "n_resamples", "status", "notes"),
)
BEST_COLUMNS = ("run", "chosen_from", "cell", "label")
BEST_NUMBERS = ("member", "val_auroc", "auroc", "auroc_low", "auroc_high", "n_seeds", "n_parameters", "status", "notes")
# Reports of the same results are the same to the last digit.
_BOOTSTRAP_SEED = 2026

Row = dict[str, Any]


def members_table(results: Sequence[Result], run: str) -> pd.DataFrame:
    """One row a member, finished or not, with its test metrics and validation AUROC."""
    return pd.DataFrame([_member_row(result, run) for result in results])


def baseline_label(kind: str) -> str:
    """A baseline in words."""
    return {str(known): words for known, words in BASELINES.items()}.get(kind, kind)


def replicate_auroc(cells: Sequence[Cell], baselines: Mapping[str, Scores], n: int) -> dict[str, Replicates]:
    """Bootstrap replicates by cell name and baseline kind, all on the same resamples; copies share their model's.

    Cells that are `apart` have resamples of their own events, those of one tokeniser the same ones.
    """
    replicates = _replicates(comparable(cells), baselines, n)
    others: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.apart:
            others.setdefault(cell.scores[0].digest, []).append(cell)
    for group in others.values():
        replicates |= _replicates(group, {}, n)
    return replicates


def _replicates(cells: Sequence[Cell], baselines: Mapping[str, Scores], n: int) -> dict[str, Replicates]:
    groups = {cell.name: cell.scores for cell in cells if cell.scores and not cell.same_as}
    groups |= {kind: [scores] for kind, scores in baselines.items()}
    if not groups:
        return {}
    replicates = bootstrap(groups, ranking.auroc, n, np.random.default_rng(_BOOTSTRAP_SEED), seedless=baselines)
    return replicates | {cell.name: replicates[cell.same_as] for cell in cells if cell.same_as in replicates}


def summary_table(
    cells: Sequence[Cell], baselines: Mapping[str, Scores], replicates: Mapping[str, Replicates], evaluation: EvaluationConfig, run: str
) -> pd.DataFrame:
    """One row a cell, then one row a baseline; `kind` tells them, and cells that stand apart, from one another."""
    rows = [_cell_row(cell, replicates, run) for cell in cells]
    none = dict.fromkeys(cells[0].axes if cells else (), "")  # NaN would make 4 of a `vector` a 4.0
    rows += [none | _baseline_row(kind, scores, replicates[kind], evaluation, run) for kind, scores in baselines.items()]
    return pd.DataFrame(rows)


def comparisons_table(
    cells: Sequence[Cell], baselines: Mapping[str, Scores], replicates: Mapping[str, Replicates], min_effect: float, run: str
) -> pd.DataFrame:
    """Paired differences in AUROC: each cell against each baseline, and against the cell that is best on validation.

    Every baseline is compared, because choosing the better one here would be a choice by the test split.
    """
    compared = [cell for cell in ranked_by_validation(comparable(cells)) if cell.name in replicates]
    pairs = [(cell, kind, baseline_label(kind), 1, "baseline") for cell in compared for kind in baselines]
    if compared:
        best = compared[0]
        pairs += [(cell, best.name, best.label, len(best.scores), "best cell by validation") for cell in compared[1:]]
    together = simultaneous_intervals([replicates[cell.name] - replicates[other] for cell, other, *_ in pairs])
    rows = [
        {"run": run, "a": cell.label, "b": label, "against": against, "low_all": interval.low, "high_all": interval.high}
        | compare(replicates[cell.name], replicates[other], min_effect)
        | {"n_seeds_a": len(cell.scores), "n_seeds_b": n_other, "status": "done", "notes": ""}
        for (cell, other, label, n_other, against), interval in zip(pairs, together, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))


def best_models_table(cells: Sequence[Cell], summary: pd.DataFrame, run: str) -> pd.DataFrame:
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


def compare(a: Replicates, b: Replicates, min_effect: float) -> Row:
    """a - b with its paired interval, relative change, verdict and whether it counts as an effect."""
    interval = (a - b).interval()
    relative = interval.estimate / b.estimate if b.estimate else np.nan
    verdict = Verdict.of(interval, min_effect)
    return {
        "difference": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "relative": relative,
        "verdict": verdict,
        "effect": verdict.is_effect,
        "n_resamples": len(a.values),
    }


def _member_row(result: Result, run: str) -> Row:
    member = result.member
    head = {"run": run, "member": member.name, "cell": member.cell_name, **member.cell, "seed": member.seed}
    same = f"same model as {member.folder}" if member.folder != member.name else ""
    state = {"status": result.status, "notes": "; ".join(text for text in (result.notes, same) if text)}
    facts = {name: result.record.get(name) for name in FACTS}
    # A stale member's numbers were made with other parameters: they stay out of tables, as out of statistics.
    metrics = result.metrics if result.status == "done" else {}
    return head | state | facts | {"val_auroc": metrics.get("val", {}).get("auroc", np.nan)} | metrics.get("test", {})


def _cell_row(cell: Cell, replicates: Mapping[str, Replicates], run: str) -> Row:
    tests = [result.metrics.get("test", {}) for result in cell.finished]
    means = {str(name): value for name, value in pd.DataFrame(tests).mean(skipna=False).items()}
    spread = seed_spread([test.get("auroc", np.nan) for test in tests])
    return (
        {"run": run, "kind": "other events" if cell.apart else "cell", "cell": cell.name, "label": cell.label}
        | {**cell.axes, "status": cell.status, "notes": cell.notes}
        | {"n_seeds": len(tests), "val_auroc": cell.val_auroc}
        | _auroc(replicates.get(cell.name), float(means.get("auroc", np.nan)))
        | {"auroc_seed_sd": spread.sd, "seed_spread": str(spread) if tests else ""}
        | {name: value for name, value in means.items() if name != "auroc"}
        | _facts(cell.finished)
    )


def _baseline_row(kind: str, scores: Scores, replicates: Replicates, evaluation: EvaluationConfig, run: str) -> Row:
    metrics = classification_metrics(scores, evaluation.rejections)
    return (
        {"run": run, "kind": "baseline", "cell": kind, "label": baseline_label(kind), "status": "done", "notes": "", "n_seeds": 1}
        | _auroc(replicates, metrics.pop("auroc"))
        | {"auroc_seed_sd": np.nan, "seed_spread": str(seed_spread([0.0]))}
        | metrics
    )


def _auroc(replicates: Replicates | None, without_scores: float) -> Row:
    if replicates is None:
        return {"auroc": without_scores, "auroc_low": np.nan, "auroc_high": np.nan}
    interval = replicates.interval()
    return {"auroc": interval.estimate, "auroc_low": interval.low, "auroc_high": interval.high}


def _facts(finished: Sequence[Result]) -> Row:
    facts: Row = {}
    for name in FACTS:
        values = [result.record[name] for result in finished if result.record.get(name) is not None]
        numbers = [value for value in values if isinstance(value, int | float)]
        facts[name] = float(np.mean(numbers)) if numbers else ", ".join(sorted({str(value) for value in values})) or None
    return facts
