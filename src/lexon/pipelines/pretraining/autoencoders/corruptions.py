"""Events with something wrong in one object each: does the reconstruction error notice?

What a model cannot see by construction is no test of it. The order of objects reaches neither
encoder. An azimuth alone is as likely as any other, so a rotated object shows only where MET or
other objects stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lexon.config import AutoencoderMember
from lexon.events import N_TYPES, Events
from lexon.physics import wrap_phi

Corruption = Callable[[Events, np.random.Generator], Events]

# Spread of the logarithm of the energy scale: a factor of e up or down is one standard deviation.
SMEARING = 1.0


def smear_pt(events: Events, rng: np.random.Generator) -> Events:
    """One object of each event with pT and energy times exp(normal), so that its mass is scaled
    too.
    """
    p4 = events.p4.copy()
    rows, slots = one_object(events, rng)
    p4[rows, slots, :2] *= np.exp(SMEARING * rng.normal(size=len(rows)))[:, None]
    return replace(events, p4=p4)


def swap_type(events: Events, rng: np.random.Generator) -> Events:
    """One object of each event called another type."""
    ids = events.ids.copy()
    rows, slots = one_object(events, rng)
    ids[rows, slots] = (ids[rows, slots] - 1 + rng.integers(1, N_TYPES, len(rows))) % N_TYPES + 1
    return replace(events, ids=ids)


def rotate_object(events: Events, rng: np.random.Generator) -> Events:
    """One object of each event at any other azimuth."""
    p4 = events.p4.copy()
    rows, slots = one_object(events, rng)
    p4[rows, slots, 3] = wrap_phi(rng.uniform(-np.pi, np.pi, len(rows)))
    return replace(events, p4=p4)


CORRUPTIONS: dict[str, Corruption] = {
    "smear_pt": smear_pt,
    "swap_type": swap_type,
    "rotate_object": rotate_object,
}


def visible(config: AutoencoderMember) -> tuple[str, ...]:
    """The corruptions that this model could notice at all."""
    shows_neighbours = (
        config.autoencoder.encoder == "transformer" or config.autoencoder.encoder_globals
    )
    hidden = set() if config.tokeniser.pid else {"swap_type"}
    return tuple(
        name
        for name in CORRUPTIONS
        if name not in hidden | (set() if shows_neighbours else {"rotate_object"})
    )


def one_object(events: Events, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Row and slot of a random real object of each event that has any."""
    n_real = events.mask.sum(1)
    rows = np.flatnonzero(n_real)
    return rows, rng.integers(0, n_real[rows])
