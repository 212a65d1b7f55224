"""Which row of ours each row of the reference is, found in up to four ways, and how sure
that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lexon.tokenisers.comparison.columns import TokenColumns, row_keys
from lexon.tokenisers.comparison.links import ACCIDENTS, ByKey, Index, Keys, by_key, by_order
from lexon.tokenisers.comparison.relation import by_relation

# Shares of linked rows that are called aligned, and too few to call the rest the same events.
ALIGNED, PARTLY = 0.99, 0.02
# Share of common rows from which equal rows are taken for the same event.
WHOLE_ROWS = 0.95
# Types of muons, of either charge; how many linked ones tell whether these are exchanged, and the
# share that is nearly all of them.
MUONS = (5, 6)
FEW_MUONS, MOSTLY = 10, 0.9
EXCHANGED = "The reference's muon charges are exchanged"


@dataclass(frozen=True)
class Step:
    """One way of linking, tried on the rows that those before it left.

    Attributes:
        way: what was asked to agree.
        tried, linked: rows of the other file.
        accidental: links of it that are expected to be wrong.
        evidence: why, or why not, in words.
    """

    way: str
    tried: int
    linked: int
    accidental: float
    evidence: str


@dataclass(frozen=True)
class Alignment:
    """The result of `align`.

    Attributes:
        index: row of ours for each row of the reference, -1 for none, int64 [N of the reference].
        n_ours: rows of ours.
        steps: what was tried, in order.
        same_population: share of the reference's rows that ours can match one for one in their
            sequence of object types; 1 for the same events, however the rows lie and whatever the
            bins.
        muons: what differs in the types of linked muons, as a sentence; empty where they agree.
    """

    index: Index
    n_ours: int
    steps: tuple[Step, ...]
    same_population: float
    muons: str = ""

    @property
    def linked(self) -> NDArray[np.bool_]:
        """Rows of the reference that have one of ours."""
        return self.index >= 0

    @property
    def share(self) -> float:
        """Share of the reference's rows that are linked."""
        return float(self.linked.mean()) if len(self.index) else 0.0

    @property
    def share_of_ours(self) -> float:
        """Share of our rows that are linked."""
        return len(np.unique(self.index[self.linked])) / max(self.n_ours, 1)

    @property
    def accidental(self) -> float:
        """Links that are expected to be wrong."""
        return sum(step.accidental for step in self.steps)

    @property
    def verdict(self) -> str:
        """``aligned``, ``partly aligned`` or ``not aligned``."""
        return (
            "aligned"
            if self.share >= ALIGNED
            else "partly aligned"
            if self.share >= PARTLY
            else "not aligned"
        )

    @property
    def arrangement(self) -> str:
        """The order of the linked rows of the reference: ``in our order``, ``in runs of our order``
        or ``in another order``.
        """
        if self.in_order < 0.5:
            return "in another order"
        return (
            "in our order"
            if (np.diff(self.index[self.linked]) > 0).all()
            else "in runs of our order"
        )

    @property
    def in_order(self) -> float:
        """Share of neighbouring linked rows that are neighbours in ours too: 1 for untouched order,
        about 0 for a permutation.
        """
        both = self.linked[1:] & self.linked[:-1]
        return float((np.diff(self.index) == 1)[both].mean()) if both.any() else 0.0


def align(ours: TokenColumns, reference: TokenColumns, seed: int = 2027) -> Alignment:
    """Link the rows of two files by what no edge decides first: object types in sequence, then
    whole rows, then types and azimuths, then a relation between the bins that is learnt from the
    data.

    Args:
        ours, reference: all rows of each file, the parts of each one after the other.
        seed: of the choice of rows where comparing all of them would take too long.
    """
    ours, reference = _same_types(ours, reference)
    found = _aligned(ours, reference, seed)
    if found.verdict != "aligned" and all(
        np.isin(one.types, MUONS).any() for one in (ours, reference)
    ):
        merged = _aligned(_muons_merged(ours), _muons_merged(reference), seed)
        found = merged if merged.share > found.share + PARTLY else found
    muons = _muon_charges(ours, reference, found)
    if muons.startswith(
        EXCHANGED
    ):  # known by now, charges tell events apart again that merged ones confuse
        exact = _aligned(ours, replace(reference, types=_muons_exchanged(reference.types)), seed)
        found = exact if exact.share >= found.share else found
        muons = _muon_charges(ours, reference, found)
    return replace(found, muons=muons)


