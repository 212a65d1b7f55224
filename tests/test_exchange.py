"""Exchanging a feature between events changes this feature only, and leaves objects that can
exist.
"""

from __future__ import annotations

import numpy as np
import pytest

from lexon.events import Events
from lexon.exchange import FEATURES, Feature, exchanged
from lexon.physics import massless_energy

N = 300
OBJECT_FEATURES: list[Feature] = ["pt", "eta", "phi", "energy"]


@pytest.fixture
def events(make_events) -> Events:
    return make_events(N, 3)


def places(events: Events) -> np.ndarray:
    """Type and number among the objects of this type, of each real object; by counting."""
    found = []
    for ids in events.ids.tolist():
        seen: dict[int, int] = {}
        for label in filter(None, ids):
            seen[label] = seen.get(label, 0) + 1
            found.append((label, seen[label]))
    return np.array(found)


def values(events: Events, feature: Feature) -> np.ndarray:
    """Of each real object."""
    real = events.mask
    energy, pt, eta, phi = events.p4[real].astype(np.float64).T
    own = {"pt": pt, "eta": eta, "phi": phi, "energy": energy / massless_energy(pt, eta)}
    return own[feature] if feature != "type" else events.ids[real]


@pytest.mark.parametrize("feature", FEATURES)
def test_masks_and_all_other_features_stay(events: Events, feature: Feature) -> None:
    changed = exchanged(events, feature, 0)
    np.testing.assert_array_equal(changed.mask, events.mask)
    np.testing.assert_array_equal(changed.labels, events.labels)
    for other in (*OBJECT_FEATURES, "type"):
        if other != feature:
            np.testing.assert_allclose(values(changed, other), values(events, other), rtol=1e-6)
    if feature != "met":
        np.testing.assert_array_equal(changed.met, events.met)
        np.testing.assert_array_equal(changed.met_phi, events.met_phi)
    changed.validate("exchanged")
    real = changed.mask
    least = massless_energy(changed.pt, changed.eta)[real]
    assert (changed.energy[real] >= least * (1 - 1e-6)).all()


@pytest.mark.parametrize("feature", OBJECT_FEATURES)
def test_each_kind_of_object_keeps_its_distribution(events: Events, feature: Feature) -> None:
    before, after = (values(one, feature) for one in (events, exchanged(events, feature, 1)))
    kinds = places(events)
    assert not np.allclose(before, after)
    for kind in np.unique(kinds, axis=0):
        rows = (kinds == kind).all(1)
        np.testing.assert_allclose(np.sort(after[rows]), np.sort(before[rows]), rtol=1e-6)


def test_types_keep_their_distribution_in_each_position(events: Events) -> None:
    changed = exchanged(events, "type", 1)
    assert (changed.ids != events.ids).any()
    np.testing.assert_array_equal(np.sort(changed.ids, axis=0), np.sort(events.ids, axis=0))


def test_met_and_its_azimuth_stay_together(events: Events) -> None:
    changed = exchanged(events, "met", 2)
    pairs = [sorted(zip(one.met, one.met_phi, strict=True)) for one in (events, changed)]
    assert pairs[0] == pairs[1]
    assert (changed.met != events.met).all(), "every event takes another's"


@pytest.mark.parametrize("feature", ["pt", "eta", "phi"])
def test_no_object_keeps_its_own_value_where_another_event_has_one(
    events: Events, feature: Feature
) -> None:
    before, after = (values(one, feature) for one in (events, exchanged(events, feature, 3)))
    kinds, counts = np.unique(places(events), axis=0, return_counts=True)
    for kind, count in zip(kinds, counts, strict=True):
        rows = (places(events) == kind).all(1)
        assert (before[rows] != after[rows]).all() == (count > 1)


def test_a_permutation_is_the_same_whoever_asks_and_each_is_another(events: Events) -> None:
    first, again, second = (exchanged(events, "pt", number) for number in (0, 0, 1))
    np.testing.assert_array_equal(first.p4, again.p4)
    assert not np.array_equal(first.p4, second.p4)


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("n", [0, 1])
def test_few_events_are_no_special_case(make_events, feature: Feature, n: int) -> None:
    events = make_events(1, 0)[:n]
    changed = exchanged(events, feature, 0)
    np.testing.assert_allclose(changed.p4, events.p4, rtol=1e-6)
    np.testing.assert_array_equal(changed.ids, events.ids)
