"""The grid of an experiment with autoencoders: what each cell is, whatever its axes are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.config import ReportConfig
from lexon.experiments import Result
from lexon.metrics.latent_probe import r_squared_statistic
from lexon.metrics.ranking import Statistic, auroc
from lexon.metrics.scores import Scores
from lexon.pipelines.pretraining.autoencoders.corruptions import CORRUPTIONS
from lexon.pipelines.reporting.cells import Cell, collect_cells, grouped, set_aside_other_rows
from lexon.pipelines.reporting.words import joined, setting_words, share
from lexon.statistics import (
    SEED,
    Difference,
    Interval,
    Outcome,
    SmallestEffect,
    Trainings,
    Verdict,
    compare,
    outcome_of,
    resample,
    share_intervals,
    weighted_intervals,
)

BETA, BOTTLENECK = "autoencoder.globals_beta", "autoencoder.bottleneck"
# From the least to the most constrained, as the predictions have it.
BOTTLENECKS = ("none", "linear", "vq")
# Losses, by the names of metrics.json.
GEOMETRIC = ("rec_tokens", "rec_globals", "total", "weighted_globals", "vq_loss")
NEARLY_EXACT = (
    0.01  # share of the objects' variance below which losing more or less of it hardly matters
)

COMPARED = ("rec_tokens", "rec_globals", "criterion")
LOSSES = ("rec_tokens", "rec_globals", "criterion", "total")
PROBES = {"probe_met_r2": slice(0, 1), "probe_met_phi_r2": slice(1, 3)}
UNKNOWN = Interval(np.nan, np.nan, np.nan)
AUROCS = frozenset({"anomaly", *CORRUPTIONS})


@dataclass(frozen=True, eq=False)
class GridCell(Cell):
    """A cell of autoencoders: a bottleneck, a weight of the globals' loss, and whatever else the
    grid varies.
    """

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
    def facts(self) -> dict[str, Any]:
        """Weight and bottleneck, axes or not."""
        return {BETA: self.beta, BOTTLENECK: self.bottleneck}

    @property
    def rest(self) -> str:
        """The other axes in words."""
        return setting_words(
            {axis: value for axis, value in self.axes.items() if axis not in (BETA, BOTTLENECK)}
        )

    @property
    def label(self) -> str:
        """E.g. ``vq, beta 10``."""
        return joined(self.bottleneck, f"beta {self.beta:g}", self.rest)

    @cached_property
    def finished(self) -> list[Result]:
        """The seeds that statistics may use."""
        return [
            result
            for result in self.results
            if result.status == "done" and result.arrays is not None
        ]

    @property
    def nearly_exact(self) -> bool:
        """Whether next to nothing of the objects is lost, against the best constant answer; False
        where nothing is finished.
        """
        return self.mean("test", "rec_tokens") < NEARLY_EXACT * self.mean(
            "test", "rec_tokens_constant"
        )

    def mean(self, split: str, metric: str) -> float:
        """A metric over finished seeds: the geometric mean of losses, the mean of all else; NaN
        without any.
        """
        return mean_over_seeds(self.values(split, metric), metric)

    def criterion(self, split: str) -> float:
        """The sum of both errors, unweighted, over finished seeds: what the choice is made by."""
        both = zip(self.values(split, "rec_tokens"), self.values(split, "rec_globals"), strict=True)
        return mean_over_seeds([sum(one) for one in both], "rec_tokens")

    def gap(self, metric: str) -> float:
        """How much larger a loss is on the test split than on the training split, as a share."""
        return self.mean("test", metric) / self.mean("train", metric) - 1


def mean_over_seeds(values: Sequence[float], metric: str) -> float:
    """The one mean of this report: geometric for losses, which are compared by their ratios,
    arithmetic for everything else.
    """
    if not values:
        return np.nan
    if metric not in GEOMETRIC:
        return float(np.mean(values))
    with np.errstate(
        divide="ignore"
    ):  # a loss of 0, as the weighted term of a weight of 0, has a mean of 0
        return float(np.exp(np.mean(np.log(values))))


def collect_grid(results: Sequence[Result]) -> list[GridCell]:
    """Cells in the order of the plan; members that were evaluated on other events than most are set
    aside as ``stale``.
    """
    return collect_cells(
        set_aside_other_rows(results, lambda one: one.record.get("data", {}).get("test_digest")),
        GridCell,
    )


def columns_of(cells: Sequence[GridCell]) -> dict[str, list[GridCell]]:
    """Cells that differ in their weight alone, by rising weight, under the name of what
    they share.
    """
    return grouped(
        sorted(cells, key=lambda cell: cell.beta), lambda cell: joined(cell.bottleneck, cell.rest)
    )


def rows_of_grid(cells: Sequence[GridCell]) -> dict[str, list[GridCell]]:
    """Cells that differ in their bottleneck alone, from the least constrained, under the name of
    what they share.
    """
    ordered = sorted(cells, key=lambda cell: BOTTLENECKS.index(cell.bottleneck))
    return grouped(
        sorted(ordered, key=lambda cell: cell.beta),
        lambda cell: joined(f"beta {cell.beta:g}", cell.rest),
    )


def pairs(line: Sequence[GridCell]) -> list[tuple[GridCell, GridCell]]:
    """(later, earlier) of every two cells of a row or column, those that are furthest apart
    first.
    """
    return [
        (line[i + gap], line[i])
        for gap in range(len(line) - 1, 0, -1)
        for i in range(len(line) - gap)
    ]


Pairs = tuple[tuple[GridCell, GridCell], ...]


@dataclass(frozen=True)
class Comparison:
    """Cells against others that differ from them in one thing.

    Attributes:
        metric: that is compared.
        pairs: (cell, other), one a setting of what is averaged over.
        cell, against: both sides in words.
        axis: the axis between them, where it is neither the weight nor the bottleneck and all
            settings of the others are averaged over.
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
        return Comparison(
            self.metric, tuple((b, a) for a, b in self.pairs), self.against, self.cell, self.axis
        )


