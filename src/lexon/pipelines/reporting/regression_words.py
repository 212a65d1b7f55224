"""What a sweep found, in words: every sentence follows from numbers that stand beside it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from lexon.config import CollapseConfig, ReportConfig
from lexon.experiments import Result
from lexon.metrics.collapse import Judged, penalty_optimum
from lexon.metrics.regression import recalibration, regression_metrics
from lexon.pipelines.modelling.regression.baselines import BASELINES
from lexon.pipelines.reporting import caveats as shared
from lexon.pipelines.reporting.claims import Answer
from lexon.pipelines.reporting.claims import sentences as in_sentences
from lexon.pipelines.reporting.regression_sweep import (
    CONTROL,
    FALLING,
    LAMBDA,
    Arrays,
    Differences,
    LambdaCell,
    Sweep,
    r2_differences,
    r2_interval,
)
from lexon.pipelines.reporting.tables import Row, json_rows, jsonable, rows_of, run_record
from lexon.pipelines.reporting.words import (
    bounded,
    capital,
    counted,
    number,
    parameter_file,
    percentage,
)
from lexon.plots.style import NOTHING
from lexon.regression_data import COMPUTABLE, TARGETS
from lexon.statistics.differences import Difference

logger = logging.getLogger(__name__)

Findings = dict[str, Any]
PENDING = "[pending]"
_ANSWERS = {True: "yes", False: "no", None: "undecided"}

DECISIONS = {
    "eligible": "R2 and ratio pass",
    "reject_unstable": "unstable",
    "reject_collapsed": "collapsed",
    "reject_variance": "only R2 passes",
    "reject_r2": "only the ratio passes",
    "reject_both": "neither R2 nor ratio passes",
}
SMALL_VALIDATION = 1000  # rows, below which R2 of 0.3 moves by several hundredths with the sample


def findings(
    sweeps: Sequence[Sweep],
    summary: pd.DataFrame,
    comparisons: pd.DataFrame,
    differences: Differences,
    baselines: Arrays | None,
    report: ReportConfig,
    answers: Sequence[Answer],
) -> Findings:
    """JSON-able: headline, sentences, caveats, answers to claims, and for each sweep its gate,
    selection and test numbers.
    """
    finished = _finished(sweeps)
    details = [_details(sweep, baselines, report) for sweep in sweeps]
    numbers = _baseline_numbers(baselines)
    attainable = max(
        (one["r2"] for one in numbers.values() if one["r2"] is not None), default=np.nan
    )
    sentences = []
    for sweep, one in zip(sweeps, details, strict=True):
        sentences += [_led(sweep, text) for text in _sentences(sweep, one, attainable, differences)]
    return {
        "headline": _headline(sweeps, finished),
        "sentences": [*sentences, *in_sentences(answers), *_negative(summary)],
        "caveats": caveats(sweeps, len(differences), report.min_effect.score),
        "sweeps": details,
        "decisions": decisions(summary),
        "claims": [answer.row() for answer in answers],
        "baselines": numbers,
        "baselines_in_words": _baselines_in_words(numbers),
        "table": json_rows(summary),
        "comparisons": json_rows(comparisons),
        "record": run_record(finished),
    }


def _finished(sweeps: Sequence[Sweep]) -> list[Result]:
    return [
        result
        for sweep in sweeps
        for cell in sweep.cells
        for result in cell.results
        if result.status == "done"
    ]


def selected_parameters(sweeps: Sequence[Sweep]) -> str:
    """A parameter file: the selected lambda and the setting that it was found in; nothing but a
    remark where none was.
    """
    chosen = [(sweep, sweep.selected) for sweep in sweeps if sweep.selected is not None]
    if not chosen:
        return parameter_file(
            {},
            "No lambda was selected.",
            *(f"{_led(sweep, _why_none(sweep))}." for sweep in sweeps),
        )
    sweep, cell = max(chosen, key=lambda pair: pair[1].median("r2"))
    numbers = (
        f"R2 {number(cell.median('r2'), 3)}, variance ratio"
        f" {percentage(cell.median('variance_ratio'))}; gate: {sweep.gate[0]}"
    )
    warning = _lowered_r2(sweep, cell)
    if warning:
        logger.warning("%s", warning)
    return parameter_file(
        {**sweep.axes, LAMBDA: cell.value},
        f"Selected on validation: {numbers}.",
        *([warning] if warning else []),
    )


def _lowered_r2(sweep: Sweep, chosen: LambdaCell) -> str:
    """A warning where the lambda that is handed on predicts worse than no penalty; empty where it
    does not.
    """
    control = sweep.control
    if (
        control is None
        or not control.finished
        or chosen is control
        or not chosen.median("r2") < control.median("r2")
    ):
        return ""
    before, after = control.median("r2"), chosen.median("r2")
    return (
        f"Warning: the selected lambda {chosen.value:g} lowered R2 from {before:.3f} (lambda 0) to"
        f" {after:.3f}: it restores the spread of the predictions and makes them less accurate."
    )


def _headline(sweeps: Sequence[Sweep], finished: Sequence[Result]) -> str:
    if not finished:
        return f"{capital(NOTHING)}."
    target = next(
        (result.arrays["val_target"] for result in finished if result.arrays is not None),
        np.arange(2),
    )
    if not np.ptp(target):
        rows = counted(len(target), "row")
        return (
            f"Nothing can be judged: the validation split ({rows}) holds one target value,"
            f" {target[0]:g}, so that R2 and variance ratio do not exist; give more rows, or change"
            " regression.split or regression.split_seed."
        )
    return " ".join(_led(sweep, _answer(sweep)) for sweep in sweeps)


def _answer(sweep: Sweep) -> str:
    gate, chosen = criterion(*sweep.gate, sweep.limits), sweep.selected
    if chosen is None:
        return f"No lambda is selected; {gate}."
    control = " (no penalty at all)" if chosen.value == 0 else ""
    return f"Lambda {chosen.value:g}{control} is selected: {_numbers(chosen)}; {gate}."


def _sentences(
    sweep: Sweep, details: Findings, attainable: float, differences: Differences
) -> list[str]:
    return [
        *_key_findings(sweep, differences),
        *_limit_of_data(sweep, attainable),
        *([] if sweep.selected else [f"None selected: {_why_none(sweep, DECISIONS)}."]),
        *_disagreement(sweep),
        *_on_test(details),
        *_compared(sweep, differences),
    ]


def _key_findings(sweep: Sweep, differences: Differences) -> list[str]:
    """The guide's three sentences, filled in with what the numbers say, which need not be what it
    hoped.
    """
    control, best = sweep.control, sweep.best_penalised
    if control is None or control.judged is None or not np.isfinite(control.judged.r2):
        return ["Lambda 0 has left no number yet: there is no control to compare with."]
    sentences = [_without_penalty(control, control.judged)]
    if best is None or best[0].judged is None:
        return sentences
    paired = differences.get((best[0], CONTROL))
    return [
        *sentences,
        _with_penalty(control.judged, best[0].judged, best[1], sweep, paired),
        _contribution(sweep, control.judged),
    ]


def _without_penalty(control: LambdaCell, judged: Judged) -> str:
    verb = "collapsing to" if judged.variance_ratio < control.limits.collapsed_below else "at"
    falling = (
        f"; {FALLING} ({control.falling} of {counted(len(control.runs), 'seed')})"
        if control.falling
        else ""
    )
    return (
        "Without variance regularisation (lambda 0), the model achieved R2 ="
        f" {number(judged.r2, 3)}, with prediction variance {verb}"
        f" {percentage(judged.variance_ratio)} of the target's (calibration slope"
        f" {number(control.median('calibration_slope'), 2)}; a calibrated model has a ratio equal"
        f" to its R2){falling}."
    )


def _with_penalty(
    before: Judged, after: Judged, which: str, sweep: Sweep, paired: Difference | None
) -> str:
    """The guide's sentence; a ratio that was bought with a lower R2 is not called restored."""
    low, high = sweep.limits.under_dispersed_below, sweep.limits.matched_up_to
    change = after.r2 - before.r2
    r2 = (
        "left R2 at"
        if abs(change) < sweep.limits.tie
        else "increased R2 to"
        if change > 0
        else "lowered R2 to"
    )
    matched = before.variance_ratio < low <= after.variance_ratio <= high
    ratio = (
        "restored the variance ratio to"
        if matched and change > -sweep.limits.tie
        else "moved the variance ratio to"
    )
    cost = ": the spread of the target, without its values" if matched and after.r2 <= 0 else ""
    return (
        f"Introducing the penalty with lambda {after.value:g} ({which}) {r2} {number(after.r2, 3)}"
        f" and {ratio} {percentage(after.variance_ratio)}{cost}{_with_interval(paired)}."
    )


