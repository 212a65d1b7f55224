"""A token is the number that its parts spell: taken apart and put together it is the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexon.tokenisers.binning import BinnedTokeniser
from lexon.tokenisers.layout import Layout, Part

SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=4)


def layout_of(sizes, event=(3, 4)) -> Layout:
    return Layout(
        tuple(Part(f"p{i}", n) for i, n in enumerate(sizes)),
        tuple(Part(f"e{i}", n) for i, n in enumerate(event)),
    )


@given(SIZES)
def test_every_token_has_parts_of_its_own(sizes):
    layout = layout_of(sizes)
    parts = layout.take_apart(np.arange(1, layout.n_object_tokens + 1))
    assert (
        len(set(zip(*(column.tolist() for column in parts.values()), strict=True)))
        == layout.n_object_tokens
    )
    for column, size in zip(parts.values(), sizes, strict=True):
        assert set(column.tolist()) == set(range(1, size + 1))


@given(SIZES)
def test_tokens_of_the_event_follow_those_of_objects(sizes):
    layout = layout_of(sizes)
    first = 1 + int(np.prod(sizes))
    rows = np.array([[first, first + 3], [first + 2, first + 6]])
    assert {name: column.tolist() for name, column in layout.take_apart_event(rows).items()} == {
        "e0": [1, 3],
        "e1": [1, 4],
    }
    assert layout.vocab_size == first + 7


def test_padding_has_no_parts():
    parts = layout_of([2, 3]).take_apart(np.array([[6, 1, 0]]))
    assert [column.tolist() for column in parts.values()] == [[[2, 1, 0]], [[3, 1, 0]]]


@pytest.mark.parametrize("variant", ["correct", "flawed_2026"])
def test_the_parts_of_binned_tokens_are_types_and_bins(events, variant):
    tokeniser = BinnedTokeniser(5, variant, pid=True).fit(events)
    tokens, real = tokeniser.encode(events), events.mask
    parts = tokeniser.layout.take_apart(tokens.values)
    np.testing.assert_array_equal(parts["type"], events.ids)
    for name, quantity in (("pt", events.pt), ("eta", events.eta), ("phi", events.phi)):
        np.testing.assert_array_equal(parts[name][real], tokeniser.axes[name].bin(quantity[real]))
        assert (parts[name][~real] == 0).all()
    np.testing.assert_array_equal(
        tokeniser.layout.take_apart_event(tokens.met)["met"], tokeniser.axes["met"].bin(events.met)
    )
