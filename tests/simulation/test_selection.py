"""What passes, and how it is laid out."""

import numpy as np
import pytest

from lexon.simulation import selection
from lexon.simulation.detector import Leptons
from lexon.simulation.jets import Jets, arrange
from lexon.simulation.shower import Partons

GOOD_PT = (150.0, 120, 100, 60, 40, 30)


def event(jet_pt=GOOD_PT, n_tagged=2, leptons=(11, 13), eta=0.0, lepton_pt=30.0):
    pt = np.zeros((1, 24), dtype=np.float32)
    pt[0, : len(jet_pt)] = jet_pt
    jets = Jets(pt, np.full_like(pt, eta), 0 * pt, np.ones(pt.shape, dtype=int))
    codes = np.array([leptons])
    values = np.where(codes != 0, lepton_pt, 0).astype(np.float32)
    return jets, np.arange(24)[None] < n_tagged, Leptons(codes, values, 0 * values, 0 * values)


def laid_out(*args, photon=False, **kwargs):
    jets, tagged, leptons = event(*args, **kwargs)
    one = np.full(1, 40, dtype=np.float32)
    grid = arrange(Partons(np.zeros(1, dtype=int), np.full(1, 22), one, 0 * one, 0 * one), 1)
    photons = (grid.pdg == 22) & photon
    return selection.lay_out(jets, tagged, leptons, grid, photons, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("changes", "passes"),
    [
        ({}, True),
        ({"jet_pt": (*GOOD_PT[:5], 19)}, False),
        ({"jet_pt": (300, 120, 100, 60, 40)}, False),
        ({"jet_pt": (100, 50, 50, 50, 50, 50)}, False),
        ({"eta": 2.6}, False),
        ({"n_tagged": 1}, False),
        ({"leptons": (11, -13)}, False),
        ({"leptons": (11, 0)}, False),
        ({"leptons": (11, -11, 13)}, True),
        ({"leptons": (-11, -13)}, True),
    ],
)
def test_selection_cut_by_cut(changes, passes):
    assert selection.select(*event(**changes))[0] == passes


def test_order_is_jets_then_leptons_then_photons():
    ids, p4 = laid_out(leptons=(13, -11), photon=True)
    assert ids[0].tolist() == [2, 2, 1, 1, 1, 1, 6, 3, 7] + [0] * 9
    np.testing.assert_allclose(p4[0, :9, 1], [*GOOD_PT, 30, 30, 40])
    assert (p4[0, 9:] == 0).all()


def test_beyond_18_objects_the_softest_jets_go():
    ids, p4 = laid_out(jet_pt=tuple(range(200, 176, -1)), photon=True)
    assert ids[0].tolist() == [2, 2, *[1] * 13, 4, 6, 7]
    np.testing.assert_allclose(p4[0, :15, 1], range(200, 185, -1))


def test_energy_is_never_below_pt_cosh_eta(rng):
    pt, eta = (
        rng.uniform(15, 900, 20_000).astype(np.float32),
        rng.uniform(-2.5, 2.5, 20_000).astype(np.float32),
    )
    energy = selection.energy(np.full(20_000, 0.000511), pt, eta).astype(np.float64)
    momentum = pt.astype(np.float64) * np.cosh(eta.astype(np.float64))
    assert (energy >= momentum).all()
    np.testing.assert_allclose(energy, momentum, rtol=3e-7)