def of_cells(metric: str, cell: GridCell, against: GridCell) -> Comparison:
    """Of two cells."""
    return Comparison(metric, ((cell, against),), cell.label, against.label)


def comparisons(cells: Sequence[GridCell]) -> list[Comparison]:
    """The table of changes: the levels of further axes first, then cells one by one."""
    further = steps(cells)
    lines = [*columns_of(cells).values(), *rows_of_grid(cells).values()]
    single = [pair for line in lines for pair in pairs(line)] + [
        pair for step in further[:: len(COMPARED)] for pair in step.pairs
    ]
    return further + [
        of_cells(metric, later, earlier) for later, earlier in single for metric in COMPARED
    ]


def steps(cells: Sequence[GridCell]) -> list[Comparison]:
    """Every two levels of each axis but the weight and the bottleneck, which have tables and
    answers of their own.
    """
    axes = [axis for axis in (cells[0].axes if cells else ()) if axis not in (BETA, BOTTLENECK)]
    found = []
    for axis in axes:
        for earlier, later in combinations(_levels([cell.axes[axis] for cell in cells]), 2):
            apart = _pairs(axis, earlier, later, cells)
            found += [
                Comparison(metric, apart, str(later), str(earlier), axis) for metric in COMPARED
            ]
    return found


def _pairs(axis: str, earlier: Any, later: Any, cells: Sequence[GridCell]) -> Pairs:
    at = {_setting(cell, axis): cell for cell in cells if cell.axes[axis] == earlier}
    return tuple(
        (cell, at[_setting(cell, axis)])
        for cell in cells
        if cell.axes[axis] == later and _setting(cell, axis) in at
    )


def _setting(cell: GridCell, axis: str) -> str:
    return repr({name: value for name, value in cell.axes.items() if name != axis})


def _levels(values: Sequence[Any]) -> list[Any]:
    """Numbers from low to high, others as planned."""
    levels = list(dict.fromkeys(values))
    return sorted(levels) if all(isinstance(level, int | float) for level in levels) else levels


