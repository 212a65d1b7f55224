"""Reconstruction of objects from codes or latent vectors: errors in GeV and rad, whatever space a
network works in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lexon.events import Events
from lexon.physics import delta_phi

Quantity = Literal["energy", "pt", "eta", "phi"]
ALL = "all"


def reconstruction_errors(
    truth: Events, decoded: Events, quantities: Sequence[Quantity], object_types: Mapping[int, str]
) -> dict[str, dict[str, float]]:
    """Errors of the objects of all types (``all``) and of each true type that occurs, by name.

    Args:
        truth: the events as they were.
        decoded: the same events and objects, reconstructed.
        quantities: what was reconstructed; energy and pt in GeV, phi in rad.
        object_types: names of the types.

    Returns:
        For each: ``n`` objects, ``type_accuracy``, and of each quantity the mean ``_bias`` (decoded
        less true), the mean absolute error ``_mae`` and the root of the mean squared error
        ``_rmse``.
    """
    types = truth.ids[truth.mask]
    errors = {name: _error(truth, decoded, name) for name in quantities}
    right = decoded.ids[truth.mask] == types
    groups = {ALL: types > 0} | {
        object_types[int(kind)]: types == kind for kind in np.unique(types)
    }
    return {
        name: _summary(errors, right, chosen) for name, chosen in groups.items() if chosen.any()
    }


def _error(truth: Events, decoded: Events, quantity: Quantity) -> NDArray[np.floating]:
    """Decoded - true of the real objects [V]."""
    after, before = (
        getattr(events, quantity)[truth.mask].astype(np.float64) for events in (decoded, truth)
    )
    return delta_phi(after, before) if quantity == "phi" else after - before


def _summary(
    errors: Mapping[Quantity, NDArray[np.floating]],
    right: NDArray[np.bool_],
    chosen: NDArray[np.bool_],
) -> dict[str, float]:
    row = {"n": int(chosen.sum()), "type_accuracy": float(right[chosen].mean())}
    for name, error in errors.items():
        own = error[chosen]
        row |= {
            f"{name}_bias": own.mean(),
            f"{name}_mae": np.abs(own).mean(),
            f"{name}_rmse": np.sqrt((own**2).mean()),
        }
    return {name: float(value) if name != "n" else value for name, value in row.items()}