def _with_interval(paired: Difference | None) -> str:
    if paired is None:
        return ""
    family = paired.family
    size = bounded(family.estimate, family.low, family.high, 3, "+")
    return f"; R2 less that of lambda 0, mean over seeds, paired: {size}, {paired.verdict}"


def _contribution(sweep: Sweep, control: Judged) -> str:
    passed, reasons = sweep.gate
    if "insufficient_seeds" in reasons:
        return (
            "Whether variance collapse is a tractable pathology of training is undecided"
            f" ({counted(control.n_seeds, 'seed')})."
        )
    if control.variance_ratio >= sweep.limits.collapsed_below:
        return (
            "There was no collapse to repair: nothing is shown about collapse as a pathology of"
            " training."
        )
    if passed == "go":
        return (
            "This supports that variance collapse is a tractable pathology of training, not a limit"
            " of architecture or data."
        )
    return (
        "This does not show variance collapse to be a tractable pathology of training:"
        f" {because(reasons, sweep.limits)}."
    )


def _limit_of_data(sweep: Sweep, attainable: float) -> list[str]:
    """A small spread is what a calibrated model must have where nothing can be predicted;
    `attainable`: R2 of the best baseline.
    """
    control = sweep.control
    if (
        control is None
        or control.judged is None
        or not control.judged.variance_ratio < sweep.limits.collapsed_below
    ):
        return []
    if not attainable < sweep.limits.collapsed_below:
        return []
    return [
        "Whether that is a collapse is another question: the best baseline reaches R2 ="
        f" {number(attainable, 3)} on the same split, and a calibrated model's variance ratio"
        " equals its R2. So small a spread is what these rows allow, whatever the training."
    ]


