"""Tokens tell their bins, and the number of them, without anything else."""

from __future__ import annotations

import numpy as np
import pytest

from lexon.errors import DataError
from lexon.tokenisers.binning import BinnedTokeniser
from lexon.tokenisers.comparison.columns import TokenColumns, infer_n_bins, row_keys


@pytest.mark.parametrize("n_bins", [2, 5, 8])
def test_what_was_encoded_is_unpacked(sample, tokens_of, n_bins):
    columns = TokenColumns.unpack(tokens_of(n_bins), n_bins)
    axes = BinnedTokeniser(n_bins, "correct", True).fit(sample).axes
    np.testing.assert_array_equal(columns.types, sample.ids)
    for axis, values in {"pt": sample.pt, "eta": sample.eta, "phi": sample.phi}.items():
        np.testing.assert_array_equal(columns.values(axis), axes[axis].bin(values[sample.mask]))
        assert not columns.bins[axis][~sample.mask].any()
    np.testing.assert_array_equal(columns.values("met"), axes["met"].bin(sample.met))
    np.testing.assert_array_equal(columns.values("met_phi"), axes["phi"].bin(sample.met_phi))


@pytest.mark.parametrize("n_bins", [2, 3, 5, 8, 17])
def test_the_number_of_bins_is_in_the_tokens(tokens_of, n_bins):
    assert infer_n_bins(tokens_of(n_bins), "file") == n_bins


@pytest.mark.parametrize("n_bins", [3, 5, 8])
def test_without_met_the_object_types_of_like_events_tell_it(sample, tokens_of, n_bins):
    assert infer_n_bins(tokens_of(n_bins)[:, :18], "file", like=sample.ids) == n_bins


def test_flawed_tokens_have_the_same_layout(tokens_of):
    assert infer_n_bins(tokens_of(5, "flawed_2026"), "file") == 5


def test_numbers_that_no_binning_gives_are_refused(tokens_of):
    rows = tokens_of(5)
    with pytest.raises(
        DataError,
        match=(
            r"reference\.h5: object tokens up to 875, column 18 with 976\.\.980.*875,"
            r" then|876\.\.880"
        ),
    ):
        infer_n_bins(np.where(np.arange(20) < 18, rows, rows + 100), "reference.h5")
    with pytest.raises(DataError, match="more than 100 bins"):
        infer_n_bins(rows[:, :18] * 100_000, "reference.h5")


def test_keys_are_equal_where_rows_are_and_nowhere_else():
    rows = np.array([[1, 2, 0], [1, 2, 0], [2, 1, 0], [0, 1, 2], [1, 0, 2]])
    keys = row_keys(rows)
    assert keys[0] == keys[1]
    assert len(np.unique(keys)) == 4
    np.testing.assert_array_equal(keys, row_keys(rows[:, :2], rows[:, 2]))
