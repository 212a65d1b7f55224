"""Branching ratios come out as put in, and the accepted channels are exactly those that hold a
same-sign pair.
"""

import numpy as np
import pytest

from lexon.simulation import channels
from lexon.simulation.channels import LEPTONS, TAU_TO_E, Fake, channel_table, modes_of

LEPTONIC_W = 0.2532  # e, mu, and tau to either, of the 1.00130 that the measured ratios sum to
FINAL_STATES = {
    "tttt": (6, 6, -6, -6),
    "ttH": (6, -6, 25),
    "ttW": (6, -6, 24),
    "ttWW": (6, -6, 24, -24),
    "ttZ": (6, -6, 23),
}


def leptons(daughters):
    """Numbers of positive and negative e and mu in each row."""
    return np.isin(daughters, [-code for code in LEPTONS]).sum((1, 2)), np.isin(
        daughters, LEPTONS
    ).sum((1, 2))


@pytest.fixture
def no_fakes(monkeypatch):
    """The channel tables of a perfect detector and of b quarks without leptons."""
    monkeypatch.setattr(channels, "NON_PROMPT_PER_B", 0)
    monkeypatch.setattr(channels, "FLIP_PER_ELECTRON", 0)
    channel_table.cache_clear()
    yield
    channel_table.cache_clear()


@pytest.mark.parametrize("pdg", [6, -6, 23, 24, -24, 25])
def test_branching_ratios_sum_to_one(pdg):
    assert modes_of(pdg).weight.sum() == pytest.approx(1)


def test_leptonic_share_of_the_w():
    modes = modes_of(24)
    assert modes.weight[np.isin(-modes.daughters, LEPTONS).any(1)].sum() == pytest.approx(
        LEPTONIC_W, abs=1e-4
    )


def test_the_antiparticle_decays_to_antiparticles():
    np.testing.assert_array_equal(modes_of(-24).daughters, -modes_of(24).daughters)


def test_higgs_decays_through_two_bosons_share_their_branching_ratio():
    modes = modes_of(25)
    total = sum(channels.HIGGS_BRANCHING.values())
    assert modes.weight[modes.via == 24].sum() == pytest.approx(0.2152 / total)
    assert modes.weight[modes.via == 23].sum() == pytest.approx(0.0264 / total)
    assert ((modes.daughters != 0).sum(1) == np.where(modes.via > 0, 4, 2)).all()


@pytest.mark.usefixtures("no_fakes")
@pytest.mark.parametrize(
    ("process", "expected"),
    [("tttt", 0.126), ("ttH", 0.040), ("ttW", 0.065), ("ttWW", 0.124), ("ttZ", 0.036)],
)
def test_accepted_weight_is_that_of_two_prompt_leptons_of_one_charge(process, expected):
    assert channel_table(FINAL_STATES[process]).accepted == pytest.approx(expected, abs=0.002)


@pytest.mark.usefixtures("no_fakes")
def test_accepted_weight_of_four_tops_is_binomial():
    p = LEPTONIC_W
    one_charge = p**2
    assert channel_table(FINAL_STATES["tttt"]).accepted == pytest.approx(
        2 * one_charge - one_charge**2, abs=2e-4
    )


@pytest.mark.parametrize("outgoing", FINAL_STATES.values(), ids=FINAL_STATES)
def test_every_channel_has_a_same_sign_pair_once_its_fake_is_counted(outgoing):
    table = channel_table(outgoing)
    plus, minus = leptons(table.channels.daughters)
    fake = table.channels.fake
    plus = (
        plus - (fake == Fake.FLIP_PLUS) + (fake == Fake.FLIP_MINUS) + (fake == Fake.NON_PROMPT_PLUS)
    )
    minus = (
        minus
        + (fake == Fake.FLIP_PLUS)
        - (fake == Fake.FLIP_MINUS)
        + (fake == Fake.NON_PROMPT_MINUS)
    )
    assert (np.maximum(plus, minus) >= 2).all()


def test_a_flip_needs_an_electron_of_that_charge():
    table = channel_table(FINAL_STATES["ttZ"])
    flipped = table.channels.daughters[table.channels.fake == Fake.FLIP_PLUS]
    assert len(flipped) > 0
    assert np.isin(flipped, [-11, -TAU_TO_E]).any((1, 2)).all()


def test_charge_conjugate_states_are_accepted_alike():
    assert channel_table((6, -6, 24)).accepted == pytest.approx(
        channel_table((6, -6, -24)).accepted
    )


def test_channels_are_drawn_in_proportion_to_their_weight(rng):
    table = channel_table(FINAL_STATES["ttZ"])
    fake = table.draw(40_000, rng).fake
    for kind in Fake:
        expected = table.weight[table.channels.fake == kind].sum() / table.accepted
        assert (fake == kind).mean() == pytest.approx(expected, abs=0.01)