def _disagreement(sweep: Sweep) -> list[str]:
    chosen, (passed, reasons) = sweep.selected, sweep.gate
    if chosen is None or chosen.value == 0 or passed == "go":
        return []
    why = because(reasons, sweep.limits)
    return [
        f"Lambda {chosen.value:g} is selected although the criterion is not met: its R2 and spread"
        f" pass, but {why}."
    ]


def _on_test(details: Findings) -> list[str]:
    test = details["test"]
    if not test:
        return []
    against = ", ".join(
        f"{bounded(one['difference'], one['low'], one['high'], 3, '+')} against {one['against']}"
        f" ({one['verdict']})"
        for one in test["against"]
    )
    r2, after = (
        bounded(test["r2"], test["low"], test["high"], 3),
        number(test["r2_recalibrated"], 3),
    )
    return [
        f"On the test split, read for the selected lambda only: R2 {r2}, ratio"
        f" {percentage(test['variance_ratio'])}{f'; {against}' if against else ''}. After a"
        f" straight line fitted on validation, R2 would be {after} and the ratio"
        f" {percentage(test['variance_ratio_recalibrated'])} (medians; not applied anywhere else)."
    ]


def _compared(sweep: Sweep, differences: Differences) -> list[str]:
    """Which lambdas have a higher R2 than lambda 0 and than each baseline, by verdict."""
    listed = []
    for against in (CONTROL, *BASELINES.values()):
        verdicts: dict[str, list[str]] = {}
        for cell in sweep.cells:
            if (cell, against) in differences:
                verdicts.setdefault(differences[cell, against].verdict, []).append(
                    f"{cell.value:g}"
                )
        if verdicts:
            listed.append(
                f"against {against}: "
                + ", ".join(f"{word} at {' and '.join(at)}" for word, at in verdicts.items())
            )
    return (
        [
            "R2 on validation, by lambda (paired over rows and seeds, all comparisons together) -"
            f" {'; '.join(listed)}."
        ]
        if listed
        else []
    )


def _negative(summary: pd.DataFrame) -> list[str]:
    rows = summary[summary["negative_because"] != ""].to_dict("records")
    return [
        f"Lambda {row['variance_lambda']:g}: R2 {number(row['r2'], 2)} negative by"
        f" {row['negative_because']}: 2 rho s = {number(row['r2_signal'], 2)}, -s^2 ="
        f" {number(row['r2_spread'], 2)}, -(bias/sigma)^2 = {number(row['r2_offset'], 2)}"
        " (medians)."
        for row in rows
    ]


def _details(sweep: Sweep, baselines: Arrays | None, report: ReportConfig) -> Findings:
    passed, reasons = sweep.gate
    chosen = sweep.selected
    return {
        "axes": sweep.axes,
        "gate": passed,
        "gate_reasons": reasons,
        "selected": chosen.value if chosen else None,
        "reasons": {f"{one.value:g}": one.decision for one in sweep.judged},
        "lambdas": [jsonable(asdict(one)) for one in sweep.judged],
        "test": _test(sweep, chosen, baselines, report) if chosen else {},
    }


