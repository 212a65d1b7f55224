"""Short labels for a grid that changes one parameter at a time (`grid.cells: one_at_a_time`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lexon.experiments.nested import unique
from lexon.pipelines.reporting.words import axis_words

PLAIN = "plain"
TOGETHER = "all together"


def one_at_a_time_labels(cells: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What each cell changes of the first: ``plain``, ``pairwise bias``, ..., ``all together``.

    Args:
        cells: the level of every axis, by cell name, in the order of the plan.

    Returns:
        Labels by cell name; empty where a cell changes several axes but not all, or where
        there are too few axes to tell.
    """
    first, *others = cells.values() or [{}]
    spanned = [axis for axis in first if any(cell[axis] != first[axis] for cell in others)]
    changed = {
        name: [axis for axis in spanned if cell[axis] != first[axis]]
        for name, cell in cells.items()
    }
    n_axes = len(spanned)
    if n_axes < 3 or any(1 < len(axes) < n_axes for axes in changed.values()):
        return {}
    labels = {name: _label(cells[name], axes, n_axes) for name, axes in changed.items()}
    return labels if len(unique(labels.values())) == len(cells) else {}


def _label(cell: Mapping[str, Any], changed: Sequence[str], n_axes: int) -> str:
    if not changed:
        return PLAIN
    if len(changed) == n_axes:
        return TOGETHER
    (axis,) = changed
    name, value = axis_words(axis), cell[axis]
    if value in (None, "none", False):
        return f"no {name}"
    return name if value is True else f"{name} {value}"
