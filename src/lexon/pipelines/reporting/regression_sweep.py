"""Members put together: the seeds of a lambda are a cell, the lambdas of one setting a sweep."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon.config import CollapseConfig, ReportConfig
from lexon.experiments import Result
from lexon.metrics.collapse import (
    Judged,
    Run,
    SpreadVerdict,
    gate,
    has_sign,
    judge,
    run_stability,
    select,
    still_falls,
    verdict,
)
from lexon.metrics.ranking import Statistic
from lexon.metrics.regression import r2_statistic
from lexon.pipelines.modelling.regression.baselines import BASELINES
from lexon.pipelines.reporting.cells import (
    Cell,
    collect_cells,
    counted_seeds,
    grouped,
    set_aside_other_rows,
)
from lexon.pipelines.reporting.words import joined, number, setting_words
from lexon.statistics import SEED, Interval, of_seed
from lexon.statistics.differences import Difference, SmallestEffect, Trainings, compare, resample

LAMBDA = "variance_lambda"
FALLING = "the validation loss still fell at the end"
Arrays = Mapping[str, NDArray[Any]]

CONTROL = "lambda 0"


@dataclass(frozen=True, eq=False)
class LambdaCell(Cell):
    """One lambda of a sweep with all its planned seeds; `limits` are those of verdicts."""

    limits: CollapseConfig = field(kw_only=True)

    @property
    def value(self) -> float:
        """Of lambda."""
        return float(self.config[LAMBDA])

    @property
    def facts(self) -> dict[str, Any]:
        """Lambda, an axis or not."""
        return {LAMBDA: self.value}

    @property
    def setting(self) -> dict[str, Any]:
        """The other axes."""
        return {axis: value for axis, value in self.axes.items() if axis != LAMBDA}

    @property
    def label(self) -> str:
        """E.g. ``penalty global, lambda 2``."""
        return joined(setting_words(self.setting), f"lambda {self.value:g}")

    @cached_property
    def finished(self) -> list[Result]:
        """The seeds that left predictions, finite or not."""
        return [
            result
            for result in self.results
            if result.status == "done" and result.history is not None
        ]

    @property
    def runs(self) -> list[Run]:
        """Finished and failed seeds; pending and stale ones say nothing."""
        return [
            self._run(result)
            for result in self.results
            if result.status == "failed" or result in self.finished
        ]

    @cached_property
    def judged(self) -> Judged | None:
        """The judgement on the seeds; None where there is nothing to judge yet."""
        return judge(self.value, self.runs, self.limits) if self.runs else None

    @property
    def verdicts(self) -> list[SpreadVerdict]:
        """Of each finished seed."""
        return [self._verdict(result) for result in self.finished]

    def remarks(self) -> list[str]:
        """Which seeds ended before their time."""
        ended = [
            result.record["given_up"] for result in self.finished if result.record.get("given_up")
        ]
        return counted_seeds(ended, len(self.results))

    def median(self, metric: str, split: str = "val") -> float:
        """Over the finished seeds that have it."""
        finite = [value for value in self.values(split, metric) if np.isfinite(value)]
        return float(np.median(finite)) if finite else np.nan

    def last_epochs(self, column: str) -> float:
        """Mean of a column of the history over the last epochs; of the finished seeds the median,
        as of all numbers in Table 2.
        """
        means = [
            float(_history(result)[column].tail(self.limits.last_epochs).mean())
            for result in self.finished
        ]
        finite = [mean for mean in means if np.isfinite(mean)]
        return float(np.median(finite)) if finite else np.nan

    @property
    def falling(self) -> int:
        """Finished seeds whose validation loss still fell at the end."""
        return sum(run.falling for run in self.runs)

    def predictions(self, split: str) -> list[NDArray[np.float32]]:
        """Of the finished seeds whose predictions are all finite."""
        return [
            values for values in self.arrays(f"{split}_prediction") if np.isfinite(values).all()
        ]

    def _run(self, result: Result) -> Run:
        if result.status == "failed":
            return Run(np.nan, np.nan, "failed")
        ended = bool(result.record.get("stopped_early") or result.record.get("given_up"))
        stability = run_stability(
            _history(result), result.member.config["training"]["epochs"], ended, self.limits
        )
        val = result.metrics.get("val", {})
        r2, ratio = val.get("r2", np.nan), val.get("variance_ratio", np.nan)
        return Run(
            r2, ratio, stability, signed=_signed(result), falling=still_falls(_history(result))
        )

    def _verdict(self, result: Result) -> SpreadVerdict:
        val = result.metrics.get("val", {})
        return verdict(
            val.get("variance_ratio", np.nan),
            val.get("pearson", np.nan),
            self.limits,
            signed=_signed(result),
        )


@dataclass(frozen=True)
class Sweep:
    """The lambdas of one setting of the grid's other axes, smallest first."""

    axes: dict[str, Any]
    cells: tuple[LambdaCell, ...]
    limits: CollapseConfig

    @property
    def label(self) -> str:
        """The other axes in words; empty where lambda is the only one."""
        return setting_words(self.axes)

    @property
    def judged(self) -> list[Judged]:
        return [cell.judged for cell in self.cells if cell.judged is not None]

    @property
    def selected(self) -> LambdaCell | None:
        """The selected lambda, chosen on validation."""
        chosen = select(self.judged, self.limits)
        return (
            next((cell for cell in self.cells if cell.judged is chosen), None) if chosen else None
        )

    @property
    def control(self) -> LambdaCell | None:
        """Lambda 0."""
        return next((cell for cell in self.cells if cell.value == 0), None)

    @property
    def penalised(self) -> list[LambdaCell]:
        """Lambdas above 0."""
        return [cell for cell in self.cells if cell.value > 0]

    @property
    def best_penalised(self) -> tuple[LambdaCell, str] | None:
        """The lambda above 0 that stands for the penalty, and in words why: the selected one, else
        the highest R2 of those not unstable.
        """
        chosen = self.selected
        if chosen is not None and chosen.value > 0:
            return chosen, "selected"
        known = sorted(filter(_has_number, self.penalised), key=_r2, reverse=True)
        if not known:
            return None
        highest = known[0]
        best = next((cell for cell in known if not _is_unstable(cell)), highest)
        if best is not highest:
            unstable = f"lambda {highest.value:g}, with {number(_r2(highest), 3)}, is unstable"
            return best, f"highest R2 of the lambdas above 0 that are not unstable; {unstable}"
        return (
            best,
            f"highest R2 of the lambdas above 0{', all unstable' if _is_unstable(best) else ''}",
        )

    @property
    def gate(self) -> tuple[str, list[str]]:
        """``go`` or ``re_evaluate``, and every reason."""
        passed, reasons = gate(self.judged, self.limits)
        return passed, list(reasons)


