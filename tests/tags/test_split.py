from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lexon.errors import DataError
from lexon.tags import TagTable, combinations, split_rows

SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}


def make_table(n: int, k: int = 5, seed: int = 0) -> TagTable:
    rows = np.random.default_rng(seed).integers(0, 2, (n, k)).astype(np.uint8)
    rows[:, 0] = 1
    names = tuple(f"tag {i}" for i in range(k))
    return TagTable(rows, names, np.arange(n), np.arange(n) % 3, ("a", "b", "c"), "kind", ("read",))


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(100, 400))
def test_every_row_is_in_one_split_and_no_combination_in_two(seed, n):
    table = make_table(n, k=9, seed=seed)
    splits = split_rows(table, SHARES, seed)
    assert sorted(np.concatenate(list(splits.index.values()))) == list(range(n))
    sets = [{row.tobytes() for row in rows} for rows in splits.rows.values()]
    assert all(not (a & b) for a, b in itertools.combinations(sets, 2))


def test_rows_keep_their_groups_and_places():
    table = make_table(300)
    splits = split_rows(table, SHARES, 1)
    for split, index in splits.index.items():
        np.testing.assert_array_equal(splits.rows[split], table.rows[index])
        np.testing.assert_array_equal(splits.groups[split], table.groups[index])


def test_shares_are_of_rows_and_a_seed_decides():
    table = make_table(4000, k=14)
    splits = split_rows(table, SHARES, 3)
    assert {name: round(len(rows) / 4000, 2) for name, rows in splits.rows.items()} == SHARES
    assert split_rows(table, SHARES, 3).digest == splits.digest
    assert split_rows(table, SHARES, 4).digest != splits.digest


def test_combinations_are_counted():
    number, counts = combinations(np.array([[1, 0], [0, 1], [1, 0]], np.uint8))
    assert number[0] == number[2] != number[1]
    assert sorted(counts) == [1, 2]


def test_a_tag_that_training_never_sees_is_reported():
    table = make_table(200, k=9)
    rare = np.zeros((200, 1), np.uint8)
    row = split_rows(table, SHARES, 0).index["test"][0]
    rare[row] = 1
    rare_rows = np.concatenate([table.rows, rare], axis=1)
    seen = [
        note
        for seed in range(20)
        for note in split_rows(
            TagTable(rare_rows, (*table.names, "rare"), table.index, table.groups, (), "", ()),
            SHARES,
            seed,
        ).notes
        if "never seen in training: 1 (rare), 1 mentions" in note
    ]
    assert seen


@pytest.mark.parametrize(("n", "k", "message"), [(20, 5, "val gets"), (200, 1, "at least two")])
def test_too_little_is_an_error(n, k, message):
    with pytest.raises(DataError, match=message):
        split_rows(make_table(n, k), SHARES, 0)


def test_one_common_combination_is_no_data():
    table = make_table(200, k=2)
    with pytest.raises(DataError, match="2 combinations"):
        split_rows(table, SHARES, 0)


@pytest.mark.parametrize("double", [0, 20])
def test_rows_of_one_tag_each_are_refused(double):
    """Combinations stay together, so no tag of a held-out row would be known."""
    rows = np.zeros((400, 40), np.uint8)
    rows[np.arange(400), np.arange(400) % 40] = 1
    rows[:double, 0] = 1
    names = tuple(f"tag {i}" for i in range(40))
    table = TagTable(rows, names, np.arange(400), np.full(400, -1), (), "", ())
    with pytest.raises(
        DataError,
        match=(
            r"of what (val|test) mentions is never seen in training, .* \d+% of the rows have a"
            r" single tag"
        ),
    ):
        split_rows(table, SHARES, 0)
