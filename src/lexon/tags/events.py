"""Events as sets of tags: which types of object are there in which range of pT, and how
much MET.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lexon.events import N_TYPES, Events


@dataclass(frozen=True)
class EventBins:
    """Inner edges of the bins in GeV; a value equal to an edge belongs to the bin above it."""

    pt: NDArray[np.float64]
    met: NDArray[np.float64]

    @classmethod
    def fit(cls, events: Events, pt_bins: int, met_bins: int) -> Self:
        """Equally populated bins: quantiles of real objects' pT, whatever their type, and
        of MET.
        """
        pt = events.pt[events.mask]
        return cls(
            (
                np.quantile(pt, np.linspace(0, 1, pt_bins + 1)[1:-1])
                if len(pt)
                else np.zeros(pt_bins - 1)
            ),
            np.quantile(events.met, np.linspace(0, 1, met_bins + 1)[1:-1]),
        )

    def names(self, object_types: Mapping[int, str]) -> tuple[str, ...]:
        """``jet, pT < 43 GeV`` ..., types in the order of their ids, then ``MET < 51 GeV`` ...: one
        a column of `tag_events`.
        """
        kinds = [object_types.get(kind, f"type {kind}") for kind in range(1, N_TYPES + 1)]
        of_objects = [
            f"{kind}, {words}" if words != "pT" else kind
            for kind in kinds
            for words in _ranges("pT", self.pt)
        ]
        return (*of_objects, *_ranges("MET", self.met))


def tag_events(events: Events, bins: EventBins) -> NDArray[np.uint8]:
    """Rows [N, 7 n_pt + n_met]: 1 where an event holds an object of that type and pT bin, and in
    the bin of its MET.

    An event without objects has the tag of its MET alone.
    """
    n_pt, n_met = len(bins.pt) + 1, len(bins.met) + 1
    rows = np.zeros((len(events), N_TYPES * n_pt + n_met), np.uint8)
    event, slot = np.nonzero(events.mask)
    kind = events.ids[event, slot].astype(np.int64) - 1
    rows[event, kind * n_pt + np.searchsorted(bins.pt, events.pt[event, slot], side="right")] = 1
    rows[
        np.arange(len(events)), N_TYPES * n_pt + np.searchsorted(bins.met, events.met, side="right")
    ] = 1
    return rows


def _ranges(quantity: str, edges: NDArray[np.float64]) -> list[str]:
    if not len(edges):
        return [quantity]
    limits = [f"{edge:.0f}" for edge in edges]
    between = [f"{low} < {quantity} < {high} GeV" for low, high in pairwise(limits)]
    return [f"{quantity} < {limits[0]} GeV", *between, f"{quantity} > {limits[-1]} GeV"]