def _test(
    sweep: Sweep, cell: LambdaCell, baselines: Arrays | None, report: ReportConfig
) -> Findings:
    """The selected lambda on the test split, and how it would do after the line that validation
    asks for.
    """
    interval = r2_interval(cell, "test", report)
    if interval is None:
        return {}
    arrays = [result.arrays for result in cell.finished if result.arrays is not None]
    lines = [recalibration(one["val_target"], one["val_prediction"]) for one in arrays]
    straight = [
        regression_metrics(one["test_target"], a * one["test_prediction"] + b)
        for one, (a, b) in zip(arrays, lines, strict=True)
    ]
    differences = r2_differences([sweep], baselines, "test", report, only=cell)
    return jsonable(
        {
            "r2": interval.estimate,
            "low": interval.low,
            "high": interval.high,
            "variance_ratio": cell.median("variance_ratio", "test"),
        }
        | {
            f"{name}_recalibrated": float(np.median([one[name] for one in straight]))
            for name in ("r2", "variance_ratio")
        }
    ) | {
        "against": [
            _against(against, difference) for (_, against), difference in differences.items()
        ]
    }


def _against(against: str, difference: Difference) -> Findings:
    family = difference.family
    return {"against": against, "verdict": difference.verdict} | jsonable(
        {"difference": family.estimate, "low": family.low, "high": family.high}
    )


def _baseline_numbers(baselines: Arrays | None) -> Findings:
    """R2 and ratio of each baseline on validation."""
    if baselines is None:
        return {}
    numbers = {
        name: regression_metrics(baselines["val_target"], baselines[f"val_{name}"])
        for name in BASELINES
    }
    return {
        name: jsonable({key: one[key] for key in ("r2", "variance_ratio")})
        for name, one in numbers.items()
    }


def _baselines_in_words(numbers: Findings) -> list[str]:
    listed = [
        f"{BASELINES[name]}: R2 {number(one['r2'], 3)}, variance ratio"
        f" {percentage(one['variance_ratio'])}"
        for name, one in numbers.items()
    ]
    return (
        [f"On validation, fitted on the same training rows: {'; '.join(listed)}."] if listed else []
    )


def _why_none(sweep: Sweep, words: Mapping[str, str] | None = None) -> str:
    decisions = {one.value: words[one.decision] if words else one.decision for one in sweep.judged}
    return (
        "; ".join(f"lambda {value:g}: {decision}" for value, decision in decisions.items())
        or "no lambda is finished"
    )


def _numbers(cell: LambdaCell) -> str:
    assert cell.judged is not None
    judged = cell.judged
    return (
        f"R2 {number(judged.r2, 3)}, variance ratio {percentage(judged.variance_ratio)} on"
        f" validation, {counted(judged.n_seeds, 'seed')}"
    )


def _led(sweep: Sweep, text: str) -> str:
    return f"{sweep.label}: {text}" if sweep.label else text


def criterion(passed: str, reasons: Sequence[str], limits: CollapseConfig) -> str:
    """Whether the penalty was worth it, with every reason why not."""
    if passed == "go":
        return "the criterion for going on with the penalty is met"
    return f"the criterion for going on with the penalty is not met: {because(reasons, limits)}"


def because(reasons: Sequence[str], limits: CollapseConfig) -> str:
    """The gate's reasons as clauses."""
    words = {
        "no_control": "lambda 0 has left no number to compare with",
        "no_candidates": "no lambda above 0 has finished",
        "insufficient_seeds": "there are too few seeds to tell",
        "all_r2_nonpositive": "no lambda above 0 reaches an R2 above 0",
        "all_unstable": "every lambda above 0 is unstable",
        "no_gain_over_control": "no lambda above 0 that qualifies has a higher R2 than lambda 0",
        "no_lambda_meets_go": (
            f"no lambda above 0 is stable with R2 above {limits.go_r2:g} and a ratio above"
            f" {limits.go_ratio:.0%}"
        ),
    }
    return ", ".join(words[reason] for reason in reasons)


def caveats(sweeps: Sequence[Sweep], n_compared: int, min_effect: float) -> list[str]:
    """Sentences, the most important first."""
    cells = [cell for sweep in sweeps for cell in sweep.cells]
    results = [result for cell in cells for result in cell.results]
    finished = _finished(sweeps)
    data = shared.data_of(finished)
    config = cells[0].config if cells else {}
    return [
        *shared.incomplete(cells),
        *_seeds(sweeps),
        *shared.seeds(cells, "validation rows"),
        *_falling(sweeps),
        *shared.copies(cells),
        *_penalty(results),
        *_target(config),
        *_shown(results),
        *shared.small_sample(data, "val", SMALL_VALIDATION, "rows"),
        *_groups(
            config, data, grouped=all("val_group" in (result.arrays or {}) for result in finished)
        ),
        *shared.of_the_data(finished),
        *shared.verdicts(
            {"comparisons of R2": n_compared},
            f"a difference in R2 above {min_effect:g} (report.min_effect.score)",
        ),
        *shared.mixed_code(finished),
        *_kept(),
    ]


