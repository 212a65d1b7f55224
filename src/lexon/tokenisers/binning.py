"""Binned: each object one integer from a lookup table of type x pT x eta x phi bins ("Ambre style",
after A. Visive).

token = n^3 (obj - 1) + n^2 (b_pT - 1) + n (b_eta - 1) + b_phi for n bins, in 1 .. 7 n^3; MET
follows in 7 n^3 + 1 .. 7 n^3 + n and METphi in 7 n^3 + n + 1 .. 7 n^3 + 2n; padding is 0. With a
number of bins for each axis, n^3 is n_pT n_eta n_phi, n^2 is n_eta n_phi and n is n_phi; MET has
n_pT bins, METphi n_phi. Energies are not used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from lexon.config import BinnedConfig
from lexon.config.bins import bins_of
from lexon.config.embeddings import Order
from lexon.errors import ConfigurationError, DataError
from lexon.events import N_TYPES, Events
from lexon.physics import wrap_phi
from lexon.tokenisers.base import Tokeniser, Tokens
from lexon.tokenisers.layout import Layout, Part
from lexon.tokenisers.quantiles import ExactQuantiles

Variant = Literal["correct", "flawed_2026"]
FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Axis:
    """Bins 1..n of one quantity.

    Attributes:
        limits: float32 [n + 1]. The outer bins of pT, eta and MET are open; their outer limit is
            where the median of the fitted values in them becomes their centre.
        flawed: shift by one and clip, as the published implementation did: bins 1 and 2 are one,
            bin n stays empty.
    """

    limits: NDArray[np.float32]
    flawed: bool = False

    @classmethod
    def equally_filled(cls, values: ExactQuantiles, n: int, name: str, flawed: bool) -> Self:
        """Inner limits at the quantiles 1/n, 2/n, ... of values that `quantiles_for(n)` was shown.

        Raises:
            DataError: no values.
            ConfigurationError: so few distinct values that a bin would stay empty.
        """
        if not values.n:
            raise DataError(
                f"binned: no {name} to fit bins on; the events to fit on hold no object, or no MET"
            )
        smallest, low, *inner, high = values.result()
        lowest = (
            2 * low - inner[0] if low < inner[0] else smallest
        )  # many equal values just below the first limit
        limits = np.array([lowest, *inner, 2 * high - inner[-1]], np.float32)
        lower = np.array([smallest, *limits[1:-1]], np.float32)
        if empty := [share for share in range(1, n) if lower[share - 1] >= lower[share]]:
            tied = (
                f"{name} is {lower[empty[0]]:g} at the {100 * (empty[0] - 1) / n:.3g} % and the"
                f" {100 * empty[0] / n:.3g} % quantile"
            )
            raise ConfigurationError(
                f"binning.n_bins={n}: {tied} of {values.n:,} values, so a bin would stay empty; use"
                " fewer bins, or values with fewer ties"
            )
        return cls(limits, flawed)

    @classmethod
    def full_circle(cls, n: int, flawed: bool) -> Self:
        """n equal bins over [-pi, pi); flawed: n bins of pi/n, the last of which takes all the rest
        of the circle.
        """
        edges = np.linspace(-np.pi, 0, n + 1) if flawed else np.linspace(-np.pi, np.pi, n + 1)
        return cls(np.array([*edges[:-1], np.pi], np.float32))

    @property
    def n(self) -> int:
        return len(self.limits) - 1

    def bin(self, values: FloatArray) -> NDArray[np.uint8]:
        """Bin of each value, 1..n; a value on a limit belongs to the bin above it."""
        values = np.ascontiguousarray(values, np.float32)
        bins = np.full(values.shape, 0 if self.flawed else 1, np.uint8)
        for limit in self.limits[
            1:-1
        ]:  # a binary search cannot be vectorised: for 5 bins this is 20 times as fast
            bins += values >= limit
        return np.maximum(bins, 1) if self.flawed else bins

    @property
    def bounds(self) -> NDArray[np.float32]:
        """Lower and upper limit of each bin, [n, 2]; NaN for a bin that nothing can be in."""
        limits = np.delete(self.limits, 1) if self.flawed else self.limits
        bounds = np.full((self.n, 2), np.nan, np.float32)
        bounds[: len(limits) - 1] = np.stack([limits[:-1], limits[1:]], axis=1)
        return bounds

    def centre(self, bins: IntArray) -> NDArray[np.float32]:
        """Middle of each bin 1..n."""
        return self.bounds.mean(axis=1)[bins - 1]


@dataclass(frozen=True)
class BinnedTokeniser(Tokeniser):
    """Fit on the events that the bins shall fill equally: background by default, all classes for
    ``flawed_2026``.

    >>> import numpy as np
    >>> from lexon import BinnedTokeniser, Events
    >>> pt = np.geomspace(20, 500, 10)
    >>> p4 = np.stack([2 * pt, pt, np.linspace(-2, 2, 10), np.linspace(-3, 3, 10)], axis=-1)
    >>> events = Events.from_arrays(np.full((10, 1), 2), p4[:, None], pt, np.zeros(10))
    >>> tokeniser = BinnedTokeniser(n_bins=5, variant="correct", pid=True).fit(events)
    >>> tokeniser.vocab_size
    886
    >>> tokens = tokeniser.encode(events)
    >>> tokens.values[:2, :2].tolist()  # two events of one b-jet and padding
    [[126, 0], [126, 0]]
    >>> centres = tokeniser.decode(tokens)
    >>> bool(np.all(np.abs(centres.phi[:, 0] - events.phi[:, 0]) <= np.pi / 5 + 1e-6))
    True

    Attributes:
        n_bins: of each quantity, at least 2; or of pT, eta and phi, ``16x8x8``.
        variant: ``flawed_2026`` repeats the published bug: clip(digitize(x, inner edges), 1, n),
            MET edges from MET > 0, and phi bins of pi/n, so that 560 of 875 tokens are reachable at
            n = 5. Never use it but to compare.
        pid: False gives every object type 1.
        axes: pt, eta, met and phi; None before `fit`.
        fit_on: which events the bins were fitted on, as `key` and in `words`, where it is recorded.
    """

    n_bins: int | str
    variant: Variant
    pid: bool
    axes: dict[str, Axis] | None = None
    fit_on: dict[str, str] | None = None

    def fitted_on(self, key: str, words: str) -> Self:
        return replace(self, fit_on={"key": key, "words": words})

    @classmethod
    def from_config(cls, config: BinnedConfig) -> Self:
        return cls(config.n_bins, config.variant, config.pid)

    @property
    def layout(self) -> Layout:
        return binned_layout(self.n_bins)

    @property
    def n_object_tokens(self) -> int:
        """Tokens that an object can have, 7 n_pT n_eta n_phi."""
        return self.layout.n_object_tokens

    @property
    def vocab_size(self) -> int:
        return self.layout.vocab_size

    @property
    def n_features(self) -> None:
        return None

    @property
    def bin_widths(self) -> dict[str, NDArray[np.float32]]:
        """Width of each bin by axis, [n], GeV or rad; an open bin is twice as wide as its centre is
        away from its limit.
        """
        return {name: np.diff(axis.bounds, axis=1)[:, 0] for name, axis in self._axes.items()}

    def fit_chunks(self, chunks: Iterable[Events]) -> Self:
        """Equally filled bins of the real objects' pT and eta and of the events' MET, exactly, in
        two walks; phi needs no fit.

        Raises:
            DataError, ConfigurationError: see `Axis.equally_filled`.
        """
        flawed, n = self.variant == "flawed_2026", bins_of(self.n_bins)
        quantiles = {name: quantiles_for(n[name]) for name in ("pt", "eta", "met")}
        for walk in (ExactQuantiles.count, ExactQuantiles.refine):
            for events in chunks:
                for name, values in self._samples(events).items():
                    walk(quantiles[name], values)
        axes = {
            name: Axis.equally_filled(values, n[name], name, flawed)
            for name, values in quantiles.items()
        }
        return replace(self, axes=axes | {"phi": Axis.full_circle(n["phi"], flawed)})

    def encode(self, events: Events) -> Tokens:
        axes, mask = self._axes, events.mask
        types = events.ids if self.pid else mask
        # Padding is computed like the rest and wiped out at the end: picking the real objects takes
        # longer than binning all.
        values = types.astype(np.min_scalar_type(-self.vocab_size))
        azimuth = wrap_phi(np.ascontiguousarray(events.phi))
        for name, quantity in (("pt", events.pt), ("eta", events.eta), ("phi", azimuth)):
            values -= 1
            values *= axes[name].n
            values += axes[name].bin(quantity)
        values *= mask
        met = np.stack(
            [axes["met"].bin(events.met), axes["phi"].bin(wrap_phi(events.met_phi))], axis=-1
        ).astype(np.int64)
        return Tokens(
            values.astype(np.int64), types.astype(np.int64), mask, met - 1 + self.layout.first
        )

    def decode(self, tokens: Tokens) -> Events:
        """Bin centres; the energy, which tokens do not hold, is 0, labels are 0, every type is 1
        where `pid` is False.
        """
        axes, mask = self._axes, tokens.mask
        parts, event = (
            self.layout.take_apart(tokens.values[mask]),
            self.layout.take_apart_event(tokens.met),
        )
        ids = np.zeros(mask.shape, np.int8)
        ids[mask] = parts["type"]
        p4 = np.zeros((*mask.shape, 4), np.float32)
        p4[mask, 1:] = np.stack(
            [axes[name].centre(parts[name]) for name in ("pt", "eta", "phi")], axis=-1
        )
        return Events(
            ids=ids,
            p4=p4,
            met=axes["met"].centre(event["met"]),
            met_phi=axes["phi"].centre(event["met_phi"]),
            labels=np.zeros(len(mask), np.int64),
        )

    def state(self) -> dict[str, Any]:
        axes = {
            name: {"limits": axis.limits.tolist(), "flawed": axis.flawed}
            for name, axis in self._axes.items()
        }
        settings = {
            "n_bins": self.n_bins,
            "variant": self.variant,
            "pid": self.pid,
            "fit_on": self.fit_on,
        }
        return {"kind": "binned", **settings, "axes": axes}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        axes = {
            name: Axis(np.array(axis["limits"], np.float32), axis["flawed"])
            for name, axis in state["axes"].items()
        }
        return cls(state["n_bins"], state["variant"], state["pid"], axes, state["fit_on"])

    @property
    def _axes(self) -> dict[str, Axis]:
        if self.axes is None:
            raise RuntimeError("this tokeniser is not fitted")
        return self.axes

    def _samples(self, events: Events) -> dict[str, FloatArray]:
        """What the bins shall be filled with equally."""
        objects = np.flatnonzero(events.mask)
        met = events.met[events.met > 0] if self.variant == "flawed_2026" else events.met
        return {"pt": events.pt.ravel()[objects], "eta": events.eta.ravel()[objects], "met": met}


def quantiles_for(n: int) -> ExactQuantiles:
    """What `Axis.equally_filled` asks of n bins: the smallest value, the medians of the outer bins
    and the inner limits between them.
    """
    return ExactQuantiles([0, 0.5 / n, *(np.arange(1, n) / n), 1 - 0.5 / n])


def binned_layout(n_bins: int | str) -> Layout:
    """Type x pT x eta x phi, then MET and METphi, with these numbers of bins."""
    order: dict[str, Order] = {
        "pt": "line",
        "eta": "line",
        "phi": "circle",
        "met": "line",
        "met_phi": "circle",
    }
    pt, eta, phi, *event = (Part(name, n, order[name]) for name, n in bins_of(n_bins).items())
    return Layout((Part("type", N_TYPES), pt, eta, phi), tuple(event))
