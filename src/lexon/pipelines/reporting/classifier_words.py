"""What classifiers were found to do, in words: every sentence follows from numbers that stand
beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lexon.config import EvaluationConfig, ReportConfig
from lexon.config.tokenisers import tokeniser_classes
from lexon.experiments import Result
from lexon.metrics import ranking
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting import caveats as shared
from lexon.pipelines.reporting.cells import grouped
from lexon.pipelines.reporting.claims import Answer
from lexon.pipelines.reporting.claims import sentences as in_sentences
from lexon.pipelines.reporting.classifier_effects import (
    ALONE_IN_THE_GRID,
    ONE_SETTING,
    OTHER_EVENTS,
    ClassifierCell,
    comparable,
    ranked_by_validation,
)
from lexon.pipelines.reporting.classifier_weights import (
    weight_caveats,
    weight_name,
    weighted_sentence,
)
from lexon.pipelines.reporting.tables import json_rows, jsonable, rows_of, run_record
from lexon.pipelines.reporting.words import axis_words, bounded, capital, listing, paired
from lexon.plots.style import NOTHING
from lexon.statistics import (
    CERTAIN,
    EFFECTS,
    SEED,
    Interval,
    Verdict,
    resample,
    score_statistics,
    share_intervals,
)

BELOW, ABOVE = "below it", "above it on the test split, though not chosen by validation"
_POSITION = {BELOW: 0, "the same": 1, ABOVE: 3}  # in a sentence; what is undecided stands between
_MAX_LISTED = 3

Findings = dict[str, Any]
Row = Mapping[str, Any]

BALANCED = (0.4, 0.6)
MAX_SIZE_RATIO = 1.05


def findings(
    cells: Sequence[ClassifierCell],
    tables: Mapping[str, pd.DataFrame],
    evaluation: EvaluationConfig,
    report: ReportConfig,
    answers: Sequence[Answer] = (),
) -> Findings:
    """JSON-able: headline, sentences, caveats, answers to claims, the numbers behind them, and the
    run record.

    Args:
        tables: summary, comparisons, effects and best_models.
    """
    ranked = ranked_by_validation(comparable(cells))
    details = _details(ranked[0].scores, evaluation, report.n_bootstrap) if ranked else {}
    found = _of_the_best(ranked[0], tables, report.min_effect.score) if ranked else []
    return {
        "headline": _headline(ranked, tables["summary"]),
        "sentences": [
            *weighted_sentence(cells),
            *found,
            *_baseline_sentences(tables["summary"]),
            *_detail_sentences(details, evaluation),
            *in_sentences(answers),
        ],
        "caveats": caveats(
            cells, tables["comparisons"], tables["effects"], report.min_effect.score
        ),
        "left_to_compare": _left_to_compare(tables["comparisons"]),
        "claims": [answer.row() for answer in answers],
        "best_cell": ranked[0].name if ranked else None,
        "selected_by": "validation AUROC, mean over seeds",
        **({"weighted_by": name} if (name := weight_name(cells)) else {}),
        "details": {name: jsonable(vars(interval)) for name, interval in details.items()},
        **{name: json_rows(table) for name, table in tables.items()},
        "record": run_record(
            [result for cell in cells if not cell.original for result in cell.finished]
        ),
    }


def _left_to_compare(comparisons: pd.DataFrame) -> list[str]:
    return ["Nothing to compare yet."] if comparisons.empty else []


def _headline(ranked: Sequence[ClassifierCell], summary: pd.DataFrame) -> str:
    if not ranked:
        return f"{capital(NOTHING)}."
    row = summary[summary["cell"] == ranked[0].name].iloc[0]
    value = _value(row["auroc"], row["auroc_low"], row["auroc_high"])
    chosen = f", the best of {len(ranked)} finished models on validation" if len(ranked) > 1 else ""
    weighted = "weighted " if weight_name(ranked[:1]) else ""
    return (
        f"{capital(ranked[0].label)}: {weighted}AUROC{_meaning(ranked[0].scores)} {value}{chosen}."
    )


def _of_the_best(
    best: ClassifierCell, tables: Mapping[str, pd.DataFrame], min_effect: float
) -> list[str]:
    """What the axes do, and how the best cell stands to baselines and to the other cells."""
    comparisons = tables["comparisons"]
    return [
        *effect_sentences(tables["effects"], min_effect),
        *_against_baselines(comparisons, best.label, min_effect),
        *_among_cells(rows_of(comparisons[comparisons["against"] == "best cell by validation"])),
    ]


def _details(
    seeds: Sequence[Scores], evaluation: EvaluationConfig, n_bootstrap: int
) -> dict[str, Interval]:
    """AUROC against each background and signal efficiencies of the best cell, with intervals."""
    if not seeds:
        return {}
    metrics = {
        f"auroc_against_{name}": ranking.auroc_against(label)
        for name, label in seeds[0].backgrounds.items()
    }
    metrics |= {
        f"signal_efficiency_at_rejection_{r:g}": ranking.signal_efficiency(r)
        for r in evaluation.rejections
    }
    statistics = {
        name: score_statistics({"": seeds}, metric)[0][""] for name, metric in metrics.items()
    }
    trainings = resample(statistics, len(seeds[0]), n_bootstrap, np.random.default_rng(SEED))
    return share_intervals(
        trainings, {name: {name: 1.0} for name in metrics}, np.random.default_rng(SEED)
    )


def _meaning(seeds: Sequence[Scores]) -> str:
    n_classes = len(seeds[0].class_names) if seeds else 2
    return f" (mean over {n_classes} classes, each against the rest)" if n_classes > 2 else ""


def _against_baselines(comparisons: pd.DataFrame, label: str, min_effect: float) -> list[str]:
    rows = comparisons[(comparisons["a"] == label) & (comparisons["against"] == "baseline")]
    return [f"{capital(label)}: {_in_words(row, min_effect)}." for row in rows_of(rows)]


def _in_words(row: Row, min_effect: float) -> str:
    if row["verdict"] in CERTAIN:
        enough = (
            "an effect"
            if row["verdict"] in EFFECTS
            else f"certain, but small: below {min_effect:g}, the smallest change that counts"
        )
        order = "higher" if row["difference"] > 0 else "lower"
        return f"{order} than {row['b']} by {_size(row)}, paired, {row['relative']:+.1%}: {enough}"
    signed = f"({paired(row)}, paired)"
    if row["verdict"] == Verdict.SAME:
        return f"the same as {row['b']} within {min_effect:g} {signed}"
    return f"{row['verdict']} against {row['b']} {signed}"


def _among_cells(rows: Sequence[Row]) -> list[str]:
    """How the other cells stand to the best one."""
    if not rows:
        return []
    parts = []
    for phrase, members in sorted(
        grouped(rows, _standing).items(), key=lambda item: _POSITION.get(item[0], 2)
    ):
        listed = listing([f"{row['a']}: {paired(row)}" for row in members], _MAX_LISTED)
        parts.append(f"{len(members)} {phrase} ({listed})")
    others = (
        "The other finished model"
        if len(rows) == 1
        else f"Of the {len(rows)} other finished models"
    )
    return [f"{others}: {'; '.join(parts)}."]


def _standing(row: Row) -> str:
    """How a cell stands to the best one, in words."""
    if row["verdict"] in CERTAIN:
        return ABOVE if row["difference"] > 0 else BELOW
    return "the same" if row["verdict"] == Verdict.SAME else str(row["verdict"])


def _baseline_sentences(summary: pd.DataFrame) -> list[str]:
    rows = rows_of(summary[summary["kind"] == "baseline"]) if len(summary) else []
    return [
        f"{capital(row['label'])}: AUROC"
        f" {_value(row['auroc'], row['auroc_low'], row['auroc_high'])}."
        for row in rows
    ]


def _detail_sentences(details: Mapping[str, Interval], evaluation: EvaluationConfig) -> list[str]:
    against = {
        name.removeprefix("auroc_against_"): value
        for name, value in details.items()
        if name.startswith("auroc_against_")
    }
    sentences = []
    if len(against) > 1:
        parts = [
            f"{name} {_value(v.estimate, v.low, v.high)}"
            for name, v in sorted(against.items(), key=lambda item: item[1].estimate)
        ]
        sentences.append(f"Hardest background first, AUROC against each: {', '.join(parts)}.")
    efficiencies = [
        (r, details.get(f"signal_efficiency_at_rejection_{r:g}")) for r in evaluation.rejections
    ]
    parts = [f"{r:g}: {_efficiency(value)}" for r, value in efficiencies if value is not None]
    return sentences + (
        [f"Signal efficiency at background rejection {'; '.join(parts)}."] if parts else []
    )


def _efficiency(value: Interval) -> str:
    if np.isfinite(value.estimate):
        return _value(value.estimate, value.low, value.high)
    return (
        f"too few events (fewer than {ranking.MIN_PASSING_BACKGROUND} background events would pass)"
    )


def _value(estimate: float, low: float, high: float) -> str:
    if not np.isfinite(estimate):
        return "undefined (one class only)"
    return (
        bounded(estimate, low, high, 3)
        if np.isfinite(low)
        else f"{estimate:.3f} (no scores, no interval)"
    )


def effect_sentences(effects: pd.DataFrame, min_effect: float) -> list[str]:
    """What the axes do, most important first; intervals are those that hold for all effects
    together.
    """
    if effects.empty:
        return []
    main, interactions = (
        rows_of(effects[effects["kind"] == kind]) for kind in ("main effect", "interaction")
    )
    axes = [
        _axis(axis, rows, min_effect)
        for axis, rows in grouped(main, lambda row: row["axis"]).items()
    ]
    return [*axes, *_together(interactions), *_effects_among(rows_of(effects), min_effect)]


def _axis(axis: str, rows: Sequence[Row], min_effect: float) -> str:
    name = capital(axis_words(axis))
    compared, left = (
        [row for row in rows if bool(row["n_averaged"]) is finished] for finished in (True, False)
    )
    if not compared:
        return f"{name}: {'; '.join(dict.fromkeys(_why_not(row) for row in left))}."
    left_open = "".join(f"; {row['a']} against {row['b']} is {_why_not(row)}" for row in left)
    winners = _winners(compared)
    if not winners:
        return f"{name} {_no_difference(compared, min_effect)}{left_open}."
    return f"{name}: {'; '.join([*winners, *_unclear(compared)])}{left_open}{_average(compared)}."


def _unclear(rows: Sequence[Row]) -> list[str]:
    return [f"{_pair(row)}: {row['verdict']}" for row in rows if row["verdict"] not in CERTAIN]


def _why_not(row: Row) -> str:
    """Why there is no number."""
    return (
        f"not compared: {row['notes']}"
        if row["notes"] == OTHER_EVENTS
        else f"{row['verdict']}: {row['notes']}"
    )


def _no_difference(rows: Sequence[Row], min_effect: float) -> str:
    """What is known of levels of which none is certainly above another, with the largest
    difference.
    """
    verdicts, largest = (
        {row["verdict"] for row in rows},
        max(rows, key=lambda row: abs(row["difference"])),
    )
    listed = f"({'largest: ' * (len(rows) > 1)}{_pair(largest)}{_average(rows)})"
    if verdicts == {Verdict.SAME}:
        return f"makes no difference of {min_effect:g} or more {listed}"
    if verdicts <= set(Verdict):
        return f"shows no difference beyond noise {listed}"
    return f"is {(verdicts - set(Verdict)).pop()} {listed}"


def _average(rows: Sequence[Row]) -> str:
    """Which settings of the other axes the differences are averaged over, where it is the same for
    all.
    """
    found = {row["averaged_over"] for row in rows}
    if len(found) > 1:
        return "; averaged over different settings each, see Effects"
    average = found.pop()
    if average.startswith(ONE_SETTING):
        return "; in one setting of all else"
    return f"; averaged over {average}" if average != ALONE_IN_THE_GRID else ""


def _winners(rows: Sequence[Row]) -> list[str]:
    """The levels that are certainly above others, each with what it beats."""
    beaten: dict[str, list[str]] = {}
    for row in (row for row in rows if row["verdict"] in CERTAIN):
        better, worse = (row["a"], row["b"]) if row["difference"] > 0 else (row["b"], row["a"])
        small = "" if row["verdict"] in EFFECTS else ", small"
        beaten.setdefault(better, []).append(f"{worse} by {_size(row)}{small}")
    return [f"{better} beats {' and '.join(others)}" for better, others in beaten.items()]


def _size(row: Row) -> str:
    low, high = sorted(abs(row[side]) for side in ("low_all", "high_all"))
    return bounded(abs(row["difference"]), low, high, 3)


def _pair(row: Row) -> str:
    return f"{row['a']} less {row['b']} {paired(row)}"


def _together(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    decided = sorted(
        (row for row in rows if row["verdict"] in CERTAIN), key=lambda row: -abs(row["difference"])
    )
    missing = sum(not row["n_averaged"] for row in rows)
    judged = len(rows) - missing
    left_open = (
        f" Of {missing} interactions nothing is known: not all their cells are finished, or"
        " comparable."
        if missing
        else ""
    )
    if not judged:
        return [left_open.strip()]
    if not decided:
        return [f"No two axes act together beyond noise ({judged} interactions judged).{left_open}"]
    listed = listing([_depends(row) for row in decided], _MAX_LISTED)
    return [f"Axes act together in {len(decided)} of {judged} interactions: {listed}.{left_open}"]


def _depends(row: Row) -> str:
    """An interaction with a positive size: which of the two settings has the larger difference."""
    more, less = (
        (row["with"], row["less_with"])
        if row["difference"] > 0
        else (row["less_with"], row["with"])
    )
    return f"{row['a']} less {row['b']} is higher by {_size(row)} with {more} than with {less}"


def _effects_among(rows: Sequence[Row], min_effect: float) -> list[str]:
    certain = [row for row in rows if row["verdict"] in CERTAIN]
    if not certain:
        return []
    effects = sum(row["effect"] for row in certain)
    larger = f"larger than {min_effect:g} in AUROC (report.min_effect.score)"
    return [f"Of {len(certain)} certain differences, {effects or 'none'} are effects: {larger}."]


def caveats(
    cells: Sequence[ClassifierCell],
    comparisons: pd.DataFrame,
    effects: pd.DataFrame,
    min_effect: float,
) -> list[str]:
    """Sentences, the most important first."""
    finished = [result for cell in cells if not cell.original for result in cell.finished]
    compared = {
        "main effects and interactions": int((effects["n_averaged"] > 0).sum()),
        "paired comparisons": len(comparisons),
    }
    data = shared.data_of(finished)
    return [
        *shared.incomplete(cells),
        *shared.seeds(cells),
        *shared.small_sample(data, "train", shared.SMALL_TRAINING, "events"),
        *_sizes_of_training(data),
        *shared.of_the_data(finished),
        *weight_caveats(finished),
        *_balance(finished),
        *shared.not_converged(finished),
        *shared.verdicts(
            compared, f"a difference in AUROC above {min_effect:g} (report.min_effect.score)"
        ),
        *shared.copies(cells),
        *_apart(cells),
        *_learnt_tokens(finished),
        *_reused_tokens(finished),
        *_numbers_of_parameters(finished),
        *shared.mixed_code(finished),
    ]


def _sizes_of_training(data: Sequence[Mapping[str, Any]]) -> list[str]:
    sizes = {one["n_train"] for one in data if "n_train" in one}
    return (
        ["Members were trained on different numbers of events; the boosted trees on all of them."]
        if len(sizes) > 1
        else []
    )


def _balance(finished: Sequence[Result]) -> list[str]:
    scores = next((result.scores for result in finished if result.scores is not None), None)
    if scores is None:
        return []
    share = float(np.average(scores.is_signal, weights=scores.weights))
    of = "test events" if scores.weights is None else "weight of the test events"
    binary = len(scores.class_names) == 2
    if binary and BALANCED[0] <= share <= BALANCED[1]:
        return []
    name = scores.class_names[0]
    return [
        f"Class balance: {share:.1%} of the {of} are {name}. Accuracy, F1, average precision"
        " and calibration depend on this share; AUROC does not."
    ]


def _apart(cells: Sequence[ClassifierCell]) -> list[str]:
    apart = Counter(str(cell.axes["tokeniser"]) for cell in cells if cell.apart)
    if not apart:
        return []
    listed = ", ".join(f"{n} of tokeniser {tokeniser}" for tokeniser, n in apart.items())
    return [
        "Cells evaluated on other test events, in a block of their own and compared with nothing:"
        f" {listed}."
    ]


def _learnt_tokens(finished: Sequence[Result]) -> list[str]:
    """A tokeniser that is trained has a spread of its own, which members that share it
    cannot show.
    """
    trained = {kind for kind, found in tokeniser_classes().items() if found.trained}
    members = [
        result.member
        for result in finished
        if result.member.config.get("tokeniser", {}).get("kind") in trained
    ]
    seeds = {(member.seed, member.config["tokeniser"]["seed"]) for member in members}
    of_their_own = all(own == tokeniser for own, tokeniser in seeds) and len(seeds) > 1
    if not members or of_their_own:
        return []
    return [
        "VQ-VAE tokens come from one training for all seeds: how another would move them is in no"
        " interval (vqvae.per_seed=true shows it)."
    ]


def _reused_tokens(finished: Sequence[Result]) -> list[str]:
    """Codes of a VQ-VAE that another run trained."""
    runs = sorted(
        {str(result.record["vqvae_from"]) for result in finished if result.record.get("vqvae_from")}
    )
    return (
        [
            f"The VQ-VAE was not trained in this run: its codes come from run {' and '.join(runs)}"
            " (vqvae.from)."
        ]
        if runs
        else []
    )


def _numbers_of_parameters(finished: Sequence[Result]) -> list[str]:
    sizes = [
        result.record["n_parameters"] for result in finished if result.record.get("n_parameters")
    ]
    if not sizes or max(sizes) <= MAX_SIZE_RATIO * min(sizes):
        return []
    return [
        f"Models have {min(sizes):,} to {max(sizes):,} parameters: a difference may be one of size"
        " (model.equalise_to=N makes them alike)."
    ]
