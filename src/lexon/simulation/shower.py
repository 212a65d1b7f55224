"""A toy parton shower: radiation off the incoming partons, two rounds of radiation off outgoing
ones, gluon splitting, b decays.

It imitates the leading-logarithmic pattern (R. K. Ellis, W. J. Stirling and B. R. Webber, "QCD and
Collider Physics", chapter 5: emissions uniform in the logarithms of energy share and angle) with
numbers that were tuned to the object counts of a full chain (docs/simulation.md). Massless partons
in one flat list, so that cost follows what was radiated.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lexon.physics import wrap_phi
from lexon.simulation.decays import FinalState
from lexon.simulation.hard_events import HardEvents
from lexon.simulation.kinematics import BoolArray, FloatArray, boost, cylindrical, to_rest_frame

GLUON, PHOTON = 21, 22

# Radiation off the incoming partons ends at the scale of the hard event. With one end for all
# events, soft hard events radiate as much as hard ones; where a selection asks for more jets than
# the decays give, it then takes too many soft ones, and the leptons of their W and Z are too soft.
BEAM_ENERGY = 6500.0  # GeV
ISR_SOFTEST = 12.0  # GeV
ISR_END = 0.7  # in units of the sum of transverse masses
ISR_RATE = 0.088  # of one gluon of small momentum
ISR_QUARK = 4 / 9  # of one quark, in units of a gluon's: C_F / C_A
# Radiation costs momentum, and there are few gluons of large momentum fraction x to pay it: their
# rate falls as (1 - x)^4. The full chain shows no such fall for quarks.
ISR_GLUON_POWER = 4
ISR_ETA_WIDTH = 1.9

FSR_ROUNDS = 2
FSR_SLOPE = 0.28 / 2.3
FSR_START = 10.0  # GeV: softer partons do not radiate
FSR_GLUON_FACTOR = 1.6
FSR_SHARE = (0.05, 0.5)
FSR_ANGLE = (0.15, 1.2)
# alpha <e_q^2> / (alpha_s C_F), about the chance that a quark's emission is a photon; the same is
# used for all emitters.
PHOTON_FRACTION = 0.010

GLUON_TO_B, GLUON_TO_C = 0.02, 0.05
SPLITTING_SHARE = (0.1, 0.9)
SEMILEPTONIC_B = 0.25
SEMILEPTONIC_LOSS = 0.45


@dataclass(frozen=True)
class Partons:
    """A flat list of massless partons of many events.

    Attributes:
        event: row of the event, int64 [P].
        pdg: absolute PDG code, int64 [P]: 1-5, 15 (visible tau), 21, 22.
        pt, eta, phi: GeV and rad, float32 [P].
    """

    event: NDArray[np.int64]
    pdg: NDArray[np.int64]
    pt: NDArray[np.float32]
    eta: NDArray[np.float32]
    phi: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.event)

    def __getitem__(self, index: Any) -> Self:
        return type(self)(*(getattr(self, field.name)[index] for field in fields(self)))

    @classmethod
    def concatenate(cls, *parts: Self) -> Self:
        """The partons of all parts."""
        return cls(
            *(
                np.concatenate([getattr(part, field.name) for part in parts])
                for field in fields(cls)
            )
        )

    def of_events(self, keep: BoolArray) -> Self:
        """The partons of the events that `keep` [N] selects, with the events counted anew."""
        kept = self[keep[self.event]]
        return type(self)((np.cumsum(keep) - 1)[kept.event], kept.pdg, kept.pt, kept.eta, kept.phi)


def radiate_initial_state(hard: HardEvents, rng: np.random.Generator) -> tuple[HardEvents, Partons]:
    """Jets from the incoming partons, and the hard events recoiling against them.

    dN = 2 rate ln(end / pT) d ln pT from 12 GeV to the `end` of the event: the double logarithm of
    soft and collinear radiation (Ellis, Stirling and Webber, chapter 5).
    """
    end = initial_state_end(hard)
    logarithm = np.log(end / ISR_SOFTEST)
    counts = rng.poisson(initial_state_rate(hard) * logarithm**2)
    event, n = np.repeat(np.arange(len(hard)), counts), int(counts.sum())
    jets = Partons(
        event=event,
        pdg=np.where(rng.random(n) < PHOTON_FRACTION, PHOTON, GLUON),
        pt=(end[event] * np.exp(-logarithm[event] * np.sqrt(rng.random(n)))).astype(np.float32),
        eta=rng.normal(0, ISR_ETA_WIDTH, n).astype(np.float32),
        phi=rng.uniform(-np.pi, np.pi, n).astype(np.float32),
    )
    kick = [
        -np.bincount(jets.event, jets.pt * project(jets.phi), minlength=len(hard))
        for project in (np.cos, np.sin)
    ]
    return HardEvents(hard.incoming, hard.pdg, recoil(hard.p4, np.stack(kick, axis=-1))), jets


def initial_state_end(hard: HardEvents) -> FloatArray:
    """The largest pT of a jet from the incoming partons, float64 [N], GeV: 0.7 times the sum of the
    transverse masses of the outgoing particles.
    """
    transverse = np.sqrt(hard.p4[..., 0] ** 2 - hard.p4[..., 3] ** 2).sum(1)
    return np.maximum(ISR_END * transverse, ISR_SOFTEST)


def initial_state_rate(hard: HardEvents) -> FloatArray:
    """Jets per squared logarithm of their range of pT, summed over both incoming partons, float64
    [N].
    """
    energy, _, _, pz = np.moveaxis(hard.p4.sum(1), -1, 0)
    fraction = np.stack([energy + pz, energy - pz], axis=1) / (2 * BEAM_ENERGY)
    left = 1 - np.minimum(fraction, 1)
    rate = np.where(hard.incoming == GLUON, left**ISR_GLUON_POWER, ISR_QUARK)
    return ISR_RATE * rate.sum(1)


def recoil(p4: FloatArray, kick: FloatArray) -> FloatArray:
    """Particles [N, k, 4] of a system that gets transverse momentum `kick` [N, 2] at unchanged mass
    and rapidity.
    """
    before = p4.sum(1)
    after = before.copy()
    after[:, 1:3] += kick
    transverse = [np.sqrt(total[:, 0] ** 2 - total[:, 3] ** 2) for total in (before, after)]
    mass = np.sqrt(transverse[0] ** 2 - np.square(before[:, 1:3]).sum(-1))
    scale = np.sqrt(mass**2 + np.square(after[:, 1:3]).sum(-1)) / transverse[0]
    after[:, [0, 3]] *= scale[:, None]
    return boost(to_rest_frame(p4, before[:, None]), after[:, None])


def coloured(state: FinalState) -> Partons:
    """Quarks, gluons and visible hadronic taus of the final state as a flat list."""
    codes = np.abs(state.pdg)
    chosen = np.isin(codes, [1, 2, 3, 4, 5, 15, GLUON])
    pt, eta, phi = (x.astype(np.float32) for x in cylindrical(state.p4[chosen][:, 1:]))
    return Partons(np.nonzero(chosen)[0], codes[chosen], pt, eta, phi)


def shower(partons: Partons, rng: np.random.Generator) -> Partons:
    """The partons after final-state radiation, gluon splitting and semileptonic b decays."""
    for _ in range(FSR_ROUNDS):
        partons = radiate_final_state(partons, rng)
    return decay_b(split_gluons(partons, rng), rng)


def radiate_final_state(partons: Partons, rng: np.random.Generator) -> Partons:
    """Each parton emits at most one gluon (or photon), with probability 0.28 ln(pT/10 GeV)/2.3, 1.6
    times that for gluons.
    """
    colour = np.where(
        partons.pdg == GLUON, FSR_GLUON_FACTOR, np.isin(partons.pdg, [15, PHOTON], invert=True)
    )
    chance = FSR_SLOPE * np.log(np.maximum(partons.pt / FSR_START, 1)) * colour
    emits = rng.random(len(partons)) < chance
    n = int(emits.sum())
    share = log_uniform(FSR_SHARE, n, rng)
    code = np.where(rng.random(n) < PHOTON_FRACTION, PHOTON, GLUON)
    mothers = partons[emits]
    return Partons.concatenate(partons[~emits], *branch(mothers, share, mothers.pdg, code, rng))


def split_gluons(partons: Partons, rng: np.random.Generator) -> Partons:
    """A few gluons become a b or c pair, with shares of their momentum uniform in
    `SPLITTING_SHARE`.
    """
    u = np.where(partons.pdg == GLUON, rng.random(len(partons)), 1)
    splits = u < GLUON_TO_B + GLUON_TO_C
    code = np.where(u[splits] < GLUON_TO_B, 5, 4)
    share = rng.uniform(*SPLITTING_SHARE, len(code))
    return Partons.concatenate(partons[~splits], *branch(partons[splits], share, code, code, rng))


def branch(
    mothers: Partons,
    share: FloatArray,
    code: NDArray[np.int64],
    emitted: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[Partons, Partons]:
    """Two daughters with `1 - share` and `share` of the pT, at a log-uniform angle, their
    pT-weighted axis the mother's.
    """
    angle, azimuth = log_uniform(FSR_ANGLE, len(share), rng), rng.uniform(0, 2 * np.pi, len(share))
    d_eta, d_phi = angle * np.cos(azimuth), angle * np.sin(azimuth)

    def daughter(pdg: NDArray[np.int64], fraction: FloatArray, lever: FloatArray) -> Partons:
        eta, phi = mothers.eta + lever * d_eta, wrap_phi(mothers.phi + lever * d_phi)
        return Partons(
            mothers.event, pdg, *(x.astype(np.float32) for x in (fraction * mothers.pt, eta, phi))
        )

    return daughter(code, 1 - share, -share), daughter(emitted, share, 1 - share)


def log_uniform(bounds: tuple[float, float], n: int, rng: np.random.Generator) -> FloatArray:
    """Values between the bounds whose logarithm is uniform, float64 [n]."""
    low, high = bounds
    return low * (high / low) ** rng.random(n)


def decay_b(partons: Partons, rng: np.random.Generator) -> Partons:
    """A quarter of all b lose up to 45 % of their pT to a neutrino and a lepton inside the jet."""
    semileptonic = (partons.pdg == 5) & (rng.random(len(partons)) < SEMILEPTONIC_B)
    kept = np.where(semileptonic, 1 - SEMILEPTONIC_LOSS * rng.random(len(partons)), 1)
    return Partons(
        partons.event, partons.pdg, (kept * partons.pt).astype(np.float32), partons.eta, partons.phi
    )
