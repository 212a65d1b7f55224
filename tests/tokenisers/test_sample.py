"""Fewer training events are part of more, so that sizes can be compared."""

import numpy as np
import pytest

from lexon.errors import ConfigurationError
from lexon.tokenisers.base import ClassifiedTokens, Tokens


def tokens(n: int) -> ClassifiedTokens:
    rows = np.arange(n)
    values = np.repeat(rows[:, None], 18, axis=1)
    shown = Tokens(values=values, types=np.ones_like(values), mask=values >= 0, met=values[:, :2])
    return ClassifiedTokens(shown, rows % 2, rows % 3, rows, "digest")


def test_a_smaller_sample_is_part_of_a_larger_one_and_its_rows_stay_together():
    small, large = (tokens(30).sample(n, seed=0) for n in (5, 11))
    assert len(small) == 5
    assert set(small.index) < set(large.index)
    assert small.digest != large.digest
    for part in (small.tokens.values[:, 0], small.tokens.met[:, 1]):
        np.testing.assert_array_equal(part, small.index)
    np.testing.assert_array_equal(small.targets, small.index % 2)


def test_all_events_are_asked_for_by_none():
    whole = tokens(3)
    assert whole.sample(None, seed=0) is whole


def test_more_events_than_there_are_cannot_be_sampled():
    with pytest.raises(ConfigurationError, match="there are 3 training events"):
        tokens(3).sample(4, seed=0)
