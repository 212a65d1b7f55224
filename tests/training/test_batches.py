"""The walk over a split: each event once, no wider than needed, the same for the same seed and
epoch.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lexon.training import TensorTable
from lexon.training.data import evaluation_batches, training_batches


def table_of(lengths: np.ndarray) -> TensorTable:
    mask = torch.arange(18) < torch.from_numpy(lengths)[:, None]
    return TensorTable(
        {"index": torch.arange(len(lengths)), "mask": mask},
        frozenset({"mask"}),
        torch.from_numpy(lengths),
    )


@settings(deadline=None, max_examples=40)
@given(
    n=st.integers(1, 300),
    batch_size=st.integers(1, 70),
    length_aware=st.booleans(),
    seed=st.integers(0, 5),
    training=st.booleans(),
)
def test_each_event_comes_once_in_batches_of_nearly_equal_size(
    n: int, batch_size: int, length_aware: bool, seed: int, training: bool
) -> None:
    table = table_of(np.random.default_rng(seed).integers(0, 19, n))
    walk = (
        training_batches(table, batch_size, length_aware, seed, 1)
        if training
        else evaluation_batches(table, batch_size, length_aware)
    )
    batches = list(walk.of(table))
    assert torch.cat([batch["index"] for batch in batches]).sort().values.tolist() == list(range(n))
    assert len(batches) == len(walk) == -(-n // batch_size)
    assert [len(batch["index"]) for batch in batches] == walk.sizes.tolist()
    assert walk.sizes.max() <= batch_size
    assert np.ptp(walk.sizes) <= 1


@pytest.mark.parametrize("length_aware", [True, False])
def test_batches_are_as_wide_as_their_longest_event(length_aware: bool) -> None:
    table = table_of(np.random.default_rng(0).integers(0, 19, 500))
    for batch in training_batches(table, 16, length_aware, 0, 1).of(table):
        assert table.lengths is not None
        assert batch["mask"].shape[1] == table.lengths[batch["index"]].max()


def test_length_aware_batches_waste_little() -> None:
    table = table_of(np.random.default_rng(0).integers(0, 19, 20_000))
    assert table.lengths is not None
    walk = training_batches(table, 64, True, 0, 1)
    assert np.average(walk.widths, weights=walk.sizes) < 1.1 * table.lengths.double().mean()


def test_length_aware_batches_come_in_an_order_that_says_nothing_about_length() -> None:
    table = table_of(np.random.default_rng(0).integers(0, 19, 20_000))
    widths = np.array(training_batches(table, 64, True, 0, 1).widths, dtype=float)
    assert abs(np.corrcoef(widths[:-1], widths[1:])[0, 1]) < 0.2
    assert abs(np.corrcoef(np.arange(len(widths)), widths)[0, 1]) < 0.2


@pytest.mark.parametrize("length_aware", [True, False])
def test_the_order_follows_from_seed_and_epoch(length_aware: bool) -> None:
    table = table_of(np.random.default_rng(0).integers(0, 19, 500))
    first, again, epoch, seed = (
        training_batches(table, 16, length_aware, *pair).order
        for pair in [(0, 1), (0, 1), (0, 2), (1, 1)]
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, epoch)
    assert not np.array_equal(first, seed)


def test_a_table_without_lengths_is_never_cut() -> None:
    table = TensorTable({"x": torch.randn(10, 4)})
    assert [batch["x"].shape for batch in training_batches(table, 4, True, 0, 1).of(table)] == [
        (3, 4),
        (3, 4),
        (4, 4),
    ]


def test_a_walk_can_begin_in_the_middle() -> None:
    table = table_of(np.full(64, 3))
    walk = training_batches(table, 8, True, 0, 1)
    assert [batch["index"].tolist() for batch in walk.of(table, first=5)] == [
        batch["index"].tolist() for batch in walk.of(table)
    ][5:]
