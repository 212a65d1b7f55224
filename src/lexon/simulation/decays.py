"""Decays of t, W, Z, H and tau. Four-momentum is conserved in each; quarks and leptons are
massless.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.simulation.channels import TAU_TO_E, TAU_TO_MU, Channels, Fake
from lexon.simulation.hard_events import MASS, HardEvents
from lexon.simulation.kinematics import (
    FloatArray,
    around,
    boost,
    breakup_momentum,
    breit_wigner,
    isotropic,
    on_shell,
)

# Total widths, GeV: R. L. Workman et al. (Particle Data Group), PTEP 2022, 083C01. The Higgs
# boson's 4 MeV are neglected.
WIDTH = {6: 1.42, 23: 2.495, 24: 2.085}
WINDOW = 20.0  # GeV on either side of the pole, so that a W always fits into its top quark

# Helicities of the W from unpolarised top quarks at NNLO: Czarnecki, Korner and Piclum, Phys. Rev.
# D 81 (2010) 111503.
F_LONGITUDINAL, F_LEFT = 0.69, 0.31

HADRONIC_TAU_VISIBLE = (0.25, 1.0)  # share of a hadronic tau's energy that is not its neutrino's
# An isolated lepton from a b takes most of what is seen of it: its share, and what stays beside it
# in units of that share.
NON_PROMPT_SHARE = (0.4, 0.8)
NON_PROMPT_REMNANT = 0.1


@dataclass(frozen=True)
class FinalState:
    """Fermions and gluons after all decays.

    Attributes:
        pdg: PDG codes, int [N, K]; 0 is padding; +-15 is the visible part of a hadronic tau.
        p4: (E, px, py, pz), float64 [N, K, 4], GeV; neutrinos included, so that the sum is that of
            the hard event.
    """

    pdg: NDArray[np.int64]
    p4: FloatArray

    def __getitem__(self, index: Any) -> FinalState:
        return FinalState(self.pdg[index], self.p4[index])


def put_off_shell(hard: HardEvents, rng: np.random.Generator) -> HardEvents:
    """The hard events with t, W and Z masses drawn from their Breit-Wigner shapes; three-momenta
    stay as they are.
    """
    p4 = hard.p4.copy()
    for pdg, width in WIDTH.items():
        chosen = np.abs(hard.pdg) == pdg
        masses = breit_wigner(MASS[pdg], width, WINDOW, (int(chosen.sum()),), rng)
        p4[chosen] = on_shell(p4[chosen][:, 1:], masses)
    return HardEvents(hard.incoming, hard.pdg, p4)


def decay(hard: HardEvents, channels: Channels, rng: np.random.Generator) -> FinalState:
    """The final state of each hard event in its channel."""
    pdg, p4 = [], []
    for slot in range(hard.pdg.shape[1]):
        daughters, parent = channels.daughters[:, slot], hard.p4[:, slot]
        if abs(int(hard.pdg[0, slot])) == 6:
            pdg.append(np.sign(hard.pdg[:, slot, None]) * 5)
            p4.append(decay_top(parent, rng))
            pdg.append(daughters[:, :2])
        elif abs(int(hard.pdg[0, slot])) == 25:
            pdg.append(daughters)
            p4.append(decay_higgs(parent, channels.via[:, slot], rng))
        else:
            pdg.append(daughters[:, :2])
            p4.append(decay_to_pair(parent, rng))
    state = FinalState(np.concatenate(pdg, axis=1), np.concatenate(p4, axis=1))
    return emit_non_prompt(decay_taus(state, rng), channels.fake, rng)


def decay_top(top: FloatArray, rng: np.random.Generator) -> FloatArray:
    """t -> b f f' through a W of Breit-Wigner mass: four-vectors [N, 3, 4] of b, down-type and
    up-type fermion.
    """
    n = len(top)
    top_mass = np.sqrt(top[:, 0] ** 2 - np.square(top[:, 1:]).sum(-1))
    w_mass = breit_wigner(MASS[24], WIDTH[24], WINDOW, (n,), rng)
    direction = isotropic((n,), rng)
    momentum = breakup_momentum(top_mass, w_mass, 0.0)[:, None] * direction
    b, w = on_shell(-momentum, 0.0), on_shell(momentum, w_mass)
    down = w_mass[:, None] / 2 * around(direction, draw_w_angle(n, rng), rng)
    fermions = boost(on_shell(np.stack([down, -down], axis=1), 0.0), w[:, None])
    return boost(np.concatenate([b[:, None], fermions], axis=1), top[:, None])


def draw_w_angle(n: int, rng: np.random.Generator) -> FloatArray:
    """cos theta* between the down-type fermion in the W's rest frame and the W in the top's,
    float64 [n].

    3/4 F0 sin^2 theta* + 3/8 FL (1 - cos theta*)^2 (Kane, Ladinsky and Yuan, Phys. Rev. D 45 (1992)
    124), inverted exactly; the same holds for antitops by CP.
    """
    u = rng.random(n)
    longitudinal = 2 * np.cos((np.arccos(1 - 2 * u) + 4 * np.pi) / 3)
    left = 1 - 2 * np.cbrt(u)
    return np.where(rng.random(n) < F_LONGITUDINAL / (F_LONGITUDINAL + F_LEFT), longitudinal, left)


def decay_to_pair(parent: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Isotropic decay to two massless daughters: [N, 4] -> [N, 2, 4]."""
    mass = np.sqrt(np.maximum(parent[:, 0] ** 2 - np.square(parent[:, 1:]).sum(-1), 0))
    momentum = mass[:, None] / 2 * isotropic((len(parent),), rng)
    return boost(on_shell(np.stack([momentum, -momentum], axis=1), 0.0), parent[:, None])


