"""Kinematics of reconstructed objects: one formula each, natural units (GeV, rad), arrays of any
shape.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]


def wrap_phi(phi: FloatArray) -> FloatArray:
    """Azimuth wrapped into [-pi, pi), so that +pi becomes -pi; values inside come back bit
    by bit.
    """
    inside = (phi >= -np.pi) & (phi < np.pi)
    if np.all(inside):  # as nearly always: the arithmetic below costs ten times this test
        return phi
    wrapped = (phi + np.pi) % (2 * np.pi) - np.pi
    # A phi a rounding error below -pi is wrapped onto +pi itself, which belongs to the other end.
    wrapped = np.where(wrapped >= np.pi, -np.pi, wrapped)
    return np.where(inside, phi, wrapped)


def delta_phi(phi_a: FloatArray, phi_b: FloatArray) -> FloatArray:
    """Signed azimuthal difference phi_a - phi_b in [-pi, pi)."""
    return wrap_phi(phi_a - phi_b)


def delta_r(
    eta_a: FloatArray, phi_a: FloatArray, eta_b: FloatArray, phi_b: FloatArray
) -> FloatArray:
    """Angular distance sqrt(d_eta^2 + d_phi^2)."""
    return np.hypot(eta_a - eta_b, delta_phi(phi_a, phi_b))


def massless_energy(pt: FloatArray, eta: FloatArray) -> FloatArray:
    """Energy of a massless particle, pT cosh eta = |p|: no real object has less."""
    return pt * np.cosh(eta)


def cartesian(p4: FloatArray) -> FloatArray:
    """(E, pT, eta, phi) -> (E, px, py, pz) along the last axis: px = pT cos phi, py = pT sin phi,
    pz = pT sinh eta.
    """
    energy, pt, eta, phi = np.moveaxis(p4, -1, 0)
    return np.stack([energy, pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=-1)


def invariant_mass(cartesian_p4: FloatArray) -> FloatArray:
    """m = sqrt(E^2 - |p|^2) of (E, px, py, pz) along the last axis; rounding below zero counts as
    zero.
    """
    energy, momentum = cartesian_p4[..., 0], cartesian_p4[..., 1:]
    return np.sqrt(np.maximum(energy**2 - (momentum**2).sum(-1), 0))


def massless_pair_mass(d_eta: FloatArray, d_phi: FloatArray, pt_product: FloatArray) -> FloatArray:
    """Mass of two massless objects from their differences: m^2 = 2 pT1 pT2 (cosh d_eta - cos d_phi)
    (PDG review, Kinematics), in half angles, where nothing cancels for close objects.
    """
    return 2 * np.sqrt(pt_product * (np.sinh(d_eta / 2) ** 2 + np.sin(d_phi / 2) ** 2))
