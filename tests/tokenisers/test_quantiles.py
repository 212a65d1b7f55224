import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lexon.tokenisers.quantiles import ExactQuantiles

PROBABILITIES = [0, 0.1, 0.2, 1 / 3, 0.5, 0.9, 1]


def stream(values: np.ndarray, n_first: int = 1, n_second: int = 1) -> np.ndarray:
    quantiles = ExactQuantiles(PROBABILITIES)
    for chunk in np.array_split(values, n_first):
        quantiles.count(chunk)
    for chunk in np.array_split(values, n_second):
        quantiles.refine(chunk)
    return quantiles.result()


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(
        st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=40
    ),
    n_first=st.integers(1, 5),
    n_second=st.integers(1, 5),
)
def test_a_stream_has_the_quantiles_of_the_whole_to_the_last_bit(values, n_first, n_second):
    whole = np.array(values, np.float32)
    np.testing.assert_array_equal(
        stream(whole, n_first, n_second), np.quantile(whole.astype(np.float64), PROBABILITIES)
    )


@pytest.mark.parametrize("digits", [0, 1, 7])
def test_ties_and_either_sign_are_no_exception(digits):
    whole = np.round(np.random.default_rng(0).normal(0, 30, 20_001), digits).astype(np.float32)
    np.testing.assert_array_equal(
        stream(whole, 7, 3), np.quantile(whole.astype(np.float64), PROBABILITIES)
    )


def test_no_values_are_counted_as_none():
    quantiles = ExactQuantiles(PROBABILITIES)
    quantiles.count(np.empty(0, np.float32))
    quantiles.refine(np.empty(0, np.float32))
    assert quantiles.n == 0
