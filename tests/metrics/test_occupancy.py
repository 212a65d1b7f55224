"""Distances between distributions and their statistical floor."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from lexon.metrics.occupancy import (
    compare,
    entropy,
    jensen_shannon,
    occupancy,
    only_in_first,
    total_variation,
)


def test_distances_have_their_known_values():
    a, b = np.array([1.0, 1, 2, 0]), np.array([0.0, 1, 1, 2])
    assert total_variation(a, b) == pytest.approx(0.5)
    assert jensen_shannon(a, b) == pytest.approx(jensenshannon(a, b, base=2) ** 2)
    for distance in (total_variation, jensen_shannon):
        assert distance(a, a) == pytest.approx(0)
        assert distance(np.array([1.0, 0]), np.array([0, 5.0])) == pytest.approx(1)
        assert distance(a, b) == pytest.approx(distance(b, a))


def test_entropy_is_the_number_of_bits_where_all_values_are_equally_frequent():
    assert entropy(np.full(8, 3)) == pytest.approx(3)
    assert entropy(np.array([5, 0, 0])) == pytest.approx(0)
    assert entropy(np.array([9, 1])) < 1


def test_bins_are_counted_from_one():
    np.testing.assert_array_equal(occupancy(np.array([1, 1, 3]), 4), [2, 0, 1, 0])
    assert only_in_first(np.array([1, 1, 0]), np.array([1, 0, 1])) == 1


@pytest.mark.parametrize(("n_a", "n_b"), [(2000, 2000), (4000, 300)])
def test_samples_of_one_distribution_seldom_exceed_the_limit(n_a, n_b):
    """At most 5 % of them, and the floor is what they have on average."""
    rng = np.random.default_rng(1)
    draws = [tuple((np.arange(n), rng.integers(1, 6, n)) for n in (n_a, n_b)) for _ in range(60)]
    results = [compare(*draw, 5, total_variation, rng, n_draws=100) for draw in draws]
    assert sum(result.differs for result in results) <= 9
    assert np.mean([result.floor for result in results]) == pytest.approx(
        np.mean([result.value for result in results]), rel=0.15
    )


def test_objects_of_an_event_are_not_independent():
    """Ten equal entries an event are one observation: the floor is as high as for one entry an
    event.
    """
    rng = np.random.default_rng(2)
    single = tuple((np.arange(1000), rng.integers(1, 6, 1000)) for _ in range(2))
    tenfold = tuple((np.repeat(events, 10), np.repeat(values, 10)) for events, values in single)
    floors = [
        compare(*pair, 5, total_variation, np.random.default_rng(3)).floor
        for pair in (single, tenfold)
    ]
    assert floors[0] == pytest.approx(floors[1], rel=0.1)


def test_a_real_difference_is_one():
    rng = np.random.default_rng(4)
    a, b = rng.integers(1, 6, 3000), rng.choice(5, 3000, p=[0.4, 0.2, 0.2, 0.2, 0]) + 1
    assert compare((np.arange(3000), a), (np.arange(3000), b), 5, jensen_shannon, rng).differs
