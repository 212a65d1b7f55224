"""Direct: objects as continuous, standardised four-vectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from lexon.config import DirectConfig
from lexon.errors import DataError
from lexon.events import Events
from lexon.physics import wrap_phi
from lexon.tokenisers.base import Tokeniser, Tokens


@dataclass(frozen=True)
class Standard:
    """Location and scale of a quantity over the fitted sample; a constant quantity has scale 1."""

    mean: float
    scale: float

    @classmethod
    def of(cls, mean: float, variance: float) -> Self:
        spread = variance**0.5
        return cls(mean, spread if spread > 1e-6 * max(1.0, abs(mean)) else 1.0)

    def apply(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        return (values - self.mean) / self.scale

    def invert(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        return values * self.scale + self.mean


@dataclass(frozen=True)
class DirectTokeniser(Tokeniser):
    """Features (log pT, eta, sin phi, cos phi[, log E]) and MET as (log(1 + MET/GeV), sin, cos).

    Logarithms and eta are standardised with the fitted events' real objects; MET with the fitted
    events. Sine and cosine are left alone: they carry no scale. MET of 0 occurs, hence 1 + MET;
    padding is 0 everywhere.

    >>> import numpy as np
    >>> from lexon import DirectTokeniser, Events
    >>> pt = np.geomspace(20, 500, 10)
    >>> p4 = np.stack([2 * pt, pt, np.linspace(-2, 2, 10), np.linspace(-3, 3, 10)], axis=-1)
    >>> events = Events.from_arrays(np.full((10, 1), 2), p4[:, None], pt, np.zeros(10))
    >>> tokeniser = DirectTokeniser(vector=4, pid=True).fit(events)
    >>> tokens = tokeniser.encode(events)
    >>> tokens.values.shape, tokens.met.shape
    ((10, 18, 4), (10, 3))
    >>> bool(np.allclose(tokeniser.decode(tokens).pt, events.pt, rtol=1e-5))
    True

    Attributes:
        vector: 4 leaves the energy out, 5 shows it.
        pid: False shows every real object as type 1.
        fitted: location and scale by quantity; None before `fit`.
    """

    vector: Literal[4, 5]
    pid: bool
    fitted: dict[str, Standard] | None = None

    @classmethod
    def from_config(cls, config: DirectConfig) -> Self:
        return cls(config.vector, config.pid)

    @property
    def vocab_size(self) -> None:
        return None

    @property
    def n_features(self) -> int:
        return self.vector

    def fit_chunks(self, chunks: Iterable[Events]) -> Self:
        """Standardise as these events ask for, in two walks; padding has no say.

        Raises:
            DataError: there is no object to learn from.
        """
        means = _means(map(self._quantities, chunks))
        variances = _means(
            {name: (x - means[name]) ** 2 for name, x in self._quantities(events).items()}
            for events in chunks
        )
        return replace(
            self, fitted={name: Standard.of(mean, variances[name]) for name, mean in means.items()}
        )

    def encode(self, events: Events) -> Tokens:
        standard, mask = self._standard, events.mask
        log_pt, eta, *log_energy = (
            standard[name].apply(values) for name, values in self._scaled(events).items()
        )
        phi = events.phi[mask]
        values = np.zeros((*mask.shape, self.vector), np.float32)
        values[mask] = np.stack([log_pt, eta, np.sin(phi), np.cos(phi), *log_energy], axis=-1)
        met = standard["met"].apply(np.log1p(events.met, dtype=np.float64))
        return Tokens(
            values=values,
            types=np.where(self.pid, events.ids, mask).astype(np.int64),
            mask=mask,
            met=np.stack([met, np.sin(events.met_phi), np.cos(events.met_phi)], axis=-1).astype(
                np.float32
            ),
        )

    def decode(self, tokens: Tokens) -> Events:
        """Exact up to rounding; the energy is 0 where `vector` is 4, every type 1 where `pid` is
        False, labels are 0.
        """
        standard, mask = self._standard, tokens.mask
        log_pt, eta, sin_phi, cos_phi, *log_energy = tokens.values[mask].astype(np.float64).T
        p4 = np.zeros((*mask.shape, 4), np.float32)
        p4[mask, 0] = np.exp(standard["log_energy"].invert(log_energy[0])) if log_energy else 0
        p4[mask, 1] = np.exp(standard["log_pt"].invert(log_pt))
        p4[mask, 2] = standard["eta"].invert(eta)
        p4[mask, 3] = _angle(sin_phi, cos_phi)
        log_met, sin_met, cos_met = tokens.met.astype(np.float64).T
        return Events(
            ids=tokens.types.astype(np.int8),
            p4=p4,
            met=np.maximum(np.expm1(standard["met"].invert(log_met)), 0).astype(np.float32),
            met_phi=_angle(sin_met, cos_met),
            labels=np.zeros(len(mask), np.int64),
        )

    def state(self) -> dict[str, Any]:
        fitted = {
            name: [standard.mean, standard.scale] for name, standard in self._standard.items()
        }
        return {"kind": "direct", "vector": self.vector, "pid": self.pid, "fitted": fitted}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        return cls(
            state["vector"],
            state["pid"],
            {name: Standard(*pair) for name, pair in state["fitted"].items()},
        )

    @property
    def _standard(self) -> dict[str, Standard]:
        if self.fitted is None:
            raise RuntimeError("this tokeniser is not fitted")
        return self.fitted

    def _quantities(self, events: Events) -> dict[str, NDArray[np.floating]]:
        """All that is standardised."""
        return self._scaled(events) | {"met": np.log1p(events.met, dtype=np.float64)}

    def _scaled(self, events: Events) -> dict[str, NDArray[np.floating]]:
        """The quantities of real objects that are standardised, [real object] each, in the order of
        the features.
        """
        mask = events.mask
        quantities = {
            "log_pt": np.log(events.pt[mask], dtype=np.float64),
            "eta": events.eta[mask].astype(np.float64),
        }
        if self.vector == 5:
            quantities["log_energy"] = np.log(events.energy[mask], dtype=np.float64)
        return quantities


def _means(samples: Iterable[dict[str, NDArray[np.floating]]]) -> dict[str, float]:
    """Mean of each quantity over all samples."""
    totals: dict[str, float] = {}
    counts: Counter[str] = Counter()
    for sample in samples:
        for name, values in sample.items():
            totals[name] = totals.get(name, 0.0) + float(values.sum())
            counts[name] += len(values)
    if empty := [name for name in totals if not counts[name]]:
        raise DataError(
            f"direct: no {empty[0]} to standardise: none of the {counts['met']} events to fit on"
            " holds an object"
        )
    return {name: total / counts[name] for name, total in totals.items()}


def _angle(sine: NDArray[np.float64], cosine: NDArray[np.float64]) -> NDArray[np.float32]:
    return wrap_phi(np.arctan2(sine, cosine).astype(np.float32))
