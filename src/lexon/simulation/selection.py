"""The selection of same-sign and multi-lepton events, and the layout of the objects that pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lexon.events import MAX_OBJECTS
from lexon.simulation.detector import TRACKER_ETA, Leptons
from lexon.simulation.jets import Jets, PartonGrid
from lexon.simulation.kinematics import BoolArray, FloatArray

MIN_JETS, MIN_B_JETS = 6, 2
JET_PT = 20.0
MIN_HT = 500.0
JET, B_JET, PHOTON_ID = 1, 2, 7
LEPTON_ID = {-11: 3, 11: 4, -13: 5, 13: 6}

# Jet mass over pT: median and spread of its logarithm.
JET_MASS, JET_MASS_SPREAD = 0.145, 0.4
LEPTON_MASS = {11: 0.000511, 13: 0.10566}


def good_jets(jets: Jets) -> BoolArray:
    """Jets with pT > 20 GeV and |eta| < 2.5, bool [N, P]."""
    return (jets.pt > JET_PT) & (np.abs(jets.eta) < TRACKER_ETA)


def select(jets: Jets, tagged: BoolArray, leptons: Leptons) -> BoolArray:
    """Events with >= 6 jets, >= 2 b-jets, HT (of jets and leptons) > 500 GeV and two same-sign or
    at least three leptons, bool [N].
    """
    good = good_jets(jets)
    ht = np.where(good, jets.pt, 0).sum(1) + leptons.pt.sum(1)
    n_leptons = (leptons.pdg != 0).sum(1)
    lepton_requirement = (n_leptons >= 3) | ((n_leptons == 2) & leptons.same_sign_pair)
    return (
        (good.sum(1) >= MIN_JETS)
        & ((good & tagged).sum(1) >= MIN_B_JETS)
        & (ht > MIN_HT)
        & lepton_requirement
    )


def lay_out(
    jets: Jets,
    tagged: BoolArray,
    leptons: Leptons,
    grid: PartonGrid,
    photons: BoolArray,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Types [N, 18] and (E, pT, eta, phi) [N, 18, 4] of each event: jets, leptons, photons, each by
    falling pT.

    Beyond 18 objects, the places of the layout that they imitate, the softest jets are dropped.
    """
    lepton_ids = np.select([leptons.pdg == pdg for pdg in LEPTON_ID], list(LEPTON_ID.values()))
    ids = np.concatenate(
        [np.where(good_jets(jets), JET + tagged, 0), lepton_ids, np.where(photons, PHOTON_ID, 0)],
        axis=1,
    )
    group = np.repeat([0, 1, 2], [jets.pt.shape[1], leptons.pt.shape[1], photons.shape[1]])
    p3 = [
        np.concatenate([getattr(part, name) for part in (jets, leptons, grid)], axis=1)
        for name in ("pt", "eta", "phi")
    ]
    jet_mass = JET_MASS * jets.pt * np.exp(JET_MASS_SPREAD * rng.standard_normal(jets.pt.shape))
    lepton_mass = np.where(np.abs(leptons.pdg) == 11, LEPTON_MASS[11], LEPTON_MASS[13])
    mass = np.concatenate([jet_mass, lepton_mass, np.zeros(photons.shape)], axis=1)
    p4 = np.stack([energy(mass, p3[0], p3[1]), *p3], axis=-1)
    order = _order(ids, group, p3[0])
    ids = np.take_along_axis(ids, order, axis=1)
    p4 = np.where(ids[..., None] != 0, np.take_along_axis(p4, order[..., None], axis=1), 0)
    return ids.astype(np.int8), p4.astype(np.float32)


def energy(
    mass: FloatArray, pt: NDArray[np.float32], eta: NDArray[np.float32]
) -> NDArray[np.float32]:
    """E = sqrt(m^2 + pT^2 cosh^2 eta), rounded up to float32, so that it is never below pT
    cosh(eta).
    """
    exact = np.hypot(mass, pt.astype(np.float64) * np.cosh(eta.astype(np.float64)))
    rounded = exact.astype(np.float32)
    return np.where(rounded < exact, np.nextafter(rounded, np.float32(np.inf)), rounded)


def _order(
    ids: NDArray[np.int64], group: NDArray[np.int64], pt: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Indices of the 18 objects to keep, jets first, int [N, 18]."""
    jet = (group == 0) & (ids != 0)
    rank = np.argsort(np.argsort(np.where(jet, -pt, np.inf), axis=1), axis=1)
    free = MAX_OBJECTS - ((ids != 0) & ~jet).sum(1, keepdims=True)
    kept = (ids != 0) & (~jet | (rank < free))
    return np.lexsort((-pt, np.where(kept, group, 3)), axis=1)[:, :MAX_OBJECTS]
