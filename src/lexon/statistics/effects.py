"""Which axis of a grid matters, and do two act together? Contrasts of cells, each a list of
settings in which cells are compared.

An effect is between two levels of an axis, averaged over the settings of all other axes
(Montgomery, Design and Analysis of Experiments, chapter 5). Only settings in which every cell that
takes part is finished count, so the levels are always compared under the same circumstances; and
only those in which the cells are different models: where one model stands in two cells, as binned
tokens do for either `vector`, their difference is zero by construction and says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, product
from math import prod
from typing import Any, Literal

from lexon.statistics.differences import Setting

Pair = tuple[Any, Any]
# Why a setting of the other axes is no part of a contrast.
Reason = Literal[
    "are no part of the grid",
    "have one model on both sides",
    "were evaluated on other test events",
    "are not finished",
]
ABSENT: Reason = "are no part of the grid"
ONE_MODEL: Reason = "have one model on both sides"
UNPAIRED: Reason = "were evaluated on other test events"
UNFINISHED: Reason = "are not finished"


@dataclass(frozen=True)
class Contrast:
    """The settings of one difference, or difference of differences.

    Attributes:
        levels: the two levels (a, b) of one axis, or of each of two, by axis.
        settings: those of the other axes that are averaged over, each with the sign of every model
            in it: a - b, or (a1 - b1) with a2 less (a1 - b1) with b2. Empty where none is finished.
        left_out: number of the others, by the reason why.
        n_settings: all of the plan.
    """

    levels: Mapping[str, Pair]
    settings: Sequence[Setting]
    left_out: Mapping[Reason, int]
    n_settings: int

    @property
    def n_used(self) -> int:
        """Settings that are averaged over."""
        return len(self.settings)

    @property
    def n_compared(self) -> int:
        """Settings in which the plan has different models to compare; 0 where there never are."""
        return self.n_settings - self.left_out.get(ABSENT, 0) - self.left_out.get(ONE_MODEL, 0)

    @property
    def is_interaction(self) -> bool:
        """Whether it is between two axes."""
        return len(self.levels) == 2


@dataclass(frozen=True)
class Mean:
    """The cells of the mean of a level, or of a pair of levels.

    Attributes:
        levels: by axis.
        weights: of each cell's metric, by cell name. Empty where nothing is finished.
        n_used: settings of the other axes that are averaged over.
        n_settings: those of the plan, less any in which all levels are one model.
        balanced: the same settings for all levels of these axes: only then may their means be
            compared.
    """

    levels: Mapping[str, Any]
    weights: Mapping[str, float]
    n_used: int
    n_settings: int
    balanced: bool


@dataclass(frozen=True)
class Grid:
    """A planned grid of cells.

    Attributes:
        cells: the level of every axis, by cell name.
        models: name of the model that stands in a cell, by cell name: cells of one model share it.
        finished: names of the cells with a result.
        unpaired: names of finished cells that were evaluated on other events, so that they are
            compared with nothing.
        idle: by name of a cell, the axes that do not concern it, as the number of bins does not
            concern four-vectors: it is in no mean of their levels.
        reference: the level of each axis that others are compared with, if there is one.
    """

    cells: Mapping[str, Mapping[str, Any]]
    models: Mapping[str, str]
    finished: Collection[str]
    unpaired: Collection[str] = ()
    idle: Mapping[str, Collection[str]] = field(default_factory=dict)
    reference: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def axes(self) -> dict[str, list[Any]]:
        """The levels of each axis that has several: numbers and truth values from high to low,
        others as planned; the reference last, so that it is what is subtracted.
        """
        names = next(iter(self.cells.values()), {})
        levels = {
            axis: list(dict.fromkeys(cell[axis] for cell in self.cells.values())) for axis in names
        }
        return {
            axis: self._ordered(axis, found) for axis, found in levels.items() if len(found) > 1
        }

    def _ordered(self, axis: str, levels: list[Any]) -> list[Any]:
        if axis in self.reference:
            return sorted(levels, key=lambda level: level == self.reference[axis])
        if all(isinstance(level, int | float) for level in levels):
            return sorted(levels, reverse=True)
        return levels

    def others(self, axes: Collection[str]) -> Iterator[dict[str, Any]]:
        """Every setting of the axes that are not among `axes`."""
        return self._settings([axis for axis in self.axes if axis not in axes])

    def _settings(self, axes: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Every combination of the levels of these axes."""
        for values in product(*(self.axes[axis] for axis in axes)):
            yield dict(zip(axes, values, strict=True))

    def at(self, levels: Mapping[str, Any]) -> str | None:
        """Name of the cell with these levels; None where the plan has none."""
        return self._names.get(tuple(levels[axis] for axis in self.axes))

    def contrast(self, levels: Mapping[str, Pair]) -> Contrast:
        """The contrast of these levels, with what there is to see of it."""
        settings = [self._corners(levels, setting) for setting in self.others(levels)]
        reasons = [self._why_left_out(corners, 2 ** len(levels)) for corners in settings]
        used = [
            corners for corners, reason in zip(settings, reasons, strict=True) if reason is None
        ]
        signs = [
            {self.models[name]: float(sign) for name, sign in corners.items()} for corners in used
        ]
        return Contrast(
            levels, signs, Counter(reason for reason in reasons if reason), len(settings)
        )

    def means(self, *axes: str) -> list[Mean]:
        """The mean of each combination of levels of these axes, over the settings in which all of
        them are finished.

        Where there is none such, each has a mean of its own over whatever is finished, not
        balanced.
        """
        settings = list(self._settings(axes))
        rows = [
            [self._concerned({**setting, **levels}, axes) for levels in settings]
            for setting in self.others(axes)
        ]
        compared = [row for row in rows if self._has_different_models(row)]
        whole = [row for row in compared if self._is_finished(row)]
        means = []
        for column, levels in enumerate(settings):
            names = [row[column] for row in whole or compared]
            means.append(self._mean(levels, names, len(compared), balanced=bool(whole)))
        return means

    def _concerned(self, levels: Mapping[str, Any], axes: Collection[str]) -> str | None:
        """Name of the cell with these levels, if all of these axes concern it."""
        name = self.at(levels)
        return None if name is None or set(axes) & set(self.idle.get(name, ())) else name

    def _has_different_models(self, names: Sequence[str | None]) -> bool:
        return len({self.models.get(name or "") for name in names}) > 1

    def _is_finished(self, names: Sequence[str | None]) -> bool:
        return all(name in self.finished for name in names)

    def _mean(
        self,
        levels: Mapping[str, Any],
        names: Sequence[str | None],
        n_settings: int,
        *,
        balanced: bool,
    ) -> Mean:
        used = [name for name in names if name is not None and name in self.finished]
        return Mean(
            levels, dict.fromkeys(used, 1 / max(len(used), 1)), len(used), n_settings, balanced
        )

    @cached_property
    def _names(self) -> dict[tuple[Any, ...], str]:
        return {tuple(cell[axis] for axis in self.axes): name for name, cell in self.cells.items()}

    def _why_left_out(self, corners: Collection[str], n_corners: int) -> Reason | None:
        if len(corners) < n_corners:
            return ABSENT
        if len({self.models[name] for name in corners}) < n_corners:
            return ONE_MODEL
        if any(name in self.unpaired for name in corners):
            return UNPAIRED
        return None if all(name in self.finished for name in corners) else UNFINISHED

    def _corners(self, levels: Mapping[str, Pair], setting: Mapping[str, Any]) -> dict[str, int]:
        """The cells that take part in one setting, each with its sign."""
        chosen = product(*([(axis, a, 1), (axis, b, -1)] for axis, (a, b) in levels.items()))
        corners = {}
        for corner in chosen:
            name = self.at({**setting, **{axis: level for axis, level, _ in corner}})
            if name is not None:
                corners[name] = prod(sign for _, _, sign in corner)
        return corners


def contrasts(grid: Grid) -> list[Contrast]:
    """All main effects, then all two-way interactions; without those in which the plan never has
    different models.

    An interaction of which every setting is unpaired is left out too: the main effects say so.
    """
    pairs = {axis: list(combinations(levels, 2)) for axis, levels in grid.axes.items()}
    chosen = [{axis: pair} for axis in pairs for pair in pairs[axis]]
    for first, second in combinations(pairs, 2):
        chosen += [{first: a, second: b} for a, b in product(pairs[first], pairs[second])]
    return [
        contrast
        for contrast in map(grid.contrast, chosen)
        if contrast.n_compared and not _is_unpaired(contrast)
    ]


def _is_unpaired(contrast: Contrast) -> bool:
    """Whether it is an interaction of which every setting is unpaired."""
    return contrast.is_interaction and contrast.left_out.get(UNPAIRED, 0) >= contrast.n_compared
