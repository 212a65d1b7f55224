"""The tables of a comparison: one row a member; one row a configuration or anchor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lexon.experiments import Result
from lexon.pipelines.reporting.tables import FACTS, Row, cell_row
from lexon.pipelines.reporting.vae.configurations import Configuration, verdict_of
from lexon.pipelines.reporting.vae.rules import ADDED, COLUMNS
from lexon.statistics import seed_spread

Anchors = Mapping[str, Mapping[str, Mapping[str, float]]]


def anchor_value(anchors: Anchors, name: str, metric: str) -> float:
    """A metric of an anchor on the test split; NaN where it has none."""
    return anchors.get(name, {}).get("test", {}).get(f"test_{metric}", np.nan)


def member_numbers(result: Result) -> Row:
    """The verdict and test metrics of a finished member."""
    return {"verdict": verdict_of(result), **result.metrics.get("test", {})}


def comparison_table(configurations: Sequence[Configuration], anchors: Anchors, run: str) -> pd.DataFrame:
    """comparison.csv: configurations in the order of the plan, then the anchors; test split, mean and spread over seeds."""
    rows = [_configuration_row(one, run) for one in configurations]
    rows += [_anchor_row(name, anchors, run) for name in anchors]
    names = ["configuration", *COLUMNS, "verdict", "n_seeds", "status", "kind", "beta", "latent_dim", "hidden_dim", *ADDED]
    return pd.DataFrame(rows, columns=[*names, *(f"{name}_sd" for name in COLUMNS | ADDED), *FACTS, "run", "notes"])


def _configuration_row(one: Configuration, run: str) -> Row:
    every = COLUMNS | ADDED
    return (
        cell_row(one, run)
        | {"configuration": one.name, "verdict": one.verdict, "kind": "configuration"}
        | {column: one.mean("test", metric) for column, metric in every.items()}
        | {f"{column}_sd": seed_spread(one.values("test", metric)).sd for column, metric in every.items()}
        | {name: one.model[name] for name in ("beta", "latent_dim", "hidden_dim")}
    )


def _anchor_row(name: str, anchors: Anchors, run: str) -> Row:
    values = {column: anchor_value(anchors, name, metric) for column, metric in (COLUMNS | ADDED).items()}
    return {"configuration": name, **values, "status": "done", "kind": "baseline", "run": run, "notes": "anchor: learns no latent code"}
