"""Event-level quantities of `lexon.features`, computed by torch alone.

Double precision wherever the original has it. Cosines and hyperbolic functions are written by sines
and exponentials there, which onnxruntime has in double precision too.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from lexon.events import N_TYPES, Events
from lexon.export.inputs import EventTensors, with_places, wrap_phi
from lexon.features import N_LEADING, OF_MET, Z_MASS, ObjectKinds

Columns = dict[str, Tensor]


class EventQuantities(nn.Module):
    """`lexon.features.event_features` of events, [N, F].

    Args:
        object_types: name of each type id.
        met: False leaves out what MET enters.
        max_objects: places for objects of each event.
    """

    def __init__(self, object_types: Mapping[int, str], met: bool, max_objects: int) -> None:
        super().__init__()
        self.object_types, self.met = dict(object_types), met
        kinds = ObjectKinds.of(_one_of_each(), object_types)
        for name, chosen in vars(kinds).items():
            self.register_buffer(name, torch.from_numpy(chosen[:, 0]), persistent=False)
        self.places = max(max_objects, N_LEADING)
        first, second = np.triu_indices(self.places, 1)
        self.first, self.second = (
            nn.Buffer(torch.from_numpy(place), persistent=False) for place in (first, second)
        )

    def forward(self, event: EventTensors) -> Tensor:
        columns = self.columns(event)
        shown = [column for name, column in columns.items() if self.met or name not in OF_MET]
        return torch.stack([column.float() for column in shown], dim=-1)

    def columns(self, event: EventTensors) -> Columns:
        """By name, each [N]."""
        event = with_places(event, self.places)
        counts = {
            f"n_{name}": (event.id == label).sum(1) for label, name in self.object_types.items()
        }
        return (
            counts
            | self._sums(event)
            | self._leading(event)
            | self._masses(event)
            | self._z_candidate(event)
            | self._lepton_met(event)
            | self._angles(event)
        )

    def _are(self, kind: str, event: EventTensors) -> Tensor:
        """Which objects are of a kind of `ObjectKinds`, bool [N, T]."""
        return getattr(self, kind)[event.id]

    def _sums(self, event: EventTensors) -> Columns:
        real, jets, leptons = event.id > 0, self._are("jets", event), self._are("leptons", event)
        ht, total = _sum(event.pt, jets), _sum(event.pt, real)
        charges = torch.where(self._are("positive_leptons", event), 1, -1)
        energy = _sum(event.energy, real)
        return {
            "n_objects": real.sum(1),
            "n_jets": jets.sum(1),
            "n_leptons": leptons.sum(1),
            "abs_charge": _sum(charges, leptons).abs(),
            "ht": ht,
            "st": total + event.met,
            "met": event.met,
            "met_over_sqrt_ht": event.met / _or_nan(ht, ht > 0).sqrt(),
            "centrality": total / _or_nan(energy, energy > 0),
        }

    def _leading(self, event: EventTensors) -> Columns:
        falling = {
            "": _falling(event.pt, event.id > 0),
            "b_jet_": _falling(event.pt, self._are("b_jets", event)),
            "lepton_": _falling(event.pt, self._are("leptons", event)),
        }
        return {
            f"{name}pt_{i + 1}": values[:, i]
            for name, values in falling.items()
            for i in range(2 if name else N_LEADING)
        }

    def _masses(self, event: EventTensors) -> Columns:
        pt, eta, phi = event.pt.double(), event.eta.double(), event.phi.double()
        growing, falling = eta.exp(), (-eta).exp()
        sinh = (growing - falling) / 2
        cos = 1 - 2 * (phi / 2).sin().square()
        parts = [event.energy.double(), pt * cos, pt * phi.sin(), pt * sinh]
        chosen = {
            "mass": event.id > 0,
            "jets_mass": self._are("jets", event),
            "b_jets_mass": self._are("b_jets", event),
            "leptons_mass": self._are("leptons", event),
        }
        found = {}
        for name, objects in chosen.items():
            energy, *momentum = (_sum(part, objects) for part in parts)
            mass2 = energy.square() - sum(part.square() for part in momentum)
            found[name] = _or_nan(mass2.clamp(min=0).sqrt(), objects.sum(1) > 1)
        return found

    def _z_candidate(self, event: EventTensors) -> Columns:
        leptons, positive, electrons = (
            self._pair(self._are(kind, event))
            for kind in ("leptons", "positive_leptons", "electrons")
        )
        pairs = leptons[0] & leptons[1] & (positive[0] != positive[1])
        pairs = pairs & (electrons[0] == electrons[1])
        d_eta, d_phi = self._differences(event)
        pt = self._pair(event.pt)
        angles = (d_eta / 2).sinh().square() + (d_phi / 2).sin().square()
        mass = 2 * (pt[0] * pt[1] * angles).sqrt()
        distance, nearest = torch.where(pairs, (mass - Z_MASS).abs(), torch.inf).min(1, True)
        values = {"z_mass": mass.gather(1, nearest), "z_distance": distance}
        return {name: _or_nan(column[:, 0], pairs.any(1)) for name, column in values.items()}

    def _lepton_met(self, event: EventTensors) -> Columns:
        leptons = self._are("leptons", event)
        leading = torch.where(leptons, event.pt, -1).argmax(1, keepdim=True)
        pt, phi = (values.gather(1, leading)[:, 0] for values in (event.pt, event.phi))
        d_phi = wrap_phi(phi - event.met_phi).abs()
        mass = 2 * (pt * event.met).sqrt() * (d_phi / 2).sin()
        some = leptons.any(1)
        return {"d_phi_lepton_met": _or_nan(d_phi, some), "mt_lepton_met": _or_nan(mass, some)}

    def _angles(self, event: EventTensors) -> Columns:
        d_eta, d_phi = self._differences(event)
        distance = (d_eta.square() + d_phi.square()).sqrt()
        names = {"min_dr_b_jets": "b_jets", "min_dr_jets": "jets", "min_dr_leptons": "leptons"}
        closest = {}
        for name, kind in names.items():
            one, other = self._pair(self._are(kind, event))
            both = one & other
            smallest = torch.where(both, distance, torch.inf).amin(1)
            closest[name] = _or_nan(smallest, both.any(1))
        largest = _falling(event.eta.abs(), self._are("jets", event))[:, 0]
        return {"max_abs_eta_jets": largest} | closest

    def _differences(self, event: EventTensors) -> tuple[Tensor, Tensor]:
        """Of eta and phi for each pair of places [N, P]."""
        eta, phi = self._pair(event.eta), self._pair(event.phi)
        return eta[0] - eta[1], wrap_phi(phi[0] - phi[1])

    def _pair(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Both sides of each pair of places, [N, P] each."""
        return values[:, self.first], values[:, self.second]


def _one_of_each() -> Events:
    """An event for each type of object, and padding, with a single object."""
    n = N_TYPES + 1
    ids, zeros = np.arange(n, dtype=np.int8)[:, None], np.zeros(n, np.float32)
    return Events(ids, np.zeros((n, 1, 4), np.float32), zeros, zeros, np.zeros(n, np.int64))


def _sum(values: Tensor, chosen: Tensor) -> Tensor:
    return values.masked_fill(~chosen, 0).sum(1)


def _or_nan(values: Tensor, there: Tensor) -> Tensor:
    return torch.where(there, values, torch.nan)


def _falling(values: Tensor, chosen: Tensor) -> Tensor:
    """The chosen values, largest first; NaN behind them."""
    ordered = values.masked_fill(~chosen, -torch.inf).sort(dim=1, descending=True).values
    return _or_nan(ordered, ordered > -torch.inf)
