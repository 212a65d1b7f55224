"""Significances against limits that are known, and against likelihoods that are maximised by
number.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import poisson

from lexon.metrics.significance import asimov, binned_asimov

S, B, U = st.floats(0.1, 200), st.floats(0.5, 2000), st.floats(0.01, 1)


def cowan(s: float, b: float, uncertainty: float) -> float:
    """The formula of Cowan's note, written with sigma^2."""
    v = (uncertainty * b) ** 2
    first = (s + b) * np.log((s + b) * (b + v) / (b**2 + (s + b) * v))
    second = b**2 / v * np.log(1 + v * s / (b * (b + v)))
    return float(np.sqrt(2 * (first - second)))


def by_number(s: np.ndarray, b: np.ndarray, uncertainty: float) -> float:
    """-2 ln of the profile likelihood ratio at no signal, minimised."""
    m = uncertainty**-2

    def minus_log(factor: float, signal: np.ndarray) -> float:
        n = s + b
        mean = signal + factor * b
        return float((mean - n * np.log(mean)).sum() + factor * m - m * np.log(factor * m))

    best = minimize_scalar(
        lambda factor: minus_log(factor, 0 * s), bounds=(0.2, 50), method="bounded"
    )
    return float(np.sqrt(2 * (best.fun - minus_log(1.0, s))))


@given(S, B, U)
def test_one_bin_is_cowan_s_formula(s, b, uncertainty):
    assert asimov(s, b, uncertainty) == pytest.approx(cowan(s, b, uncertainty), rel=1e-5, abs=1e-6)


@given(S, B)
def test_a_known_background_is_the_formula_of_the_paper(s, b):
    expected = np.sqrt(2 * ((s + b) * np.log(1 + s / b) - s))
    assert asimov(s, b) == pytest.approx(expected, rel=1e-6)
    assert asimov(s, b, 1e-5) == pytest.approx(expected, rel=1e-3)


def test_little_signal_is_s_over_the_error_of_b():
    s, b = 1.0, 1e4
    assert asimov(s, b) == pytest.approx(s / np.sqrt(b), rel=1e-3)
    assert asimov(s, b, 0.1) == pytest.approx(s / np.sqrt(b + (0.1 * b) ** 2), rel=1e-3)


def test_counting_is_the_poisson_significance_of_the_median():
    """Cowan et al. 2011, figure 7: Asimov and the median of exact p-values agree."""
    from scipy.stats import norm

    s, b = 10.0, 20.0
    exact = norm.isf(poisson.sf(s + b - 1, b) - 0.5 * poisson.pmf(s + b, b))
    assert asimov(s, b) == pytest.approx(exact, abs=0.1)


@pytest.mark.parametrize("uncertainty", [0.05, 0.2, 0.5])
def test_bins_share_one_factor_of_the_background(uncertainty):
    s, b = np.array([8.0, 6.0, 4.0, 2.0]), np.array([3.0, 10.0, 40.0, 150.0])
    found = binned_asimov(s, b, uncertainty)
    assert found == pytest.approx(by_number(s, b, uncertainty), rel=1e-4)
    assert found < binned_asimov(s, b)


def test_bins_of_a_known_background_add_in_quadrature():
    s, b = np.array([8.0, 6.0]), np.array([3.0, 10.0])
    assert binned_asimov(s, b) == pytest.approx(np.hypot(*asimov(s, b)))


@given(S, B, U, st.floats(0.1, 0.9))
def test_bins_that_tell_nothing_change_nothing(s, b, uncertainty, share):
    parts = np.array([share, 1 - share])
    found = binned_asimov(s * parts, b * parts, uncertainty)
    assert found == pytest.approx(asimov(s, b, uncertainty), rel=1e-5, abs=1e-6)


def test_a_bin_with_only_background_constrains_it():
    alone = asimov(10.0, 50.0, 0.5)
    assert binned_asimov([10.0, 0.0], [50.0, 5000.0], 0.5) > 2 * alone


def test_no_signal_is_nothing_and_no_background_is_unknown():
    assert asimov(0.0, 5.0, 0.2) == 0
    assert asimov(0.0, 0.0) == 0
    assert np.isnan(asimov(1.0, 0.0))
    assert np.isnan(binned_asimov([1.0, 1.0], [0.0, 5.0], 0.2))
    assert np.isfinite(binned_asimov([1.0, 0.0], [5.0, 0.0], 0.2))


def test_any_shape_is_taken():
    s, b = np.full((3, 2, 4), 2.0), np.full((3, 2, 4), 9.0)
    assert asimov(s, b, 0.1).shape == (3, 2, 4)
    assert binned_asimov(s, b, 0.1).shape == (3, 2)
