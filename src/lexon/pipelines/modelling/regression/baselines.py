"""Baselines on the same split: what a regression has to beat before its variance matters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.config import RegressionConfig
from lexon.datasets.events import EventSource
from lexon.datasets.table import Table
from lexon.events import SPLITS
from lexon.regression_data import event_target, phi_free_columns, split_rows

Arrays = dict[str, NDArray[Any]]
# Each baseline in the words of a report.
BASELINES = {"mean": "train mean", "ridge": "ridge", "trees": "gradient-boosted trees"}
SEED = 42


def baselines_on_events(
    events: EventSource,
    classes: dict[str, Any],
    regression: RegressionConfig,
    plan: list[dict[str, Any]],
) -> Arrays:
    """Predictions of each baseline, from the phi-free columns of events that the networks of the
    `plan` are shown.

    Where members differ in what they are shown (a grid over ``vector`` or ``pid``), baselines are
    shown the most of it.
    """
    shown = [member["config"]["tokeniser"] for member in plan]
    vector, pid = max(one["vector"] for one in shown), any(one["pid"] for one in shown)
    read = {split: events.classified(split, classes).events for split in SPLITS}
    targets = {split: event_target(sample, regression.quantity) for split, sample in read.items()}
    return predict_baselines(
        {split: phi_free_columns(sample, vector, pid) for split, sample in read.items()}, targets
    )


def baselines_on_table(rows: Table, regression: RegressionConfig) -> Arrays:
    """Predictions of each baseline, from the columns of a table."""
    groups = np.arange(len(rows)) if rows.groups is None else rows.groups
    index = split_rows(groups, regression.split, regression.split_seed)
    features = {split: rows.features[chosen] for split, chosen in index.items()}
    return predict_baselines(
        features, {split: rows.target[chosen] for split, chosen in index.items()}
    )


def predict_baselines(
    features: dict[str, NDArray[np.float64]], targets: dict[str, NDArray[np.float64]]
) -> Arrays:
    """``<split>_target`` and ``<split>_<baseline>`` of validation and test, all fitted on training
    rows alone.

    The ridge's strength is chosen by leave-one-out on training rows; the trees grow to
    scikit-learn's defaults, because stopping them on validation would flatter them there.
    """
    from sklearn.dummy import DummyRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    trees = HistGradientBoostingRegressor(early_stopping=False, random_state=SEED)
    fitted = {
        "mean": DummyRegressor(),
        "ridge": make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 5, 17))),
        "trees": trees,
    }
    arrays: Arrays = {f"{split}_target": targets[split] for split in ("val", "test")}
    for name, model in fitted.items():
        model.fit(features["train"], targets["train"])
        arrays |= {f"{split}_{name}": model.predict(features[split]) for split in ("val", "test")}
    return arrays
