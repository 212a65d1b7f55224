"""How far a second sample is from the test split, process by process, in event-level quantities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.datasets.elsewhere import OtherSample
from lexon.datasets.events import ClassifiedEvents, EventSource
from lexon.features import event_features
from lexon.statistics import SEED, distances, medians, told_apart

# Fewer events of either sample show nothing; of more, as many are taken at random.
FEWEST, MOST = 50, 10_000
ALL = "all"
# Of the first sample, and of the second one.
Rows = list[NDArray[np.intp]]


@dataclass(frozen=True)
class Side:
    """The events of one sample that are compared.

    Attributes:
        table: their quantities, one row an event.
        weights: [event], in the unit of their file.
        names: class, and process, of each event.
    """

    table: NDArray[np.float32]
    weights: NDArray[np.float64]
    names: NDArray[np.str_]

    def __getitem__(self, rows: NDArray[np.intp]) -> Side:
        return Side(self.table[rows], self.weights[rows], self.names[:, rows])


def compare_samples(
    events: EventSource,
    elsewhere: OtherSample,
    classes: dict[str, Any],
    object_types: dict[int, str],
    n_bootstrap: int,
) -> dict[str, Any]:
    """Sizes, distances of quantities with their floors, and the AUROC of telling the samples apart,
    for the classes and for each process that both have by name; as JSON takes it. `notes` end with
    the groups that have neither, and why.
    """
    names = tuple(classes)
    test, other = events.classified("test", classes), elsewhere.classified(names)
    columns = [str(name) for name in event_features(test.events[:1], object_types)]
    first = _side(test, names, events.label_names, object_types)
    second = _side(other, names, elsewhere.label_names, object_types)
    sizes, left_out, features, two_samples = [], [], [], []
    for group, (of_first, of_second) in _groups(first, second, names).items():
        counted = {"group": group, "n_test": len(of_first), "n_elsewhere": len(of_second)}
        sizes.append(counted)
        one, two = first[_some(of_first)], second[_some(of_second)]
        if reason := _why_not(counted, one, two):
            left_out.append(f"No distance of {group}, nor an AUROC of telling it apart: {reason}.")
        else:
            features += _features(counted, columns, one, two)
            two_samples.append(_two_samples(counted, one, two, n_bootstrap))
    attributes = elsewhere.source.attributes
    return {
        "path": attributes["raw_path"],
        "digest": other.digest,
        "test_digest": test.digest,
        "notes": [*attributes["notes"], *left_out],
        "generator": attributes["generator"],
        "sizes": sizes,
        "features": features,
        "two_samples": two_samples,
    }


def _side(
    sample: ClassifiedEvents,
    classes: tuple[str, ...],
    label_names: dict[int, str],
    object_types: dict[int, str],
) -> Side:
    events = sample.events
    processes = [label_names.get(label, str(label)) for label in events.labels.tolist()]
    names = np.array([[classes[target] for target in sample.targets], processes])
    weights = np.ones(len(events)) if events.weights is None else events.weights
    return Side(event_features(events, object_types).to_numpy(np.float32), weights, names)


def _groups(first: Side, second: Side, classes: tuple[str, ...]) -> dict[str, Rows]:
    """Rows of either sample: all events, each class, each process of one name in both that is not
    a class of its own.
    """
    sides = (first, second)
    found: dict[str, Rows] = {ALL: [np.arange(len(side.table)) for side in sides]}
    for name in classes:
        found[name] = [np.flatnonzero(side.names[0] == name) for side in sides]
    for name in np.intersect1d(first.names[1], second.names[1]).tolist():
        rows = [np.flatnonzero(side.names[1] == name) for side in sides]
        if not any(all(map(np.array_equal, rows, known)) for known in found.values()):
            found.setdefault(name, rows)
    return found


def _some(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    if len(rows) <= MOST:
        return rows
    return np.sort(np.random.default_rng(SEED).choice(rows, MOST, replace=False))


def _why_not(counted: dict[str, Any], one: Side, two: Side) -> str:
    """Why a group cannot be compared; empty where it can."""
    n_test, n_elsewhere = counted["n_test"], counted["n_elsewhere"]
    if min(n_test, n_elsewhere) < FEWEST:
        return (
            f"it has {n_test:,} events in the own test split and {n_elsewhere:,} in the second"
            f" sample, and {FEWEST} of each are needed"
        )
    for side, sample in ((one, "own test split"), (two, "second sample")):
        if not (total := side.weights.sum()) > 0:
            return (
                f"the weights of its {len(side.weights):,} events of the {sample} sum to {total:g},"
                " and a positive sum is needed"
            )
    return ""


def _weights(one: Side, two: Side) -> NDArray[np.float64]:
    """Those of both in turn, of mean 1 in each: one file may count events of a luminosity, and the
    other one have no weights at all.
    """
    return np.concatenate([side.weights / side.weights.mean() for side in (one, two)])


def _features(
    counted: dict[str, Any], columns: list[str], one: Side, two: Side
) -> list[dict[str, Any]]:
    found = distances(one.table, two.table, _weights(one, two), np.random.default_rng(SEED))
    typical = [medians(side.table, side.weights) for side in (one, two)]
    return [
        {
            **counted,
            "feature": name,
            "distance": float(found.distance[place]),
            "floor": float(found.floor[place]),
            "floor_all": float(found.floor_all[place]),
            "median_test": _known(typical[0][place]),
            "median_elsewhere": _known(typical[1][place]),
        }
        for place, name in enumerate(columns)
    ]


def _two_samples(counted: dict[str, Any], one: Side, two: Side, n: int) -> dict[str, Any]:
    found = told_apart(one.table, two.table, _weights(one, two), n)
    return {**counted, "auroc": found.estimate, "auroc_low": found.low, "auroc_high": found.high}


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
