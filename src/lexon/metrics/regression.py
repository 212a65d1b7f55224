"""Metrics of a regression, and the parts of its R2. Targets and predictions are float [row]."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lexon.errors import DataError
from lexon.metrics.ranking import Statistic, Weights

Values = NDArray[np.floating[Any]]
NegativeR2 = Literal["offset", "sign", "spread"]


def regression_metrics(target: Values, prediction: Values) -> dict[str, float]:
    """The numbers of a split, over all its rows at once; what is not defined is NaN.

    ``r2``, ``variance_ratio`` = Var(p)/Var(y), ``sd_ratio`` = its square root, ``pearson``,
    ``bias`` = mean(p - y), ``calibration_slope`` = Cov(y, p)/Var(p), ``rmse``, ``mae``; and the
    three terms of R2 = 2 rho s - s^2 - (bias/sigma)^2, s the ratio of standard deviations:
    ``r2_signal``, ``r2_spread``, ``r2_offset``. A target without variance has no R2 and no ratio, a
    prediction without variance no correlation and no slope.

    Raises:
        DataError: the arrays are empty, or of different shapes.
    """
    y, p = _columns(target, prediction)
    if not (np.isfinite(y).all() and np.isfinite(p).all()):
        return dict.fromkeys(_NAMES, float("nan"))
    residual = p - y
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # predictions beyond 1e154 have no finite square: inf and NaN are the answer
        var_y, var_p, covariance = (
            _variance(y),
            _variance(p),
            float(np.mean((y - y.mean()) * (p - p.mean()))),
        )
        mean_square, bias = float(np.mean(residual**2)), float(residual.mean())
        pearson = _ratio(covariance, np.sqrt(var_y) * np.sqrt(var_p))
        ratio = _ratio(var_p, var_y)
        return {
            "r2": 1 - _ratio(mean_square, var_y),
            "variance_ratio": ratio,
            "sd_ratio": float(np.sqrt(ratio)),
            "pearson": pearson,
            "bias": bias,
            "calibration_slope": _ratio(covariance, var_p),
            "rmse": float(np.sqrt(mean_square)),
            "mae": float(np.abs(residual).mean()),
            "r2_signal": 2 * _ratio(covariance, var_y),
            "r2_spread": -ratio,
            "r2_offset": -_ratio(bias * bias, var_y),
        }


def negative_r2(metrics: dict[str, float]) -> NegativeR2 | None:
    """Why an R2 is negative, or None where it is not (or is unknown).

    ``sign``: predictions run against the target; ``offset``: without the bias R2 would not be
    negative; ``spread``: they vary more than their correlation pays for (s > 2 rho).
    """
    if not metrics["r2"] < 0:
        return None
    if metrics["r2_signal"] < 0:
        return "sign"
    return "offset" if metrics["r2_signal"] + metrics["r2_spread"] >= 0 else "spread"


def recalibration(target: Values, prediction: Values) -> tuple[float, float]:
    """Slope and intercept of the least-squares line y = a p + b; a constant prediction gives (0,
    mean of y).
    """
    y, p = _columns(target, prediction)
    slope = _ratio(float(np.mean((y - y.mean()) * (p - p.mean()))), _variance(p))
    slope = slope if np.isfinite(slope) else 0.0
    return slope, float(y.mean() - slope * p.mean())


def r2_statistic(target: Values, prediction: Values) -> Statistic:
    """R2 for many weightings of the rows, to be bootstrapped: weights [resample, row] -> R2
    [resample].
    """
    y, p = _columns(target, prediction)
    y, squared = y - y.mean(), (p - y) ** 2

    def statistic(weights: Weights) -> NDArray[np.float64]:
        total = weights.sum(axis=1, dtype=np.float64)
        around_mean = weights @ y**2 - (weights @ y) ** 2 / total
        with np.errstate(divide="ignore", invalid="ignore"):
            return 1 - (weights @ squared) / around_mean

    return statistic


_NAMES = (
    "r2",
    "variance_ratio",
    "sd_ratio",
    "pearson",
    "bias",
    "calibration_slope",
    "rmse",
    "mae",
    "r2_signal",
    "r2_spread",
    "r2_offset",
)


def _columns(target: Values, prediction: Values) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, p = np.asarray(target, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    if y.ndim != 1 or y.shape != p.shape or not len(y):
        raise DataError(
            f"target {y.shape} and prediction {p.shape}: give two arrays of one and the same"
            " length, at least 1"
        )
    return y, p


def _variance(values: NDArray[np.float64]) -> float:
    """The variance, exactly 0 for equal values: rounding of their mean must not become a signal."""
    return float(np.var(values)) if np.ptp(values) > 0 else 0.0


def _ratio(numerator: float, denominator: float) -> float:
    return float(numerator / denominator) if denominator > 0 else float("nan")
