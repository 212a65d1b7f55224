"""Links between rows of two files that are the same event: by their order, and by what does not
depend on bin edges.

A link is an index: for each row of the other file the row of ours that is the same event, or -1.
Each way of linking comes with the number of links that chance alone would make, so that a claim
never rests on a coincidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.tokenisers.comparison.columns import IntArray

Keys = NDArray[np.uint64]
Index = NDArray[np.int64]

# Accidental links that all windows together may be expected to make, and the longest window that is
# tried.
ACCIDENTS, LONGEST_WINDOW = 1e-6, 64
# A share of common rows is claimed when it is this many standard deviations, and this much, above
# chance.
SIGNIFICANCE, MIN_COMMON = 6.0, 0.02
_BASE = np.uint64(0xD1342543DE82EF95)


@dataclass(frozen=True)
class ByOrder:
    """Links by runs of rows whose object types agree one after the other.

    Attributes:
        index: [N] of the other file.
        window: rows that have to agree in sequence; None when no length is long enough to exclude
            coincidence.
        chance: that two unrelated rows have the same object types.
    """

    index: Index
    window: int | None
    chance: float


@dataclass(frozen=True)
class ByKey:
    """Links by equal keys.

    Attributes:
        index: [N] of the other file; only keys that are unique in both files, or all where equal
            rows are interchangeable.
        found: share of the other file's rows with a key that ours has.
        chance: that share if no event were in both files.
        common: share of rows that are ours by this evidence, (found - chance) / (1 - chance).
        significance: of found over chance, in standard deviations.
        accidental: links in `index` that are expected to be wrong.
    """

    index: Index
    found: float
    chance: float
    common: float
    significance: float
    accidental: float

    @property
    def credible(self) -> bool:
        """Whether chance does not explain it."""
        return self.significance > SIGNIFICANCE and self.common > MIN_COMMON


def by_order(ours: Keys, reference: Keys) -> ByOrder:
    """Find every run of rows that follow one another in both files, wherever it lies: parts may be
    put together in any order.

    Args:
        ours, reference: keys of the object types of each row, [N] each.
    """
    chance = max(_coincidence(ours), _coincidence(reference))
    window = _window(chance, len(ours), len(reference))
    index = np.full(len(reference), -1, np.int64)
    if window is None or window > min(len(ours), len(reference)):
        return ByOrder(index, None, chance)
    our_keys, position = np.unique(_rolling(ours, window), return_index=True)
    wanted = _rolling(reference, window)
    place = np.minimum(np.searchsorted(our_keys, wanted), len(our_keys) - 1)
    start = np.where(our_keys[place] == wanted, position[place], -1)
    found = np.flatnonzero(start >= 0)
    for shift in range(window):
        index[found + shift] = start[found] + shift
    return ByOrder(_filled(index, len(ours)), window, chance)


def by_key(
    ours: Keys, reference: Keys, sizes: tuple[IntArray, IntArray], interchangeable: bool
) -> ByKey:
    """Link rows with equal keys.

    Chance is measured on our own file: the share of our rows whose key another of our rows has too
    is the chance that a new event of the same kind meets a known key (I. J. Good, Biometrika 40
    (1953) 237), taken per number of objects, because events of few objects meet by chance far more
    often.

    Args:
        ours, reference: keys of each row.
        sizes: number of objects of each row, of ours and of the reference.
        interchangeable: rows of equal keys are equal altogether, so it does not matter which is
            linked to which.
    """
    _, inverse = np.unique(np.concatenate([ours, reference]), return_inverse=True)
    our_keys, reference_keys = inverse[: len(ours)], inverse[len(ours) :]
    n_of_ours, n_of_reference = (
        np.bincount(one, minlength=inverse.max() + 1) for one in (our_keys, reference_keys)
    )
    known = n_of_ours[reference_keys] > 0
    chance = _per_size(n_of_ours[our_keys] > 1, *sizes)
    found, expected = float(known.mean()), float(chance.mean())
    spread = np.sqrt(max((chance * (1 - chance)).sum(), 1)) / len(reference)
    common = max(found - expected, 0) / max(1 - expected, 1e-12)
    index = _matched(
        our_keys,
        reference_keys,
        (n_of_ours[reference_keys] == 1) & (n_of_reference[reference_keys] == 1) | interchangeable,
    )
    to_single = (
        float(_per_size(n_of_ours[our_keys] == 2, *sizes).mean())
        if not interchangeable
        else expected
    )
    return ByKey(
        index,
        found,
        expected,
        common,
        (found - expected) / spread,
        len(reference) * (1 - common) * to_single,
    )


def _coincidence(keys: Keys) -> float:
    """Chance that two unrelated rows have the same key, at worst: the largest over blocks of the
    file, which may be sorted.
    """
    return max(
        (_same(block) for block in np.array_split(keys, max(min(16, len(keys) // 100), 1))),
        default=1.0,
    )


def _same(keys: Keys) -> float:
    counts = np.unique(keys, return_counts=True)[1].astype(float)
    n = counts.sum()
    return float((counts * (counts - 1)).sum() / max(n * (n - 1), 1)) if n > 1 else 1.0


def _window(chance: float, n_ours: int, n_reference: int) -> int | None:
    """Shortest run that all pairs of places together agree on by accident fewer than `ACCIDENTS`
    times.
    """
    if chance >= 1:
        return None
    length = int(np.ceil(np.log(n_ours * n_reference / ACCIDENTS) / -np.log(max(chance, 1e-3))))
    return max(length, 3) if length <= LONGEST_WINDOW else None


def _rolling(keys: Keys, window: int) -> Keys:
    """Key of each run of rows, [N - window + 1]."""
    n = len(keys) - window + 1
    rolled = np.zeros(n, np.uint64)
    for shift in range(window):
        rolled = rolled * _BASE + keys[shift : shift + n]
    return rolled


def _filled(index: Index, n_ours: int) -> Index:
    """Rows between two linked ones at the same distance belong to the same run, though they
    differ.
    """
    rows = np.arange(len(index))
    linked = np.flatnonzero(index >= 0)
    if not len(linked):
        return index
    before = np.maximum(np.searchsorted(linked, rows, side="right") - 1, 0)
    after = np.minimum(np.searchsorted(linked, rows), len(linked) - 1)
    offset = index[linked] - linked
    inside = (
        (index < 0) & (offset[before] == offset[after]) & (rows > linked[0]) & (rows < linked[-1])
    )
    return np.where(inside, np.clip(rows + offset[before], 0, n_ours - 1), index)


def _per_size(
    repeated: NDArray[np.bool_], ours: IntArray, reference: IntArray
) -> NDArray[np.floating[Any]]:
    """For each row of the reference, the share of our rows of as many objects for which it is true;
    pooled where we have too few.
    """
    n = int(max(ours.max(initial=0), reference.max(initial=0))) + 1
    total, true = np.bincount(ours, minlength=n), np.bincount(ours[repeated], minlength=n)
    shares = np.where(
        total >= 20, true / np.maximum(total, 1), repeated.mean() if len(repeated) else 1.0
    )
    return shares[reference]


def _matched(our_keys: Index, reference_keys: Index, wanted: NDArray[np.bool_]) -> Index:
    """The k-th of our rows with a key for the k-th of the reference with it; -1 where not wanted or
    not there.
    """
    n = int(max(our_keys.max(initial=0), reference_keys.max(initial=0))) + 1
    ours, reference = (_occurrence(one) * n + one for one in (our_keys, reference_keys))
    _, at_ours, at_reference = np.intersect1d(
        ours, reference, assume_unique=True, return_indices=True
    )
    index = np.full(len(reference_keys), -1, np.int64)
    index[at_reference] = at_ours
    return np.where(wanted, index, -1)


def _occurrence(keys: Index) -> Index:
    """Number of equal rows before each row, [N]."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.searchsorted(ordered, ordered)
    count = np.empty(len(keys), np.int64)
    count[order] = np.arange(len(keys)) - first
    return count
