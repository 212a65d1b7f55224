"""The two files of a comparison as columns of bins, ours with the values and edges behind them
where they are known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.datasets.events import EventSource
from lexon.datasets.foreign_tokens import ForeignTokens
from lexon.datasets.tokens import TokenSource
from lexon.errors import ConfigurationError
from lexon.events import MAX_OBJECTS, SPLITS, Events
from lexon.physics import wrap_phi
from lexon.tokenisers.binning import BinnedTokeniser
from lexon.tokenisers.comparison.agreement import TYPE
from lexon.tokenisers.comparison.alignment import Alignment, align
from lexon.tokenisers.comparison.columns import TokenColumns, infer_n_bins
from lexon.tokenisers.comparison.occupied import NAMES, Filling, fillings

FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Side:
    """One token file.

    Attributes:
        name: of the file.
        rows: tokens, int32 [N, 20] or [N, 18], the parts one after the other.
        columns: the same, unpacked.
        parts: name of the part of each row, [N].
        position: row within its part, [N].
    """

    name: str
    rows: NDArray[np.int32]
    columns: TokenColumns
    parts: NDArray[np.str_]
    position: NDArray[np.int64]


@dataclass(frozen=True)
class Known:
    """What is known of our own tokens beyond the file's rows.

    Attributes:
        values: GeV and rad by axis, [N, 18] of objects, [N] of MET; empty where the events are not
            at hand.
        bounds: lower and upper limit of each bin by axis, [n, 2]; empty where the file does not
            hold its tokeniser.
        background: bool [N], or None where `classes` does not name the labels of the file.
        caveats: why something is missing, one sentence each.
    """

    values: dict[str, FloatArray] = field(default_factory=dict)
    bounds: dict[str, FloatArray] = field(default_factory=dict)
    background: NDArray[np.bool_] | None = None
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True)
class Compared:
    """Everything that tables and words are made from.

    Attributes:
        ours, reference: the files.
        alignment: which of our rows the reference's rows are.
        known: of ours.
        fillings: of the axes, by ``ours`` and ``reference``.
    """

    ours: Side
    reference: Side
    alignment: Alignment
    known: Known
    fillings: dict[str, list[Filling]]

    @property
    def our_rows(self) -> NDArray[np.int64]:
        """Our row of each linked pair."""
        return self.alignment.index[self.reference_rows]

    @property
    def reference_rows(self) -> NDArray[np.int64]:
        """The reference's row of each linked pair."""
        return np.flatnonzero(self.alignment.linked)

    @property
    def pairs(self) -> tuple[TokenColumns, TokenColumns]:
        """Linked rows, one against one."""
        return self.ours.columns[self.our_rows], self.reference.columns[self.reference_rows]

    @property
    def same_n_bins(self) -> bool:
        """Whether a token means the same in both files."""
        return self.ours.columns.n_bins == self.reference.columns.n_bins


def compared(
    tokens: TokenSource, foreign: ForeignTokens, events: EventSource | None, classes: dict[str, Any]
) -> Compared:
    """Read, unpack, link and judge."""
    ours = our_side(tokens)
    reference = reference_side(foreign, ours.columns)
    filled = {"ours": fillings(ours.columns), "reference": fillings(reference.columns)}
    return Compared(
        ours,
        reference,
        align(ours.columns, reference.columns),
        known_of(tokens, events, classes, ours.columns),
        filled,
    )


