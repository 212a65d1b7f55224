"""A parametrised detector: b-tagging, efficiencies, isolation, resolutions and missing transverse
energy.

b-tagging after ATL-PHYS-PUB-2015-022 and isolation limits as in the ATLAS card of DELPHES 3 (J. de
Favereau et al., JHEP 02 (2014) 057); the other numbers are typical of a general-purpose detector at
the LHC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.physics import delta_r
from lexon.simulation.channels import Fake, same_sign_pair
from lexon.simulation.decays import FinalState
from lexon.simulation.jets import ETA_RANGE, Jets, PartonGrid
from lexon.simulation.kinematics import BoolArray, FloatArray, cylindrical
from lexon.simulation.shower import PHOTON

TRACKER_ETA = 2.5
LEPTON_PT = 15.0
PHOTON_PT = 20.0

BARREL_ETA = 1.5
EFFICIENCY = {11: (0.90, 0.80), 13: (0.94, 0.90)}  # at high pT, |eta| below and above BARREL_ETA
TURN_ON = 15.0  # GeV: the pT at which 63 % of that is reached
PHOTON_EFFICIENCY = 0.85
RESOLUTION = {11: 0.015, 13: 0.02}

ISOLATION_RADIUS = 0.3
ISOLATION = {11: 0.12, 13: 0.25}  # largest activity around it, in units of its pT
PHOTON_ISOLATION = 0.12

# Share of a parton's momentum that its cone measures (hadrons that leave and enter it), and its
# spread.
JET_RESPONSE, JET_RESPONSE_SPREAD = 1.02, 0.06
SOFTEST_JET = 5.0  # GeV: what the calorimeter clusters hold for MET
MET_NOISE = 0.25  # GeV^(1/2)


@dataclass(frozen=True)
class Leptons:
    """Reconstructed electrons and muons.

    Attributes:
        pdg: PDG codes with the measured charge (positive code: negative lepton), int [N, L]; 0
            where there is none.
        pt, eta, phi: GeV and rad, float32 [N, L].
    """

    pdg: NDArray[np.int64]
    pt: NDArray[np.float32]
    eta: NDArray[np.float32]
    phi: NDArray[np.float32]

    def __getitem__(self, index: Any) -> Leptons:
        return Leptons(self.pdg[index], self.pt[index], self.eta[index], self.phi[index])

    def where(self, keep: BoolArray) -> Leptons:
        """The leptons that `keep` [N, L] admits, in their slots."""
        return Leptons(np.where(keep, self.pdg, 0), np.where(keep, self.pt, 0), self.eta, self.phi)

    @property
    def same_sign_pair(self) -> BoolArray:
        """Whether an event has two leptons of the same charge, bool [N]."""
        return same_sign_pair((self.pdg < 0).sum(1), (self.pdg > 0).sum(1))


def track_leptons(state: FinalState, fake: NDArray[np.int64], rng: np.random.Generator) -> Leptons:
    """All electrons and muons in the tracker, with charges flipped as `fake` says and pT
    smeared.
    """
    codes = np.abs(state.pdg)
    lepton = np.isin(codes, [11, 13])
    most = max(int(lepton.sum(1).max(initial=0)), 1)
    slots = np.argsort(~lepton, axis=1, kind="stable")[:, :most]
    pdg = np.take_along_axis(np.where(lepton, state.pdg, 0), slots, axis=1)
    pt, eta, phi = (
        x.astype(np.float32)
        for x in cylindrical(np.take_along_axis(state.p4, slots[..., None], axis=1)[..., 1:])
    )
    pdg = flip_charges(pdg, fake, rng)
    pt *= 1 + np.where(np.abs(pdg) == 11, RESOLUTION[11], RESOLUTION[13]) * rng.standard_normal(
        pt.shape, dtype=np.float32
    )
    return Leptons(pdg, pt, eta, phi).where((pdg != 0) & (np.abs(eta) < TRACKER_ETA))


def identify(tracks: Leptons, rng: np.random.Generator) -> Leptons:
    """The leptons above 15 GeV that are identified, before isolation: a plateau that is reached as
    1 - exp(-pT/15 GeV).
    """
    electron, central = np.abs(tracks.pdg) == 11, np.abs(tracks.eta) < BARREL_ETA
    plateau = np.where(
        electron, np.where(central, *EFFICIENCY[11]), np.where(central, *EFFICIENCY[13])
    )
    identified = rng.random(plateau.shape) < plateau * -np.expm1(-tracks.pt / TURN_ON)
    return tracks.where((tracks.pt > LEPTON_PT) & identified)


def flip_charges(
    pdg: NDArray[np.int64], fake: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Codes [N, L] after one electron of the wrong measured charge in each event marked
    `Fake.FLIP_*`.
    """
    flipped = np.where(fake == Fake.FLIP_PLUS, -11, np.where(fake == Fake.FLIP_MINUS, 11, 0))
    rows = np.flatnonzero(flipped)
    candidate = (pdg == flipped[:, None]) & (flipped != 0)[:, None]
    column = np.argmax(candidate * rng.random(pdg.shape), axis=1)[rows]
    result = pdg.copy()
    result[rows, column] *= -1
    return result