def _seeds(sweeps: Sequence[Sweep]) -> list[str]:
    few = sorted(
        {
            judged.n_seeds
            for sweep in sweeps
            for judged in sweep.judged
            if judged.seeds == "insufficient_seeds"
        }
    )
    if not few:
        return []
    return [
        f"Too few seeds ({', '.join(map(str, few))}): verdicts on seeds are undecided, and nothing"
        " is rejected for it (default: n_seeds=5)."
    ]


def _falling(sweeps: Sequence[Sweep]) -> list[str]:
    """A training that was cut off says little about where it would have ended."""
    cut = [
        ", ".join(
            [
                *([sweep.label] if sweep.label else []),
                f"lambda {cell.value:g} ({cell.falling} of {counted(len(cell.runs), 'seed')})",
            ]
        )
        for sweep in sweeps
        for cell in sweep.cells
        if cell.falling
    ]
    if not cut:
        return []
    return [
        f"Cut off: {FALLING} for {'; '.join(cut)}. More epochs (training.epochs) would change R2,"
        " ratio and verdict."
    ]


def _penalty(results: Sequence[Result]) -> list[str]:
    configs = [
        result.member.config for result in results if result.member.config["penalty"] == "batch"
    ]
    sizes = sorted({config["training"]["batch_size"] for config in configs})
    optima = ", ".join(f"{penalty_optimum(size):.2f} at batch {size}" for size in sizes)
    if not sizes:
        return []
    return [
        "The batch penalty is biased: without any signal its own optimum is a variance ratio of"
        f" {optima}, not 1 (penalty=global has none)."
    ]


def _target(config: dict[str, Any]) -> list[str]:
    if config.get("source") != "events":
        return []
    name = config["target"]
    remarks = f"Target: {TARGETS[name]}, from objects without their azimuths and without MET."
    if name in COMPUTABLE:
        remarks += (
            " It can be computed from what the network and the baselines are shown: a check of the"
            " method, no physics."
        )
    return [remarks]


def _shown(results: Sequence[Result]) -> list[str]:
    tokenisers = [
        result.member.config["tokeniser"]
        for result in results
        if "tokeniser" in result.member.config
    ]
    if len({(one["vector"], one["pid"]) for one in tokenisers}) < 2:
        return []
    return [
        "Members differ in what they are shown (vector, pid); the baselines are shown the most"
        " of it."
    ]


def _groups(config: dict[str, Any], data: Sequence[dict[str, Any]], *, grouped: bool) -> list[str]:
    n_groups = next((one["n_groups"] for one in data if one.get("n_groups")), 0)
    if n_groups and grouped:
        return [
            f"Rows of {n_groups:,} groups were kept together when the data were split, and are"
            " resampled together."
        ]
    if n_groups:
        return [
            f"Rows of {n_groups:,} groups were kept together when the data were split, but members"
            " that were evaluated by an earlier version do not hold them: rows are resampled one"
            " by one, so intervals are too narrow (--tags evaluate writes them)."
        ]
    if config.get("source") == "table":
        return [
            "Rows were split one by one: if neighbouring rows resemble each other, name their group"
            " (regression.group)."
        ]
    return []


def _kept() -> list[str]:
    return [
        "Weights, tables and figures are those of the last epoch: a best epoch would hide how a"
        " training ends. Penalties are listed without their weight, so that lambda 0 has one too; a"
        " training that gave up says at which epoch."
    ]


def decisions(summary: pd.DataFrame) -> list[dict[str, str]]:
    """The decision matrix in words: what passed, each criterion by its own number, whatever was
    decided.
    """
    return [_decision(row) for row in rows_of(summary)]


def _decision(row: Row) -> dict[str, Any]:
    pending = not row["decision"]
    answers = {
        name: PENDING if pending else _ANSWERS[row[name]]
        for name in ("r2_passes", "ratio_passes", "stable")
    }
    return (
        {name: row[name] for name in ("status", "setting", LAMBDA, "decision") if name in row}
        | answers
        | {"selected": bool(row["selected"])}
    )
