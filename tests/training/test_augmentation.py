"""Turning and mirroring an event changes nothing that physics calls a quantity of it, and no two
epochs show it in the same way.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lexon import physics
from lexon.events import MAX_OBJECTS, Events
from lexon.features import event_features
from lexon.training.augmentation import symmetries

OBJECT_TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}


@pytest.fixture
def events(make_events: Callable[..., Events]) -> Events:
    return make_events(500)


def pair_masses(events: Events) -> np.ndarray:
    cartesian = physics.cartesian(events.p4.astype(np.float64))
    first, second = np.triu_indices(MAX_OBJECTS, 1)
    return physics.invariant_mass(cartesian[:, first] + cartesian[:, second])


def pair_distances(events: Events) -> np.ndarray:
    first, second = np.triu_indices(MAX_OBJECTS, 1)
    eta, phi = events.eta.astype(np.float64), events.phi.astype(np.float64)
    distances = physics.delta_r(eta[:, first], phi[:, first], eta[:, second], phi[:, second])
    return np.where(events.mask[:, second], distances, 0)


def test_physics_is_invariant(events: Events) -> None:
    turned = symmetries(events, 0, 1).validate("turned events")
    for name in ("ids", "energy", "pt", "met", "labels"):
        np.testing.assert_array_equal(getattr(turned, name), getattr(events, name))
    np.testing.assert_allclose(pair_masses(turned), pair_masses(events), rtol=1e-5, atol=0.1)
    np.testing.assert_allclose(pair_distances(turned), pair_distances(events), atol=2e-6)
    to_met = [
        physics.delta_phi(one.phi, one.met_phi[:, None])[one.mask] for one in (turned, events)
    ]
    np.testing.assert_allclose(*(np.cos(angle) for angle in to_met), atol=2e-6)
    np.testing.assert_allclose(
        event_features(turned, OBJECT_TYPES),
        event_features(events, OBJECT_TYPES),
        rtol=2e-3,
        atol=2e-2,
    )


def test_padding_stays_padding_and_azimuths_stay_in_their_range(events: Events) -> None:
    turned = symmetries(events, 0, 1)
    assert (turned.p4[~events.mask] == 0).all()
    assert turned.p4.dtype == turned.met_phi.dtype == np.float32
    for phi in (turned.phi, turned.met_phi):
        assert ((phi >= -np.pi) & (phi < np.pi)).all()


def test_one_angle_and_one_mirror_an_event(events: Events) -> None:
    turned = symmetries(events, 0, 1)
    kept, mirrored = (((turned.eta == sign * events.eta) | ~events.mask).all(1) for sign in (1, -1))
    some = events.mask.any(1)
    assert (kept ^ mirrored)[some].all()
    turn = [
        np.exp(
            1j
            * (turned.phi - sign * events.phi - (turned.met_phi - sign * events.met_phi)[:, None])
        )
        for sign in (1, -1)
    ]
    as_met = [(np.isclose(angle, 1, atol=1e-5) | ~events.mask).all(1) for angle in turn]
    assert (as_met[0] | as_met[1]).all(), "each object turns as MET does, or is mirrored as MET is"
    assert 0.4 < as_met[0][some].mean() < 0.6


def test_all_directions_and_mirrors_are_equally_probable(events: Events) -> None:
    many = Events.concatenate([events] * 8)
    turned = symmetries(many, 0, 1)
    assert np.abs(np.exp(1j * (turned.met_phi - many.met_phi)).mean()) < 0.05
    first = many.mask[:, 0]
    assert np.mean(turned.eta[first, 0] == many.eta[first, 0]) == pytest.approx(0.5, abs=0.04)


def test_the_draw_depends_on_seed_and_epoch_only(events: Events) -> None:
    first = symmetries(events, 3, 7)
    np.random.default_rng(0).random()
    assert symmetries(events, 3, 7).digest() == first.digest()
    assert (
        len(
            {symmetries(events, seed, epoch).digest() for seed, epoch in ((3, 7), (3, 8), (4, 7))}
            | {events.digest()}
        )
        == 4
    )
