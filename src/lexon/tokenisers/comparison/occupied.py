"""Whether bins are filled as they should be, in words; and the marks that a known mistake leaves in
them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lexon.events import N_TYPES
from lexon.metrics.occupancy import occupancy
from lexon.tokenisers.comparison.columns import OBJECT_AXES, TokenColumns

FloatArray = NDArray[np.floating]

NAMES = {
    "type": "object type",
    "pt": "pT",
    "eta": "eta",
    "phi": "phi",
    "met": "MET",
    "met_phi": "METphi",
}
# Axes of n equal bins; edges of the others divide some events equally.
CIRCLE = ("phi", "met_phi")
# Relative deviation from the share that is due: below the first nothing is reported, above the
# second it cannot be the choice of events.
UNEVEN, WRONG = 0.1, 0.5
# Entries that a bin must be due for its emptiness to mean anything.
ENOUGH = 20
# Bins of which every share is written out.
MOST_LISTED = 12


@dataclass(frozen=True)
class Filling:
    """The occupancy of one axis of a file.

    Attributes:
        axis: pt, eta, phi, met or met_phi.
        counts: of the bins 1..n.
        verdict: ``as due``, ``uneven``, ``wrong`` or ``flawed_2026``.
        words: what was found, without the name of the file.
    """

    axis: str
    counts: NDArray[np.int64]
    verdict: str
    words: str

    @property
    def shares(self) -> FloatArray:
        return self.counts / max(self.counts.sum(), 1)


def fillings(columns: TokenColumns) -> list[Filling]:
    """Every axis of a file, judged."""
    return [
        _judge(axis, occupancy(columns.values(axis), columns.sizes[axis])) for axis in columns.bins
    ]


def imbalance(columns: TokenColumns, is_flawed: bool) -> float:
    """How unequally the edges of pT, eta and MET divide these events: the largest deviation of a
    cumulative share from k / n.

    Near 0 for the events that the edges were fitted on. With `is_flawed`, what that mistake would
    make of equal bins is due.
    """
    n = columns.n_bins
    deviations = [0.0]
    for axis in (axis for axis in ("pt", "eta", "met") if axis in columns.bins):
        counts = occupancy(columns.values(axis), n)
        due = flawed_shares(axis, n) if is_flawed else np.full(n, 1 / n)
        deviations.append(float(np.abs(np.cumsum(counts / max(counts.sum(), 1) - due)).max()))
    return max(deviations)


def unreachable(columns: TokenColumns) -> int:
    """Object tokens that no object can have, because one of their bins is empty on its axis."""
    used = [
        int((occupancy(columns.values(axis), columns.n_bins) > 0).sum()) for axis in OBJECT_AXES
    ]
    return N_TYPES * (columns.n_bins**3 - int(np.prod(used)))


def flawed_shares(axis: str, n: int) -> FloatArray:
    """Shares that `flawed_2026` (`lexon.tokenisers.binning`) gives: 40/20/20/20/0 % of equally
    filled bins and 10/10/10/10/60 % of a circle cut at pi/n, for n = 5."""
    if axis in CIRCLE:
        return np.array([0.5 / n] * (n - 1) + [(n + 1) / (2 * n)])
    return np.array([2 / n, *[1 / n] * (n - 2), 0])


def flawed(fillings: list[Filling]) -> bool:
    """One axis can look so by accident; the mistake marks them all, and MET may be absent."""
    judged = [filling for filling in fillings if filling.verdict != "too few"]
    return (
        len(judged) > 1
        and sum(filling.verdict == "flawed_2026" for filling in judged) > len(judged) / 2
    )


def _judge(axis: str, counts: NDArray[np.int64]) -> Filling:
    n, total = len(counts), int(counts.sum())
    shares, due = counts / max(total, 1), 1 / n
    if total < ENOUGH * n:
        return Filling(
            axis,
            counts,
            "too few",
            f"{NAMES[axis]}: {total:,} entries are too few to judge {n} bins",
        )
    worst = int(np.abs(shares - due).argmax())
    found = f"{NAMES[axis]}: bin {worst + 1} holds {shares[worst]:.1%} where {due:.1%} is due"
    noise = 4 * np.sqrt(due * (1 - due) / total)
    deviation = abs(shares[worst] - due)
    listed = (
        "/".join(f"{100 * share:.0f}" for share in shares)
        if n <= MOST_LISTED
        else f"{100 * shares.min():.1f} to {100 * shares.max():.1f}"
    )
    if np.abs(shares - flawed_shares(axis, n)).max() < 0.3 * due:
        return Filling(axis, counts, "flawed_2026", f"{NAMES[axis]} {listed} %")
    if deviation > max(WRONG * due, noise):
        return Filling(axis, counts, "wrong", f"{found} ({listed} %)")
    if deviation > max(UNEVEN * due, noise):
        why = (
            "events are not uniform in it"
            if axis in CIRCLE
            else "edges were fitted on other events"
        )
        return Filling(axis, counts, "uneven", f"{found} ({listed} %), as when {why}")
    return Filling(
        axis,
        counts,
        "as due",
        f"{NAMES[axis]}: every bin holds about the {due:.1%} that is due ({listed} %)",
    )


def _listed(shares: FloatArray) -> str:
    """Shares in per cent: each, or of many the smallest and the largest."""
    if len(shares) > MOST_LISTED:
        return f"{100 * shares.min():.1f} to {100 * shares.max():.1f}"
    return "/".join(f"{100 * share:.0f}" for share in shares)
