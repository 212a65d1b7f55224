"""Distances of samples with known answers: of one population, shifted, weighted, and told apart."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from lexon.statistics import Distances, distances, medians, told_apart


def samples(shift: float, n: int = 300, m: int = 200) -> tuple[NDArray, NDArray]:
    """Three quantities: one shifted, one not, one whole numbers with ties."""
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(n, 3)), rng.normal(size=(m, 3))
    second[:, 0] += shift
    for sample in (first, second):
        sample[:, 2] = np.round(sample[:, 2])
    return first, second


def apart(first: NDArray, second: NDArray, weights: NDArray | None = None) -> Distances:
    every = np.ones(len(first) + len(second)) if weights is None else weights
    return distances(first, second, every, np.random.default_rng(0))


def test_distances_are_those_of_kolmogorov_and_smirnov() -> None:
    first, second = samples(0.6)
    expected = [ks_2samp(a, b).statistic for a, b in zip(first.T, second.T, strict=True)]
    np.testing.assert_allclose(apart(first, second).distance, expected, atol=1e-12)


def test_what_is_shifted_is_above_its_floor_and_what_is_not_is_below() -> None:
    found = apart(*samples(0.6))
    assert found.distance[0] > found.floor_all[0] >= found.floor[0]
    assert (found.distance[1:] < found.floor_all[1:]).all()


def test_the_floor_is_what_random_halves_of_one_sample_give() -> None:
    rng, exceeded = np.random.default_rng(3), 0
    for _ in range(40):
        sample = rng.normal(size=(200, 4))
        found = apart(sample[:100], sample[100:])
        exceeded += bool((found.distance > found.floor_all).any())
    assert exceeded <= 7  # 2 are expected; more than 7 have a chance below 0.1 %


def test_events_without_a_quantity_count() -> None:
    first, second = (np.zeros((100, 1)) for _ in range(2))
    second[:30] = np.nan
    assert apart(first, second).distance[0] == pytest.approx(0.3)


def test_a_weight_counts_as_so_many_events() -> None:
    first, second = samples(0.3, 80, 60)
    numbers = np.random.default_rng(5).integers(1, 4, 140)
    repeated = [np.repeat(first, numbers[:80], 0), np.repeat(second, numbers[80:], 0)]
    np.testing.assert_allclose(
        apart(first, second, numbers.astype(float)).distance, apart(*repeated).distance
    )


@pytest.mark.parametrize(("shift", "low", "high"), [(0.0, 0.40, 0.60), (1.5, 0.75, 0.92)])
def test_samples_are_told_apart_as_well_as_they_differ(shift, low, high) -> None:
    first, second = samples(shift)
    found = told_apart(first, second, np.ones(500), 50)
    assert low < found.estimate < high  # 1.5 standard deviations: 0.856 at best
    assert found.low < found.estimate < found.high


@pytest.mark.parametrize("n", [80, 81])
def test_a_median_by_weight_is_that_of_so_many_events(n: int) -> None:
    table, _ = samples(0, n, 1)
    table[::7, 0] = np.nan
    numbers = np.random.default_rng(5).integers(0, 4, n)
    for weights, repeated in ((np.ones(n), table), (numbers, np.repeat(table, numbers, 0))):
        np.testing.assert_array_equal(
            medians(table, weights.astype(float)), np.nanmedian(repeated, axis=0)
        )


def test_a_negative_weight_takes_an_event_of_its_value_away() -> None:
    table, _ = samples(0, 80, 1)
    every, weights = np.concatenate([table, table[:20]]), np.repeat([1.0, -1.0], [80, 20])
    np.testing.assert_array_equal(medians(every, weights), np.median(table[20:], axis=0))


def test_nothing_has_no_median() -> None:
    table = np.array([[1.0, np.nan], [2.0, np.nan]])
    np.testing.assert_array_equal(medians(table, np.array([1.0, 3.0])), [2.0, np.nan])
    assert np.isnan(medians(table, np.array([1.0, -3.0]))).all()