def collect_sweeps(
    results: Sequence[Result], baselines: Arrays | None, limits: CollapseConfig
) -> list[Sweep]:
    """Sweeps in the order of the plan; members of other rows than the baselines', or than most, are
    set aside.
    """
    rows_of = _TargetDigests()
    expected = None if baselines is None else rows_of.of(baselines)
    checked = set_aside_other_rows(
        results,
        lambda one: None if one.arrays is None else rows_of.of(one.arrays),
        expected,
        "rows",
    )
    sweeps = grouped(
        collect_cells(checked, LambdaCell, limits=limits), lambda cell: repr(cell.setting)
    ).values()
    return [
        Sweep(cells[0].setting, tuple(sorted(cells, key=lambda cell: cell.value)), limits)
        for cells in sweeps
    ]


class _TargetDigests:
    """Digests of targets on validation; those that differ by rounding alone have the digest of the
    first.
    """

    def __init__(self) -> None:
        self._known: dict[str, NDArray[np.floating]] = {}

    def of(self, arrays: Arrays) -> str:
        target = arrays["val_target"]
        alike = (
            digest
            for digest, one in self._known.items()
            if one.shape == target.shape and np.allclose(one, target)
        )
        digest = next(alike, None) or hashlib.sha256(target.tobytes()).hexdigest()[:12]
        self._known.setdefault(digest, target)
        return digest


def _r2(cell: LambdaCell) -> float:
    return cell.judged.r2 if cell.judged else np.nan


def _has_number(cell: LambdaCell) -> bool:
    return bool(np.isfinite(_r2(cell)))


def _is_unstable(cell: LambdaCell) -> bool:
    return cell.judged is not None and cell.judged.stable is False


def _signed(result: Result) -> bool:
    """Whether the correlation of a seed's validation predictions differs from 0; where their number
    is not known, its sign counts.
    """
    return result.arrays is None or has_sign(
        result.metrics.get("val", {}).get("pearson", np.nan), len(result.arrays["val_target"])
    )


def _history(result: Result) -> pd.DataFrame:
    assert result.history is not None
    return result.history


Differences = dict[
    tuple[LambdaCell, str], Difference
]  # by lambda and what it is compared with, in words