def decay_higgs(higgs: FloatArray, via: NDArray[np.int64], rng: np.random.Generator) -> FloatArray:
    """H -> two massless daughters (via 0) or H -> VV* -> four (via 23, 24): [N, 4] -> [N, 4, 4],
    unused rows zero.
    """
    p4 = np.zeros((len(higgs), 4, 4))
    direct = via == 0
    p4[direct, :2] = decay_to_pair(higgs[direct], rng)
    for boson in (23, 24):
        chosen = via == boson
        n = int(chosen.sum())
        masses = draw_boson_masses(boson, n, rng)
        momentum = breakup_momentum(MASS[25], masses[:, 0], masses[:, 1])[:, None] * isotropic(
            (n,), rng
        )
        for i, (sign, slots) in enumerate([(1, slice(0, 2)), (-1, slice(2, 4))]):
            p4[chosen, slots] = decay_to_pair(
                boost(on_shell(sign * momentum, masses[:, i]), higgs[chosen]), rng
            )
    return p4


def draw_boson_masses(boson: int, n: int, rng: np.random.Generator) -> FloatArray:
    """Masses of the two bosons of H -> VV*, float64 [n, 2], GeV, from the grid of
    `_boson_mass_grid`, uniform within a cell.
    """
    edges, probability = _boson_mass_grid(boson)
    step = edges[1] - edges[0]
    first, second = np.divmod(rng.choice(len(probability), size=n, p=probability), len(edges) - 1)
    masses = np.stack([edges[first], edges[second]], axis=-1) + step * rng.random((n, 2))
    # A cell on the kinematic limit reaches a little beyond it.
    return masses * np.minimum(1, 0.9999 * MASS[25] / masses.sum(-1, keepdims=True))


