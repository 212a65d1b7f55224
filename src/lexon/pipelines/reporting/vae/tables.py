"""The tables of a comparison: one row a member; one row a configuration or anchor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lexon.experiments import Result
from lexon.pipelines.reporting.vae.configurations import Configuration, verdict_of
from lexon.pipelines.reporting.vae.rules import ADDED, COLUMNS
from lexon.statistics import seed_spread

Row = dict[str, Any]
Anchors = Mapping[str, Mapping[str, Mapping[str, float]]]
FACTS = ("n_parameters", "best_epoch", "epochs", "seconds", "device")


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
