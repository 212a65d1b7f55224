"""Paired differences over test rows and seeds: configurations from independent marginals, from the
best, and from smaller ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon.config import ReportConfig
from lexon.experiments import Result
from lexon.metrics.ranking import Statistic, Weights
from lexon.pipelines.reporting.tables import BOUNDS, FACTS, Row, cell_row, difference_row
from lexon.pipelines.reporting.vae_cells import (
    ADDED,
    COLUMNS,
    SECTIONS,
    Configuration,
    Verdicts,
    best_of,
    verdict_of,
)
from lexon.statistics import SEED, seed_spread, weighted_mean
from lexon.statistics.differences import Difference, SmallestEffect, compare, resample

Kind = Literal["marginals", "best", "size"]
Arrays = Mapping[str, NDArray[Any]]

MARGINALS = "independent_marginals"
BOUND_COLUMN = "test_bce_plus_kld"
SIZE_COLUMN = "test_bce"
DIFFERENCE_COLUMNS = [
    "run",
    "kind",
    "metric",
    "scope",
    "a",
    "b",
    *BOUNDS,
    "relative",
    "verdict",
    "effect",
]
DIFFERENCE_COLUMNS += ["n_seeds_a", "n_seeds_b"]

Anchors = Mapping[str, Mapping[str, Mapping[str, float]]]


@dataclass(frozen=True)
class Measure:
    """A metric that is a sum over test rows, or a ratio of two, so that rows can be resampled.

    Attributes:
        of: of the arrays of a member, and its beta.
        scale: of its smallest effect.
    """

    of: Callable[[Arrays, float], Statistic]
    scale: Literal["relative", "absolute"]


def _hamming(arrays: Arrays, _beta: float) -> Statistic:
    return weighted_mean((arrays["rows"] != arrays["reconstructed"]).mean(axis=1))


def _jaccard(arrays: Arrays, _beta: float) -> Statistic:
    both, either = (
        combine(arrays["rows"], arrays["reconstructed"]).sum(axis=1)
        for combine in (np.logical_and, np.logical_or)
    )

    def statistic(weights: Weights) -> NDArray[np.float64]:
        return np.where(
            weights @ either > 0, (weights @ both) / np.maximum(weights @ either, 1), 1.0
        )

    return statistic


def _bound(arrays: Arrays, _beta: float) -> Statistic:
    return weighted_mean(arrays["bce"].astype(np.float64) + arrays["kld"])


def _loss(arrays: Arrays, beta: float) -> Statistic:
    return weighted_mean(arrays["bce"].astype(np.float64) + beta * arrays["kld"])


def _bce(arrays: Arrays, _beta: float) -> Statistic:
    return weighted_mean(arrays["bce"].astype(np.float64))


MEASURES = {
    BOUND_COLUMN: Measure(_bound, "relative"),
    "test_loss": Measure(_loss, "relative"),
    SIZE_COLUMN: Measure(_bce, "relative"),
    "hamming_loss": Measure(_hamming, "absolute"),
    "jaccard_index": Measure(_jaccard, "absolute"),
}


@dataclass(frozen=True)
class Pair:
    """A metric of configuration `a` less that of `b`; `scope` is the beta within which they are
    compared, or empty.
    """

    column: str
    a: str
    b: str
    scope: str = ""


def differences_table(
    configurations: Sequence[Configuration], report: ReportConfig, run: str
) -> pd.DataFrame:
    """differences.csv: one family for each `kind` of comparison.

    `marginals`: each configuration that did not collapse against independent marginals. `best`: the
    best on validation against each other one. `size`: a larger configuration against a smaller one
    of its beta. `low` and `high` bound a difference alone, `low_all` and `high_all` all of its
    family together; the verdict is by the latter.
    """
    able = [one for one in configurations if one.compared and _measured(one)]
    families: dict[Kind, list[Pair]] = {
        "marginals": [
            Pair(BOUND_COLUMN, one.name, MARGINALS)
            for one in able
            if len(one.arrays("marginals")) == len(one.finished)
        ],
        "best": _from_best(able),
        "size": [Pair(SIZE_COLUMN, larger.name, smaller.name) for smaller, larger in by_size(able)],
    }
    rows = [
        {"run": run, "kind": kind, **row}
        for kind, pairs in families.items()
        if pairs
        for row in _rows(pairs, able, report)
    ]
    return pd.DataFrame(rows, columns=DIFFERENCE_COLUMNS)


def verdicts_of(differences: pd.DataFrame, kind: Kind) -> Verdicts:
    """The verdict by metric, `a` and `b`."""
    rows = rows_of_kind(differences, kind)
    return {(row["metric"], row["a"], row["b"]): row["verdict"] for row in rows.to_dict("records")}


def rows_of_kind(differences: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    """The rows of one family."""
    return differences[differences["kind"] == kind]


def by_size(configurations: Sequence[Configuration]) -> list[tuple[Configuration, Configuration]]:
    """All pairs of one beta that differ in width, smaller first; without collapsed ones, whose
    reconstruction is not due to size.
    """
    able = sorted(
        (one for one in configurations if one.compared), key=lambda one: one.model["hidden_dim"]
    )
    return [
        (a, b)
        for a, b in combinations(able, 2)
        if a.beta == b.beta and a.model["hidden_dim"] < b.model["hidden_dim"]
    ]


def learnt(
    configurations: Sequence[Configuration], differences: pd.DataFrame
) -> list[Configuration] | None:
    """Those that did not collapse and are certainly better than independent marginals; None where
    nothing tells.

    A code that is in use is not enough: a diverged model has large KL and active units, and may
    need 500 nats for a row that tag frequencies alone describe with 20.
    """
    verdicts = {a: verdict for (_, a, _), verdict in verdicts_of(differences, "marginals").items()}
    return (
        [one for one in configurations if verdicts.get(one.name, "").startswith("lower")]
        if verdicts
        else None
    )


def _from_best(able: Sequence[Configuration]) -> list[Pair]:
    """The best by each rule whose metric is measured, with each other one."""
    measured = [rule for rules in SECTIONS.values() for rule in rules if rule.column in MEASURES]
    return [
        Pair(rule.column, found.best.name, other.name, found.scope)
        for rule in measured
        for found in best_of(rule, able)
        for other in found.group
        if other is not found.best
    ]


def _rows(pairs: Sequence[Pair], able: Sequence[Configuration], report: ReportConfig) -> list[Row]:
    """A family of differences; the marginals are measured on the same rows, by one member as by
    another.
    """
    known = {one.name: one for one in able}
    names = dict.fromkeys((pair.column, name) for pair in pairs for name in (pair.a, pair.b))
    cells = {
        _cell(column, name): _statistics(column, known.get(name), able) for column, name in names
    }
    n_rows = len(_arrays(able[0].finished[0])["rows"])
    resampled = resample(
        cells, n_rows, report.n_bootstrap, _rng(), [_cell(BOUND_COLUMN, MARGINALS)]
    )
    family = {
        pair: [{_cell(pair.column, pair.a): 1, _cell(pair.column, pair.b): -1}] for pair in pairs
    }
    smallest = {pair: smallest_of(pair.column, report) for pair in pairs}
    found = compare(resampled, family, smallest, _rng())
    means = {name: float(trainings.estimates.mean()) for name, trainings in resampled.items()}
    seeds = {one.name: len(one.finished) for one in able}
    return [
        _row(pair, difference, means[_cell(pair.column, pair.b)])
        | {
            "n_seeds_a": seeds[pair.a],
            "n_seeds_b": seeds.get(pair.b, np.nan),
        }
        for pair, difference in found.items()
    ]


def _row(pair: Pair, difference: Difference, reference: float) -> Row:
    """One row; `reference` is the value of b, which `relative` is relative to."""
    relative = difference.alone.estimate / abs(reference) if reference else np.nan
    head = {"metric": pair.column, "scope": pair.scope, "a": pair.a, "b": pair.b}
    return head | difference_row(difference) | {"relative": relative}


def _cell(column: str, name: str) -> str:
    return f"{column} of {name}"


def _statistics(
    column: str, one: Configuration | None, able: Sequence[Configuration]
) -> list[Statistic]:
    """One a seed; of independent marginals (None) the only one."""
    if one is None:
        arrays = (_arrays(result) for each in able for result in each.finished)
        return [
            next(
                weighted_mean(each["marginals"].astype(np.float64))
                for each in arrays
                if "marginals" in each
            )
        ]
    return statistics_by_rows(column, one)


def statistics_by_rows(column: str, one: Configuration) -> list[Statistic]:
    """One a finished seed; none where one of them left no finite numbers for each row."""
    return (
        [MEASURES[column].of(_arrays(result), one.beta) for result in one.finished]
        if _measured(one)
        else []
    )


def smallest_of(column: str, report: ReportConfig) -> SmallestEffect:
    """The smallest effect on a column that has a measure."""
    measure, effect = MEASURES[column], report.min_effect
    return SmallestEffect(
        effect.loss if measure.scale == "relative" else effect.score, measure.scale
    )


def _measured(one: Configuration) -> bool:
    """Whether every seed left numbers for each row, all finite; what was read from
    NAME_metrics.json has none.
    """
    arrays = [result.arrays for result in one.finished]
    return bool(arrays) and all(
        each is not None and bool(np.isfinite(each["bce"] + each["kld"]).all()) for each in arrays
    )


def _arrays(result: Result) -> Arrays:
    assert result.arrays is not None  # asked for by `_measured`
    return result.arrays


def _rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


def anchor_value(anchors: Anchors, name: str, metric: str) -> float:
    """A metric of an anchor on the test split; NaN where it has none."""
    return anchors.get(name, {}).get("test", {}).get(f"test_{metric}", np.nan)


def member_numbers(result: Result) -> Row:
    """The verdict and test metrics of a finished member."""
    return {"verdict": verdict_of(result), **result.metrics.get("test", {})}


def summary_table(
    configurations: Sequence[Configuration], anchors: Anchors, run: str
) -> pd.DataFrame:
    """summary.csv: the rows of `comparison_table`, with the cell and its axes as all kinds have
    them.
    """
    return pd.DataFrame(_summary_rows(configurations, anchors, run))


def comparison_table(
    configurations: Sequence[Configuration], anchors: Anchors, run: str
) -> pd.DataFrame:
    """comparison.csv: configurations in the order of the plan, then the anchors; test split, mean
    and spread over seeds.
    """
    rows = [
        {**row, "configuration": row["label"]}
        for row in _summary_rows(configurations, anchors, run)
    ]
    names = [
        "configuration",
        *COLUMNS,
        "verdict",
        "n_seeds",
        "status",
        "kind",
        "beta",
        "latent_dim",
        "hidden_dim",
        *ADDED,
    ]
    return pd.DataFrame(
        rows, columns=[*names, *(f"{name}_sd" for name in COLUMNS | ADDED), *FACTS, "run", "notes"]
    )


def _summary_rows(configurations: Sequence[Configuration], anchors: Anchors, run: str) -> list[Row]:
    rows = [_configuration_row(one, run) for one in configurations]
    return [*rows, *(_anchor_row(name, anchors, run) for name in anchors)]


def _configuration_row(one: Configuration, run: str) -> Row:
    every = COLUMNS | ADDED
    return (
        cell_row(one, run)
        | {"verdict": one.verdict, "kind": "configuration"}
        | {column: one.mean("test", metric) for column, metric in every.items()}
        | {
            f"{column}_sd": seed_spread(one.values("test", metric)).sd
            for column, metric in every.items()
        }
        | {name: one.model[name] for name in ("beta", "latent_dim", "hidden_dim")}
    )


def _anchor_row(name: str, anchors: Anchors, run: str) -> Row:
    values = {
        column: anchor_value(anchors, name, metric) for column, metric in (COLUMNS | ADDED).items()
    }
    return {
        "cell": name,
        "label": name,
        **values,
        "status": "done",
        "kind": "baseline",
        "run": run,
        "notes": "anchor: learns no latent code",
    }
