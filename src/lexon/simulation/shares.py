"""Shares of a sample in whole events: each total is met exactly, and no hard event is in two
splits.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lexon.errors import ConfigurationError
from lexon.events import SPLITS

PARAMETERS = "conf/base/parameters_data_engineering.yml"


def checked_shares(
    shares: Mapping[str, float], key: str, allowed: tuple[str, ...]
) -> dict[str, float]:
    """The positive shares in the order of `allowed`, scaled to sum 1 exactly."""
    if unknown := [name for name in shares if name not in allowed]:
        raise ConfigurationError(
            f"{key}.{unknown[0]}: unknown; choose among {', '.join(allowed)} ({PARAMETERS})"
        )
    total = sum(shares.values())
    if not abs(total - 1) <= 0.01:
        raise ConfigurationError(f"{key}: shares sum to {total:g}, need 1 ({shares}; {PARAMETERS})")
    return {name: shares[name] / total for name in allowed if shares.get(name, 0) > 0}


def apportion(n: int, shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """`n` in whole numbers by the largest-remainder method (Hamilton's): int like `shares`, sum
    `n`.
    """
    counts = np.floor(n * shares + 1e-9).astype(np.int64)
    counts[np.argsort(counts - n * shares, kind="stable")[: n - counts.sum()]] += 1
    return counts


def apportion_table(
    n: int, rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.int64]:
    """`n` over a table whose row sums and column sums are each `apportion`ed exactly, int [row,
    column].
    """
    row_sums, column_sums = apportion(n, rows), apportion(n, columns)
    ideal = np.outer(row_sums, column_sums) / n
    table = np.floor(ideal).astype(np.int64)
    for cell in np.argsort((table - ideal).ravel(), kind="stable"):
        i, j = divmod(int(cell), len(columns))
        table[i, j] += min(row_sums[i] - table[i].sum(), column_sums[j] - table[:, j].sum(), 1)
    for i, j in np.ndindex(table.shape):
        table[i, j] += min(row_sums[i] - table[i].sum(), column_sums[j] - table[:, j].sum())
    return table


def split_pools(
    sizes: dict[str, int], split: dict[str, float], seed: int
) -> dict[str, dict[str, NDArray[np.int64]]]:
    """Per split and process: rows of the process's hard events, shuffled; each row is in
    one split.
    """
    pools: dict[str, dict[str, NDArray[np.int64]]] = {name: {} for name in split}
    for process, size in sizes.items():
        rng = np.random.default_rng(
            np.random.SeedSequence(seed, spawn_key=(len(SPLITS), *process.encode()))
        )
        ends = np.cumsum(apportion(size, np.array(list(split.values()))))[:-1]
        for name, rows in zip(split, np.split(rng.permutation(size), ends), strict=True):
            pools[name][process] = rows
    return pools
