"""What any other axis of the grid does to the losses, averaged over the settings of all the others: encoder, learning rate, latent size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from lexon.pipelines.reporting.autoencoders.answers import UNDECIDED, undecided
from lexon.pipelines.reporting.autoencoders.cells import BETA, BOTTLENECK, GridCell
from lexon.pipelines.reporting.autoencoders.changes import MIN_SEEDS, Change, Grid

JUDGED = ("rec_tokens", "rec_globals")
Pairs = list[tuple[GridCell, GridCell]]


@dataclass(frozen=True)
class Step:
    """From one level of an axis to another.

    Attributes:
        axis: dotted parameter.
        pairs: cells that differ in nothing else, (later level, earlier level).
        later, earlier: the levels in words.
    """

    axis: str
    pairs: Pairs
    later: str
    earlier: str

    @property
    def n_finished(self) -> int:
        """Settings of the other axes in which both cells are finished."""
        return sum(bool(a.finished and b.finished) for a, b in self.pairs)

    def change(self, grid: Grid, metric: str) -> Change:
        """The change of a loss, averaged over the settings."""
        return grid.average_change(metric, self.pairs, self.later, self.earlier)

    @property
    def averaged_over(self) -> str:
        """How many settings of the other axes it is averaged over."""
        n = len(self.pairs)
        return f"{self.n_finished} of {n} settings" if self.n_finished < n else f"{n} setting{'s' * (n > 1)}"


def steps(cells: Sequence[GridCell]) -> list[Step]:
    """Every two levels of each axis but the weight and the bottleneck, which have tables and answers of their own."""
    axes = [axis for axis in (cells[0].axes if cells else ()) if axis not in (BETA, BOTTLENECK)]
    found = []
    for axis in axes:
        levels = _levels([cell.axes[axis] for cell in cells])
        found += [_step(axis, earlier, later, cells) for earlier, later in combinations(levels, 2)]
    return found


def axis_sentences(grid: Grid) -> list[str]:
    """One sentence for each two levels of an axis."""
    return [_sentence(step, grid) for step in steps(grid.cells)]


def _sentence(step: Step, grid: Grid) -> str:
    changes = [step.change(grid, metric) for metric in JUDGED]
    told = "; ".join(f"{change.size}: {_word(change)}" for change in changes)
    name = step.axis.rpartition(".")[2].replace("_", " ")
    return f"{name[:1].upper()}{name[1:]}, {step.later} against {step.earlier}: {told}; averaged over {step.averaged_over}."


def _word(change: Change) -> str:
    """The verdict, or why there is none; a certain change below the smallest effect is called small."""
    if change.verdict != UNDECIDED:
        return change.verdict
    if change.n_seeds >= MIN_SEEDS and change.relative.excludes_zero:
        return "higher, small" if change.relative.estimate > 0 else "lower, small"
    return undecided([change])


def _step(axis: str, earlier: Any, later: Any, cells: Sequence[GridCell]) -> Step:
    at = {_setting(cell, axis): cell for cell in cells if cell.axes[axis] == earlier}
    pairs = [(cell, at[_setting(cell, axis)]) for cell in cells if cell.axes[axis] == later and _setting(cell, axis) in at]
    return Step(axis, pairs, str(later), str(earlier))


def _setting(cell: GridCell, axis: str) -> str:
    return repr({name: value for name, value in cell.axes.items() if name != axis})


def _levels(values: Sequence[Any]) -> list[Any]:
    """Numbers from low to high, others as planned."""
    levels = list(dict.fromkeys(values))
    return sorted(levels) if all(isinstance(level, int | float) for level in levels) else levels
