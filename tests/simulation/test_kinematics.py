"""Lorentz boosts, two-body kinematics and line shapes."""

import numpy as np
import pytest
from scipy import stats

from lexon.physics import invariant_mass
from lexon.simulation.kinematics import (
    around,
    boost,
    breakup_momentum,
    breit_wigner,
    cylindrical,
    isotropic,
    on_shell,
    to_rest_frame,
)


def test_a_boost_and_its_inverse_cancel_and_keep_masses(rng):
    p4 = on_shell(rng.normal(0, 100, (50, 3)), rng.uniform(1, 50, 50))
    frame = on_shell(rng.normal(0, 200, (50, 3)), 80.0)
    moved = boost(p4, frame)
    np.testing.assert_allclose(invariant_mass(moved), invariant_mass(p4), rtol=1e-6)
    np.testing.assert_allclose(to_rest_frame(moved, frame), p4, rtol=1e-8, atol=1e-8)


def test_a_particle_is_at_rest_in_its_own_frame(rng):
    frame = on_shell(rng.normal(0, 200, (50, 3)), 80.0)
    np.testing.assert_allclose(
        to_rest_frame(frame, frame), np.tile([80.0, 0, 0, 0], (50, 1)), atol=1e-9
    )


def test_two_daughters_on_shell_at_the_breakup_momentum_add_up_to_the_parent():
    p = breakup_momentum(172.5, 80.0, 5.0)
    assert np.hypot(p, 80.0) + np.hypot(p, 5.0) == pytest.approx(172.5)


def test_a_decay_below_threshold_has_no_momentum():
    assert breakup_momentum(80.0, 80.0, 5.0) == 0


def test_directions_are_unit_vectors_uniform_on_the_sphere(rng):
    direction = isotropic((4000,), rng)
    np.testing.assert_allclose(np.linalg.norm(direction, axis=-1), 1)
    for component in direction.T:
        assert stats.kstest(component, stats.uniform(-1, 2).cdf).pvalue > 1e-3


def test_directions_around_an_axis_have_the_angle_asked_for(rng):
    axis, cos_theta = isotropic((200,), rng), rng.uniform(-1, 1, 200)
    np.testing.assert_allclose((around(axis, cos_theta, rng) * axis).sum(-1), cos_theta, atol=1e-12)


def test_breit_wigner_masses_have_the_pole_the_width_and_the_window(rng):
    masses = breit_wigner(80.38, 2.085, 20.0, (40_000,), rng)
    low, median, high = np.quantile(masses, [0.25, 0.5, 0.75])
    assert median == pytest.approx(80.38, abs=0.05)
    assert high - low == pytest.approx(2.085, rel=0.08)
    assert 60.38 <= masses.min() <= masses.max() <= 100.38


def test_cylindrical_inverts_cartesian_and_survives_nothing():
    pt, eta, phi = cylindrical(np.array([[3.0, 4.0, 5 * np.sinh(1.5)], [0, 0, 0]]))
    np.testing.assert_allclose(pt, [5, 0])
    np.testing.assert_allclose(eta, [1.5, 0])
    np.testing.assert_allclose(phi, [np.arctan2(4, 3), 0])
