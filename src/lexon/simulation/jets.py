"""Jets: hardest-first cones on partons, which is what the anti-kT algorithm makes of sparse
partons.

M. Cacciari, G. P. Salam and G. Soyez, JHEP 0804 (2008) 063: soft particles cluster with the nearest
hard one before they cluster among themselves, so that isolated hard particles make perfect cones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lexon.events import MAX_OBJECTS
from lexon.physics import delta_r
from lexon.simulation.kinematics import BoolArray, cylindrical
from lexon.simulation.shower import Partons

RADIUS = 0.4
SOFTEST_PARTON = 2.0  # GeV
ETA_RANGE = 5.0  # of the calorimeters


@dataclass(frozen=True)
class PartonGrid:
    """Partons in rows of events, by falling pT.

    Attributes:
        pdg: absolute PDG codes, int [N, P], at least 18 wide; 0 is padding.
        pt, eta, phi: GeV and rad, float32 [N, P]; 0 for padding.
        distance: delta R of each pair, float32 [N, P, P]; infinite where one of them is padding.
    """

    pdg: NDArray[np.int64]
    pt: NDArray[np.float32]
    eta: NDArray[np.float32]
    phi: NDArray[np.float32]
    distance: NDArray[np.float32]


@dataclass(frozen=True)
class Jets:
    """Jets, or what became of them in the detector.

    Attributes:
        pt, eta, phi: GeV and rad, float32 [N, P]; pT is 0 where there is none.
        flavour: 5 with a b inside, else 4 with a c, else 1, int [N, P].
    """

    pt: NDArray[np.float32]
    eta: NDArray[np.float32]
    phi: NDArray[np.float32]
    flavour: NDArray[np.int64]


def arrange(partons: Partons, n_events: int) -> PartonGrid:
    """The partons that calorimeters can see, as rows of events."""
    seen = partons[(partons.pt > SOFTEST_PARTON) & (np.abs(partons.eta) < ETA_RANGE)]
    seen = seen[np.lexsort((-seen.pt, seen.event))]
    counts = np.bincount(seen.event, minlength=n_events)
    slot = np.arange(len(seen)) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = (n_events, max(int(counts.max(initial=0)), MAX_OBJECTS))
    pdg = np.zeros(shape, dtype=np.int64)
    pdg[seen.event, slot] = seen.pdg
    pt, eta, phi = np.zeros((3, *shape), dtype=np.float32)
    for grid, values in ((pt, seen.pt), (eta, seen.eta), (phi, seen.phi)):
        grid[seen.event, slot] = values
    distance = delta_r(eta[:, :, None], phi[:, :, None], eta[:, None], phi[:, None])
    distance[(pdg == 0)[:, :, None] | (pdg == 0)[:, None]] = np.inf
    return PartonGrid(pdg, pt, eta, phi, distance)


def cluster(grid: PartonGrid, take: BoolArray) -> Jets:
    """Cones of 0.4 around the hardest parton left, again and again, of the partons that `take` [N,
    P] admits.

    A jet stands in the slot of the parton that seeded it; its momentum is the sum of its partons.
    """
    owner = _owners(grid.distance < RADIUS, take)
    member = owner[:, None, :] == np.arange(take.shape[1])[:, None]
    momentum = np.stack(
        [grid.pt * np.cos(grid.phi), grid.pt * np.sin(grid.phi), grid.pt * np.sinh(grid.eta)],
        axis=-1,
    )
    pt, eta, phi = cylindrical(member.astype(np.float32) @ momentum)
    flavour = np.where(
        (member & (grid.pdg == 5)[:, None]).any(-1),
        5,
        np.where((member & (grid.pdg == 4)[:, None]).any(-1), 4, 1),
    )
    return Jets(pt, eta, phi, flavour)


def _owners(near: BoolArray, take: BoolArray) -> NDArray[np.int64]:
    """For each parton the slot of the jet that holds it, -1 for none, int [N, P]."""
    owner = np.full(take.shape, -1)
    free = take.copy()
    for seed in range(take.shape[1]):
        claimed = near[:, seed] & free & free[:, seed, None]
        owner[claimed] = seed
        free &= ~claimed
    return owner
