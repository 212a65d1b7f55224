"""A row of an event file and the event that it is: M type ids | MET, METphi | M x (E, pT, eta,
phi), in the unit of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lexon.config import EnergyUnit
from lexon.datasets.split_layout import EVENT_ROW, read_labels
from lexon.datasets.units import from_gev, to_gev
from lexon.events import N_TYPES, Events, reject_rows
from lexon.physics import wrap_phi

TWO_TURNS = (
    4 * np.pi
)  # rad: an azimuth may come unwrapped, but beyond this it is in degrees or no azimuth


@dataclass(frozen=True)
class RowParts:
    """Rows of a file, taken apart.

    Attributes:
        ids: types [N, M].
        met, met_phi: [N].
        p4: (E, pT, eta, phi), [N, M, 4].
    """

    ids: NDArray[Any]
    met: NDArray[Any]
    met_phi: NDArray[Any]
    p4: NDArray[Any]

    @classmethod
    def of(cls, rows: NDArray[Any]) -> Self:
        """Rows [N, 5 M + 2]."""
        n = EVENT_ROW.places(rows.shape[1])
        return cls(rows[:, :n], rows[:, n], rows[:, n + 1], rows[:, n + 2 :].reshape(-1, n, 4))


def to_events(
    rows: NDArray[Any], labels: NDArray[Any], unit: EnergyUnit, where: str, first_row: int
) -> Events:
    """Rows of a file [N, 5 M + 2] in its own unit -> checked events in GeV, azimuths in [-pi, pi).

    Raises:
        DataError: a value that cannot be right, with its row. Energies are shown in GeV.
    """
    parts = RowParts.of(rows)
    raw_ids, raw = parts.ids, parts.p4
    unknown = ~((raw_ids >= 0) & (raw_ids <= N_TYPES) & (raw_ids == np.rint(raw_ids)))
    reject_rows(
        unknown,
        raw_ids,
        "unknown object type",
        f"types run from 1 to {N_TYPES}, 0 is padding",
        where=where,
        first_row=first_row,
    )
    zeros = (raw == 0).all(-1)
    reject_rows(
        (raw_ids > 0) & zeros,
        raw_ids,
        "an object of this type whose four-vector is four zeros",
        "was it written?",
        where=where,
        first_row=first_row,
    )
    padding = (raw_ids == 0) & zeros
    p4 = raw.astype(np.float32)
    p4[..., :2] = np.where(padding[..., None], 0, to_gev(raw[..., :2], unit))
    for azimuth, name in ((raw[..., 3], "azimuth"), (parts.met_phi, "azimuth of MET")):
        absurd = np.isfinite(azimuth) & (np.abs(azimuth) > TWO_TURNS)
        reject_rows(
            absurd,
            azimuth,
            f"{name} beyond two turns",
            "give it in rad; is it in degrees?",
            where=where,
            first_row=first_row,
        )
    with np.errstate(invalid="ignore"):
        p4[..., 3] = wrap_phi(raw[..., 3])
        met_phi = wrap_phi(parts.met_phi)
    nothing = (rows == 0).all(
        1
    )  # a row that was never written: no measured MET is 1 MeV, which 0 is as a logarithm
    events = Events(
        ids=raw_ids.astype(np.int8),
        p4=p4,
        met=np.where(nothing, np.float32(0), to_gev(parts.met, unit)),
        met_phi=met_phi.astype(np.float32),
        labels=read_labels(labels, where, first_row),
    )
    return events.validate(where if unit == "GeV" else f"{where} ({unit} read as GeV)", first_row)


def to_rows(events: Events, unit: EnergyUnit) -> NDArray[np.float32]:
    """The inverse of `to_events`, float32 [N, 5 M + 2]; a MET of exactly 0 is written as -inf in
    ln(MeV), and read as 0.
    """
    p4 = events.p4.copy()
    p4[..., :2] = np.where(events.mask[..., None], from_gev(p4[..., :2], unit), 0)
    met = np.stack([from_gev(events.met, unit), events.met_phi], axis=1)
    return np.concatenate([events.ids, met, p4.reshape(len(events), -1)], axis=1, dtype=np.float32)
