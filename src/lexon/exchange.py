"""One feature exchanged between events, all else kept: what a classifier loses by it is what the
feature is worth to it (Breiman, Machine Learning 45 (2001) 5, section 10).

An object takes the value of the object in the same place of another event, so that the values of
a place stay what they are as a whole. The place of an object is its type and its number among
those of its type, as the second b-jet; that of a type is the position in the event, since no type
is left once types are exchanged. So numbers of objects never change, leading objects get the pT of
leading objects, and angles of objects keep the distribution of their kind.

An object is described by its type, pT, eta, phi and E / |p|, of which each value goes with each
value of the others: whatever is exchanged, an object stays one that can exist, and the energy
follows pT and eta. MET is exchanged with its azimuth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lexon.events import N_TYPES, Events
from lexon.physics import massless_energy

Feature = Literal["type", "pt", "eta", "phi", "energy", "met"]

# Each feature in the words of a report.
FEATURES: dict[Feature, str] = {
    "type": "type",
    "pt": "pT",
    "eta": "eta",
    "phi": "phi",
    "energy": "E / |p|",
    "met": "MET",
}
# Sets these draws apart from others with the same numbers.
STREAM = 0xE8C4


def exchanged_scores(
    events: Events, score: Callable[[Events], NDArray[np.float32]], permutations: int
) -> dict[str, NDArray[np.float32]]:
    """What a classifier says of events with each feature exchanged, [permutation, ...] by feature;
    one permuted copy of the events is held at a time.

    Args:
        score: of events.
    """
    return {
        feature: np.stack(
            [score(exchanged(events, feature, number)) for number in range(permutations)]
        )
        for feature in FEATURES
    }


def exchanged(events: Events, feature: Feature, number: int) -> Events:
    """The same events, one feature taken from other events.

    Args:
        number: of the permutation; the same one of the same events is the same whoever asks.
    """
    rng = np.random.default_rng((number, list(FEATURES).index(feature), STREAM))
    if feature == "met":
        other = _others(np.zeros(len(events), np.int64), rng)
        return replace(events, met=events.met[other], met_phi=events.met_phi[other])
    real = events.mask
    places = _positions(real) if feature == "type" else _numbers(events.ids)
    other = _others(places[real], rng)
    if feature == "type":
        ids = events.ids.copy()
        ids[real] = events.ids[real][other]
        return replace(events, ids=ids)
    return replace(events, p4=_with_values(events, feature, other))


def _with_values(events: Events, feature: Feature, other: NDArray[np.intp]) -> NDArray[np.float32]:
    """Four-vectors of which the real objects have a value of the real objects `other`."""
    real, p4 = events.mask, events.p4.copy()
    objects = events.p4[real].astype(np.float64)
    excess = objects[:, 0] / massless_energy(objects[:, 1], objects[:, 2])
    if feature == "energy":
        excess = excess[other]
    else:
        column = ("pt", "eta", "phi").index(feature) + 1
        objects[:, column] = objects[other, column]
    p4[real, 1:] = objects[:, 1:]
    if feature != "phi":  # nothing of the energy depends on it
        p4[real, 0] = excess * massless_energy(objects[:, 1], objects[:, 2])
    return p4


def _positions(real: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.broadcast_to(np.arange(real.shape[1]), real.shape)


def _numbers(ids: NDArray[np.int8]) -> NDArray[np.int64]:
    """A number for each type and number among the objects of this type, [event, object]."""
    places = np.zeros(ids.shape, np.int64)
    for label in range(1, N_TYPES + 1):
        same = ids == label
        places[same] = label * ids.shape[1] + (np.cumsum(same, axis=1) - 1)[same]
    return places


def _others(places: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.intp]:
    """For each object another one in the same place of another event; itself where it is the only
    one.

    The objects of a place, in random order, each take from the next, the last from the first: an
    event has one object in each place, so none takes from its own event.
    """
    order = rng.permutation(len(places))
    order = order[np.argsort(places[order], kind="stable")]
    is_first = np.diff(places[order], prepend=-1) != 0
    starts = np.flatnonzero(is_first)
    following = np.roll(order, -1)
    if len(order):
        following[[*(starts[1:] - 1), -1]] = order[starts]
    found = np.empty(len(places), np.intp)
    found[order] = following
    return found
