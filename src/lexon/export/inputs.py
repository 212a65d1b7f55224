"""What tokenisers show a network, computed by torch alone, so that it is exported with the network.

The numbers are those of `Tokeniser.encode`, and of `Tokeniser.decode` where a network asks for more
than tokens. Shapes: N events, T objects.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad

from lexon.errors import ConfigurationError
from lexon.models.quantiser import LearntQuantiser, ScalarQuantiser
from lexon.models.vqvae import VQVAE
from lexon.tokenisers.base import Tokeniser
from lexon.tokenisers.binning import Axis, BinnedTokeniser
from lexon.tokenisers.direct import DirectTokeniser
from lexon.tokenisers.vqvae import VQVAETokeniser


class EventTensors(NamedTuple):
    """Events: type ids int64 [N, T], 0 for padding; E, pT, eta, phi float32 [N, T]; MET and its
    azimuth float32 [N]; GeV and rad.
    """

    id: Tensor
    energy: Tensor
    pt: Tensor
    eta: Tensor
    phi: Tensor
    met: Tensor
    met_phi: Tensor


class Shown(NamedTuple):
    """What a network is shown.

    Attributes:
        batch: values, types, mask and met of `lexon.tokenisers.base.Tokens`.
        seen: the events as the tokens show them (`Tokeniser.decode`); an energy that is not shown
            is 0.
    """

    batch: dict[str, Tensor]
    seen: EventTensors


def with_places(event: EventTensors, n: int) -> EventTensors:
    """With `n` places for objects, as events with fewer have them: padding behind the last one."""
    missing = n - event.id.shape[1]
    objects = {name: pad(getattr(event, name), (0, missing)) for name in event._fields[:5]}
    return event._replace(**objects)


def inputs_of(tokeniser: Tokeniser) -> nn.Module:
    """A module from `EventTensors` to what the tokeniser `Shown`.

    Raises:
        ConfigurationError: this tokeniser is written for arrays only.
    """
    match tokeniser:
        case DirectTokeniser():
            return DirectInputs(tokeniser)
        case BinnedTokeniser():
            return BinnedInputs(tokeniser)
        case VQVAETokeniser():
            return CodeInputs(tokeniser)
    known = ", ".join(kind.__name__ for kind in (DirectTokeniser, BinnedTokeniser, VQVAETokeniser))
    raise ConfigurationError(
        f"{type(tokeniser).__name__} cannot be exported: lexon.export.inputs knows {known}; add it"
        " there"
    )


def wrap_phi(phi: Tensor) -> Tensor:
    """`lexon.physics.wrap_phi`: azimuths in [-pi, pi), those inside bit by bit."""
    wrapped = phi - 2 * math.pi * torch.floor((phi + math.pi) / (2 * math.pi))
    # Rounding may put an azimuth near the end of the circle on the other side of it.
    wrapped = torch.where(wrapped >= math.pi, -math.pi, wrapped.clamp(min=-math.pi))
    return torch.where((phi >= -math.pi) & (phi < math.pi), phi, wrapped)


class DirectInputs(nn.Module):
    """Standardised four-vectors. Logarithms are taken in double precision, as the tokeniser does:
    in single precision large momenta lose a digit.
    """

    def __init__(self, tokeniser: DirectTokeniser) -> None:
        super().__init__()
        self.pid, self.vector = tokeniser.pid, tokeniser.vector
        fitted: dict[str, list[float]] = tokeniser.state()["fitted"]
        self.names = list(fitted)
        # As a tensor: a number beside a tensor is exported in single precision.
        self.fitted = nn.Buffer(torch.tensor(list(fitted.values()), dtype=torch.float64))

    def forward(self, event: EventTensors) -> Shown:
        mask = event.id > 0
        columns = [
            self._standard("log_pt", _logarithm(event.pt, mask)),
            self._standard("eta", event.eta.double()),
            event.phi.sin(),
            event.phi.cos(),
        ]
        if self.vector == 5:
            columns.append(self._standard("log_energy", _logarithm(event.energy, mask)))
        values = torch.stack(columns, dim=-1).masked_fill(~mask[..., None], 0)
        log_met = self._standard("met", (event.met.double() + 1).log())
        met = torch.stack([log_met, event.met_phi.sin(), event.met_phi.cos()], dim=-1)
        types = event.id if self.pid else mask.long()
        batch = {"values": values, "types": types, "mask": mask, "met": met}
        return Shown(batch, self._seen(event, types, mask, values, log_met))

    def _seen(
        self, event: EventTensors, types: Tensor, mask: Tensor, values: Tensor, log_met: Tensor
    ) -> EventTensors:
        """Exact up to rounding, which is repeated where it shows."""
        pt = self._back("log_pt", values[..., 0]).exp().float()
        energy = (
            self._back("log_energy", values[..., 4]).exp().float()
            if self.vector == 5
            else torch.zeros_like(pt)
        )
        met = (self._back("met", log_met).exp() - 1).clamp(min=0).float()
        return EventTensors(
            types,
            energy.masked_fill(~mask, 0),
            pt.masked_fill(~mask, 0),
            self._back("eta", values[..., 1]).float().masked_fill(~mask, 0),
            wrap_phi(event.phi).masked_fill(~mask, 0),
            met,
            wrap_phi(event.met_phi),
        )

    def _standard(self, name: str, values: Tensor) -> Tensor:
        mean, scale = self.fitted[self.names.index(name)].unbind()
        return ((values - mean) / scale).float()

    def _back(self, name: str, values: Tensor) -> Tensor:
        mean, scale = self.fitted[self.names.index(name)].unbind()
        return values.double() * scale + mean


class BinnedInputs(nn.Module):
    """Tokens of a lookup table."""

    def __init__(self, tokeniser: BinnedTokeniser) -> None:
        super().__init__()
        assert tokeniser.axes is not None
        self.pid = tokeniser.pid
        self.axes = nn.ModuleDict({name: Bins(axis) for name, axis in tokeniser.axes.items()})
        self.first = tokeniser.layout.first.tolist()

    def forward(self, event: EventTensors) -> Shown:
        mask = event.id > 0
        types = event.id if self.pid else mask.long()
        kinematics = {"pt": event.pt, "eta": event.eta, "phi": wrap_phi(event.phi)}
        bins = {name: self.axes[name](values) for name, values in kinematics.items()}
        tokens = types
        for name, found in bins.items():
            tokens = (tokens - 1) * self._bins(name).n + found
        met, met_phi = self.axes["met"](event.met), self.axes["phi"](wrap_phi(event.met_phi))
        batch = {
            "values": tokens.masked_fill(~mask, 0),
            "types": types,
            "mask": mask,
            "met": torch.stack([met - 1 + self.first[0], met_phi - 1 + self.first[1]], dim=-1),
        }
        centres = [self._bins(name).centre(found) for name, found in bins.items()]
        pt, eta, phi = (values.masked_fill(~mask, 0) for values in centres)
        seen = (self._bins("met").centre(met), self._bins("phi").centre(met_phi))
        return Shown(batch, EventTensors(types, torch.zeros_like(pt), pt, eta, phi, *seen))

    def _bins(self, name: str) -> Bins:
        found: Any = self.axes[name]
        return found


class Bins(nn.Module):
    """`lexon.tokenisers.binning.Axis`."""

    def __init__(self, axis: Axis) -> None:
        super().__init__()
        self.n, self.flawed = axis.n, axis.flawed
        self.inner = nn.Buffer(torch.from_numpy(axis.limits[1:-1].copy()))
        self.centres = nn.Buffer(torch.from_numpy(axis.centre(np.arange(1, axis.n + 1))))

    def forward(self, values: Tensor) -> Tensor:
        """Bin of each value, 1..n."""
        passed = (values[..., None] >= self.inner).sum(-1)
        return passed.clamp(min=1) if self.flawed else passed + 1

    def centre(self, bins: Tensor) -> Tensor:
        return self.centres[bins - 1]


class CodeInputs(nn.Module):
    """Codes of a VQ-VAE. Every object has a place, so padding is encoded too, and wiped out."""

    def __init__(self, tokeniser: VQVAETokeniser) -> None:
        super().__init__()
        assert tokeniser.met_bins is not None
        assert tokeniser.model is not None
        self.direct = DirectInputs(tokeniser.direct)
        self.model: VQVAE = tokeniser.model
        self.codes = nearest_of(self.model)
        self.met, self.met_phi = Bins(tokeniser.met_bins.met), Bins(tokeniser.met_bins.phi)
        self.first = tokeniser.layout.first.tolist()
        self.objects = nn.Buffer(torch.from_numpy(tokeniser.table().objects))

    def forward(self, event: EventTensors) -> Shown:
        direct = self.direct(event).batch
        mask = direct["mask"]
        codes = self.codes(self.model.encode(direct["values"], direct["types"]))
        met, met_phi = self.met(event.met), self.met_phi(wrap_phi(event.met_phi))
        batch = {
            "values": (codes + 1).masked_fill(~mask, 0),
            "types": direct["types"],
            "mask": mask,
            "met": torch.stack([met - 1 + self.first[0], met_phi - 1 + self.first[1]], dim=-1),
        }
        objects = self.objects[codes].masked_fill(~mask[..., None], 0)
        types, energy, pt, eta, phi = objects.unbind(-1)
        centres = self.met.centre(met), self.met_phi.centre(met_phi)
        return Shown(batch, EventTensors(types.long(), energy, pt, eta, phi, *centres))


def nearest_of(model: VQVAE) -> nn.Module:
    """A module from latent vectors [..., D] to codes 0..K-1 [...], whatever else a quantiser does
    in training.
    """
    quantiser = model.quantiser
    if isinstance(quantiser, LearntQuantiser):
        return NearestCode(list(quantiser.codebook.split(quantiser.sizes)))
    assert isinstance(quantiser, ScalarQuantiser)
    return NearestLevels(quantiser)


class NearestCode(nn.Module):
    """The nearest vector of each codebook, for what those before it left."""

    def __init__(self, books: list[Tensor]) -> None:
        super().__init__()
        self.books = nn.ParameterList(nn.Parameter(book, requires_grad=False) for book in books)

    def forward(self, vectors: Tensor) -> Tensor:
        codes = torch.zeros_like(vectors[..., 0], dtype=torch.long)
        for book in self.books:
            # |v|^2 is the same for all codes and left out. One linear layer, because torch 2.6 does
            # not export `vectors @ book.mT`.
            nearest = linear(2 * vectors, book, -book.square().sum(-1)).argmax(-1)
            codes = codes * len(book) + nearest
            vectors = vectors - book[nearest]
        return codes


class NearestLevels(nn.Module):
    """The nearest level of each component."""

    def __init__(self, quantiser: ScalarQuantiser) -> None:
        super().__init__()
        self.quantiser, self.sizes = quantiser.quantise, quantiser.sizes
        self.middle = nn.Buffer(torch.tensor([size // 2 for size in self.sizes]))

    def forward(self, vectors: Tensor) -> Tensor:
        digits = (self.quantiser.bound(vectors) * self.middle).round().long() + self.middle
        codes = torch.zeros_like(digits[..., 0])
        for size, values in zip(self.sizes, digits.unbind(-1), strict=True):
            codes = codes * size + values
        return codes


def _logarithm(values: Tensor, mask: Tensor) -> Tensor:
    """Natural logarithm in double precision; 0 for padding."""
    return values.double().masked_fill(~mask, 1).log()