def _muons_exchanged(types: NDArray[np.int8]) -> NDArray[np.int8]:
    return np.where(np.isin(types, MUONS), sum(MUONS) - types, types).astype(np.int8)


def _muons_merged(columns: TokenColumns) -> TokenColumns:
    """All muons as one type: sources disagree on which of the two is positive."""
    return replace(
        columns, types=np.where(columns.types == MUONS[1], MUONS[0], columns.types).astype(np.int8)
    )


def _muon_charges(ours: TokenColumns, reference: TokenColumns, alignment: Alignment) -> str:
    """Whether linked muons have the other charge, in a sentence; empty where they have the same, or
    are few.
    """
    our_rows, reference_rows = (
        ours.types[alignment.index[alignment.linked]],
        reference.types[alignment.linked],
    )
    both = np.isin(our_rows, MUONS) & np.isin(reference_rows, MUONS)
    total, other = int(both.sum()), int((both & (our_rows != reference_rows)).sum())
    if total < FEW_MUONS or other < MOSTLY * total / 2:
        return ""
    counted = f"{other:,} of {total:,} linked muons have the other type ({MUONS[0]} and {MUONS[1]})"
    if other >= MOSTLY * total:
        return f"{EXCHANGED}: {counted}."
    if len(np.unique(reference_rows[both])) == 1:
        return (
            f"The reference gives all muons the type {reference_rows[both][0]}, without their"
            f" charge: {counted}."
        )
    return f"Muon charges differ: {counted}."


def _aligned(ours: TokenColumns, reference: TokenColumns, seed: int) -> Alignment:
    """Links by what the columns say, in up to four steps."""
    types = row_keys(ours.types), row_keys(reference.types)
    index, step = _by_order(*types)
    steps, groups, within = [step], types, "types"
    if ours.n_bins == reference.n_bins and _left(index):
        index, step = _by_whole_row(index, ours, reference)
        steps.append(step)
    if ours.n_bins == reference.n_bins and _left(index):
        index, step, groups = _by_circle(index, ours, reference, types)
        steps.append(step)
        within = "types" if groups is types else "types and azimuths"
    if _left(index):
        index, step = _by_relation(
            index, ours, reference, groups, f"bins related, within equal {within}", seed
        )
        steps.append(step)
    return Alignment(index, len(ours), tuple(steps), _same_population(*types))


def _same_types(ours: TokenColumns, reference: TokenColumns) -> tuple[TokenColumns, TokenColumns]:
    """Both files without object types, where one of them hides these."""
    if all(one.types.max(initial=0) > 1 for one in (ours, reference)):
        return ours, reference
    a, b = (replace(one, types=one.mask.astype(np.int8)) for one in (ours, reference))
    return a, b


def _left(index: Index) -> bool:
    return bool((index < 0).any())


def _same_population(ours: Keys, reference: Keys) -> float:
    """Share of the reference's rows for which ours has as many rows of the same key, one
    for one.
    """
    keys, inverse = np.unique(np.concatenate([ours, reference]), return_inverse=True)
    counts = [
        np.bincount(part, minlength=len(keys))
        for part in (inverse[: len(ours)], inverse[len(ours) :])
    ]
    return float(np.minimum(*counts).sum() / max(len(reference), 1))


def _by_order(ours: Keys, reference: Keys) -> tuple[Index, Step]:
    links = by_order(ours, reference)
    if links.window is None:
        alike = f"{links.chance:.0%} of unrelated rows have the same object types"
        words = f"too few rows, or too alike ({alike}), to tell anything by their order"
    else:
        alike = (
            f"unrelated rows have the same object types with a chance of at most {links.chance:.1%}"
        )
        words = (
            f"runs of at least {links.window} rows; {alike}, so both files would make fewer than"
            f" {ACCIDENTS:g} such runs by accident"
        )
    return links.index, Step(
        "object types in sequence", len(reference), int((links.index >= 0).sum()), 0.0, words
    )


