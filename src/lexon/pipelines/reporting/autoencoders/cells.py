"""The grid of an experiment with autoencoders: what each cell is, whatever its axes are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lexon.experiments import Result
from lexon.pipelines.reporting.status import common_status, unfinished_notes

T = TypeVar("T")
BETA, BOTTLENECK = "autoencoder.globals_beta", "autoencoder.bottleneck"
# From the least to the most constrained, as the predictions have it.
BOTTLENECKS = ("none", "linear", "vq")
# Losses, by the names of metrics.json.
GEOMETRIC = ("rec_tokens", "rec_globals", "total", "weighted_globals", "vq_loss")
NEARLY_EXACT = 0.01  # share of the objects' variance below which losing more or less of it hardly matters


@dataclass(frozen=True)
class GridCell:
    """One combination of the grid's axes with all its seeds.

    Attributes:
        number: its place in the grid, from 0, the first axis varying slowest.
        name: as in members' folders, without the seed.
        axes: value of each axis.
        results: one a seed.
        settings: of its members, `AutoencoderConfig` as plain data.
    """

    number: int
    name: str
    axes: dict[str, Any]
    results: tuple[Result, ...]
    settings: dict[str, Any]

    @property
    def bottleneck(self) -> str:
        return self.settings["bottleneck"]

    @property
    def beta(self) -> float:
        return self.settings["globals_beta"]

    @property
    def rest(self) -> str:
        """The other axes in words."""
        others = {axis: value for axis, value in self.axes.items() if axis not in (BETA, BOTTLENECK)}
        return ", ".join(f"{axis.rpartition('.')[2].replace('_', ' ')} {value}" for axis, value in others.items())

    @property
    def label(self) -> str:
        """E.g. ``vq, beta 10``."""
        return _joined(self.bottleneck, f"beta {self.beta:g}", self.rest)

    @property
    def finished(self) -> list[Result]:
        """The seeds that statistics may use."""
        return [result for result in self.results if result.status == "done" and result.arrays is not None]

    @property
    def status(self) -> str:
        """The seeds' common status; ``partial`` where only some are done."""
        return common_status(self.results)

    @property
    def notes(self) -> str:
        """Why seeds are missing."""
        return "; ".join(unfinished_notes(self.results))

    @property
    def nearly_exact(self) -> bool:
        """Whether next to nothing of the objects is lost, against the best constant answer; False where nothing is finished."""
        return self.mean("test", "rec_tokens") < NEARLY_EXACT * self.mean("test", "rec_tokens_constant")

    def arrays(self, name: str) -> list[NDArray[Any]]:
        """One array a finished seed."""
        return [result.arrays[name] for result in self.finished if result.arrays is not None]

    def mean(self, split: str, *metrics: str) -> float:
        """A metric, or the sum of several, over finished seeds: the geometric mean of losses, the mean of all else; NaN without any."""
        found = [result.metrics.get(split, {}) for result in self.finished]
        values = [sum(one.get(metric, np.nan) for metric in metrics) for one in found]
        return mean_over_seeds(values, metrics[0])

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
    by_cell = _grouped(_set_aside_other_events(results), lambda result: result.member.cell_name)
    first = {name: group[0].member for name, group in by_cell.items()}
    return [
        GridCell(number, name, member.cell, tuple(by_cell[name]), member.config["autoencoder"])
        for number, (name, member) in enumerate(first.items())
    ]


def columns_of(cells: Sequence[GridCell]) -> dict[str, list[GridCell]]:
    """Cells that differ in their weight alone, by rising weight, under the name of what they share."""
    return _grouped(sorted(cells, key=lambda cell: cell.beta), lambda cell: _joined(cell.bottleneck, cell.rest))


def rows_of_grid(cells: Sequence[GridCell]) -> dict[str, list[GridCell]]:
    """Cells that differ in their bottleneck alone, from the least constrained, under the name of what they share."""
    ordered = sorted(cells, key=lambda cell: BOTTLENECKS.index(cell.bottleneck))
    return _grouped(sorted(ordered, key=lambda cell: cell.beta), lambda cell: _joined(f"beta {cell.beta:g}", cell.rest))


def pairs(line: Sequence[GridCell]) -> list[tuple[GridCell, GridCell]]:
    """(later, earlier) of every two cells of a row or column, those that are furthest apart first."""
    return [(line[i + gap], line[i]) for gap in range(len(line) - 1, 0, -1) for i in range(len(line) - gap)]


def _grouped(items: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _set_aside_other_events(results: Sequence[Result]) -> list[Result]:
    seen = Counter(_events(result) for result in results if result.status == "done")
    expected = next((digest for digest, _ in seen.most_common(1)), None)
    return [
        replace(result, status="stale", notes=f"evaluated on other events (digest {_events(result)}, expected {expected})")
        if result.status == "done" and _events(result) != expected
        else result
        for result in results
    ]


def _events(result: Result) -> Any:
    return result.record.get("data", {}).get("test_digest")
