"""Gradient-boosted trees: the baseline of the classifiers.

Trees are grown on the training split until the validation loss stops improving, and the test split
is scored once, as for every network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from lexon.config import Weighting
from lexon.errors import DataError
from lexon.events import Events
from lexon.metrics.scores import Scores
from lexon.weighting import training_weights

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier

BaselineKind = Literal["event_level", "flat"]

# Each baseline in the words of a report.
BASELINES: dict[BaselineKind, str] = {
    "event_level": "gradient boosting on event-level features",
    "flat": "gradient boosting on flat columns",
}

MAX_TREES = 500
PATIENCE = 20  # rounds without a better validation loss


@dataclass(frozen=True)
class Baseline:
    """A fitted baseline with all it needs to read events; `columns` are those with a value in some
    training event.
    """

    kind: BaselineKind
    columns: tuple[str, ...]
    model: HistGradientBoostingClassifier
    object_types: Mapping[int, str]


def fit_baseline(
    kind: BaselineKind,
    train: Events,
    train_target: NDArray[np.int64],
    val: Events,
    val_target: NDArray[np.int64],
    object_types: Mapping[int, str],
    seed: int,
    weighting: Weighting | None = None,
) -> Baseline:
    """Boosted trees with early stopping on the validation loss; deterministic by `seed`.

    Args:
        kind: which columns, see `BASELINES`.
        train_target, val_target: class index [event], signal 0.
        object_types: name of each type id.
        weighting: what events of a training count, as for a network; None: all alike.

    Raises:
        DataError: when a split holds one class only, or validation holds a class that training
            lacks.
    """
    from sklearn.ensemble import (
        HistGradientBoostingClassifier,
    )  # a second of import that the command line need not pay

    _check_targets(train_target, val_target)
    model = HistGradientBoostingClassifier(
        max_iter=MAX_TREES,
        early_stopping=True,
        n_iter_no_change=PATIENCE,
        categorical_features="from_dtype",
        random_state=seed,
    )
    table = _columns(kind, train, object_types).dropna(
        axis=1, how="all"
    )  # the last slots may be empty in every event
    columns = [str(name) for name in table]
    own = [
        training_weights(events.weights, target, weighting) if weighting else None
        for events, target in ((train, train_target), (val, val_target))
    ]
    model.fit(
        table,
        train_target,
        sample_weight=own[0],
        X_val=_columns(kind, val, object_types)[columns],
        y_val=val_target,
        sample_weight_val=own[1],
    )
    return Baseline(kind, tuple(columns), model, object_types)


def score_baseline(
    baseline: Baseline,
    events: Events,
    target: NDArray[np.int64],
    index: NDArray[np.int64],
    class_names: tuple[str, ...],
    label_names: dict[int, str],
    digest: str,
) -> Scores:
    """The baseline's `Scores` of a split; a class that training lacked gets probability 0."""
    probabilities = np.zeros((len(events), len(class_names)), dtype=np.float32)
    table = _columns(baseline.kind, events, baseline.object_types)[list(baseline.columns)]
    probabilities[:, baseline.model.classes_] = baseline.model.predict_proba(table)
    names = class_names, label_names, digest
    return Scores(probabilities, target, events.labels, index, *names, events.weights)


def _columns(kind: BaselineKind, events: Events, object_types: Mapping[int, str]) -> pd.DataFrame:
    from lexon.features import event_features, flat_columns

    return event_features(events, object_types) if kind == "event_level" else flat_columns(events)


def _check_targets(train_target: NDArray[np.int64], val_target: NDArray[np.int64]) -> None:
    train, val = np.unique(train_target), np.unique(val_target)
    if len(train) < 2:
        raise DataError(
            f"training split holds class {train.tolist()} only: a classifier needs two; check"
            " `classes`"
        )
    if not np.isin(val, train).all():
        raise DataError(
            f"validation split holds classes {val.tolist()}, training {train.tolist()}: both need"
            " the same; check the file's splits"
        )
