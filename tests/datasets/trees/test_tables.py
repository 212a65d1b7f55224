"""Columns of a tree: their first events are those that a shorter file would have."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lexon.datasets.trees.tables import Column


@given(counts=st.lists(st.integers(0, 4), max_size=8), n=st.integers(0, 10))
def test_the_head_of_a_column_has_the_values_of_its_events(counts: list[int], n: int) -> None:
    every = [np.arange(k) + 10 * event for event, k in enumerate(counts)]
    values = np.concatenate([*every, np.empty(0, np.int64)])
    column = Column(values, np.array(counts, np.int64), np.array(counts) == 0)
    head = column.head(n)
    assert head.values.tolist() == [value for one in every[:n] for value in one.tolist()]
    assert head.counts is not None
    assert head.counts.tolist() == counts[:n]
    assert head.missing is not None
    assert len(head.missing) == len(counts[:n])
    single = Column(np.arange(len(counts))).head(n)
    assert single.values.tolist() == list(range(len(counts)))[:n]
