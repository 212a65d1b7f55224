"""Numbers of a regression: identities before examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import linregress
from sklearn.metrics import r2_score

from lexon.errors import DataError
from lexon.metrics.regression import negative_r2, r2_statistic, recalibration, regression_metrics


def sample(
    rho: float, spread: float = 1.0, bias: float = 0.0, n: int = 4000
) -> tuple[np.ndarray, np.ndarray]:
    """A target of unit variance and a prediction with this correlation, spread and bias,
    exactly.
    """
    y, noise = np.random.default_rng(0).normal(size=(2, n))
    y = (y - y.mean()) / y.std()
    noise -= noise.mean() + y * (noise @ y) / n
    return y, spread * (rho * y + np.sqrt(1 - rho**2) * noise / noise.std()) + bias


@settings(max_examples=40, deadline=None)
@given(rho=st.floats(-1, 1), spread=st.floats(0.05, 3), bias=st.floats(-2, 2))
def test_r2_is_the_sum_of_its_three_terms_and_sklearns(
    rho: float, spread: float, bias: float
) -> None:
    y, p = sample(rho, spread, bias, n=200)
    numbers = regression_metrics(y, p)
    assert numbers["r2"] == pytest.approx(
        numbers["r2_signal"] + numbers["r2_spread"] + numbers["r2_offset"], abs=1e-9
    )
    assert numbers["r2"] == pytest.approx(r2_score(y, p), abs=1e-9)
    assert numbers["r2"] == pytest.approx(2 * rho * spread - spread**2 - bias**2, abs=1e-9)
    assert (numbers["sd_ratio"], numbers["variance_ratio"], numbers["bias"]) == pytest.approx(
        (spread, spread**2, bias), abs=1e-9
    )


def test_a_calibrated_prediction_has_a_variance_ratio_equal_to_its_r2() -> None:
    numbers = regression_metrics(*sample(rho=0.6, spread=0.6))
    assert numbers["variance_ratio"] == pytest.approx(numbers["r2"]) == pytest.approx(0.36)
    assert numbers["calibration_slope"] == pytest.approx(1)


def test_units_change_no_relative_number() -> None:
    y, p = sample(0.5, 0.8, 0.1)
    here, there = regression_metrics(y, p), regression_metrics(1e4 * y + 7, 1e4 * p + 7)
    for name in ("r2", "variance_ratio", "pearson", "calibration_slope", "r2_offset"):
        assert there[name] == pytest.approx(here[name])


@pytest.mark.parametrize(
    ("rho", "spread", "bias", "why"),
    [(0.6, 0.6, 0, None), (-0.5, 1, 0, "sign"), (0.6, 0.6, 1, "offset"), (0.2, 1, 0, "spread")],
)
def test_a_negative_r2_is_explained(
    rho: float, spread: float, bias: float, why: str | None
) -> None:
    assert negative_r2(regression_metrics(*sample(rho, spread, bias))) == why


def test_constants_leave_what_is_undefined_without_a_number() -> None:
    y, p = sample(0.5)
    constant = regression_metrics(np.full_like(y, 0.1), p)
    assert np.isnan([constant["r2"], constant["variance_ratio"], constant["pearson"]]).all()
    flat = regression_metrics(y, np.full_like(y, 0.1))
    assert (flat["variance_ratio"], flat["r2_signal"]) == pytest.approx((0, 0))
    assert np.isnan([flat["pearson"], flat["calibration_slope"]]).all()
    assert flat["r2"] == pytest.approx(-0.01)


def test_predictions_that_are_not_finite_have_no_numbers() -> None:
    y, p = sample(0.5)
    p[3] = np.inf
    assert np.isnan(list(regression_metrics(y, p).values())).all()


def test_huge_predictions_do_not_warn() -> None:
    y, p = sample(0.5)
    assert regression_metrics(y, p * 1e200)["r2"] == -np.inf


@pytest.mark.parametrize("shapes", [((3,), (4,)), ((3, 1), (3, 1)), ((0,), (0,))])
def test_arrays_that_cannot_belong_together_are_refused(
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
) -> None:
    with pytest.raises(DataError, match="one and the same length"):
        regression_metrics(*(np.zeros(shape) for shape in shapes))


def test_recalibration_is_the_least_squares_line() -> None:
    y, p = sample(0.5, 2, 0.3)
    slope, intercept = recalibration(y, p)
    expected = linregress(p, y)
    assert (slope, intercept) == pytest.approx((expected.slope, expected.intercept))
    assert regression_metrics(y, slope * p + intercept)["r2"] == pytest.approx(0.25)
    assert recalibration(y, np.ones_like(y)) == pytest.approx((0, y.mean()))


def test_weighted_r2_is_that_of_the_repeated_rows() -> None:
    y, p = sample(0.7, 0.7, 0.2, n=50)
    counts = np.random.default_rng(1).integers(0, 4, (3, 50))
    values = r2_statistic(y + 1000, p + 1000)(counts.astype(np.float32))
    assert values == pytest.approx(
        [r2_score(np.repeat(y, row), np.repeat(p, row)) for row in counts], abs=1e-6
    )
