"""Links between files whose bins differ: find how the reference's bins follow from ours, then link
by likelihood.

Other edges, another number of bins or another definition change every token of a row, but a bin of
the reference still tells which bin of ours the same value was in. Rows that share what no edge
decides (object types, say) compete for each other by it. The relation is learnt from a few sure
pairs; where there are none, both are taken for rising functions of the same value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lexon.tokenisers.comparison.columns import OBJECT_AXES, TokenColumns
from lexon.tokenisers.comparison.links import Index, Keys

FloatArray = NDArray[np.floating]

MIN_ANCHORS = 30
MIN_POSTERIOR = 0.99
# Pairs of rows that are compared at most, and at a time.
MAX_PAIRS, PAIRS_AT_ONCE = 300_000_000, 4_000_000
# What real pairs have to have over shuffled ones: shared information, and the share of rows that
# find a partner.
TIMES_SHUFFLED, MIN_LINKED = 3.0, 0.05
# Entries that each bin's assumed relation is worth: sure enough to tell rows apart, loose enough to
# be wrong by a little.
ASSUMED = 50

Relation = dict[str, NDArray[np.float32]]
Members = list[tuple[Index, Index]]


@dataclass(frozen=True)
class ByRelation:
    """Links by the likelihood of the reference's bins given ours.

    Attributes:
        index: [N] of the other file; only rows better than all others together, and the chance of
            being in neither, by 99 to 1; none where chance explains what was found.
        accidental: links that are expected to be wrong.
        evidence: what was found, and what chance would give, in words.
    """

    index: Index
    accidental: float
    evidence: str


def by_relation(
    ours: TokenColumns,
    reference: TokenColumns,
    groups: tuple[Keys, Keys],
    linked: Index,
    rng: np.random.Generator,
) -> ByRelation:
    """Find how the reference's bins follow from ours and link rows of the same group by it.

    Args:
        ours, reference: all rows.
        groups: key of each row of ours and of the reference that two rows must share to be the same
            event.
        linked: index of the links that are known; the relation is learnt from them, or else from
            rows alone in their group.
        rng: chooses which rows are tried where there are too many pairs.
    """
    known = np.flatnonzero(linked >= 0)
    free = np.setdiff1d(np.arange(len(ours)), linked[known])
    members, tried = _others(free, np.flatnonzero(linked < 0), groups, rng)
    learnt, evidence = _learnt(
        ours, reference, *((linked[known], known) if len(known) >= MIN_ANCHORS else _alone(*groups))
    )
    if learnt is None:
        learnt, more = _assumed(ours, reference, groups, members, rng)
        evidence = f"{evidence}; {more}"
    if learnt is None:
        return ByRelation(
            np.full(len(reference), -1, np.int64), 0.0, f"{evidence}: chance explains it"
        )
    for _ in range(2):  # the first links teach the relation better
        index, posterior = _link(ours, reference, learnt, members)
        new = np.flatnonzero(index >= 0)
        learnt = _relation(
            ours[np.append(linked[known], index[new])], reference[np.append(known, new)]
        )
    some = f"; a random {tried:.0%} of the rows were tried" if tried < 1 else ""
    return ByRelation(
        index, float((1 - posterior[new]).sum()), f"{evidence}; linked where 99 % sure{some}"
    )


def _learnt(
    ours: TokenColumns, reference: TokenColumns, our_rows: Index, reference_rows: Index
) -> tuple[Relation | None, str]:
    """The relation in pairs of rows, unless wrong pairs of about as many objects share as much
    information.
    """
    order = np.argsort(reference.mask.sum(1)[reference_rows], kind="stable")
    our_rows, reference_rows = our_rows[order], reference_rows[order]
    shared, shuffled = (
        _shared(ours[one], reference[reference_rows]) for one in (our_rows, np.roll(our_rows, 1))
    )
    if len(our_rows) < MIN_ANCHORS:
        return (
            None,
            f"{len(our_rows):,} rows are alone with their key in both files, too few to learn from",
        )
    words = (
        f"the bins of {len(our_rows):,} sure pairs share {shared:.3f} bits, wrongly paired ones"
        f" {shuffled:.3f}"
    )
    if shared <= TIMES_SHUFFLED * shuffled:
        return None, words.replace("sure pairs", "rows alone with their key")
    return _relation(ours[our_rows], reference[reference_rows]), words


def _assumed(
    ours: TokenColumns,
    reference: TokenColumns,
    groups: tuple[Keys, Keys],
    members: Members,
    rng: np.random.Generator,
) -> tuple[Relation | None, str]:
    """The relation of two rising functions of the same value, unless rows that are put together
    from several find partners too.
    """
    relation = {
        axis: _log_ratio(_comonotone(ours, reference, axis)) for axis in _common(ours, reference)
    }
    tried = np.concatenate(
        [np.empty(0, np.int64), *(reference_rows for _, reference_rows in members)]
    )
    found, by_chance = (
        float((_link(ours, rows, relation, members)[0][tried] >= 0).mean()) if len(tried) else 0.0
        for rows in (reference, _scrambled(reference, groups[1], rng))
    )
    words = (
        f"taken as rising functions of the same values, {found:.1%} of the rows find a partner,"
        f" {by_chance:.1%} of scrambled ones"
    )
    return (relation if found > max(MIN_LINKED, TIMES_SHUFFLED * by_chance) else None), words


def _alone(ours: Keys, reference: Keys) -> tuple[Index, Index]:
    """Rows whose group has one row in each file."""
    our_rows, at_ours, n_ours = np.unique(ours, return_index=True, return_counts=True)
    reference_rows, at_reference, n_reference = np.unique(
        reference, return_index=True, return_counts=True
    )
    _, left, right = np.intersect1d(
        our_rows[n_ours == 1],
        reference_rows[n_reference == 1],
        assume_unique=True,
        return_indices=True,
    )
    return at_ours[n_ours == 1][left], at_reference[n_reference == 1][right]


def _joint(ours: TokenColumns, reference: TokenColumns, axis: str) -> FloatArray:
    """Counts [our bin, the reference's bin] of paired rows, where both have an object."""
    a, b = ours.bins[axis], reference.bins[axis]
    both = ours.mask & reference.mask if axis in OBJECT_AXES else np.ones(len(a), bool)
    pairs = (a[both].astype(np.int64) - 1) * reference.n_bins + b[both] - 1
    return (
        np.bincount(pairs, minlength=ours.n_bins * reference.n_bins)
        .reshape(ours.n_bins, reference.n_bins)
        .astype(float)
    )


def _comonotone(ours: TokenColumns, reference: TokenColumns, axis: str) -> FloatArray:
    """The expected `_joint` if both bins rise with the same value: the overlaps of their cumulative
    shares.
    """
    counts = (
        np.bincount(one.values(axis), minlength=one.n_bins + 1)[1:] for one in (ours, reference)
    )
    a, b = (np.append(0, np.cumsum(one)) / max(one.sum(), 1) for one in counts)
    overlap = np.minimum.outer(a[1:], b[1:]) - np.maximum.outer(a[:-1], b[:-1])
    return np.clip(overlap, 0, None) * ASSUMED * ours.n_bins


def _scrambled(reference: TokenColumns, groups: Keys, rng: np.random.Generator) -> TokenColumns:
    """Rows that no event has: each axis from another row of the same group."""
    ordered = np.argsort(groups, kind="stable")
    bins = {}
    for axis, values in reference.bins.items():
        bins[axis] = values.copy()
        bins[axis][ordered] = values[np.lexsort((rng.random(len(groups)), groups))]
    return replace(reference, bins=bins)


def _relation(ours: TokenColumns, reference: TokenColumns) -> Relation:
    return {axis: _log_ratio(_joint(ours, reference, axis)) for axis in _common(ours, reference)}


def _common(ours: TokenColumns, reference: TokenColumns) -> list[str]:
    return [axis for axis in ours.bins if axis in reference.bins]


def _shared(ours: TokenColumns, reference: TokenColumns) -> float:
    """Mutual information of paired bins in bits, mean over the axes."""
    return (
        float(
            np.mean(
                [_information(_joint(ours, reference, axis)) for axis in _common(ours, reference)]
            )
        )
        if len(ours)
        else 0.0
    )


def _information(joint: FloatArray) -> float:
    p = joint / max(joint.sum(), 1)
    independent = p.sum(1, keepdims=True) * p.sum(0)
    filled = p > 0
    return float((p[filled] * np.log2(p[filled] / independent[filled])).sum())


def _log_ratio(joint: FloatArray) -> NDArray[np.float32]:
    """log P(the reference's bin | our bin) / P(the reference's bin), one entry of the overall
    distribution added to each of our bins.
    """
    overall = (joint.sum(0) + 1e-3) / (joint.sum() + 1e-3 * joint.shape[1])
    given = (joint + overall) / (joint.sum(1, keepdims=True) + 1)
    return np.log(given / overall).astype(np.float32)


def _others(
    our_rows: Index, reference_rows: Index, groups: tuple[Keys, Keys], rng: np.random.Generator
) -> tuple[Members, float]:
    """Rows of ours and of the reference in each group that both have, as many of these as the
    number of pairs allows; and their share.
    """
    order, keys, starts, ends = _grouped(groups[0][our_rows])
    if not len(keys):
        return [], 1.0
    place = np.minimum(np.searchsorted(keys, groups[1][reference_rows]), len(keys) - 1)
    shared = keys[place] == groups[1][reference_rows]
    pairs = float((ends - starts)[place[shared]].sum())
    share = min(1.0, MAX_PAIRS / max(pairs, 1))
    tried = np.flatnonzero(shared & (rng.random(len(reference_rows)) < share))
    order_reference, group, starts_reference, ends_reference = _grouped(place[tried])
    bounds = zip(starts[group], ends[group], starts_reference, ends_reference, strict=True)
    return [
        (our_rows[order[a:b]], reference_rows[tried[order_reference[c:d]]]) for a, b, c, d in bounds
    ], share


def _grouped(keys: NDArray[np.integer]) -> tuple[Index, NDArray[np.integer], Index, Index]:
    """An order that puts equal keys together, the distinct keys, and where each begins and ends in
    that order.
    """
    order = np.argsort(keys, kind="stable")
    distinct, starts = np.unique(keys[order], return_index=True)
    return order, distinct, starts, np.append(starts[1:], len(keys))[: len(starts)]


def _link(
    ours: TokenColumns, reference: TokenColumns, relation: Relation, members: Members
) -> tuple[Index, FloatArray]:
    """For each reference row the likeliest of ours and its posterior; -1 below `MIN_POSTERIOR`, and
    where another fits it better.
    """
    index, posterior = np.full(len(reference), -1, np.int64), np.zeros(len(reference))
    for our_rows, reference_rows in members:
        for part in np.array_split(
            reference_rows, -(-len(reference_rows) * len(our_rows) // PAIRS_AT_ONCE)
        ):
            scores = _scores(ours[our_rows], reference[part], relation)
            best = scores.argmax(1)
            # The row may be in none of ours, with a likelihood ratio of 1 and the same weight as
            # all of ours together.
            total = np.logaddexp(np.logaddexp.reduce(scores, axis=1), np.log(len(our_rows)))
            index[part], posterior[part] = (
                our_rows[best],
                np.exp(scores[np.arange(len(part)), best] - total),
            )
    index[posterior < MIN_POSTERIOR] = -1
    return _one_each(index, posterior), posterior


def _scores(ours: TokenColumns, reference: TokenColumns, relation: Relation) -> NDArray[np.float32]:
    """Log-likelihood ratio of each pair, [reference, ours], same object being independent of
    another.
    """
    slots = int(ours.mask.sum(1).max(initial=0))
    total = np.zeros((len(reference), len(ours)), np.float32)
    for axis, ratio in relation.items():
        width = slots if axis in OBJECT_AXES else 1
        if width:
            a, b = (
                one.bins[axis].reshape(len(one), -1)[:, :width].astype(np.int64) - 1
                for one in (ours, reference)
            )
            chosen = np.eye(reference.n_bins, dtype=np.float32)[b].reshape(len(reference), -1)
            total += chosen @ ratio[a].reshape(len(ours), -1).T
    return total


def _one_each(index: Index, posterior: FloatArray) -> Index:
    """Each of our rows linked once, to the row of the reference that fits it best."""
    order = np.argsort(-posterior, kind="stable")
    linked = order[index[order] >= 0]
    _, first = np.unique(index[linked], return_index=True)
    single = np.full(len(index), -1, np.int64)
    kept = linked[first]
    single[kept] = index[kept]
    return single