@cache
def _boson_mass_grid(boson: int) -> tuple[FloatArray, FloatArray]:
    """Edges in GeV and flattened cell probabilities of the two boson masses in H -> V*V*.

    d Gamma ~ sqrt(lambda) (lambda + 12 q1^2 q2^2 / M_H^4) times the Breit-Wigner shapes of q1^2 and
    q2^2, with lambda = (1 - x - y)^2 - 4xy, x = q1^2/M_H^2, y = q2^2/M_H^2 (A. Djouadi, Phys. Rept.
    457 (2008) 1, section 2.2).
    """
    edges = np.arange(1.0, MASS[25], 0.5)
    q = (edges[:-1] + edges[1:]) / 2
    shape = q**3 / ((q**2 - MASS[boson] ** 2) ** 2 + (MASS[boson] * WIDTH[boson]) ** 2)
    x, y = np.meshgrid((q / MASS[25]) ** 2, (q / MASS[25]) ** 2, indexing="ij")
    phase_space = np.where(np.sqrt(x) + np.sqrt(y) < 1, (1 - x - y) ** 2 - 4 * x * y, 0).clip(min=0)
    density = np.sqrt(phase_space) * (phase_space + 12 * x * y) * np.outer(shape, shape)
    return edges, (density / density.sum()).ravel()


def decay_taus(state: FinalState, rng: np.random.Generator) -> FinalState:
    """Taus replaced by what is seen of them, collinearly; one slot more holds the neutrinos of all
    taus of an event.
    """
    codes = np.abs(state.pdg)
    leptonic, hadronic = np.isin(codes, [TAU_TO_E, TAU_TO_MU]), codes == 15
    visible = np.ones(state.pdg.shape)
    visible[leptonic] = draw_michel_fraction(int(leptonic.sum()), rng)
    visible[hadronic] = rng.uniform(*HADRONIC_TAU_VISIBLE, int(hadronic.sum()))
    neutrinos = ((1 - visible)[..., None] * state.p4).sum(1, keepdims=True)
    pdg = np.where(leptonic, np.sign(state.pdg) * (codes % 100), state.pdg)
    nu_code = np.where((leptonic | hadronic).any(1, keepdims=True), 16, 0)
    return FinalState(
        np.concatenate([pdg, nu_code], axis=1),
        np.concatenate([visible[..., None] * state.p4, neutrinos], axis=1),
    )


def draw_michel_fraction(n: int, rng: np.random.Generator) -> FloatArray:
    """Share of a fast unpolarised tau's energy that its e or mu carries, float64 [n].

    dN/dx = 5/3 - 3x^2 + 4/3 x^3 (Y.-S. Tsai, Phys. Rev. D 4 (1971) 2821), inverted on a grid.
    """
    x = np.linspace(0, 1, 1001)
    return np.interp(rng.random(n), (5 * x - 3 * x**3 + x**4) / 3, x)


def emit_non_prompt(
    state: FinalState, fake: NDArray[np.int64], rng: np.random.Generator
) -> FinalState:
    """One b of each event marked `Fake.NON_PROMPT_*` gives an isolated e or mu; two slots more, for
    it and its neutrino.
    """
    charge = np.where(
        fake == Fake.NON_PROMPT_PLUS, 1, np.where(fake == Fake.NON_PROMPT_MINUS, -1, 0)
    )
    rows = np.flatnonzero(charge)
    b = np.argmax((np.abs(state.pdg) == 5) * rng.random(state.pdg.shape), axis=1)[rows]
    share = rng.uniform(*NON_PROMPT_SHARE, len(rows))[:, None]
    parent = state.p4[rows, b]
    extra_pdg, extra_p4 = np.zeros((len(fake), 2), dtype=np.int64), np.zeros((len(fake), 2, 4))
    extra_pdg[rows] = np.stack(
        [-charge[rows] * rng.choice([11, 13], len(rows)), np.full(len(rows), 12)], axis=-1
    )
    extra_p4[rows] = np.stack(
        [share * parent, (1 - (1 + NON_PROMPT_REMNANT) * share) * parent], axis=1
    )
    p4 = state.p4.copy()
    p4[rows, b] *= NON_PROMPT_REMNANT * share
    return FinalState(
        np.concatenate([state.pdg, extra_pdg], axis=1), np.concatenate([p4, extra_p4], axis=1)
    )