def our_side(tokens: TokenSource) -> Side:
    """A token file of ours: its splits in order.

    Raises:
        ConfigurationError: its tokens are no bins.
    """
    made_by = tokens.attributes.get("tokeniser")
    if isinstance(made_by, dict) and made_by.get("kind") != "binned":
        raise ConfigurationError(
            f"{tokens.path}: holds codes of tokeniser={made_by.get('kind')}, not bins; give a"
            " binned file as tokens.path"
        )
    if isinstance(made_by, dict) and isinstance(made_by.get("n_bins"), str):
        raise ConfigurationError(
            f"{tokens.path}: has {made_by['n_bins']} bins of pT, eta and phi; files are compared"
            " only where all axes have one number: make one with binning.n_bins=NUMBER"
        )
    width = MAX_OBJECTS + (2 if tokens.has_met else 0)
    rows = {split: tokens.read(split)[:, :width].astype(np.int32) for split in SPLITS}
    every = np.concatenate(list(rows.values()))
    n_bins = infer_n_bins(every, str(tokens.path))
    return _side(
        tokens.path.name, every, n_bins, {split: len(part) for split, part in rows.items()}
    )


def reference_side(foreign: ForeignTokens, ours: TokenColumns) -> Side:
    """The reference file: its parts in order."""
    rows = foreign.rows
    n_bins = infer_n_bins(rows, str(foreign.path), like=ours.types)
    return _side(
        foreign.path.name, rows, n_bins, {part.name: len(part.rows) for part in foreign.parts}
    )


def known_of(
    tokens: TokenSource, events: EventSource | None, classes: dict[str, Any], columns: TokenColumns
) -> Known:
    """Edges, values and classes behind our tokens, as far as they can be trusted."""
    bounds, no_edges = _bounds(tokens)
    values, no_values = _values(tokens, events, columns)
    background, no_classes = _background(tokens, classes)
    return Known(values, bounds, background, (*no_edges, *no_values, *no_classes))


def _values(
    tokens: TokenSource, events: EventSource | None, columns: TokenColumns
) -> tuple[dict[str, FloatArray], list[str]]:
    if events is None:
        return {}, [
            "The events behind our tokens were not given (events.path): edges come from our bins"
            " alone."
        ]
    if [events.n(split) for split in SPLITS] != [tokens.n(split) for split in SPLITS]:
        return {}, [
            f"{events.path.name} holds a different number of events from our tokens and was not"
            " used."
        ]
    every = Events.concatenate([events.read(split) for split in SPLITS])
    same = columns.mask == every.mask if columns.types.max() == 1 else columns.types == every.ids
    if not same.all():
        return {}, [
            f"{events.path.name} holds different events from our tokens, or in a different order,"
            " and was not used."
        ]
    azimuths = {"phi": wrap_phi(every.phi), "met_phi": wrap_phi(every.met_phi)}
    return {"pt": every.pt, "eta": every.eta, "met": every.met, **azimuths}, []


def _background(
    tokens: TokenSource, classes: dict[str, Any]
) -> tuple[NDArray[np.bool_] | None, list[str]]:
    try:
        named = tokens.class_map(classes)
    except (
        ConfigurationError
    ) as error:  # a comparison needs no classes; only which events the edges fit stays unknown
        return None, [f"Which classes the edges were fitted on is not known: {error}."]
    return np.concatenate([named.is_background(tokens.labels(split)) for split in SPLITS]), []


def _side(name: str, rows: NDArray[np.int32], n_bins: int, parts: dict[str, int]) -> Side:
    names = np.repeat(list(parts), list(parts.values()))
    position = np.concatenate([np.arange(n) for n in parts.values()])
    return Side(name, rows, TokenColumns.unpack(rows, n_bins), names, position)


def _bounds(tokens: TokenSource) -> tuple[dict[str, FloatArray], list[str]]:
    if "tokeniser" not in tokens.attributes:
        return {}, [
            f"{tokens.path.name} does not hold its tokeniser, so our own edges are not known."
        ]
    tokeniser = tokens.tokeniser()
    if not isinstance(tokeniser, BinnedTokeniser) or tokeniser.axes is None:
        return {}, []
    bounds = {axis: tokeniser.axes[axis].bounds for axis in ("pt", "eta", "phi", "met")}
    return bounds | {"met_phi": bounds["phi"]}, []


def name_of(axis: str) -> str:
    """An axis in words."""
    return {TYPE: "object type", "token": "whole object tokens"}.get(axis, NAMES.get(axis, axis))
