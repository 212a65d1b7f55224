import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexon.physics import (
    cartesian,
    delta_phi,
    delta_r,
    invariant_mass,
    massless_energy,
    massless_pair_mass,
    wrap_phi,
)

ANGLES = st.floats(-50, 50)


@given(ANGLES)
def test_wrapped_angles_lie_in_the_half_open_circle_and_point_the_same_way(phi):
    wrapped = wrap_phi(np.array(phi))
    assert -np.pi <= wrapped < np.pi
    np.testing.assert_allclose(
        [np.sin(wrapped), np.cos(wrapped)], [np.sin(phi), np.cos(phi)], atol=1e-12
    )


@given(st.floats(-7, 7, width=32))
def test_single_precision_stays_single_and_in_range(phi):
    wrapped = wrap_phi(np.array([phi], np.float32))
    assert wrapped.dtype == np.float32
    assert np.float32(-np.pi) <= wrapped[0] < np.float32(np.pi)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_ends_of_the_circle_are_minus_pi(dtype):
    below = np.nextafter(dtype(-np.pi), dtype(-10))
    np.testing.assert_array_equal(
        wrap_phi(np.array([np.pi, -np.pi, 3 * np.pi], dtype))[:2], [dtype(-np.pi)] * 2
    )
    assert abs(wrap_phi(np.array([below], dtype))[0]) <= dtype(np.pi)
    assert wrap_phi(np.array([below], dtype))[0] < dtype(np.pi)


@given(st.floats(-3.14159, 3.14159))
def test_angles_in_range_come_back_bit_by_bit(phi):
    assert wrap_phi(np.array(phi)) == phi


@given(ANGLES, ANGLES)
def test_delta_phi_is_antisymmetric_and_ignores_full_turns(a, b):
    forth, back = delta_phi(np.array(a), np.array(b)), delta_phi(np.array(b), np.array(a))
    np.testing.assert_allclose(np.sin(forth), -np.sin(back), atol=1e-12)
    np.testing.assert_allclose(
        np.cos(delta_phi(np.array(a + 2 * np.pi), np.array(b))), np.cos(forth), atol=1e-12
    )


def test_delta_r_takes_the_short_way_round():
    np.testing.assert_allclose(
        delta_r(np.array(0.3), np.array(3.1), np.array(0.0), np.array(-3.1)),
        np.hypot(0.3, 2 * np.pi - 6.2),
    )


def test_cartesian_components_rebuild_pt_phi_and_eta():
    rng = np.random.default_rng(1)
    p4 = np.stack(
        [
            rng.uniform(500, 900, 50),
            rng.uniform(5, 50, 50),
            rng.normal(0, 1, 50),
            rng.uniform(-3, 3, 50),
        ],
        axis=-1,
    )
    energy, px, py, pz = np.moveaxis(cartesian(p4), -1, 0)
    rebuilt = np.stack(
        [energy, np.hypot(px, py), np.arcsinh(pz / np.hypot(px, py)), np.arctan2(py, px)], axis=-1
    )
    np.testing.assert_allclose(rebuilt, p4)


def test_two_back_to_back_leptons_make_a_z():
    legs = cartesian(np.array([[45.6, 45.6, 0.0, 0.5], [45.6, 45.6, 0.0, 0.5 - np.pi]]))
    np.testing.assert_allclose(invariant_mass(legs.sum(0)), 91.2)


def test_massless_energy_has_no_mass_and_rounding_below_zero_is_zero():
    pt, eta = np.array([30.0, 40.0]), np.array([-2.0, 1.5])
    massless = cartesian(np.stack([massless_energy(pt, eta), pt, eta, np.zeros(2)], axis=-1))
    np.testing.assert_allclose(invariant_mass(massless), 0, atol=1e-5)
    assert invariant_mass(np.array([1.0, 1.0 + 1e-9, 0.0, 0.0])) == 0


@pytest.mark.filterwarnings("ignore:invalid value")
def test_an_angle_that_is_no_number_stays_none():
    assert np.isnan(wrap_phi(np.array([np.inf, np.nan]))).all()


def test_the_mass_of_a_pair_is_that_of_its_sum():
    rng = np.random.default_rng(3)
    pt, eta, phi = (
        rng.uniform(1, 300, (2, 50)),
        rng.uniform(-3, 3, (2, 50)),
        rng.uniform(-np.pi, np.pi, (2, 50)),
    )
    summed = cartesian(np.stack([massless_energy(pt, eta), pt, eta, phi], axis=-1)).sum(0)
    mass = massless_pair_mass(eta[0] - eta[1], delta_phi(phi[0], phi[1]), pt[0] * pt[1])
    np.testing.assert_allclose(mass, invariant_mass(summed), rtol=1e-6)


def test_the_mass_of_close_objects_loses_no_digits_in_single_precision():
    pt = np.array([900.0, 700.0])
    d_eta, d_phi = 10.0 ** -np.arange(1, 5), 10.0 ** -np.arange(1, 5)
    single = massless_pair_mass(np.float32(d_eta), np.float32(d_phi), np.float32(pt.prod()))
    np.testing.assert_allclose(single, np.sqrt(pt.prod() * (d_eta**2 + d_phi**2)), rtol=2e-3)
    double = massless_pair_mass(
        np.float32(d_eta).astype(float), np.float32(d_phi).astype(float), pt.prod()
    )
    np.testing.assert_allclose(single, double, rtol=1e-6)
