"""A grid that changes one parameter at a time (`grid.cells: one_at_a_time`): its plain cell, and
short labels. It is recognised by its cells, as a folder of results says nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lexon.experiments.nested import unique
from lexon.pipelines.reporting.words import axis_words, level_words

PLAIN = "plain"
ALL_CHANGES = "all changes"
_FEWEST = 3  # with two axes these are all cells of a grid

Cells = Mapping[str, Mapping[str, Any]]


def plain_cell(cells: Cells) -> str:
    """Name of the first cell, if every other one changes one axis of it or all, and each axis is
    changed alone; else empty.

    Args:
        cells: the level of every axis, by cell name, in the order of the plan.
    """
    changed = _changed(cells)
    spanned = _spanned(changed)
    alone = {axes[0] for axes in changed.values() if len(axes) == 1}
    if len(spanned) < _FEWEST or alone != spanned:
        return ""
    whole = all(len(axes) <= 1 or len(axes) == len(spanned) for axes in changed.values())
    return next(iter(cells)) if whole else ""


def one_at_a_time_labels(cells: Cells) -> dict[str, str]:
    """What each cell changes of the plain one: ``plain``, ``pairwise bias``, ..., ``all changes``;
    empty for other grids.
    """
    if not plain_cell(cells):
        return {}
    changed = _changed(cells)
    n_axes = len(_spanned(changed))
    labels = {name: _label(cells[name], axes, n_axes) for name, axes in changed.items()}
    return labels if len(unique(labels.values())) == len(cells) else {}


def _changed(cells: Cells) -> dict[str, list[str]]:
    """The axes in which each cell differs from the first."""
    first = next(iter(cells.values()), {})
    return {
        name: [axis for axis in first if cell[axis] != first[axis]] for name, cell in cells.items()
    }


def _spanned(changed: Mapping[str, Sequence[str]]) -> set[str]:
    return {axis for axes in changed.values() for axis in axes}


def _label(cell: Mapping[str, Any], changed: Sequence[str], n_axes: int) -> str:
    if not changed:
        return PLAIN
    if len(changed) == n_axes:
        return ALL_CHANGES
    (axis,) = changed
    words = level_words(axis, cell[axis])
    return f"{axis_words(axis)} {words}" if words == cell[axis] else words
