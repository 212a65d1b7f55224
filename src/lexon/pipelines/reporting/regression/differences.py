"""R2 of each lambda less that of lambda 0 and of each baseline, paired over rows and seeds: one family for a whole table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lexon.config import ReportConfig
from lexon.metrics.ranking import Statistic
from lexon.metrics.regression import r2_statistic
from lexon.pipelines.modelling.regression.baselines import BASELINES
from lexon.pipelines.reporting.regression.sweep import Arrays, LambdaCell, Sweep
from lexon.statistics import SEED, Interval
from lexon.statistics.differences import Difference, SmallestEffect, Trainings, compare, resample

CONTROL = "lambda 0"

Key = tuple[str, float, str]  # label of a sweep, lambda, and what it is compared with
Differences = dict[Key, Difference]


def r2_differences(
    sweeps: Sequence[Sweep], baselines: Arrays | None, split: str, report: ReportConfig, only: LambdaCell | None = None
) -> Differences:
    """R2 of each lambda less that of lambda 0 and of each baseline, where both have predictions.

    Args:
        only: the one lambda whose differences are asked for; None: of all lambdas.
    """
    shown = {_name(sweep, cell): cell for sweep in sweeps for cell in sweep.cells if _has_r2(cell, split)}
    statistics = {name: _statistics(cell, split) for name, cell in shown.items()}
    if not shown:
        return {}
    if baselines is not None:
        statistics |= {name: [r2_statistic(baselines[f"{split}_target"], baselines[f"{split}_{name}"])] for name in BASELINES}
    family = {
        (sweep.label, cell.value, against): [{_name(sweep, cell): 1, other: -1}]
        for sweep in sweeps
        for cell in sweep.cells
        if _name(sweep, cell) in shown and only in (None, cell)
        for against, other in _others(sweep, cell)
        if other in statistics
    }
    if not family:
        return {}
    smallest = SmallestEffect(report.min_effect.score, "absolute")
    return compare(_resampled(statistics, list(shown.values()), split, report), family, smallest, _rng())


def r2_interval(cell: LambdaCell, split: str, report: ReportConfig) -> Interval | None:
    """R2 of a lambda, mean over its seeds, with the interval over rows and seeds; None without predictions."""
    if not _has_r2(cell, split):
        return None
    trainings = _resampled({"": _statistics(cell, split)}, [cell], split, report)
    return compare(trainings, {"": [{"": 1}]}, SmallestEffect(report.min_effect.score, "absolute"), _rng())[""].alone


def _others(sweep: Sweep, cell: LambdaCell) -> Iterator[tuple[str, str]]:
    """What a lambda is compared with: in words, and as a name among the cells."""
    if sweep.control is not None and cell is not sweep.control:
        yield CONTROL, _name(sweep, sweep.control)
    for name, words in BASELINES.items():
        yield words, name


def _name(sweep: Sweep, cell: LambdaCell) -> str:
    return f"{sweep.label}: lambda {cell.value!r}"


def _has_r2(cell: LambdaCell, split: str) -> bool:
    """Whether there are predictions, of targets that differ."""
    return bool(cell.predictions(split)) and bool(np.ptp(_target(cell, split)))


def _target(cell: LambdaCell, split: str) -> NDArray[np.floating]:
    return next(result.arrays[f"{split}_target"] for result in cell.finished if result.arrays is not None)


def _statistics(cell: LambdaCell, split: str) -> list[Statistic]:
    target = _target(cell, split)
    return [r2_statistic(target, values) for values in cell.predictions(split)]


def _resampled(
    statistics: Mapping[str, list[Statistic]], cells: Sequence[LambdaCell], split: str, report: ReportConfig
) -> dict[str, Trainings]:
    return resample(statistics, len(_target(cells[0], split)), report.n_bootstrap, _rng(), BASELINES, _groups(cells, split))


def _groups(cells: Sequence[LambdaCell], split: str) -> NDArray[np.integer] | None:
    """The group of each row, which is resampled as a whole; None where rows have no groups."""
    arrays = [result.arrays for cell in cells for result in cell.finished if result.arrays is not None]
    return next((one[f"{split}_group"] for one in arrays if f"{split}_group" in one), None)


def _rng() -> np.random.Generator:
    return np.random.default_rng(SEED)
