"""Cells of a grid that are one training: along which axes all are shown, and along which the first
stands for the others.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from lexon.config import KINDS


def once_along(kind: str, axes: Mapping[str, Collection[Any]]) -> frozenset[str]:
    """The axes, or groups of them, along which a cell that they do not concern is planned once.

    Args:
        kind: of the experiment.
        axes: the values of each.
    """
    return frozenset().union(
        *(names for axis, names in KINDS[kind].once.items() if len(axes.get(axis, ())) > 1)
    )


def distinct(folders: Sequence[str], cell: Mapping[str, Any], once: Collection[str]) -> str:
    """What tells a cell from others: the folders of its trainings, and its values along axes that
    show copies.
    """
    shown = {
        axis: value
        for axis, value in cell.items()
        if axis not in once and axis.split(".", maxsplit=1)[0] not in once
    }
    return json.dumps([folders, shown], sort_keys=True, default=str)
