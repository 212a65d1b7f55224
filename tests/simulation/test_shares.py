"""Whole numbers from shares: totals exact, remainders to the largest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexon.errors import ConfigurationError
from lexon.simulation.shares import apportion, apportion_table, checked_shares, split_pools

shares = st.lists(st.floats(0.01, 1), min_size=1, max_size=6).map(lambda x: np.array(x) / np.sum(x))


@given(n=st.integers(0, 10_000), parts=shares)
def test_apportioned_counts_sum_to_the_total_and_are_within_one(n, parts):
    counts = apportion(n, parts)
    assert counts.sum() == n
    assert (np.abs(counts - n * parts) < 1 + 1e-6).all()


@given(n=st.integers(1, 10_000), rows=shares, columns=shares)
def test_a_table_has_both_margins_exactly(n, rows, columns):
    table = apportion_table(n, rows, columns)
    np.testing.assert_array_equal(table.sum(1), apportion(n, rows))
    np.testing.assert_array_equal(table.sum(0), apportion(n, columns))
    assert table.min() >= 0


def test_the_largest_remainder_gets_the_odd_event():
    assert apportion(10, np.array([0.5, 0.26, 0.24])).tolist() == [5, 3, 2]


@pytest.mark.parametrize(
    ("given_shares", "message"),
    [
        ({"a": 0.5, "x": 0.5}, r"simulation\.mix\.x: unknown; choose among a, b"),
        ({"a": 0.5, "b": 0.4}, r"simulation\.mix: shares sum to 0\.9, need 1"),
        ({"a": 0, "b": 0}, "shares sum to 0, need 1"),
        ({}, "shares sum to 0, need 1"),
        ({"a": np.inf}, "shares sum to inf, need 1"),
    ],
)
def test_senseless_shares_are_named(given_shares, message):
    with pytest.raises(ConfigurationError, match=message):
        checked_shares(given_shares, "simulation.mix", ("a", "b"))


def test_shares_near_one_are_scaled_and_zeros_left_out():
    assert checked_shares({"b": 0.995, "a": 0}, "simulation.mix", ("a", "b")) == {"b": 1.0}


def test_every_hard_event_feeds_exactly_one_split():
    pools = split_pools({"tttt": 997, "ttH": 50}, {"train": 0.7, "val": 0.15, "test": 0.15}, seed=1)
    for process, size in (("tttt", 997), ("ttH", 50)):
        rows = np.concatenate([pool[process] for pool in pools.values()])
        assert sorted(rows) == list(range(size))
        assert len(pools["train"][process]) == pytest.approx(0.7 * size, abs=1)
