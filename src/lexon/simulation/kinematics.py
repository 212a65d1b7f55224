"""Relativistic kinematics of the generator: (E, px, py, pz) along the last axis, GeV, arrays of any
leading shape.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lexon.physics import invariant_mass

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.integer]
BoolArray = NDArray[np.bool_]


def boost(p4: FloatArray, frame: FloatArray) -> FloatArray:
    """Four-vectors given in the rest frame of `frame`, as seen where `frame` has the momentum it
    says.

    E' = (E_f E + p_f.p)/m, p' = p + p_f (E + E')/(m + E_f) (Jackson, Classical Electrodynamics, eq.
    11.19, with gamma = E_f/m).
    """
    mass, frame_energy, frame_momentum = invariant_mass(frame), frame[..., 0], frame[..., 1:]
    energy = (frame_energy * p4[..., 0] + (frame_momentum * p4[..., 1:]).sum(-1)) / mass
    momentum = (
        p4[..., 1:] + frame_momentum * ((p4[..., 0] + energy) / (mass + frame_energy))[..., None]
    )
    return np.concatenate([energy[..., None], momentum], axis=-1)


def to_rest_frame(p4: FloatArray, frame: FloatArray) -> FloatArray:
    """The inverse of `boost`."""
    return boost(p4, frame * np.array([1, -1, -1, -1]))


def on_shell(momentum: FloatArray, mass: FloatArray | float) -> FloatArray:
    """Four-vectors of the given three-momenta and masses: E = sqrt(m^2 + p^2)."""
    energy = np.sqrt(np.square(mass) + np.square(momentum).sum(-1))
    return np.concatenate([energy[..., None], momentum], axis=-1)


def breakup_momentum(
    parent: FloatArray | float, first: FloatArray | float, second: FloatArray | float
) -> FloatArray:
    """Momentum of either daughter in the parent's rest frame, from the three masses.

    p = sqrt((M^2 - (m1 + m2)^2) (M^2 - (m1 - m2)^2)) / 2M (Particle Data Group, review
    "Kinematics", two-body decays).
    """
    square = np.square(parent)
    product = (square - np.square(np.add(first, second))) * (
        square - np.square(np.subtract(first, second))
    )
    return np.sqrt(np.maximum(product, 0)) / (2 * np.asarray(parent))


def isotropic(shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    """Unit vectors, uniform on the sphere, [*shape, 3]."""
    return around(np.broadcast_to([0.0, 0.0, 1.0], (*shape, 3)), rng.uniform(-1, 1, shape), rng)


def around(axis: FloatArray, cos_theta: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Unit vectors at the given polar angle to the unit vectors `axis`, azimuth uniform."""
    helper = np.where(np.abs(axis[..., 2:]) < 0.9, [0.0, 0.0, 1.0], [1.0, 0.0, 0.0])
    first = np.cross(axis, helper)
    first /= np.linalg.norm(first, axis=-1, keepdims=True)
    second = np.cross(axis, first)
    azimuth = rng.uniform(0, 2 * np.pi, cos_theta.shape)[..., None]
    sin_theta = np.sqrt(np.maximum(1 - cos_theta**2, 0))[..., None]
    return cos_theta[..., None] * axis + sin_theta * (
        np.cos(azimuth) * first + np.sin(azimuth) * second
    )


def breit_wigner(
    mass: float, width: float, window: float, shape: tuple[int, ...], rng: np.random.Generator
) -> FloatArray:
    """Masses from the relativistic Breit-Wigner 1/((s - M^2)^2 + M^2 Gamma^2), cut at M +- window.

    Inverse transform: s = M^2 + M Gamma tan(theta) has that density when theta is uniform (F.
    James, Rep. Prog. Phys. 43 (1980) 1145).
    """
    edges = np.square([mass - window, mass + window])
    low, high = np.arctan((edges - mass**2) / (mass * width))
    return np.sqrt(mass**2 + mass * width * np.tan(rng.uniform(low, high, shape)))


def cylindrical(momentum: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(px, py, pz) along the last axis -> pT, eta, phi; a vanishing pT gets eta and phi 0."""
    px, py, pz = np.moveaxis(momentum, -1, 0)
    pt = np.hypot(px, py)
    eta = np.arcsinh(np.divide(pz, pt, out=np.zeros_like(pz), where=pt > 0))
    return pt, eta, np.arctan2(py, px)
