"""What reports say of results, as functions of arrays: for programs that have arrays and no Kedro
project.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
import yaml
from numpy.typing import ArrayLike, NDArray

from lexon.config import CollapseConfig
from lexon.errors import DataError
from lexon.metrics.collapse import SpreadVerdict, has_sign, verdict
from lexon.metrics.ranking import Statistic, auroc_of
from lexon.metrics.regression import regression_metrics
from lexon.statistics import (
    SEED,
    Difference,
    SmallestEffect,
    compare,
    resample,
    weighted_mean,
)


def collapse_verdict(
    target: ArrayLike, prediction: ArrayLike, limits: CollapseConfig | None = None
) -> SpreadVerdict:
    """Whether a regression's predictions vary as the target does, or have collapsed to its mean.

    A calibrated model has a variance ratio equal to its R2, so a small ratio alone is no defect:
    look at the calibration slope too (`lexon.metrics.regression.regression_metrics`).

    >>> import numpy as np
    >>> from lexon import collapse_verdict
    >>> target = np.random.default_rng(0).normal(size=1000)
    >>> collapse_verdict(target, target + 0.1)
    'matched'
    >>> collapse_verdict(target, 0.1 * target)
    'collapsed'
    >>> collapse_verdict(target, -target)
    'anti_correlated'

    Args:
        target: of a whole evaluation split, float [row].
        prediction: likewise.
        limits: the thresholds; None: those of conf/base (`collapse`).

    Raises:
        DataError: the arrays are empty, or of different shapes.
    """
    y, p = np.asarray(target, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    numbers = regression_metrics(y, p)
    return verdict(
        numbers["variance_ratio"],
        numbers["pearson"],
        limits or _default_limits(),
        has_sign(numbers["pearson"], len(y)),
    )


def paired_difference(
    first: ArrayLike,
    second: ArrayLike,
    is_signal: ArrayLike | None = None,
    *,
    smallest: float = 0.005,
    n_bootstrap: int = 1000,
) -> Difference:
    """The first model less the second one on the same events, with interval and verdict.

    Compared are AUROCs where `is_signal` is given, else means of one value an event (a loss, a
    hit). With one training each, nothing shows what other seeds would do: the interval holds events
    only, and the verdict says so.

    >>> import numpy as np
    >>> from lexon import paired_difference
    >>> rng = np.random.default_rng(1)
    >>> is_signal = rng.random(2000) < 0.5
    >>> good = [is_signal + rng.normal(size=2000) for seed in range(3)]
    >>> poor = [0.5 * is_signal + rng.normal(size=2000) for seed in range(3)]
    >>> found = paired_difference(good, poor, is_signal)
    >>> found.verdict
    'higher'
    >>> bool(found.alone.low < found.alone.estimate < found.alone.high)
    True
    >>> paired_difference(good[0], poor[0], is_signal).verdict
    'undecided (1 seed)'

    Args:
        first: scores or values, float [event], or [seed, event] of several trainings.
        second: likewise, of the same events in the same order; as many seeds or others.
        is_signal: bool [event].
        smallest: the smallest difference that counts as an effect.
        n_bootstrap: resamples of the events.

    Raises:
        DataError: shapes that do not fit together, a value that is not finite, or one class only.
    """
    a, b = _by_seed(first, "first"), _by_seed(second, "second")
    if a.shape[1] != b.shape[1]:
        raise DataError(
            f"first has {a.shape[1]} events and second {b.shape[1]}: give both for the same events,"
            " in the same order"
        )
    signal = None if is_signal is None else _signal(is_signal, a.shape[1])
    rng = np.random.default_rng(SEED)
    cells = resample(
        {"first": _statistics(a, signal), "second": _statistics(b, signal)},
        a.shape[1],
        n_bootstrap,
        rng,
    )
    family = {"difference": [{"first": 1.0, "second": -1.0}]}
    return compare(cells, family, SmallestEffect(smallest, "absolute"), rng)["difference"]


def _by_seed(values: ArrayLike, name: str) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim not in (1, 2) or not found.size:
        raise DataError(
            f"{name} has the shape {found.shape}: give [event], or [seed, event], at least one of"
            " each"
        )
    found = np.atleast_2d(found)
    if not np.isfinite(found).all():
        seed, event = np.argwhere(~np.isfinite(found))[0]
        raise DataError(
            f"{name}: seed {seed}, event {event}: {found[seed, event]}; leave the event out of both"
        )
    return found


def _signal(is_signal: ArrayLike, n: int) -> NDArray[np.bool_]:
    found = np.asarray(is_signal)
    if found.shape != (n,) or found.dtype != np.bool_:
        raise DataError(
            f"is_signal has the shape {found.shape} and the type {found.dtype}: give bool, one for"
            f" each of the {n} events"
        )
    if found.all() or not found.any():
        raise DataError("is_signal: all events are of one class, so there is no AUROC; give both")
    return found


def _statistics(
    seeds: NDArray[np.float64], signal: NDArray[np.bool_] | None
) -> Sequence[Statistic]:
    return [
        weighted_mean(values) if signal is None else auroc_of(values, signal) for values in seeds
    ]


@cache
def _default_limits() -> CollapseConfig:
    text = (
        files("lexon")
        .joinpath("conf", "base", "parameters_modelling.yml")
        .read_text(encoding="utf-8")
    )
    return CollapseConfig(**yaml.safe_load(text)["collapse"])