@dataclass(frozen=True)
class Change:
    """A loss of a cell relative to the same loss of another.

    Attributes:
        relative: (geometric) mean over seeds of loss / other loss - 1, with the interval of its
            family; NaN where nothing is finished.
        alone: the same with the interval that it has when nothing else is asked.
        verdict: of `lexon.statistics.differences`.
        n_seeds: of the cell that has fewest; 0 where nothing is finished.
        negligible: the whole interval of its family lies within the smallest effect.
    """

    metric: str
    cell: str
    against: str
    relative: Interval
    alone: Interval
    verdict: str
    n_seeds: int
    negligible: bool

    @property
    def outcome(self) -> Outcome:
        """What an answer may rest on: an effect, the certainty that there is none, or neither."""
        return outcome_of(self.verdict, self.negligible)

    @property
    def words(self) -> str:
        """E.g. ``rec_tokens +12.0 % [+8.0 %, +15.0 %], vq, beta 1 against none, beta 1``."""
        return f"{self.size}, {self.cell} against {self.against}"

    @property
    def size(self) -> str:
        """E.g. ``rec_tokens +12.0 % [+8.0 %, +15.0 %]``."""
        measured = np.isfinite(self.relative.estimate)
        return (
            f"{self.metric} {share(self.relative)}" if measured else f"{self.metric} not measured"
        )


@dataclass(frozen=True)
class Grid:
    """Cells with their estimates on the test split, or another.

    Attributes:
        cells: in the order of the plan.
        trainings: statistics of the finished cells, by metric and name of the cell; losses as
            logarithms.
        smallest: relative change below which a certain difference is not called an effect.
    """

    cells: tuple[GridCell, ...]
    trainings: Mapping[str, Trainings]
    smallest: SmallestEffect

    @property
    def n_seeds(self) -> int:
        """Finished seeds of the finished cell that has fewest; 0 where none is finished."""
        return min((len(cell.finished) for cell in self.cells if cell.finished), default=0)

    def has(self, metric: str, cell: GridCell) -> bool:
        """Whether it was measured."""
        return _key(metric, cell) in self.trainings

    def interval(self, metric: str, cell: GridCell) -> Interval:
        """A metric of a cell, losses in their own unit; NaN where it is not finished."""
        interval = self._alone.get(_key(metric, cell), UNKNOWN)
        return _each(np.exp, interval) if metric in LOSSES else interval

    def change(self, metric: str, cell: GridCell, against: GridCell) -> Change:
        """How much larger a loss is in a cell than in another that differs from it in one thing."""
        return self.of(of_cells(metric, cell, against))

    def holds(self, comparison: Comparison) -> bool:
        """Whether a comparison is one of the table, either way round, or has nothing finished to
        compare.
        """
        return (
            not comparison.finished
            or comparison.key in self._table
            or comparison.turned.key in self._table
        )

    def of(self, comparison: Comparison) -> Change:
        """A change of the table, or the same the other way round."""
        if not comparison.finished:
            return Change(
                comparison.metric,
                comparison.cell,
                comparison.against,
                UNKNOWN,
                UNKNOWN,
                Verdict.UNDECIDED,
                0,
                negligible=False,
            )
        table, turned = self._table, comparison.turned
        found = (
            table[comparison.key] if comparison.key in table else self._turned(table[turned.key])
        )
        return replace(found, cell=comparison.cell, against=comparison.against)

    def family(self, asked: Sequence[Comparison]) -> list[Change]:
        """Changes that are judged together and apart from the table's."""
        settings = {
            i: [{_key(one.metric, a): 1.0, _key(one.metric, b): -1.0} for a, b in one.finished]
            for i, one in enumerate(asked)
            if one.finished
        }
        metrics = {one.metric for one in asked}
        trainings = {
            name: cell for name, cell in self.trainings.items() if name.partition(":")[0] in metrics
        }
        found = compare(trainings, settings, self.smallest, np.random.default_rng(SEED))
        return [
            self._change(one, found[i]) if i in found else self.of(one)
            for i, one in enumerate(asked)
        ]

    @cached_property
    def _table(self) -> dict[Any, Change]:
        """The table of changes, all of it one family."""
        asked = list({one.key: one for one in comparisons(self.cells) if one.finished}.values())
        return dict(zip((one.key for one in asked), self.family(asked), strict=True))

    @cached_property
    def _alone(self) -> dict[str, Interval]:
        alone = {name: {name: 1.0} for name in self.trainings}
        aurocs = {name: alone[name] for name in alone if name.partition(":")[0] in AUROCS}
        return weighted_intervals(self.trainings, alone, np.random.default_rng(SEED)) | (
            share_intervals(self.trainings, aurocs, np.random.default_rng(SEED))
        )

    def _change(self, asked: Comparison, found: Difference) -> Change:
        alone = self.smallest.change(found.alone, 1.0)
        words = asked.metric, asked.cell, asked.against
        return Change(*words, found.change, alone, found.verdict, found.n_seeds, found.negligible)

    def _turned(self, change: Change) -> Change:
        relative, alone = (
            _each(lambda share: 1 / (1 + share) - 1, Interval(one.estimate, one.high, one.low))
            for one in (change.relative, change.alone)
        )
        verdict = (
            str(Verdict.of(relative, self.smallest.size))
            if change.verdict in set(Verdict)
            else change.verdict
        )
        return replace(change, relative=relative, alone=alone, verdict=verdict)


