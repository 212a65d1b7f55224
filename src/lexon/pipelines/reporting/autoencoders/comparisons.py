"""Which cells of a grid are compared: every two that differ in one thing, and every two levels of any further axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from lexon.pipelines.reporting.autoencoders.cells import BETA, BOTTLENECK, GridCell, columns_of, pairs, rows_of_grid

COMPARED = ("rec_tokens", "rec_globals", "criterion")
Pairs = tuple[tuple[GridCell, GridCell], ...]


@dataclass(frozen=True)
class Comparison:
    """Cells against others that differ from them in one thing.

    Attributes:
        metric: that is compared.
        pairs: (cell, other), one a setting of what is averaged over.
        cell, against: both sides in words.
        axis: the axis between them, where it is neither the weight nor the bottleneck and all settings of the others are averaged over.
    """

    metric: str
    pairs: Pairs
    cell: str
    against: str
    axis: str = ""

    @property
    def finished(self) -> Pairs:
        """The settings in which both cells are finished."""
        return tuple((a, b) for a, b in self.pairs if a.finished and b.finished)

    @property
    def averaged_over(self) -> str:
        """How many settings of the other axes it is averaged over."""
        n, found = len(self.pairs), len(self.finished)
        return f"{found} of {n} settings" if found < n else f"{n} setting{'s' * (n > 1)}"

    @property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Metric and names of the finished cells: what makes it the same comparison as another."""
        return self.metric, tuple((a.name, b.name) for a, b in self.finished)

    @property
    def turned(self) -> Comparison:
        """The others against the cells."""
        return Comparison(self.metric, tuple((b, a) for a, b in self.pairs), self.against, self.cell, self.axis)


def of_cells(metric: str, cell: GridCell, against: GridCell) -> Comparison:
    """Of two cells."""
    return Comparison(metric, ((cell, against),), cell.label, against.label)


def comparisons(cells: Sequence[GridCell]) -> list[Comparison]:
    """The table of changes: the levels of further axes first, then cells one by one."""
    further = steps(cells)
    lines = [*columns_of(cells).values(), *rows_of_grid(cells).values()]
    single = [pair for line in lines for pair in pairs(line)] + [pair for step in further[:: len(COMPARED)] for pair in step.pairs]
    return further + [of_cells(metric, later, earlier) for later, earlier in single for metric in COMPARED]


def steps(cells: Sequence[GridCell]) -> list[Comparison]:
    """Every two levels of each axis but the weight and the bottleneck, which have tables and answers of their own."""
    axes = [axis for axis in (cells[0].axes if cells else ()) if axis not in (BETA, BOTTLENECK)]
    found = []
    for axis in axes:
        for earlier, later in combinations(_levels([cell.axes[axis] for cell in cells]), 2):
            apart = _pairs(axis, earlier, later, cells)
            found += [Comparison(metric, apart, str(later), str(earlier), axis) for metric in COMPARED]
    return found


def _pairs(axis: str, earlier: Any, later: Any, cells: Sequence[GridCell]) -> Pairs:
    at = {_setting(cell, axis): cell for cell in cells if cell.axes[axis] == earlier}
    return tuple((cell, at[_setting(cell, axis)]) for cell in cells if cell.axes[axis] == later and _setting(cell, axis) in at)


def _setting(cell: GridCell, axis: str) -> str:
    return repr({name: value for name, value in cell.axes.items() if name != axis})


def _levels(values: Sequence[Any]) -> list[Any]:
    """Numbers from low to high, others as planned."""
    levels = list(dict.fromkeys(values))
    return sorted(levels) if all(isinstance(level, int | float) for level in levels) else levels
