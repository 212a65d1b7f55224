"""The unit of a file's energies: decided from the numbers, because it is rarely documented.

Every real object has E >= pT cosh(eta), with near equality for light ones. At |eta| > 1 natural
logarithms break this when read as linear values (ln E exceeds ln pT by a few per cent only, cosh(1)
is 1.54), and obey it once exponentiated. What is linear and what is not being known, the size of a
typical pT tells GeV from MeV. MET is in the unit of the energies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from lexon.config import EnergyUnit
from lexon.errors import DataError
from lexon.physics import massless_energy

UNITS: tuple[EnergyUnit, ...] = get_args(EnergyUnit)
FORWARD_ETA = 1.0
MIN_FORWARD = 10
ENOUGH = 0.95
RESOLUTION = (
    0.9  # a smeared energy may fall below pT cosh(eta); no smearing makes up for a logarithm
)
DEFICIT = 1e-3
TYPICAL_PT = {"GeV": (1.0, 1500.0), "MeV": (3e3, 1.5e6)}
TYPICAL_MET_GEV = (0.1, 5000.0)


@dataclass(frozen=True)
class UnitDecision:
    """The unit of a file's energies, and the sentence that says why."""

    unit: EnergyUnit
    why: str


def to_gev(values: NDArray[np.floating], unit: EnergyUnit) -> NDArray[np.float32]:
    """Energies of a file in GeV; ln(0) = -inf comes back as 0."""
    match unit:
        case "GeV":
            gev = values
        case "MeV":
            gev = values / 1000
        case "ln(MeV)":
            with np.errstate(over="ignore", invalid="ignore"):
                gev = np.exp(values, dtype=np.float64) / 1000
    with np.errstate(over="ignore"):
        return gev.astype(np.float32)


def from_gev(gev: NDArray[np.floating], unit: EnergyUnit) -> NDArray[np.float32]:
    """The inverse of `to_gev`; 0 GeV becomes -inf in ln(MeV)."""
    match unit:
        case "GeV":
            values = gev
        case "MeV":
            values = gev * 1000
        case "ln(MeV)":
            with np.errstate(divide="ignore"):
                values = np.log(gev * 1000.0, dtype=np.float64)
    return values.astype(np.float32)


def decide_unit(
    p4: NDArray[np.floating], met: NDArray[np.floating], declared: EnergyUnit | None, where: str
) -> UnitDecision:
    """The one unit that fits the numbers, or the declared one where the numbers do not contradict
    it.

    Args:
        p4: (E, pT, eta, phi) of real objects as the file has them, [object, 4].
        met: as the file has it, [event].
        declared: None decides from the numbers alone.
        where: file and dataset, for messages.

    Raises:
        DataError: the numbers contradict the declared unit, fit none, or cannot decide.
    """
    possible, finding = possible_units(p4)
    if not possible:
        raise DataError(
            f"{where}: {finding}, so the columns cannot be (E, pT, eta, phi) in one of"
            f" {', '.join(UNITS)}"
        )
    if declared is None and len(possible) > 1:
        choice = ", ".join(possible)
        raise DataError(
            f"{where}: {finding}, so the unit is one of {choice}: choose it with"
            " events.energy_unit=UNIT"
        )
    if declared is not None and declared not in possible:
        raise DataError(
            f"{where}: {declared} was declared, but {finding}, so it is {possible[0]}: set"
            " events.energy_unit to that or to auto"
        )
    unit = declared or possible[0]
    _check_met(met, unit, where)
    return UnitDecision(
        unit, f"{unit}, {'as declared' if declared else 'decided from the data'}: {finding}"
    )


def possible_units(p4: NDArray[np.floating]) -> tuple[tuple[EnergyUnit, ...], str]:
    """The units that (E, pT, eta, phi) [object, 4] can be in, none or several included, and the
    finding as half a sentence.
    """
    p4 = p4[np.isfinite(p4).all(-1)].astype(np.float64)
    energy, pt, eta = p4[np.abs(p4[:, 2]) > FORWARD_ETA, :3].T
    if len(energy) < MIN_FORWARD:
        return (
            UNITS,
            (
                f"only {len(energy)} objects have |eta| > {FORWARD_ETA:g}, too few to distinguish"
                " linear energies from logarithms"
            ),
        )
    with np.errstate(over="ignore"):
        linear = float(np.mean(energy >= RESOLUTION * massless_energy(pt, eta)))
        logarithmic = float(np.mean(energy - pt >= np.log(RESOLUTION * np.cosh(eta))))
    of = f"of {len(energy):,} objects with |eta| > {FORWARD_ETA:g}"
    if linear >= ENOUGH:
        return _by_magnitude(p4[:, 1], f"E >= pT cosh(eta) holds for {linear:.1%} {of}")
    if logarithmic >= ENOUGH:
        return _by_magnitude_of_logarithms(
            p4[:, 1],
            f"E >= pT cosh(eta) holds for {linear:.1%} {of} as it stands, {logarithmic:.1%} as"
            " logarithms",
        )
    return (
        (),
        (
            f"E >= pT cosh(eta) holds for {linear:.1%} {of} as it stands, {logarithmic:.1%} as"
            " logarithms"
        ),
    )


def _by_magnitude(pt: NDArray[np.floating], finding: str) -> tuple[tuple[EnergyUnit, ...], str]:
    typical = float(np.median(pt))
    finding = f"{finding} and the median pT is {typical:.4g}"
    if typical <= 0:
        return (), f"{finding}, so the columns are not (E, pT, eta, phi)"
    for unit in ("GeV", "MeV"):
        low, high = TYPICAL_PT[unit]
        if low <= typical <= high:
            return (unit,), finding
    return ("GeV", "MeV"), finding


def _by_magnitude_of_logarithms(
    log_pt: NDArray[np.floating], finding: str
) -> tuple[tuple[EnergyUnit, ...], str]:
    typical = float(np.median(log_pt))
    finding = f"{finding}, and the median pT is e^{typical:.4g}"
    low, high = np.log(TYPICAL_PT["MeV"])
    return (("ln(MeV)",) if low <= typical <= high else ()), finding


def _check_met(met: NDArray[np.floating], unit: EnergyUnit, where: str) -> None:
    gev = to_gev(met[~np.isnan(met)], unit)
    positive = gev[gev > 0]
    low, high = TYPICAL_MET_GEV
    typical = float(np.median(positive)) if len(positive) else low
    if not low <= typical <= high:
        raise DataError(
            f"{where}: the energies are in {unit}, but MET would then have a median of"
            f" {typical:.3g} GeV; write both in one unit"
        )
