"""Inputs of gradient boosting: an event's flat columns, or the quantities that a physicist would
compute.

Everything comes from four-vectors in GeV, never from standardised values. NaN marks what an event
does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon import physics
from lexon.events import N_TYPES, Events

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.floating]
Columns = dict[str, NDArray[np.floating] | NDArray[np.integer]]

Z_MASS = 91.19  # GeV (Particle Data Group)
N_LEADING = 6  # objects whose pT is a feature of its own
OF_MET = (
    "st",
    "met",
    "met_over_sqrt_ht",
    "d_phi_lepton_met",
    "mt_lepton_met",
)  # event-level quantities that MET enters


def flat_columns(events: Events) -> pd.DataFrame:
    """The quantities that the direct tokeniser reads, one row an event: `id_<i>` categorical, the
    rest float32.

    Per object: type, log E, log pT, eta, sin phi, cos phi; per event: log(1 + MET), sin and cos of
    its azimuth.
    """
    real = events.mask
    per_object = {
        "log_e": np.log(np.where(real, events.energy, np.nan)),
        "log_pt": np.log(np.where(real, events.pt, np.nan)),
        "eta": np.where(real, events.eta, np.nan),
        "sin_phi": np.where(real, np.sin(events.phi), np.nan),
        "cos_phi": np.where(real, np.cos(events.phi), np.nan),
    }
    types = {
        f"id_{i + 1}": pd.Categorical(events.ids[:, i], categories=range(N_TYPES + 1))
        for i in range(events.max_objects)
    }
    values = {
        f"{name}_{i + 1}": array[:, i]
        for name, array in per_object.items()
        for i in range(events.max_objects)
    }
    met = {
        "log_met": np.log1p(events.met),
        "sin_met_phi": np.sin(events.met_phi),
        "cos_met_phi": np.cos(events.met_phi),
    }
    return pd.DataFrame(types | values | met)


def event_features(events: Events, object_types: Mapping[int, str]) -> pd.DataFrame:
    """Event-level quantities in GeV and rad, one row an event, float32.

    >>> from lexon import Events, event_features
    >>> jets = [[200.0, 150.0, 0.5, 0.1], [90.0, 80.0, -0.4, 2.0]]
    >>> events = Events.from_arrays([[1, 2]], [jets], met=[60.0], met_phi=[-1.0])
    >>> table = event_features(events, {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-"})
    >>> table[["n_jets", "ht", "met"]].iloc[0].tolist()
    [2.0, 230.0, 60.0]

    Args:
        events: any number of them.
        object_types: name of each type id, read by `ObjectKinds`.
    """
    kinds = ObjectKinds.of(events, object_types)
    counts = {f"n_{name}": (events.ids == label).sum(1) for label, name in object_types.items()}
    columns = (
        counts
        | _sums(events, kinds)
        | _leading_pts(events, kinds)
        | _masses(events, kinds)
        | _z_candidate(events, kinds)
        | _lepton_met(events, kinds)
        | _angles(events, kinds)
    )
    return pd.DataFrame(columns).astype(np.float32)


@dataclass(frozen=True)
class ObjectKinds:
    """Which objects are what, bool [event, object] each.

    Names that end in ``jet`` are jets, those that also start with ``b`` b-jets; ``e`` and ``mu``
    with a sign are charged leptons.
    """

    jets: BoolArray
    b_jets: BoolArray
    leptons: BoolArray
    positive_leptons: BoolArray
    electrons: BoolArray

    @classmethod
    def of(cls, events: Events, object_types: Mapping[int, str]) -> Self:
        def chosen(is_one: Callable[[str], bool]) -> BoolArray:
            return np.isin(
                events.ids, [label for label, name in object_types.items() if is_one(name)]
            )

        return cls(
            jets=chosen(_is_jet),
            b_jets=chosen(lambda name: _is_jet(name) and name.startswith("b")),
            leptons=chosen(_is_lepton),
            positive_leptons=chosen(lambda name: _is_lepton(name) and name.endswith("+")),
            electrons=chosen(lambda name: _is_lepton(name) and name.startswith("e")),
        )


def _is_jet(name: str) -> bool:
    return name.endswith("jet")


def _is_lepton(name: str) -> bool:
    return name.rstrip("+-") in {"e", "mu"}


def scalar_sum(pt: FloatArray, chosen: BoolArray) -> FloatArray:
    """Scalar sum of the pT [event, object] of the chosen objects, [event]; HT where those are the
    jets.
    """
    return np.where(chosen, pt, 0).sum(1)


def ranked(values: FloatArray, chosen: BoolArray, rank: int) -> FloatArray:
    """The value [event, object] that is `rank`-th largest (0 first) among the chosen ones, NaN
    where there are fewer.
    """
    if rank >= values.shape[1]:
        return np.full(len(values), np.nan)
    falling = -np.sort(-np.where(chosen, values, -np.inf), axis=1)[:, rank]
    return np.where(np.isfinite(falling), falling, np.nan)


def _sums(events: Events, kinds: ObjectKinds) -> Columns:
    pt, real = events.pt, events.mask
    ht = scalar_sum(pt, kinds.jets)
    total, energy = scalar_sum(pt, real), scalar_sum(events.energy, real)
    charge = np.where(kinds.leptons, np.where(kinds.positive_leptons, 1, -1), 0).sum(1)
    return {
        "n_objects": real.sum(1),
        "n_jets": kinds.jets.sum(1),
        "n_leptons": kinds.leptons.sum(1),
        "abs_charge": np.abs(charge),
        "ht": ht,
        "st": total + events.met,
        "met": events.met,
        "met_over_sqrt_ht": events.met / np.sqrt(np.where(ht > 0, ht, np.nan)),
        "centrality": total / np.where(energy > 0, energy, np.nan),
    }


def _leading_pts(events: Events, kinds: ObjectKinds) -> Columns:
    leading: Columns = {f"pt_{i + 1}": ranked(events.pt, events.mask, i) for i in range(N_LEADING)}
    chosen = {"b_jet": kinds.b_jets, "lepton": kinds.leptons}
    return leading | {
        f"{name}_pt_{i + 1}": ranked(events.pt, objects, i)
        for name, objects in chosen.items()
        for i in range(2)
    }


def _masses(events: Events, kinds: ObjectKinds) -> Columns:
    """Invariant masses of all objects, of the jets, of the b-jets and of the leptons; NaN below two
    objects.
    """
    cartesian = physics.cartesian(events.p4.astype(np.float64))
    chosen = {
        "mass": events.mask,
        "jets_mass": kinds.jets,
        "b_jets_mass": kinds.b_jets,
        "leptons_mass": kinds.leptons,
    }
    return {
        name: np.where(
            objects.sum(1) > 1,
            physics.invariant_mass((cartesian * objects[..., None]).sum(1)),
            np.nan,
        )
        for name, objects in chosen.items()
    }


def _z_candidate(events: Events, kinds: ObjectKinds) -> Columns:
    """Mass of the e+e- or mu+mu- pair nearest to the Z boson, and how far from its mass it is; NaN
    without such a pair.

    A tree finds a window in a mass with two cuts; a network that is shown the mass alone hardly
    does (docs/network.md).
    """
    nearest = np.full(len(events), np.nan)
    for i, j in zip(*np.triu_indices(events.max_objects, 1), strict=True):
        pair = kinds.leptons[:, i] & kinds.leptons[:, j]
        pair &= (kinds.positive_leptons[:, i] != kinds.positive_leptons[:, j]) & (
            kinds.electrons[:, i] == kinds.electrons[:, j]
        )
        d_phi = physics.delta_phi(events.phi[:, i], events.phi[:, j])
        mass = physics.massless_pair_mass(
            events.eta[:, i] - events.eta[:, j], d_phi, events.pt[:, i] * events.pt[:, j]
        )
        nearer = pair & ~(np.abs(mass - Z_MASS) >= np.abs(nearest - Z_MASS))
        nearest = np.where(nearer, mass, nearest)
    return {"z_mass": nearest, "z_distance": np.abs(nearest - Z_MASS)}


def _lepton_met(events: Events, kinds: ObjectKinds) -> Columns:
    """Leading lepton against MET: azimuth, and the transverse mass sqrt(2 pT MET (1 - cos dphi))
    (PDG review, Kinematics), in the half angle.
    """
    leading = np.where(kinds.leptons, events.pt, -1).argmax(1)
    rows = np.arange(len(events))
    d_phi = np.abs(physics.delta_phi(events.phi[rows, leading], events.met_phi))
    mass = 2 * np.sqrt(events.pt[rows, leading] * events.met) * np.sin(d_phi / 2)
    some = kinds.leptons.any(1)
    return {
        "d_phi_lepton_met": np.where(some, d_phi, np.nan),
        "mt_lepton_met": np.where(some, mass, np.nan),
    }


def _angles(events: Events, kinds: ObjectKinds) -> Columns:
    abs_eta = np.abs(events.eta)
    return {
        "max_abs_eta_jets": ranked(abs_eta, kinds.jets, 0),
        "min_dr_b_jets": _closest(events, kinds.b_jets),
        "min_dr_jets": _closest(events, kinds.jets),
        "min_dr_leptons": _closest(events, kinds.leptons),
    }


def _closest(events: Events, chosen: BoolArray) -> FloatArray:
    """Smallest Delta R between two of the chosen objects, NaN below two."""
    first, second = np.triu_indices(events.max_objects, 1)
    smallest = np.full(len(events), np.inf)
    # One column of pairs at a time: all at once, 153 of 18 places, would take gigabytes for a real
    # file.
    for i, j in zip(first, second, strict=True):
        distance = physics.delta_r(
            events.eta[:, i], events.phi[:, i], events.eta[:, j], events.phi[:, j]
        )
        smallest = np.minimum(smallest, np.where(chosen[:, i] & chosen[:, j], distance, np.inf))
    return np.where(np.isfinite(smallest), smallest, np.nan)