def estimate_grid(cells: Sequence[GridCell], split: str, report: ReportConfig) -> Grid:
    """Everything that a split says, from the per-event arrays of the finished members."""
    finished = [cell for cell in cells if cell.finished]
    statistics = {
        _key(metric, cell): seeds
        for cell in finished
        for metric, seeds in _statistics(cell, split).items()
    }
    n_rows = len(finished[0].arrays(f"{split}_rec_tokens")[0]) if finished else 1
    trainings = (
        resample(statistics, n_rows, report.n_bootstrap, np.random.default_rng(SEED))
        if statistics
        else {}
    )
    return Grid(tuple(cells), trainings, SmallestEffect(report.min_effect.loss, "log"))


def _key(metric: str, cell: GridCell) -> str:
    return f"{metric}:{cell.name}"


def _statistics(cell: GridCell, split: str) -> dict[str, list[Statistic]]:
    """By metric, one statistic a finished seed."""
    kept: dict[str, list[Statistic]] = {}
    for result in cell.finished:
        assert result.arrays is not None
        arrays = {
            name.removeprefix(f"{split}_"): values
            for name, values in result.arrays.items()
            if name.startswith(f"{split}_")
        }
        for metric, statistic in _of_one(arrays).items():
            kept.setdefault(metric, []).append(statistic)
    return kept


def _of_one(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Statistic]:
    losses = {"criterion": arrays["rec_tokens"] + arrays["rec_globals"], **arrays}
    statistics: dict[str, Statistic] = {name: _log_mean(losses[name]) for name in LOSSES}
    for name, columns in PROBES.items():
        statistics[name] = r_squared_statistic(
            arrays["met"][:, columns], arrays["probe_met"][:, columns]
        )
    is_signal = arrays["target"] == 0
    if is_signal.any() and not is_signal.all():
        statistics["anomaly"] = auroc(_as_scores(arrays["rec_tokens"], is_signal))
    for name in CORRUPTIONS:
        if name in arrays:
            statistics[name] = _separation(arrays[name], arrays["rec_tokens"])
    return statistics


def _log_mean(values: NDArray[np.floating]) -> Statistic:
    return lambda weights: np.log((weights @ values) / weights.sum(1))


def _separation(changed: NDArray[np.floating], original: NDArray[np.floating]) -> Statistic:
    """AUROC of changed events against the same events as they were; both are drawn together."""
    is_changed = np.arange(2 * len(changed)) < len(changed)
    statistic: Callable[..., NDArray[np.float64]] = auroc(
        _as_scores(np.concatenate([changed, original]), is_changed)
    )
    return lambda weights: statistic(np.concatenate([weights, weights], axis=1))


def _as_scores(score: NDArray[np.floating], is_signal: NDArray[np.bool_]) -> Scores:
    """Any score as that of a classifier: only its order counts."""
    target = np.where(is_signal, 0, 1)
    return Scores(
        np.stack([score, -score], axis=1),
        target,
        target,
        np.arange(len(score)),
        ("signal", "background"),
        {},
        "",
    )


def _each(function: Callable[[float], Any], interval: Interval) -> Interval:
    return Interval(
        *(float(function(value)) for value in (interval.estimate, interval.low, interval.high))
    )
