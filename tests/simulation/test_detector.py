"""Efficiencies, isolation, resolutions and MET are those that the module states."""

import numpy as np
import pytest

from lexon.simulation import detector
from lexon.simulation.channels import Fake
from lexon.simulation.decays import FinalState
from lexon.simulation.detector import Leptons
from lexon.simulation.jets import Jets, arrange
from lexon.simulation.shower import Partons

N = 20_000


def final_state(codes, pt=50.0, eta=0.0):
    """`N` events with the given particles along x."""
    p4 = np.tile([pt * np.cosh(eta), pt, 0, pt * np.sinh(eta)], (N, len(codes), 1))
    return FinalState(np.tile(codes, (N, 1)), p4)


def jets(pt, flavour=1):
    values = np.full((N, 1), pt, dtype=np.float32)
    return Jets(values, 0 * values, 0 * values, np.full((N, 1), flavour))


def grid(*partons):
    """One event's (pdg, pT, eta) at phi 0."""
    pdg, pt, eta = (np.array(x) for x in zip(*partons, strict=True))
    return arrange(
        Partons(
            np.zeros(len(pdg), dtype=int), pdg, *(x.astype(np.float32) for x in (pt, eta, 0 * pt))
        ),
        1,
    )


def lepton(pdg=11, pt=50.0, eta=0.0):
    return Leptons(np.array([[pdg]]), *(np.array([[x]], dtype=np.float32) for x in (pt, eta, 0.0)))


@pytest.mark.parametrize(("code", "sigma"), [(11, 0.015), (-13, 0.02)])
def test_lepton_resolution(code, sigma, rng):
    tracks = detector.track_leptons(final_state([12, code]), np.zeros(N, dtype=int), rng)
    assert (tracks.pdg == code).all()
    assert (tracks.pt / 50).std() == pytest.approx(sigma, rel=0.05)


@pytest.mark.parametrize(
    ("code", "eta", "plateau"), [(11, 0.5, 0.90), (11, 2.0, 0.80), (13, 0.5, 0.94), (13, 2.0, 0.90)]
)
def test_lepton_efficiency_is_a_plateau_with_a_turn_on(code, eta, plateau, rng):
    for pt in (30.0, 300.0):
        tracks = detector.track_leptons(final_state([code], pt, eta), np.zeros(N, dtype=int), rng)
        found = (detector.identify(tracks, rng).pdg != 0).mean()
        assert found == pytest.approx(plateau * (1 - np.exp(-pt / 15)), abs=0.015)


@pytest.mark.parametrize(("pt", "eta"), [(10.0, 0.0), (50.0, 2.7)])
def test_soft_and_forward_leptons_are_not_found(pt, eta, rng):
    tracks = detector.track_leptons(final_state([11], pt, eta), np.zeros(N, dtype=int), rng)
    assert (detector.identify(tracks, rng).pdg == 0).all()


def test_a_flip_turns_one_electron_of_the_charge_asked_for(rng):
    codes = np.tile([-11, -11, 11, -13], (100, 1))
    flipped = detector.flip_charges(codes, np.full(100, Fake.FLIP_PLUS), rng)
    assert ((flipped != codes).sum(1) == 1).all()
    assert ((flipped == 11).sum(1) == 2).all()
    np.testing.assert_array_equal(detector.flip_charges(codes, np.full(100, Fake.NONE), rng), codes)


@pytest.mark.parametrize(
    ("pdg", "near", "expected"),
    [(11, 5.0, True), (11, 7.0, False), (13, 7.0, True), (13, 13.0, False)],
)
def test_isolation_limits(pdg, near, expected):
    assert (
        detector.isolated(lepton(pdg), grid((21, near, 0.2), (21, 100.0, 0.35)))[0, 0] == expected
    )


@pytest.mark.parametrize(
    ("partons", "found"),
    [
        ([(22, 30.0, 0.0)], True),
        ([(22, 30.0, 0.0), (21, 10.0, 0.2)], False),
        ([(22, 15.0, 0.0)], False),
        ([(22, 30.0, 2.7)], False),
    ],
)
def test_photons_are_isolated_hard_and_central(partons, found, rng):
    seen = [detector.find_photons(grid(*partons), rng).any() for _ in range(100)]
    assert np.mean(seen) == pytest.approx(detector.PHOTON_EFFICIENCY if found else 0, abs=0.12)


@pytest.mark.parametrize("pt", [30.0, 200.0])
def test_jet_response_and_resolution(pt, rng):
    ratio = detector.measure_jets(jets(pt), rng).pt / pt
    sigma = np.sqrt(0.06**2 + 0.49 / pt + 0.04**2 + 9 / pt**2)
    assert ratio.mean() == pytest.approx(1.02, abs=0.01)
    assert ratio.std() == pytest.approx(sigma, rel=0.06)


@pytest.mark.parametrize(("flavour", "expected"), [(5, 0.7283), (4, 0.1439), (1, 0.0027)])
def test_tagging_efficiency_at_100_gev(flavour, expected, rng):
    assert detector.tagging_efficiency(np.array([100.0]), np.array([flavour]))[0] == pytest.approx(
        expected, abs=1e-4
    )
    assert detector.tag_b(jets(100.0, flavour), rng).mean() == pytest.approx(expected, abs=0.012)


def test_met_is_what_balances_a_lone_jet_and_is_smeared(rng):
    tracks = Leptons(np.zeros((N, 1), dtype=int), *(np.zeros((N, 1), dtype=np.float32),) * 3)
    empty = arrange(
        Partons(*(np.zeros(0, dtype=t) for t in (int, int, np.float32, np.float32, np.float32))), N
    )
    met, phi = detector.missing_momentum(jets(100.0), tracks, empty, empty.pdg > 0, rng)
    assert (met * np.cos(phi)).mean() == pytest.approx(-100, abs=0.2)
    assert (met * np.sin(phi)).std() == pytest.approx(0.25 * np.sqrt(100), rel=0.05)