def r2_differences(
    sweeps: Sequence[Sweep],
    baselines: Arrays | None,
    split: str,
    report: ReportConfig,
    only: LambdaCell | None = None,
) -> Differences:
    """R2 of each lambda less that of lambda 0 and of each baseline, where both have predictions.

    Args:
        only: the one lambda whose differences are asked for; None: of all lambdas.
    """
    cells = [cell for sweep in sweeps for cell in sweep.cells if _has_r2(cell, split)]
    statistics = {cell.name: _statistics(cell, split) for cell in cells} | (
        _of_baselines(baselines, split) if cells else {}
    )
    family = {}
    for cell, against, other in _pairs(sweeps, only):
        if {cell.name, other} <= statistics.keys():
            family[cell, against] = [{cell.name: 1, other: -1}]
    return (
        compare(_resampled(statistics, cells, split, report), family, _smallest(report), _rng())
        if family
        else {}
    )


def r2_interval(cell: LambdaCell, split: str, report: ReportConfig) -> Interval | None:
    """R2 of a lambda, mean over its seeds, with the interval over rows and seeds; None without
    predictions.
    """
    if not _has_r2(cell, split):
        return None
    trainings = _resampled({"": _statistics(cell, split)}, [cell], split, report)
    return compare(trainings, {"": [{"": 1}]}, _smallest(report), _rng())[""].alone


def _pairs(
    sweeps: Sequence[Sweep], only: LambdaCell | None
) -> Iterator[tuple[LambdaCell, str, str]]:
    """Each lambda, or one alone, with what it is compared with: in words, and as a name among
    statistics.
    """
    for sweep in sweeps:
        for cell in sweep.cells if only is None else [only]:
            if sweep.control is not None and cell is not sweep.control:
                yield cell, CONTROL, sweep.control.name
            for name, words in BASELINES.items():
                yield cell, words, name


def _of_baselines(baselines: Arrays | None, split: str) -> dict[str, list[Statistic]]:
    if baselines is None:
        return {}
    return {
        name: [r2_statistic(baselines[f"{split}_target"], baselines[f"{split}_{name}"])]
        for name in BASELINES
    }


def _smallest(report: ReportConfig) -> SmallestEffect:
    return SmallestEffect(report.min_effect.score, "absolute")


def _has_r2(cell: LambdaCell, split: str) -> bool:
    """Whether there are predictions, of targets that differ."""
    return bool(cell.predictions(split)) and bool(np.ptp(_target(cell, split)))


def _target(cell: LambdaCell, split: str) -> NDArray[np.floating]:
    return cell.arrays(f"{split}_target")[0]


def _statistics(cell: LambdaCell, split: str) -> list[Statistic]:
    target = _target(cell, split)
    return [r2_statistic(target, values) for values in cell.predictions(split)]


def trainings_of(
    cells: Sequence[LambdaCell], report: ReportConfig, wanted: frozenset[str]
) -> dict[str, Trainings]:
    """On validation R2 over rows and seeds, the variance ratio over seeds alone, where wanted: by
    ``statistic:name of a lambda``.
    """
    known = [cell for cell in cells if _has_r2(cell, "val")]
    r2 = {f"r2:{cell.name}": _statistics(cell, "val") for cell in known}
    ratio = {
        f"variance_ratio:{cell.name}": [
            of_seed(value) for value in cell.values("val", "variance_ratio")
        ]
        for cell in known
    }
    chosen = {
        name: seeds
        for name, seeds in (r2 | ratio).items()
        if seeds and name.partition(":")[0] in wanted
    }
    return _resampled(chosen, known, "val", report) if chosen else {}


def _resampled(
    statistics: Mapping[str, list[Statistic]],
    cells: Sequence[LambdaCell],
    split: str,
    report: ReportConfig,
) -> dict[str, Trainings]:
    return resample(
        statistics,
        len(_target(cells[0], split)),
        report.n_bootstrap,
        _rng(),
        BASELINES,
        _groups(cells, split),
    )


def _groups(cells: Sequence[LambdaCell], split: str) -> NDArray[np.integer] | None:
    """The group of each row, which is resampled as a whole; None where rows have no groups."""
    arrays = [
        result.arrays for cell in cells for result in cell.finished if result.arrays is not None
    ]
    return next((one[f"{split}_group"] for one in arrays if f"{split}_group" in one), None)


def _rng() -> np.random.Generator:
    return np.random.default_rng(SEED)
