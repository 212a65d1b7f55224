"""Decays conserve four-momentum, and what was put in comes out."""

import numpy as np
import pytest

from lexon.physics import invariant_mass
from lexon.simulation.chain import draw_channels
from lexon.simulation.channels import Channels, Fake
from lexon.simulation.decays import (
    F_LEFT,
    F_LONGITUDINAL,
    FinalState,
    decay,
    decay_higgs,
    decay_taus,
    decay_to_pair,
    decay_top,
    draw_boson_masses,
    draw_michel_fraction,
    draw_w_angle,
    emit_non_prompt,
    put_off_shell,
)
from lexon.simulation.hard_events import MASS, OUTGOING, load_table
from lexon.simulation.kinematics import on_shell, to_rest_frame

N = 20_000


@pytest.fixture
def tops(rng):
    return on_shell(rng.normal(0, 150, (N, 3)), MASS[6])


@pytest.mark.parametrize("process", OUTGOING)
def test_the_final_state_has_the_four_momentum_of_the_hard_event(process, rng):
    hard = put_off_shell(load_table().events[process][:2000], rng)
    state = decay(hard, draw_channels(hard.pdg, rng), rng)
    np.testing.assert_allclose(state.p4.sum(1), hard.p4.sum(1), rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("process", OUTGOING)
def test_final_particles_are_light_and_padding_is_empty(process, rng):
    hard = load_table().events[process][:500]
    state = decay(hard, draw_channels(hard.pdg, rng), rng)
    assert set(np.abs(np.unique(state.pdg))) <= {0, 1, 2, 3, 4, 5, 11, 12, 13, 14, 15, 16, 21}
    assert (state.p4[state.pdg == 0] == 0).all()
    light = np.abs(state.pdg) != 16  # neutrinos of several taus share a slot
    assert invariant_mass(state.p4[light]).max() < 0.05


@pytest.mark.parametrize("process", ["ttW", "ttZ"])
def test_boson_masses_come_out_as_put_in(process, rng):
    hard = put_off_shell(load_table().events[process], rng)
    pair = decay_to_pair(hard.p4[:, 2], rng)
    masses = invariant_mass(pair.sum(1))
    np.testing.assert_allclose(masses, invariant_mass(hard.p4[:, 2]), rtol=1e-9)
    assert np.median(masses) == pytest.approx(MASS[OUTGOING[process][2]], abs=0.1)


def test_top_and_w_masses_come_out_as_put_in(tops, rng):
    daughters = decay_top(tops, rng)
    np.testing.assert_allclose(invariant_mass(daughters.sum(1)), MASS[6], rtol=1e-8)
    w = invariant_mass(daughters[:, 1:].sum(1))
    assert np.median(w) == pytest.approx(MASS[24], abs=0.05)
    assert np.subtract(*np.quantile(w, [0.75, 0.25])) == pytest.approx(2.085, rel=0.08)


def fitted_fractions(cos_theta):
    """F0, FL, FR from the first two moments of the angle: <c> = (FR - FL)/2, <c^2> = F0/5 + 2/5 (FL
    + FR).
    """
    first, second = cos_theta.mean(), (cos_theta**2).mean()
    longitudinal = 2 - 5 * second
    return longitudinal, (1 - longitudinal) / 2 - first, (1 - longitudinal) / 2 + first


def test_w_helicity_fractions_come_out_as_put_in(tops, rng):
    in_top = to_rest_frame(decay_top(tops, rng), tops[:, None])
    w = in_top[:, 1:].sum(1)
    down = to_rest_frame(in_top[:, 1], w)[:, 1:]
    cos_theta = (
        (down * w[:, 1:]).sum(-1)
        / np.linalg.norm(down, axis=-1)
        / np.linalg.norm(w[:, 1:], axis=-1)
    )
    np.testing.assert_allclose(fitted_fractions(cos_theta), (F_LONGITUDINAL, F_LEFT, 0), atol=0.03)


def test_w_angles_stay_in_range(rng):
    assert np.abs(draw_w_angle(N, rng)).max() <= 1


@pytest.mark.parametrize("boson", [23, 24])
def test_higgs_to_two_bosons_has_one_near_its_pole_and_both_below_the_higgs(boson, rng):
    masses = draw_boson_masses(boson, 5000, rng)
    assert masses.sum(1).max() < MASS[25]
    assert np.median(masses.max(1)) == pytest.approx(MASS[boson], abs=2.5)
    assert np.median(masses.min(1)) < 45


def test_higgs_conserves_momentum_and_gives_two_or_four(rng):
    higgs, via = on_shell(rng.normal(0, 100, (3000, 3)), MASS[25]), rng.choice([0, 23, 24], 3000)
    daughters = decay_higgs(higgs, via, rng)
    np.testing.assert_allclose(daughters.sum(1), higgs, rtol=1e-9, atol=1e-7)
    np.testing.assert_array_equal((daughters[..., 0] > 0).sum(1), np.where(via == 0, 2, 4))


def test_michel_spectrum_has_the_mean_of_its_formula(rng):
    x = draw_michel_fraction(N, rng)
    assert x.mean() == pytest.approx(0.35, abs=0.01)  # 5/6 - 3/4 + 4/15
    assert 0 <= x.min() <= x.max() <= 1


def test_taus_leave_visible_parts_and_their_neutrinos():
    p4 = np.tile([50.0, 50.0, 0, 0], (1, 4, 1))
    state = decay_taus(FinalState(np.array([[15, -1511, 1513, -11]]), p4), np.random.default_rng(0))
    np.testing.assert_array_equal(state.pdg, [[15, -11, 13, -11, 16]])
    np.testing.assert_allclose(state.p4.sum(1), p4.sum(1))
    assert 12.5 <= state.p4[0, 0, 0] <= 50
    assert state.p4[0, 3, 0] == 50


@pytest.mark.parametrize(("fake", "sign"), [(Fake.NON_PROMPT_PLUS, -1), (Fake.NON_PROMPT_MINUS, 1)])
def test_a_non_prompt_lepton_comes_from_a_b_with_the_charge_asked_for(fake, sign, rng):
    p4 = np.tile([50.0, 50.0, 0, 0], (200, 2, 1))
    state = emit_non_prompt(FinalState(np.tile([-5, 11], (200, 1)), p4), np.full(200, fake), rng)
    assert set(np.unique(state.pdg[:, 2])) == {sign * 11, sign * 13}
    np.testing.assert_allclose(state.p4.sum(1), p4.sum(1))
    assert (state.p4[:, 0, 0] < 5).all()
    assert (state.p4[:, 1, 0] == 50).all()


def test_no_fake_no_extra_lepton(rng):
    hard = load_table().events["tttt"][:100]
    drawn = draw_channels(hard.pdg, rng)
    state = decay(hard, Channels(drawn.daughters, drawn.via, np.zeros(100, dtype=int)), rng)
    assert (state.pdg[:, -2:] == 0).all()
