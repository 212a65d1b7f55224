"""How sure the numbers are: estimates of each cell, and changes from one cell to another.

Losses are compared by their logarithms, so a difference is a relative change and losses of any size are compared alike. Cells are
paired: all see the same resamples of the same events. The spread over seeds differs between bottlenecks, so it is pooled over the
two cells of a comparison and over no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lexon.config import ReportConfig
from lexon.metrics.latent_probe import r_squared_statistic
from lexon.metrics.ranking import Statistic, auroc
from lexon.metrics.scores import Scores
from lexon.pipelines.pretraining.autoencoders.corruptions import CORRUPTIONS
from lexon.pipelines.reporting.autoencoders.cells import GridCell
from lexon.statistics import Interval, Replicates, bootstrap_statistics, is_effect, pooled_seed_spread

# Reports of the same results are the same to the last digit.
_SEED = 2026
MIN_SEEDS = 2  # from here on a spread over seeds can be seen at all
LOSSES = ("rec_tokens", "rec_globals", "criterion", "total")
PROBES = {"probe_met_r2": slice(0, 1), "probe_met_phi_r2": slice(1, 3)}
Verdict = Literal["higher", "lower", "similar", "undecided"]


@dataclass(frozen=True)
class Estimate:
    """One number of a cell.

    Attributes:
        seeds: its value for each seed, float64 [seed].
        events: its mean over seeds for each resample of the events, float64 [resample].
    """

    seeds: NDArray[np.float64]
    events: NDArray[np.float64]

    def interval(self, rng: np.random.Generator) -> Interval:
        """Over events and seeds."""
        return Replicates(float(self.seeds.mean()), self.events + _seed_noise([self], rng)).interval()


@dataclass(frozen=True)
class Change:
    """A loss of a cell relative to the same loss of another.

    Attributes:
        relative: (geometric) mean over seeds of loss / other loss - 1, with its interval; NaN where a cell is not finished.
        verdict: ``higher`` and ``lower`` are effects (`lexon.statistics.is_effect`); ``similar`` has its whole interval within
            the smallest effect; else, or with a single seed, ``undecided``.
        n_seeds: of the cell that has fewer.
    """

    metric: str
    cell: str
    against: str
    relative: Interval
    verdict: Verdict
    n_seeds: int

    @property
    def words(self) -> str:
        """E.g. ``rec_tokens +12.0 % [+8.0 %, +15.0 %], vq, beta 1 against none, beta 1``."""
        return f"{self.size}, {self.cell} against {self.against}"

    @property
    def size(self) -> str:
        """E.g. ``rec_tokens +12.0 % [+8.0 %, +15.0 %]``."""
        measured = np.isfinite(self.relative.estimate)
        return f"{self.metric} {_percent_interval(self.relative)}" if measured else f"{self.metric} not measured"


@dataclass(frozen=True)
class Grid:
    """Cells with their estimates on the test split, or another.

    Attributes:
        cells: in the order of the plan.
        estimates: by metric and name of the cell; losses as logarithms.
        min_effect: relative change below which a significant difference is not called an effect.
    """

    cells: tuple[GridCell, ...]
    estimates: Mapping[tuple[str, str], Estimate]
    min_effect: float

    @property
    def n_seeds(self) -> int:
        """Finished seeds of the finished cell that has fewest; 0 where none is finished."""
        return min((len(cell.finished) for cell in self.cells if cell.finished), default=0)

    def interval(self, metric: str, cell: GridCell) -> Interval:
        """A metric of a cell, losses in their own unit; NaN where it is not finished."""
        estimate = self.estimates.get((metric, cell.name))
        if estimate is None:
            return Interval(np.nan, np.nan, np.nan)
        interval = estimate.interval(np.random.default_rng(_SEED))
        return _each(np.exp, interval) if metric in LOSSES else interval

    def change(self, metric: str, cell: GridCell, against: GridCell) -> Change:
        """How much larger a loss is in a cell than in another."""
        return self.average_change(metric, [(cell, against)], cell.label, against.label)

    def average_change(self, metric: str, pairs: Sequence[tuple[GridCell, GridCell]], words: str, against: str) -> Change:
        """How much larger a loss is in the first cells of some pairs than in the second: the geometric mean over finished pairs."""
        looked_up = [tuple(self.estimates.get((metric, cell.name)) for cell in pair) for pair in pairs]
        known = [(ours, theirs) for ours, theirs in looked_up if ours is not None and theirs is not None]
        if not known:
            return Change(metric, words, against, Interval(np.nan, np.nan, np.nan), "undecided", 0)
        relative = _each(np.expm1, _difference(known, np.random.default_rng(_SEED)))
        n_seeds = min(len(estimate.seeds) for pair in known for estimate in pair)
        told = verdict(relative, self.min_effect) if n_seeds >= MIN_SEEDS else "undecided"
        return Change(metric, words, against, relative, told, n_seeds)


def _percent_interval(interval: Interval) -> str:
    return f"{_percent(interval.estimate)} [{_percent(interval.low)}, {_percent(interval.high)}]"


def verdict(relative: Interval, min_effect: float) -> Verdict:
    """What an interval of a relative change says."""
    if is_effect(relative, relative.estimate, min_effect):
        return "higher" if relative.estimate > 0 else "lower"
    return "similar" if -min_effect < relative.low and relative.high < min_effect else "undecided"


def estimate_grid(cells: Sequence[GridCell], split: str, report: ReportConfig) -> Grid:
    """Everything that is told of a split, from the per-event arrays of the finished members."""
    finished = [cell for cell in cells if cell.finished]
    statistics = {(metric, cell.name): seeds for cell in finished for metric, seeds in _statistics(cell, split).items()}
    if not statistics:
        return Grid(tuple(cells), {}, report.min_effect.loss)
    n_rows = len(finished[0].arrays(f"{split}_rec_tokens")[0])
    named = {f"{metric}:{cell}": seeds for (metric, cell), seeds in statistics.items()}
    # The seeds' share is added by comparison: here it would be pooled over all metrics and cells.
    replicates = bootstrap_statistics(named, n_rows, report.n_bootstrap, np.random.default_rng(_SEED), seedless=named)
    once = np.ones((1, n_rows), np.float32)
    estimates = {
        (metric, cell): Estimate(np.array([float(seed(once)[0]) for seed in seeds]), replicates[f"{metric}:{cell}"].values)
        for (metric, cell), seeds in statistics.items()
    }
    return Grid(tuple(cells), estimates, report.min_effect.loss)


def _statistics(cell: GridCell, split: str) -> dict[str, list[Statistic]]:
    """By metric, one statistic a finished seed."""
    kept: dict[str, list[Statistic]] = {}
    for result in cell.finished:
        assert result.arrays is not None
        arrays = {name.removeprefix(f"{split}_"): values for name, values in result.arrays.items() if name.startswith(f"{split}_")}
        for metric, statistic in _of_one(arrays).items():
            kept.setdefault(metric, []).append(statistic)
    return kept


def _of_one(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Statistic]:
    losses = {"criterion": arrays["rec_tokens"] + arrays["rec_globals"], **arrays}
    statistics: dict[str, Statistic] = {name: _log_mean(losses[name]) for name in LOSSES}
    for name, columns in PROBES.items():
        statistics[name] = r_squared_statistic(arrays["met"][:, columns], arrays["probe_met"][:, columns])
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
    statistic: Callable[..., NDArray[np.float64]] = auroc(_as_scores(np.concatenate([changed, original]), is_changed))
    return lambda weights: statistic(np.concatenate([weights, weights], axis=1))


def _as_scores(score: NDArray[np.floating], is_signal: NDArray[np.bool_]) -> Scores:
    """Any score as that of a classifier: only its order counts."""
    target = np.where(is_signal, 0, 1)
    return Scores(np.stack([score, -score], axis=1), target, target, np.arange(len(score)), ("signal", "background"), {}, "")


def _difference(pairs: Sequence[tuple[Estimate, Estimate]], rng: np.random.Generator) -> Interval:
    """The mean difference of some pairs of cells, paired over events."""
    estimate = float(np.mean([ours.seeds.mean() - theirs.seeds.mean() for ours, theirs in pairs]))
    events = np.mean([ours.events - theirs.events for ours, theirs in pairs], axis=0)
    noise = _seed_noise([estimate for pair in pairs for estimate in pair], rng) / len(pairs)
    return Replicates(estimate, events + noise).interval()


def _seed_noise(estimates: Sequence[Estimate], rng: np.random.Generator) -> NDArray[np.float64]:
    """What seeds add to a difference of means, [resample]: s sqrt(sum 1/n) Student's t; 0 where no spread can be seen."""
    n = len(estimates[0].events)
    spread, freedom = pooled_seed_spread([estimate.seeds for estimate in estimates])
    if not freedom:
        return np.zeros(n)
    return spread * np.sqrt(sum(1 / len(estimate.seeds) for estimate in estimates)) * rng.standard_t(freedom, n)


def _each(function: Callable[[float], Any], interval: Interval) -> Interval:
    return Interval(*(float(function(value)) for value in (interval.estimate, interval.low, interval.high)))


def _percent(share: float) -> str:
    """A relative change, or beyond a factor of ten in either direction that factor."""
    return f"{share:+.1%}".replace("%", " %") if -0.9 < share < 9 else f"x {share + 1:.3g}"