def _by_whole_row(index: Index, ours: TokenColumns, reference: TokenColumns) -> tuple[Index, Step]:
    """Links of equal rows, only where nearly all remaining rows agree: with other edges, a row may
    equal that of another event.
    """
    way = "all tokens of a row"
    keys = _keys(ours, reference, list(ours.bins))
    links, our_rows, reference_rows = _by_key(index, ours, reference, keys, interchangeable=True)
    if not links.credible or links.common < WHOLE_ROWS:
        return index, Step(
            way,
            len(reference_rows),
            0,
            0.0,
            f"{_found(links)}: {'too few to rely on' if links.credible else 'chance explains it'}",
        )
    merged = _merged(index, our_rows, reference_rows, links.index)
    step = Step(
        way,
        len(reference_rows),
        int((links.index >= 0).sum()),
        links.accidental,
        f"{_found(links)}; equal rows are interchangeable",
    )
    return merged, step


def _by_circle(
    index: Index, ours: TokenColumns, reference: TokenColumns, types: tuple[Keys, Keys]
) -> tuple[Index, Step, tuple[Keys, Keys]]:
    """Links by types and azimuths, which are the same in every file with as many bins: the full
    circle has no edges to choose.

    Also the keys that rows must share to be linked in any other way.
    """
    way = "object types and azimuths"
    keys = _keys(ours, reference, ["phi", "met_phi"])
    links, our_rows, reference_rows = _by_key(index, ours, reference, keys, interchangeable=False)
    if not links.credible:
        return (
            index,
            Step(way, len(reference_rows), 0, 0.0, f"{_found(links)}: chance explains it"),
            types,
        )
    number = int((links.index >= 0).sum())
    step = Step(
        way,
        len(reference_rows),
        number,
        min(links.accidental, number),
        f"{_found(links)}; linked where unique in both files",
    )
    return _merged(index, our_rows, reference_rows, links.index), step, keys


def _keys(ours: TokenColumns, reference: TokenColumns, axes: Sequence[str]) -> tuple[Keys, Keys]:
    """Keys of the types and of those axes that both files have."""
    common = [axis for axis in axes if axis in ours.bins and axis in reference.bins]
    our_rows, reference_rows = (
        row_keys(one.types, *(one.bins[axis] for axis in common)) for one in (ours, reference)
    )
    return our_rows, reference_rows


def _by_key(
    index: Index,
    ours: TokenColumns,
    reference: TokenColumns,
    keys: tuple[Keys, Keys],
    interchangeable: bool,
) -> tuple[ByKey, Index, Index]:
    """Links among the rows that are not linked yet, and which rows of each file these are."""
    our_rows = np.setdiff1d(np.arange(len(ours)), index[index >= 0])
    reference_rows = np.flatnonzero(index < 0)
    sizes = ours.mask.sum(1)[our_rows], reference.mask.sum(1)[reference_rows]
    return (
        by_key(keys[0][our_rows], keys[1][reference_rows], sizes, interchangeable),
        our_rows,
        reference_rows,
    )


def _found(links: ByKey) -> str:
    return (
        f"{links.found:.1%} are among our rows, {links.chance:.1%} would be by chance"
        f" ({links.significance:+.0f} standard deviations)"
    )


def _merged(index: Index, our_rows: Index, reference_rows: Index, found: Index) -> Index:
    merged = index.copy()
    merged[reference_rows] = (
        np.where(found >= 0, our_rows[np.maximum(found, 0)], -1) if len(our_rows) else -1
    )
    return merged


def _by_relation(
    index: Index,
    ours: TokenColumns,
    reference: TokenColumns,
    groups: tuple[Keys, Keys],
    way: str,
    seed: int,
) -> tuple[Index, Step]:
    links = by_relation(ours, reference, groups, index, np.random.default_rng(seed))
    step = Step(
        way, int((index < 0).sum()), int((links.index >= 0).sum()), links.accidental, links.evidence
    )
    return np.where(links.index >= 0, links.index, index), step
