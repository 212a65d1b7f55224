"""The tables of a comparison: one row a member; one row a configuration or anchor; paired differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon.config import ReportConfig
from lexon.experiments import Result
from lexon.metrics.ranking import Statistic, Weights
from lexon.pipelines.reporting.vae.configurations import Configuration, verdict_of
from lexon.pipelines.reporting.vae.learnt import BOUND_COLUMN, MARGINALS, against_marginals
from lexon.pipelines.reporting.vae.rules import ADDED, COLUMNS, Rule, choose
from lexon.statistics import Interval, bootstrap_statistics, is_effect, seed_spread, weighted_mean

Row = dict[str, Any]
Anchors = Mapping[str, Mapping[str, Mapping[str, float]]]
# Reports of the same results are the same to the last digit.
_BOOTSTRAP_SEED = 2026
FACTS = ("n_parameters", "best_epoch", "epochs", "seconds", "device")
DIFFERENCES = ("run", "metric", "a", "b", "difference", "low", "high", "relative", "verdict", "effect", "n_seeds_a", "n_seeds_b")


def anchor_value(anchors: Anchors, name: str, metric: str) -> float:
    """A metric of an anchor on the test split; NaN where it has none."""
    return anchors.get(name, {}).get("test", {}).get(f"test_{metric}", np.nan)


def members_table(results: Sequence[Result], run: str) -> pd.DataFrame:
    """One row a member, finished or not, with its verdict and test metrics."""
    return pd.DataFrame([_member_row(result, run) for result in results])


def comparison_table(configurations: Sequence[Configuration], anchors: Anchors, run: str) -> pd.DataFrame:
    """comparison.csv: configurations in the order of the plan, then the anchors; test split, mean and spread over seeds."""
    rows = [_configuration_row(one, run) for one in configurations]
    rows += [_anchor_row(name, anchors, run) for name in anchors]
    names = ["configuration", *COLUMNS, "verdict", "n_seeds", "status", "kind", "beta", "latent_dim", "hidden_dim", *ADDED]
    return pd.DataFrame(rows, columns=[*names, *(f"{name}_sd" for name in COLUMNS | ADDED), *FACTS, "run", "notes"])


def differences_table(configurations: Sequence[Configuration], report: ReportConfig, run: str) -> pd.DataFrame:
    """The best on validation against every other configuration that did not collapse, and each of them against independent marginals.

    Paired over test rows; of the first, the seeds' spread is pooled.
    """
    compared = [one for one in configurations if one.compared]
    statistics = {name: {one.name: [make(result) for result in one.finished] for one in compared} for name, make in _STATISTICS.items()}
    rows = [row for name, groups in statistics.items() for row in _differences(name, groups, compared, report)]
    rows += _below_marginals(configurations, report)
    return pd.DataFrame([{"run": run, **row} for row in rows], columns=list(DIFFERENCES))


def _below_marginals(configurations: Sequence[Configuration], report: ReportConfig) -> list[Row]:
    intervals = against_marginals(configurations, report.n_bootstrap)
    known = {one.name: one for one in configurations}
    return [
        _difference(BOUND_COLUMN, name, MARGINALS, interval, known[name].mean("test", "bce_plus_kld") - interval.estimate, report)
        | {"n_seeds_a": len(known[name].finished)}
        for name, interval in intervals.items()
    ]


def _difference(column: str, a: str, b: str, interval: Interval, reference: float, report: ReportConfig) -> Row:
    """One row; `reference` is the value of b, which the change is relative to."""
    relative = interval.estimate / abs(reference) if reference else np.nan
    effect = is_effect(interval, relative, report.min_effect.loss)
    bounds = {"difference": interval.estimate, "low": interval.low, "high": interval.high}
    words = in_words(interval, report.min_effect.loss * abs(reference))
    return {"metric": column, "a": a, "b": b, **bounds, "relative": relative, "verdict": words, "effect": effect}


def in_words(interval: Interval, smallest: float) -> str:
    """A difference as every report says it; `smallest` is the smallest that counts as an effect."""
    if interval.excludes_zero:
        return ("higher" if interval.estimate > 0 else "lower") + (", small" if abs(interval.estimate) <= smallest else "")
    return "same" if -smallest < interval.low and interval.high < smallest else "undecided"


def _differences(
    column: str, groups: Mapping[str, Sequence[Statistic]], compared: Sequence[Configuration], report: ReportConfig
) -> list[Row]:
    best = next((choice.name for choice in choose(_RULES[column], compared)), None)
    if best is None or len(groups) < 2:
        return []
    n_rows = len(compared[0].finished[0].arrays["rows"])  # type: ignore[index]  # a finished member has them
    replicates = bootstrap_statistics(groups, n_rows, report.n_bootstrap, np.random.default_rng(_BOOTSTRAP_SEED))
    seeds = {name: len(statistics) for name, statistics in groups.items()}
    return [
        _difference(column, best, other, (replicates[best] - replicates[other]).interval(), replicates[other].estimate, report)
        | {"n_seeds_a": seeds[best], "n_seeds_b": seeds[other]}
        | ({"verdict": "undecided (1 seed)", "effect": False} if min(seeds[best], seeds[other]) < 2 else {})
        for other in groups
        if other != best
    ]


def _bound(result: Result) -> Statistic:
    arrays = _arrays(result)
    return weighted_mean(arrays["bce"].astype(np.float64) + arrays["kld"])


def _hamming(result: Result) -> Statistic:
    arrays = _arrays(result)
    return weighted_mean((arrays["rows"] != arrays["reconstructed"]).mean(axis=1))


def _jaccard(result: Result) -> Statistic:
    arrays = _arrays(result)
    both, either = (combine(arrays["rows"], arrays["reconstructed"]).sum(axis=1) for combine in (np.logical_and, np.logical_or))

    def statistic(weights: Weights) -> NDArray[np.float64]:
        return np.where(weights @ either > 0, (weights @ both) / np.maximum(weights @ either, 1), 1.0)

    return statistic


_STATISTICS: dict[str, Callable[[Result], Statistic]] = {"test_bce_plus_kld": _bound, "hamming_loss": _hamming, "jaccard_index": _jaccard}
_RULES = {"test_bce_plus_kld": Rule("test_bce_plus_kld", "low"), "hamming_loss": Rule("hamming_loss", "low")}
_RULES["jaccard_index"] = Rule("jaccard_index", "high")


def _arrays(result: Result) -> Mapping[str, NDArray[Any]]:
    assert result.arrays is not None  # evaluation writes them before the record says "done"
    return result.arrays


def _member_row(result: Result, run: str) -> Row:
    done = result.status == "done"
    facts = {name: result.record.get(name) for name in FACTS} if done else {}
    return {
        "run": run,
        "member": result.member.name,
        **result.member.cell,
        "seed": result.member.seed,
        "status": result.status,
        "notes": result.notes,
        "verdict": verdict_of(result) if done else None,
        **facts,
        **(result.metrics.get("test", {}) if done else {}),
    }


def _configuration_row(one: Configuration, run: str) -> Row:
    every = COLUMNS | ADDED
    return {
        "configuration": one.name,
        **{column: one.mean("test", metric) for column, metric in every.items()},
        **{f"{column}_sd": seed_spread(one.values("test", metric)).sd for column, metric in every.items()},
        "verdict": one.verdict,
        "n_seeds": len(one.finished),
        "status": one.status,
        "kind": "configuration",
        **{name: one.model[name] for name in ("beta", "latent_dim", "hidden_dim")},
        **_facts(one.finished),
        "run": run,
        "notes": one.notes,
    }


def _facts(finished: Sequence[Result]) -> Row:
    """Facts of the run records: means of numbers, else the first."""
    values = {name: [result.record[name] for result in finished if name in result.record] for name in FACTS}
    return {name: float(np.mean(v)) if isinstance(v[0], int | float) else v[0] for name, v in values.items() if v}


def _anchor_row(name: str, anchors: Anchors, run: str) -> Row:
    values = {column: anchor_value(anchors, name, metric) for column, metric in (COLUMNS | ADDED).items()}
    return {"configuration": name, **values, "status": "done", "kind": "baseline", "run": run, "notes": "anchor: learns no latent code"}
