"""Exact quantiles of more values than fit in memory, in two walks over them.

Single-precision numbers are ordered as the integers that their bits spell, once those of negative
numbers are inverted (the key of a radix sort). The first walk counts the upper 16 of these bits,
which tells in which of 65,536 bins each wanted value lies; the second counts the lower 16 bits of
the values in those bins. Memory does not grow with the number of values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

N_BINS = 1 << 16
SIGN = np.uint32(1 << 31)


class ExactQuantiles:
    """Show it all values with `count`, then all again with `refine`, then ask for the `result`.

    Args:
        probabilities: of the quantiles, each in [0, 1].
    """

    def __init__(self, probabilities: Sequence[float] | NDArray[np.floating]) -> None:
        self._probabilities = np.asarray(probabilities, np.float64)
        self._coarse = np.zeros(N_BINS, np.int64)
        self._fine: dict[int, NDArray[np.int64]] = {}

    @property
    def n(self) -> int:
        """Number of values counted."""
        return int(self._coarse.sum())

    def count(self, values: NDArray[np.floating]) -> None:
        """First walk: any number of values, in single precision."""
        self._coarse += np.bincount(_keys(values) >> 16, minlength=N_BINS)

    def refine(self, values: NDArray[np.floating]) -> None:
        """Second walk: the same values again, in any order and in any chunks."""
        if self.n and not self._fine:
            self._fine = {
                int(upper): np.zeros(N_BINS, np.int64)
                for upper in np.unique(self._locate(self._ranks())[0])
            }
        wanted = np.zeros(N_BINS, np.bool_)
        wanted[list(self._fine)] = True
        keys = _keys(values)
        keys = keys[wanted[keys >> 16]]
        for upper in self._fine:
            self._fine[upper] += np.bincount(keys[keys >> 16 == upper] & 0xFFFF, minlength=N_BINS)

    def result(self) -> NDArray[np.float64]:
        """The quantiles as `np.quantile` gives them for all (single-precision) values at once, to
        the last bit.
        """
        ranks = self._ranks()
        between = (self.n - 1) * self._probabilities - ranks[0]
        pairs = np.stack([self._values(below_or_above) for below_or_above in ranks], axis=-1)
        return np.array(
            [np.quantile(pair, share) for pair, share in zip(pairs, between, strict=True)]
        )

    def _ranks(self) -> NDArray[np.int64]:
        """Ranks of the values below and above each quantile, [2, quantile]."""
        below = np.floor((self.n - 1) * self._probabilities).astype(np.int64)
        return np.stack([below, np.minimum(below + 1, self.n - 1)])

    def _locate(self, ranks: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Upper bits of the values of these ranks, and their ranks among the values that share
        them.
        """
        up_to = np.cumsum(self._coarse)
        upper = np.searchsorted(up_to, ranks, side="right")
        return upper, ranks - (up_to - self._coarse)[upper]

    def _values(self, ranks: NDArray[np.int64]) -> NDArray[np.float64]:
        upper, within = self._locate(ranks)
        lower = [
            np.searchsorted(np.cumsum(self._fine[int(u)]), rank, side="right")
            for u, rank in zip(upper, within, strict=True)
        ]
        keys = (upper << 16 | np.array(lower)).astype(np.uint32)
        return np.where(keys & SIGN, keys ^ SIGN, ~keys).view(np.float32).astype(np.float64)


def _keys(values: NDArray[np.floating]) -> NDArray[np.uint32]:
    """Unsigned integers in the order of the values; -0 counts as 0."""
    bits = (values.astype(np.float32) + np.float32(0)).view(np.uint32)
    return np.where(bits & SIGN, ~bits, bits | SIGN)
