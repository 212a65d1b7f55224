"""The grid of an experiment with autoencoders: what each cell is, whatever its axes are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from lexon.experiments import Result
from lexon.pipelines.reporting.cells import Cell, collect_cells, set_aside_other_rows
from lexon.pipelines.reporting.words import joined, setting_words

T = TypeVar("T")
BETA, BOTTLENECK = "autoencoder.globals_beta", "autoencoder.bottleneck"
# From the least to the most constrained, as the predictions have it.
BOTTLENECKS = ("none", "linear", "vq")
# Losses, by the names of metrics.json.
GEOMETRIC = ("rec_tokens", "rec_globals", "total", "weighted_globals", "vq_loss")
NEARLY_EXACT = 0.01  # share of the objects' variance below which losing more or less of it hardly matters


@dataclass(frozen=True, eq=False)
class GridCell(Cell):
    """A cell of autoencoders: a bottleneck, a weight of the globals' loss, and whatever else the grid varies."""

    @property
    def settings(self) -> dict[str, Any]:
        """`AutoencoderConfig` of its members as plain data."""
        return self.config["autoencoder"]

    @property
    def bottleneck(self) -> str:
        return self.settings["bottleneck"]

    @property
    def beta(self) -> float:
        return self.settings["globals_beta"]

    @property
    def rest(self) -> str:
        """The other axes in words."""
        return setting_words({axis: value for axis, value in self.axes.items() if axis not in (BETA, BOTTLENECK)})

    @property
    def label(self) -> str:
        """E.g. ``vq, beta 10``."""
        return joined(self.bottleneck, f"beta {self.beta:g}", self.rest)

    @cached_property
    def finished(self) -> list[Result]:
        """The seeds that statistics may use."""
        return [result for result in self.results if result.status == "done" and result.arrays is not None]

    @property
    def nearly_exact(self) -> bool:
        """Whether next to nothing of the objects is lost, against the best constant answer; False where nothing is finished."""
        return self.mean("test", "rec_tokens") < NEARLY_EXACT * self.mean("test", "rec_tokens_constant")

    def mean(self, split: str, metric: str) -> float:
        """A metric over finished seeds: the geometric mean of losses, the mean of all else; NaN without any."""
        return mean_over_seeds(self.values(split, metric), metric)

    def criterion(self, split: str) -> float:
        """The sum of both errors, unweighted, over finished seeds: what the choice is made by."""
        both = zip(self.values(split, "rec_tokens"), self.values(split, "rec_globals"), strict=True)
        return mean_over_seeds([sum(one) for one in both], "rec_tokens")

    def gap(self, metric: str) -> float:
        """How much larger a loss is on the test split than on the training split, as a share."""
        return self.mean("test", metric) / self.mean("train", metric) - 1


def mean_over_seeds(values: Sequence[float], metric: str) -> float:
    """The one mean of this report: geometric for losses, which are compared by their ratios, arithmetic for everything else."""
    if not values:
        return np.nan
    if metric not in GEOMETRIC:
        return float(np.mean(values))
    with np.errstate(divide="ignore"):  # a loss of 0, as the weighted term of a weight of 0, has a mean of 0
        return float(np.exp(np.mean(np.log(values))))


def collect_grid(results: Sequence[Result]) -> list[GridCell]:
    """Cells in the order of the plan; members that were evaluated on other events than most are set aside as ``stale``."""
    return collect_cells(set_aside_other_rows(results, lambda one: one.record.get("data", {}).get("test_digest")), GridCell)


def columns_of(cells: Sequence[GridCell]) -> dict[str, list[GridCell]]:
    """Cells that differ in their weight alone, by rising weight, under the name of what they share."""
    return _grouped(sorted(cells, key=lambda cell: cell.beta), lambda cell: joined(cell.bottleneck, cell.rest))


def rows_of_grid(cells: Sequence[GridCell]) -> dict[str, list[GridCell]]:
    """Cells that differ in their bottleneck alone, from the least constrained, under the name of what they share."""
    ordered = sorted(cells, key=lambda cell: BOTTLENECKS.index(cell.bottleneck))
    return _grouped(sorted(ordered, key=lambda cell: cell.beta), lambda cell: joined(f"beta {cell.beta:g}", cell.rest))


def pairs(line: Sequence[GridCell]) -> list[tuple[GridCell, GridCell]]:
    """(later, earlier) of every two cells of a row or column, those that are furthest apart first."""
    return [(line[i + gap], line[i]) for gap in range(len(line) - 1, 0, -1) for i in range(len(line) - gap)]


def _grouped(items: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
