"""Cells: members put together by what the grid varies, with what is finished, what is not and why,
and what may be compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon.experiments import Result

_WORST_FIRST = ("failed", "running", "stale", "pending")

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Cell:
    """One combination of the grid's axes with all its seeds; a kind adds what only its members
    have.

    Attributes:
        number: position in the grid, from 0, the first axis varying slowest.
        results: one a seed.
        original: an earlier cell that is the same training and was trained instead of this one, or
            None.
    """

    number: int
    results: tuple[Result, ...]
    original: Self | None = None

    @property
    def name(self) -> str:
        """As in members' folders, without the seed."""
        return self.results[0].member.cell_name

    @property
    def label(self) -> str:
        """The same for a reader."""
        return self.name

    @property
    def axes(self) -> dict[str, Any]:
        """The value of each axis."""
        return self.results[0].member.cell

    @property
    def facts(self) -> dict[str, Any]:
        """Properties that claims may name beside the axes."""
        return {}

    def level(self, name: str) -> Any:
        """Of an axis or another property; None where it has no such thing."""
        return self.facts.get(name, self.axes.get(name))

    @property
    def config(self) -> dict[str, Any]:
        """The configuration of its members, that of the first seed."""
        return self.results[0].member.config

    @property
    def trained(self) -> Self:
        """The cell whose training it shows: its original, or itself."""
        return self.original or self

    @property
    def same_as(self) -> str:
        """Name of the original, or empty."""
        return self.original.name if self.original else ""

    @property
    def apart(self) -> bool:
        """Whether it was evaluated on other rows than the rest by right: comparable with no other
        cell.
        """
        return False

    @cached_property
    def finished(self) -> list[Result]:
        """The seeds that statistics may use."""
        return [result for result in self.results if result.status == "done"]

    @property
    def counts(self) -> bool:
        """Whether it takes part in comparisons; of two cells that are one training, the
        first does.
        """
        return bool(self.finished) and not self.original and not self.apart

    @property
    def histories(self) -> list[pd.DataFrame]:
        """One a finished seed that has it."""
        return [result.history for result in self.finished if result.history is not None]

    def arrays(self, name: str) -> list[NDArray[Any]]:
        """An array of each finished seed that has it."""
        return [
            result.arrays[name]
            for result in self.finished
            if result.arrays is not None and name in result.arrays
        ]

    def values(self, split: str, metric: str) -> list[float]:
        """A metric of each finished seed that has it."""
        return [
            result.metrics[split][metric]
            for result in self.finished
            if metric in result.metrics.get(split, {})
        ]

    def mean(self, split: str, metric: str) -> float:
        """Mean over finished seeds; NaN where none has it."""
        values = self.values(split, metric)
        return float(np.mean(values)) if values else np.nan

    @property
    def status(self) -> str:
        """The seeds' common status; ``partial`` where only some are done."""
        return common_status(self.results)

    @property
    def notes(self) -> str:
        """Which training it shares, why seeds are missing, and what is remarkable about the
        others.
        """
        same = [f"same training as {self.original.label}: trained once"] if self.original else []
        other = ["evaluated on other test events: unpaired, in no comparison"] if self.apart else []
        return "; ".join([*same, *other, *unfinished_notes(self.results), *self.remarks()])

    def remarks(self) -> list[str]:
        """What is remarkable about finished seeds."""
        return []


C = TypeVar("C", bound=Cell)


def collect_cells(results: Sequence[Result], kind: type[C], **own: Any) -> list[C]:
    """Cells in the order of the plan.

    Args:
        kind: of the cells.
        own: further fields of each cell.
    """
    trained: dict[str, C] = {}  # by folder
    cells: list[C] = []
    for seeds in grouped(results, lambda result: repr(result.member.cell)).values():
        originals = [trained.get(result.member.folder) for result in seeds]
        shared = originals[0] if all(one is originals[0] for one in originals) else None
        cell = kind(len(cells), tuple(seeds), shared, **own)
        trained |= {result.member.name: cell for result in seeds}
        cells.append(cell)
    return cells


def grouped(items: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    """The items by what the key gives, in the order in which it first appears."""
    groups: dict[str, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def set_aside_other_rows(
    results: Sequence[Result],
    rows_of: Callable[[Result], str | None],
    expected: str | None = None,
    what: str = "events",
) -> list[Result]:
    """Finished members of other rows than the rest become ``stale``: nothing of them can be
    compared.

    Args:
        rows_of: digest of the rows that a finished member was evaluated on; None where nothing
            tells.
        expected: digest of the rows that count, as of baselines; None: those of most members.
        what: the rows are.
    """
    wanted = expected or most_common_rows(results, rows_of)

    def checked(result: Result) -> Result:
        digest = rows_of(result) if result.status == "done" else None
        if digest in (None, wanted):
            return result
        return replace(
            result,
            status="stale",
            notes=f"evaluated on other {what} (digest {digest}, expected {wanted})",
        )

    return [checked(result) for result in results]


def most_common_rows(
    results: Sequence[Result], rows_of: Callable[[Result], str | None]
) -> str | None:
    """Digest of the rows of most finished members; None where nothing tells."""
    digests = [rows_of(result) for result in results if result.status == "done"]
    counts = Counter(digest for digest in digests if digest is not None)
    return next((digest for digest, _ in counts.most_common(1)), None)


def without_seeds_not_asked_for(results: Sequence[Result], n_seeds: int | None) -> list[Result]:
    """Without pending members of seeds beyond `n_seeds` (None: of none): a run with fewer seeds
    does not miss the others.
    """
    asked = list(dict.fromkeys(result.member.seed for result in results))[:n_seeds]
    return [
        result for result in results if result.status != "pending" or result.member.seed in asked
    ]


def common_status(results: Sequence[Result]) -> str:
    """The seeds' common status; ``partial`` where only some are done, else the worst of them."""
    statuses = {result.status for result in results}
    if len(statuses) == 1:
        return statuses.pop()
    return (
        "partial"
        if "done" in statuses
        else next(status for status in _WORST_FIRST if status in statuses)
    )


def unfinished_notes(results: Sequence[Result]) -> list[str]:
    """Why seeds are missing: ``2 of 3 seeds failed: node lost``."""
    missing = [result for result in results if result.status != "done"]
    return counted_seeds(
        (f"{one.status}: {one.notes}" if one.notes else one.status for one in missing), len(results)
    )


def counted_seeds(remarks: Iterable[str], n_seeds: int) -> list[str]:
    """Each distinct remark on a seed with the number of seeds that it is made on; without, where
    there is but one seed.
    """
    counts = Counter(remarks).items()
    return [remark if n_seeds == 1 else f"{n} of {n_seeds} seeds {remark}" for remark, n in counts]
