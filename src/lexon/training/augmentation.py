"""Symmetries of events: proton beams have no preferred azimuth, and mirrors of an event are as
probable as the event itself.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lexon.events import Events
from lexon.physics import wrap_phi

# Sets these draws apart from others with the same seed and epoch, the order of batches for one.
STREAM = 0x51DE


def symmetries(events: Events, seed: int, epoch: int) -> Events:
    """Each event turned by an angle about the beam axis and, with probability 1/2 each, mirrored in
    eta and in phi, MET with it.

    Masses, distances, transverse momenta and multiplicities stay what they are. The draw depends on
    seed and epoch only.
    """
    rng = np.random.default_rng((seed, epoch, STREAM))
    angle = rng.uniform(-np.pi, np.pi, len(events))
    eta_sign, phi_sign = rng.choice([-1.0, 1.0], (2, len(events)))
    p4 = events.p4.copy()
    p4[..., 2] = eta_sign[:, None] * events.eta
    p4[..., 3] = np.where(
        events.mask,
        wrap_phi((phi_sign[:, None] * events.phi + angle[:, None]).astype(np.float32)),
        0,
    )
    met_phi = wrap_phi((phi_sign * events.met_phi + angle).astype(np.float32))
    return replace(events, p4=p4, met_phi=met_phi)