def isolated(leptons: Leptons, grid: PartonGrid) -> BoolArray:
    """Whether the partons within 0.3 carry less than 12 % (electron) or 25 % (muon) of the lepton's
    pT, bool [N, L].
    """
    distance = delta_r(
        leptons.eta[:, :, None], leptons.phi[:, :, None], grid.eta[:, None], grid.phi[:, None]
    )
    activity = np.where(distance < ISOLATION_RADIUS, grid.pt[:, None], 0).sum(-1)
    return activity < np.where(np.abs(leptons.pdg) == 11, ISOLATION[11], ISOLATION[13]) * leptons.pt


def find_photons(grid: PartonGrid, rng: np.random.Generator) -> BoolArray:
    """Slots of `grid` that are reconstructed, isolated photons, bool [N, P]."""
    candidate = (grid.pdg == PHOTON) & (grid.pt > PHOTON_PT) & (np.abs(grid.eta) < TRACKER_ETA)
    row, slot = np.nonzero(candidate)
    activity = (
        np.where(grid.distance[row, slot] < ISOLATION_RADIUS, grid.pt[row], 0).sum(-1)
        - grid.pt[row, slot]
    )
    accepted = (activity < PHOTON_ISOLATION * grid.pt[row, slot]) & (
        rng.random(len(row)) < PHOTON_EFFICIENCY
    )
    photons = np.zeros(grid.pdg.shape, dtype=bool)
    photons[row[accepted], slot[accepted]] = True
    return photons


def measure_jets(jets: Jets, rng: np.random.Generator) -> Jets:
    """Jets with measured pT: response 1.02 +- 0.06, then sigma/pT = 0.7/sqrt(pT) + 4 % + 3/pT,
    added in quadrature.
    """
    pt = jets.pt * (
        JET_RESPONSE + JET_RESPONSE_SPREAD * rng.standard_normal(jets.pt.shape, dtype=np.float32)
    ).clip(0)
    inverse = 1 / np.maximum(pt, 1)
    sigma = np.sqrt(0.7**2 * inverse + 0.04**2 + (3 * inverse) ** 2)
    pt = pt * (1 + sigma * rng.standard_normal(pt.shape, dtype=np.float32)).clip(0)
    return Jets(pt.astype(np.float32), jets.eta, jets.phi, jets.flavour)


def tag_b(jets: Jets, rng: np.random.Generator) -> BoolArray:
    """Which jets are tagged as b-jets, bool [N, P]."""
    return rng.random(jets.pt.shape) < tagging_efficiency(jets.pt, jets.flavour)


def tagging_efficiency(pt: FloatArray, flavour: NDArray[np.int64]) -> FloatArray:
    """Tagging probability of b, c and light jets (ATL-PHYS-PUB-2015-022, as parametrised in
    DELPHES; pT in GeV).
    """
    b = 0.8 * np.tanh(0.003 * pt) * 30 / (1 + 0.086 * pt)
    c = 0.2 * np.tanh(0.02 * pt) / (1 + 0.0034 * pt)
    return np.where(flavour == 5, b, np.where(flavour == 4, c, 0.002 + 7.3e-6 * pt))


def missing_momentum(
    jets: Jets, tracks: Leptons, grid: PartonGrid, photons: BoolArray, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """MET and its azimuth, float32 [N]: minus the sum of what is measured, each component smeared
    by 0.25 sqrt(sum ET).

    Electrons and muons count whether or not they were identified: their tracks and clusters are
    seen.
    """
    visible = [
        (np.where((jets.pt > SOFTEST_JET) & (np.abs(jets.eta) < ETA_RANGE), jets.pt, 0), jets.phi),
        (tracks.pt, tracks.phi),
        (np.where(photons, grid.pt, 0), grid.phi),
    ]
    sum_et = sum(pt.sum(1) for pt, _ in visible)
    px, py = (
        -sum((pt * project(phi)).sum(1) for pt, phi in visible)
        + MET_NOISE * np.sqrt(sum_et) * rng.standard_normal(len(sum_et))
        for project in (np.cos, np.sin)
    )
    return np.hypot(px, py).astype(np.float32), np.arctan2(py, px).astype(np.float32)
