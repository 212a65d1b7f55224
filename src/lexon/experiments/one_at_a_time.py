"""Grids that change one parameter at a time (`grid.cells: one_at_a_time`): a plain cell, which has
the first value of each axis, a cell for each other value, and one with the last values of all axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lexon.experiments.nested import value_at

ONE_AT_A_TIME = "one_at_a_time"


def is_one_at_a_time(raw: Mapping[str, Any]) -> bool:
    """Whether these parameters ask for such a grid."""
    return bool(value_at(raw, "grid.cells") == ONE_AT_A_TIME)


@dataclass(frozen=True)
class OneAtATime:
    """Which cells such a grid has.

    Attributes:
        first, last: the value of each axis in the plain cell, and in the one of all changes.
    """

    first: Mapping[str, Any]
    last: Mapping[str, Any]

    @classmethod
    def of(
        cls, known: Mapping[str, Sequence[Any]], configured: Mapping[str, Sequence[Any]]
    ) -> OneAtATime:
        """The first and last values of a file's list; one typed beside them changes neither.

        Args:
            known: all values of each axis.
            configured: those of files.
        """
        lists = {
            axis: configured[axis] if len(configured[axis]) > 1 else values
            for axis, values in known.items()
        }
        return cls(
            {axis: values[0] for axis, values in lists.items()},
            {axis: values[-1] for axis, values in lists.items()},
        )

    def is_plain(self, cell: Mapping[str, Any]) -> bool:
        """Whether it changes nothing."""
        return cell == self.first

    def has(self, cell: Mapping[str, Any]) -> bool:
        """Whether a cell changes one value at most, or is the one of all changes."""
        n_changed = sum(value != self.first[axis] for axis, value in cell.items())
        return n_changed <= 1 or cell == self.last

    @property
    def reason(self) -> str:
        """Why another cell is left out."""
        return (
            f"several values changed, but not all (grid.cells is {ONE_AT_A_TIME}: change one"
            " value, or write grid.cells=all)"
        )
