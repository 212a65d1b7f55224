"""Radiation conserves what it should, and its rates are those in the module."""

import numpy as np
import pytest

from lexon.physics import delta_r, invariant_mass
from lexon.simulation import shower
from lexon.simulation.hard_events import MASS, HardEvents, load_table
from lexon.simulation.shower import GLUON, PHOTON, Partons


@pytest.fixture
def make_partons(rng):
    def make(pdg, pt, n=4000):
        shape = np.ones(n, dtype=np.float32)
        return Partons(np.arange(n), np.full(n, pdg), pt * shape, 0 * shape, 0 * shape)

    return make


def test_the_hard_system_recoils_against_initial_state_radiation(rng):
    hard = load_table().events["ttZ"][:1000]
    moved, jets = shower.radiate_initial_state(hard, rng)
    for component, project in ((1, np.cos), (2, np.sin)):
        radiated = np.bincount(jets.event, jets.pt * project(jets.phi), minlength=1000)
        np.testing.assert_allclose(
            moved.p4[..., component].sum(1) + radiated, hard.p4[..., component].sum(1), atol=0.01
        )
    np.testing.assert_allclose(invariant_mass(moved.p4)[:, 2], MASS[23], rtol=1e-6)


def test_recoil_keeps_mass_and_rapidity(rng):
    p4 = load_table().events["tttt"].p4[:500]
    before, after = p4.sum(1), shower.recoil(p4, rng.normal(0, 80, (500, 2))).sum(1)
    np.testing.assert_allclose(invariant_mass(after), invariant_mass(before), rtol=1e-9)
    np.testing.assert_allclose(after[:, 3] / after[:, 0], before[:, 3] / before[:, 0], atol=1e-9)


def radiation(process, incoming, rng):
    """One use of each hard event of the process with these incoming partons, and its radiation."""
    hard = load_table().events[process]
    hard = type(hard)(np.tile(incoming, (len(hard), 1)), hard.pdg, hard.p4)
    return hard, *shower.radiate_initial_state(hard, rng)


@pytest.mark.parametrize("incoming", [(21, 21), (21, 2), (-2, 2)])
def test_initial_state_jets_lie_between_softest_and_end(incoming, rng):
    hard, _, jets = radiation("tttt", incoming, rng)
    assert jets.pt.min() >= 11.99
    assert (jets.pt <= 1.001 * shower.initial_state_end(hard)[jets.event]).all()
    expected = shower.initial_state_rate(hard) * np.log(shower.initial_state_end(hard) / 12) ** 2
    assert len(jets) / len(hard) == pytest.approx(expected.mean(), rel=0.06)


def test_a_gluon_of_small_momentum_radiates_nine_quarters_of_a_quark():
    p4 = np.array([[[60.0, 20, 0, 0], [60.0, -20, 0, 0]]])
    rates = [
        shower.initial_state_rate(HardEvents(np.array([incoming]), np.array([[6, -6]]), p4))[0]
        for incoming in ((21, 21), (21, 2), (-2, 2))
    ]
    np.testing.assert_allclose(rates, 0.088 * np.array([2, 13 / 9, 8 / 9]), rtol=0.05)


def test_gluons_that_took_most_of_the_proton_radiate_little():
    p4 = np.array([[[0.9 * 13000, 3000, 0, 0], [0.05 * 13000, -3000, 0, 0]]])
    fast = HardEvents(np.array([[21, 21]]), np.array([[6, -6]]), p4)
    assert 0 <= shower.initial_state_rate(fast)[0] < 1e-3


def test_hard_events_of_quarks_radiate_in_proportion_to_their_scale(rng):
    """In the full chain the pT of a ttW system from quarks is a fixed share of its scale."""
    hard, moved, _ = radiation("ttW", (2, -1), rng)
    scale = shower.initial_state_end(hard)
    soft, hard_ones = scale < np.quantile(scale, 0.3), scale > np.quantile(scale, 0.7)
    pt = np.hypot(*moved.p4.sum(1)[:, 1:3].T)
    ratio = np.quantile(pt[hard_ones], 0.9) / np.quantile(pt[soft], 0.9)
    assert ratio > 0.7 * scale[hard_ones].mean() / scale[soft].mean()


@pytest.mark.parametrize(("pdg", "factor"), [(2, 1.0), (GLUON, 1.6)])
def test_emission_rate_is_the_formula(pdg, factor, make_partons, rng):
    after = shower.radiate_final_state(make_partons(pdg, 100.0), rng)
    assert len(after) / 4000 - 1 == pytest.approx(0.28 * np.log(10) / 2.3 * factor, rel=0.08)


@pytest.mark.parametrize(("pdg", "pt"), [(2, 9.0), (PHOTON, 100.0), (15, 100.0)])
def test_soft_and_colourless_partons_do_not_radiate(pdg, pt, make_partons, rng):
    assert len(shower.radiate_final_state(make_partons(pdg, pt), rng)) == 4000


def test_branching_shares_the_momentum_about_the_mother_axis(make_partons, rng):
    mothers = make_partons(GLUON, 100.0)
    share = rng.uniform(0.05, 0.5, 4000)
    first, second = shower.branch(mothers, share, mothers.pdg, mothers.pdg, rng)
    np.testing.assert_allclose(first.pt + second.pt, 100, rtol=1e-5)
    np.testing.assert_allclose(first.pt * first.eta + second.pt * second.eta, 0, atol=1e-3)
    angle = delta_r(first.eta, first.phi, second.eta, second.phi)
    assert 0.149 < angle.min() < angle.max() < 1.201


def test_few_gluons_split_to_heavy_quarks(make_partons, rng):
    after = shower.split_gluons(make_partons(GLUON, 100.0, n=20_000), rng)
    assert (after.pdg == 5).sum() / 40_000 == pytest.approx(shower.GLUON_TO_B, abs=0.004)
    assert (after.pdg == 4).sum() / 40_000 == pytest.approx(shower.GLUON_TO_C, abs=0.006)


def test_only_b_quarks_lose_momentum_in_their_decay(make_partons, rng):
    kept = shower.decay_b(make_partons(5, 100.0), rng).pt
    assert (kept < 100).mean() == pytest.approx(shower.SEMILEPTONIC_B, abs=0.03)
    assert kept.min() >= 55
    assert (shower.decay_b(make_partons(4, 100.0), rng).pt == 100).all()


def test_choosing_events_counts_them_anew():
    values = np.arange(4, dtype=np.float32)
    partons = Partons(np.array([0, 1, 1, 2]), np.full(4, GLUON), values, values, values)
    kept = partons.of_events(np.array([False, True, True]))
    np.testing.assert_array_equal(kept.event, [0, 0, 1])
    np.testing.assert_array_equal(kept.pt, [1, 2, 3])
