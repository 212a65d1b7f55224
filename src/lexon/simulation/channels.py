"""Decay channels: natural branching ratios, and the table of those channels that can pass the
lepton requirement.

Drawing only accepted channels costs nothing in physics (the weight of the rest is known exactly)
and saves simulating nine events out of ten that hold no two leptons of the same charge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from lexon.simulation.kinematics import BoolArray, FloatArray

# A tau is written with its decay: 15 hadronic, and these two for the leptonic ones.
TAU_TO_E, TAU_TO_MU = 1511, 1513
ELECTRONS = (11, TAU_TO_E)
LEPTONS = (11, 13, TAU_TO_E, TAU_TO_MU)

# Branching ratios: R. L. Workman et al. (Particle Data Group), PTEP 2022, 083C01; Higgs boson at
# 125.09 GeV: LHC Higgs Cross Section Working Group, Yellow Report 4 (arXiv:1610.07922), of which
# the six largest are kept. All are scaled to sum to 1.
TAU_BRANCHING = {15: 0.6479, TAU_TO_E: 0.1782, TAU_TO_MU: 0.1739}
# The W's down-type daughter comes first: decay angles are measured from it. Light quarks of the Z
# share code 1.
W_PLUS_BRANCHING = {
    (-11, 12): 0.1071,
    (-13, 14): 0.1063,
    (-15, 16): 0.1138,
    (-1, 2): 0.33705,
    (-3, 4): 0.33705,
}
Z_BRANCHING = {
    (11, -11): 0.03363,
    (13, -13): 0.03366,
    (15, -15): 0.0337,
    (12, -12): 0.2,
    (1, -1): 0.4276,
    (4, -4): 0.1203,
    (5, -5): 0.1512,
}
HIGGS_BRANCHING = {
    (5, -5): 0.5809,
    (24, -24): 0.2152,
    (21, 21): 0.0818,
    (15, -15): 0.0626,
    (4, -4): 0.0288,
    (23, 23): 0.0264,
}

# Instrumental leptons per particle: isolated leptons from b decays and electrons of wrong measured
# charge, the middle of what full simulation of such events shows (0.3-1 % and 1-2 %).
NON_PROMPT_PER_B = 0.004
FLIP_PER_ELECTRON = 0.015


class Fake(IntEnum):
    """The instrumental effect of an event; at most one, as two are rarer than one event in a
    thousand.
    """

    NONE = 0
    FLIP_PLUS = 1
    FLIP_MINUS = 2
    NON_PROMPT_PLUS = 3
    NON_PROMPT_MINUS = 4


@dataclass(frozen=True)
class Modes:
    """The decay modes of one particle.

    Attributes:
        weight: branching ratios, float64 [M], sum 1.
        daughters: PDG codes, int [M, 4], 0 where there is none; of a top quark those of its W.
        via: 24 or 23 where a Higgs boson decays to four fermions through WW* or ZZ*, else 0, int
            [M].
    """

    weight: FloatArray
    daughters: NDArray[np.int64]
    via: NDArray[np.int64]


@dataclass(frozen=True)
class Channels:
    """One channel per event: daughters int [N, k, 4], via int [N, k] (see `Modes`) and `Fake`
    codes, int [N].
    """

    daughters: NDArray[np.int64]
    via: NDArray[np.int64]
    fake: NDArray[np.int64]


@dataclass(frozen=True)
class ChannelTable:
    """The accepted channels of one final state with their weights (float64 [C]), and the sum of
    those weights.
    """

    channels: Channels
    weight: FloatArray
    accepted: float

    def draw(self, n: int, rng: np.random.Generator) -> Channels:
        """`n` channels, each in proportion to its weight."""
        row = rng.choice(len(self.weight), size=n, p=self.weight / self.accepted)
        return Channels(
            self.channels.daughters[row], self.channels.via[row], self.channels.fake[row]
        )


@cache
def modes_of(pdg: int) -> Modes:
    """The decay modes of t, W, Z or H, or of an antiparticle."""
    tree = {6: W_PLUS_BRANCHING, 24: W_PLUS_BRANCHING, 23: Z_BRANCHING, 25: HIGGS_BRANCHING}[
        abs(pdg)
    ]
    sign = -1 if pdg in (-6, -24) else 1
    weight, daughters, via = [], [], []
    for pair, branching in tree.items():
        boson = pair[0] if pair[0] in (23, 24) else 0
        for fraction, codes in _boson_pair(pair) if boson else _with_tau_decays(pair):
            weight.append(branching * fraction)
            daughters.append([sign * code for code in codes] + [0] * (4 - len(codes)))
            via.append(boson)
    return Modes(np.array(weight) / np.sum(weight), np.array(daughters), np.array(via))


def _with_tau_decays(pair: Sequence[int]) -> list[tuple[float, tuple[int, ...]]]:
    """The pair with every tau replaced by each of its decays, and the probability of that."""
    options = [
        (
            [(TAU_BRANCHING[tau], tau if code > 0 else -tau) for tau in TAU_BRANCHING]
            if abs(code) == 15
            else [(1.0, code)]
        )
        for code in pair
    ]
    return [
        (float(np.prod([weight for weight, _ in choice])), tuple(code for _, code in choice))
        for choice in product(*options)
    ]


def _boson_pair(pair: tuple[int, int]) -> list[tuple[float, tuple[int, ...]]]:
    """All four-fermion final states of two bosons, and their probabilities."""
    first, second = (modes_of(code) for code in pair)
    return [
        (
            float(first.weight[i] * second.weight[j]),
            (*map(int, first.daughters[i, :2]), *map(int, second.daughters[j, :2])),
        )
        for i, j in product(range(len(first.weight)), range(len(second.weight)))
    ]


@cache
def channel_table(outgoing: tuple[int, ...]) -> ChannelTable:
    """All channels of the outgoing particles (PDG codes) that hold two e or mu of the same measured
    charge.
    """
    weight, daughters, via = _combinations([modes_of(code) for code in outgoing])
    variants = _variants(daughters, n_tops=int(np.count_nonzero(np.abs(outgoing) == 6)))
    rows, fakes, values = [], [], []
    for fake, (chance, same_sign) in variants.items():
        value = weight * chance * same_sign
        kept = np.flatnonzero(value)
        rows.append(kept)
        fakes.append(np.full(len(kept), fake))
        values.append(value[kept])
    row, every = np.concatenate(rows), np.concatenate(values)
    return ChannelTable(
        Channels(daughters[row], via[row], np.concatenate(fakes)), every, float(every.sum())
    )


def _combinations(
    modes: Sequence[Modes],
) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.int64]]:
    """Every combination of one mode a particle: probability, daughters [combination, particle, 4]
    and boson [combination, particle].
    """
    indices = [axis.ravel() for axis in np.indices([len(mode.weight) for mode in modes])]
    chosen = list(zip(modes, indices, strict=True))
    weight = np.prod([mode.weight[index] for mode, index in chosen], axis=0)
    daughters = np.stack([mode.daughters[index] for mode, index in chosen], axis=1)
    via = np.stack([mode.via[index] for mode, index in chosen], axis=1)
    return weight, daughters, via


def _variants(
    daughters: NDArray[np.int64], n_tops: int
) -> dict[Fake, tuple[FloatArray, BoolArray]]:
    """Per instrumental effect: its probability in each channel, and whether two leptons then have
    the same charge.
    """

    def count(codes: Sequence[int]) -> NDArray[np.int64]:
        return np.isin(daughters, codes).sum((1, 2))

    # A positive code is the negative lepton.
    plus, minus = count([-code for code in LEPTONS]), count(LEPTONS)
    electrons_plus, electrons_minus = count([-code for code in ELECTRONS]), count(ELECTRONS)
    n_b = n_tops + count([5, -5])
    instrumental = {
        Fake.FLIP_PLUS: (FLIP_PER_ELECTRON * electrons_plus, same_sign_pair(plus - 1, minus + 1)),
        Fake.FLIP_MINUS: (FLIP_PER_ELECTRON * electrons_minus, same_sign_pair(plus + 1, minus - 1)),
        Fake.NON_PROMPT_PLUS: (NON_PROMPT_PER_B / 2 * n_b, same_sign_pair(plus + 1, minus)),
        Fake.NON_PROMPT_MINUS: (NON_PROMPT_PER_B / 2 * n_b, same_sign_pair(plus, minus + 1)),
    }
    nothing = 1 - np.sum([chance for chance, _ in instrumental.values()], axis=0)
    return {Fake.NONE: (nothing, same_sign_pair(plus, minus)), **instrumental}


def same_sign_pair(plus: NDArray[np.int64], minus: NDArray[np.int64]) -> BoolArray:
    """Whether some two leptons have the same charge; three leptons always have."""
    return (plus >= 2) | (minus >= 2)
