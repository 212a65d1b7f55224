"""What was found, in words: every sentence follows from numbers that stand beside it in the same dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lexon.config import EvaluationConfig, ReportConfig
from lexon.metrics import ranking
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.classifiers.caveats import caveats
from lexon.pipelines.reporting.classifiers.cells import ClassifierCell, comparable, ranked_by_validation
from lexon.pipelines.reporting.classifiers.effect_words import effect_sentences
from lexon.pipelines.reporting.tables import jsonable, rows_of, run_record
from lexon.plots.style import NOTHING
from lexon.statistics import CERTAIN, EFFECTS, SEED, Interval, Verdict, resample, score_statistics, weighted_intervals

Findings = dict[str, Any]


def findings(
    cells: Sequence[ClassifierCell],
    summary: pd.DataFrame,
    comparisons: pd.DataFrame,
    effects: pd.DataFrame,
    best_models: pd.DataFrame,
    evaluation: EvaluationConfig,
    report: ReportConfig,
) -> Findings:
    """JSON-able: headline, sentences, caveats, the numbers behind them, and the run record."""
    ranked = ranked_by_validation(comparable(cells))
    best = ranked[0] if ranked else None
    details = _details(best.scores, evaluation, report.n_bootstrap) if best else {}
    if best is None:
        headline, sentences = f"{NOTHING[0].upper()}{NOTHING[1:]}.", _baseline_sentences(summary)
    else:
        row = summary[summary["cell"] == best.name].iloc[0]
        value = _value(row["auroc"], row["auroc_low"], row["auroc_high"])
        headline = f"{_capital(best.label)}: AUROC{_meaning(best.scores)} {value}{_choice(len(ranked))}."
        sentences = [
            *effect_sentences(effects, report.min_effect.score),
            *_against_baselines(comparisons, best.label, report.min_effect.score),
            *_among_cells(comparisons),
            *_baseline_sentences(summary),
            *_detail_sentences(details, evaluation),
        ]
    return {
        "headline": headline,
        "sentences": sentences,
        "caveats": caveats(cells, comparisons, effects, report.min_effect.score),
        "left_to_compare": [] if len(comparisons) else ["Nothing to compare yet."],
        "best_cell": best.name if best else None,
        "selected_by": "validation AUROC, mean over seeds",
        "details": {name: jsonable(vars(interval)) for name, interval in details.items()},
        "summary": [jsonable(row) for row in rows_of(summary)],
        "comparisons": [jsonable(row) for row in rows_of(comparisons)],
        "effects": [jsonable(row) for row in rows_of(effects)],
        "best_models": [jsonable(row) for row in rows_of(best_models)],
        "record": run_record([result for cell in cells if not cell.same_as for result in cell.finished]),
    }


def _details(seeds: Sequence[Scores], evaluation: EvaluationConfig, n_bootstrap: int) -> dict[str, Interval]:
    """AUROC against each background and signal efficiencies of the best cell, with intervals."""
    if not seeds:
        return {}
    metrics = {f"auroc_against_{name}": ranking.auroc_against(label) for name, label in seeds[0].backgrounds.items()}
    metrics |= {f"signal_efficiency_at_rejection_{r:g}": ranking.signal_efficiency(r) for r in evaluation.rejections}
    statistics = {name: score_statistics({"": seeds}, metric)[0][""] for name, metric in metrics.items()}
    trainings = resample(statistics, len(seeds[0]), n_bootstrap, np.random.default_rng(SEED))
    intervals = weighted_intervals(trainings, {name: {name: 1.0} for name in metrics}, np.random.default_rng(SEED))
    # A seed spread with few degrees of freedom may reach beyond what a share can be.
    return {name: Interval(value.estimate, *np.clip([value.low, value.high], 0, 1).tolist()) for name, value in intervals.items()}


def _meaning(seeds: Sequence[Scores]) -> str:
    n_classes = len(seeds[0].class_names) if seeds else 2
    return f" (mean over {n_classes} classes, each against the rest)" if n_classes > 2 else ""


def _choice(n_models: int) -> str:
    return f", the best of {n_models} finished models on validation" if n_models > 1 else ""


def _against_baselines(comparisons: pd.DataFrame, label: str, min_effect: float) -> list[str]:
    rows = comparisons[(comparisons["a"] == label) & (comparisons["against"] == "baseline")]
    return [f"{_capital(label)}: {_in_words(row, min_effect)}." for row in rows_of(rows)]


def _in_words(row: Mapping[str, Any], min_effect: float) -> str:
    low, high = sorted(abs(row[side]) for side in ("low_all", "high_all"))
    if row["verdict"] in CERTAIN:
        enough = "an effect" if row["verdict"] in EFFECTS else f"certain, but small: below {min_effect:g}, the smallest change that counts"
        size = f"{abs(row['difference']):.3f} [{low:.3f}, {high:.3f}], paired, {row['relative']:+.1%}"
        return f"{'higher' if row['difference'] > 0 else 'lower'} than {row['b']} by {size}: {enough}"
    signed = f"({row['difference']:+.3f} [{row['low_all']:+.3f}, {row['high_all']:+.3f}], paired)"
    if row["verdict"] == Verdict.SAME:
        return f"the same as {row['b']} within {min_effect:g} {signed}"
    return f"{row['verdict']} against {row['b']} {signed}"


def _among_cells(comparisons: pd.DataFrame) -> list[str]:
    """How the other cells stand to the best one."""
    rows = rows_of(comparisons[comparisons["against"] == "best cell by validation"])
    if not rows:
        return []
    undecided = sorted({row["verdict"] for row in rows} - CERTAIN - {Verdict.SAME})
    groups = {
        "below it": [row for row in rows if row["verdict"] in CERTAIN and row["difference"] < 0],
        "the same": [row for row in rows if row["verdict"] == Verdict.SAME],
        **{why: [row for row in rows if row["verdict"] == why] for why in undecided},
        "above it on the test split, though not chosen by validation": [
            row for row in rows if row["verdict"] in CERTAIN and row["difference"] > 0
        ],
    }
    parts = [f"{len(members)} {phrase} ({_list(members)})" for phrase, members in groups.items() if members]
    others = "The other finished model" if len(rows) == 1 else f"Of the {len(rows)} other finished models"
    return [f"{others}: {'; '.join(parts)}."]


def _list(rows: Sequence[Mapping[str, Any]]) -> str:
    shown = [f"{row['a']}: {row['difference']:+.3f} [{row['low_all']:+.3f}, {row['high_all']:+.3f}]" for row in rows[:3]]
    return "; ".join(shown) + (f"; and {len(rows) - 3} more in the table" if len(rows) > 3 else "")


def _baseline_sentences(summary: pd.DataFrame) -> list[str]:
    rows = rows_of(summary[summary["kind"] == "baseline"]) if len(summary) else []
    return [f"{_capital(row['label'])}: AUROC {_value(row['auroc'], row['auroc_low'], row['auroc_high'])}." for row in rows]


def _detail_sentences(details: Mapping[str, Interval], evaluation: EvaluationConfig) -> list[str]:
    against = {name.removeprefix("auroc_against_"): value for name, value in details.items() if name.startswith("auroc_against_")}
    sentences = []
    if len(against) > 1:
        parts = [f"{name} {_value(v.estimate, v.low, v.high)}" for name, v in sorted(against.items(), key=lambda item: item[1].estimate)]
        sentences.append(f"Hardest background first, AUROC against each: {', '.join(parts)}.")
    efficiencies = [(r, details.get(f"signal_efficiency_at_rejection_{r:g}")) for r in evaluation.rejections]
    parts = [f"{r:g}: {_efficiency(value)}" for r, value in efficiencies if value is not None]
    return sentences + ([f"Signal efficiency at background rejection {'; '.join(parts)}."] if parts else [])


def _efficiency(value: Interval) -> str:
    if np.isfinite(value.estimate):
        return _value(value.estimate, value.low, value.high)
    return f"too few events (fewer than {ranking.MIN_PASSING_BACKGROUND} background events would pass)"


def _value(estimate: float, low: float, high: float) -> str:
    if not np.isfinite(estimate):
        return "undefined (one class only)"
    return f"{estimate:.3f} [{low:.3f}, {high:.3f}]" if np.isfinite(low) else f"{estimate:.3f} (no scores, no interval)"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
