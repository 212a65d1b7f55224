"""Rows are linked wherever they can be, to the right ones, and never by accident."""

from __future__ import annotations

import numpy as np
import pytest

from lexon.events import MAX_OBJECTS
from lexon.tokenisers.comparison.alignment import align
from lexon.tokenisers.comparison.links import by_key, by_order

N = 1200
PERMUTED = np.random.default_rng(1).permutation(N)
ORDERS = {
    "same": np.arange(N),
    "parts swapped": np.roll(np.arange(N), 400),
    "one part": np.arange(300, 700),
    "permuted": PERMUTED,
    "subset": PERMUTED[:400],
}


@pytest.fixture
def link(tokens_of, unpack):
    """`link(order, **how)`: rows of the sample in an order, as others bin them, held
    against ours.
    """

    def go(order, n_bins=5, **how):
        return align(
            unpack(tokens_of(5, fit_on=None)), unpack(tokens_of(n_bins, **how)[order], n_bins)
        )

    return go


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize(
    "how",
    [{"fit_on": None}, {}, {"variant": "flawed_2026"}, {"n_bins": 8}],
    ids=["same", "edges", "flawed", "n_bins"],
)
def test_every_row_is_found_whatever_the_order_and_the_bins(link, order, how):
    alignment = link(order, **how)
    assert (alignment.verdict, alignment.same_population) == ("aligned", 1)
    found = alignment.index[alignment.linked]
    assert (found == order[alignment.linked]).mean() > 0.999
    assert alignment.accidental < 1


@pytest.mark.parametrize(
    "how", [{}, {"variant": "flawed_2026"}, {"n_bins": 8}], ids=["same", "flawed", "n_bins"]
)
def test_other_events_are_not_linked(make_events, tokens_of, unpack, how):
    others = make_events(N, seed=77)
    alignment = align(
        unpack(tokens_of()), unpack(tokens_of(**how, events=others), how.get("n_bins", 5))
    )
    assert (alignment.verdict, alignment.linked.sum()) == ("not aligned", 0)
    assert alignment.same_population < 1


def test_half_of_another_sample_is_partly_aligned(make_events, tokens_of, unpack):
    """Some of the others have no object, or one, and the same tokens as an event of ours: they may
    well be taken for it.
    """
    others = make_events(300, seed=77)
    reference = np.concatenate([tokens_of()[PERMUTED[:300]], tokens_of(events=others)])
    alignment = align(unpack(tokens_of()), unpack(reference))
    assert alignment.verdict == "partly aligned"
    assert alignment.linked[:300].mean() > 0.9
    assert not alignment.linked[300:][others.mask.sum(1) >= 4].any()
    np.testing.assert_array_equal(
        alignment.index[:300][alignment.linked[:300]], PERMUTED[:300][alignment.linked[:300]]
    )


def test_a_row_that_differs_within_a_run_is_linked_to_its_place(tokens_of, unpack):
    reference = tokens_of()
    reference[500, :MAX_OBJECTS] = reference[501, :MAX_OBJECTS]
    np.testing.assert_array_equal(align(unpack(tokens_of()), unpack(reference)).index, np.arange(N))


def test_rows_are_linked_though_one_file_hides_the_types(tokens_of, unpack):
    alignment = align(unpack(tokens_of(pid=False)), unpack(tokens_of()[PERMUTED]))
    assert alignment.verdict == "aligned"
    assert (alignment.index == PERMUTED).mean() > 0.99


@pytest.mark.parametrize(
    "how", [{"variant": "flawed_2026"}, {"n_bins": 8}], ids=["flawed", "n_bins"]
)
def test_no_two_rows_need_to_differ_in_their_types(link, tokens_of, unpack, make_events, how):
    """All objects are jets: bins alone link the rows, and still link no other events."""
    pair = (
        unpack(tokens_of(pid=False)),
        unpack(tokens_of(**how, pid=False)[PERMUTED], how.get("n_bins", 5)),
    )
    alignment = align(*pair)
    assert alignment.share > 0.9
    assert (alignment.index == PERMUTED)[alignment.linked].mean() > 0.99
    others = make_events(N, seed=77)
    reference = unpack(
        tokens_of(**how, pid=False, events=others[others.mask.sum(1) >= 4]), how.get("n_bins", 5)
    )
    assert align(pair[0], reference).verdict == "not aligned"


def test_each_row_of_ours_is_used_once(link):
    for how in ({}, {"variant": "flawed_2026"}):
        index = link(PERMUTED, **how).index
        assert len(np.unique(index[index >= 0])) == (index >= 0).sum()


def test_arrangement_in_words(link):
    assert [
        link(ORDERS[name]).arrangement for name in ("same", "one part", "parts swapped", "permuted")
    ] == [
        "in our order",
        "in our order",
        "in runs of our order",
        "in another order",
    ]


def test_equal_rows_alone_prove_nothing():
    """Where all events look alike, no order and no key tells which is which."""
    alike = np.zeros(500, np.uint64)
    assert by_order(alike, alike).window is None
    sizes = np.ones(500, int), np.ones(500, int)
    links = by_key(alike, alike, sizes, interchangeable=False)
    assert (links.chance, links.credible, (links.index >= 0).sum()) == (1, False, 0)


def test_chance_is_taken_from_events_of_as_many_objects():
    """A file of small events only meets small events of ours more often than an average event
    would.
    """
    rng = np.random.default_rng(0)
    small, large = (
        rng.integers(0, 300, 1000).astype(np.uint64),
        np.arange(10_000, 11_000).astype(np.uint64),
    )
    ours = np.concatenate([small, large])
    sizes = np.repeat([1, 9], 1000)
    reference = rng.integers(0, 300, 400).astype(np.uint64)
    links = by_key(ours, reference, (sizes, np.ones(400, int)), interchangeable=False)
    assert links.found > 0.9
    assert not links.credible


def test_a_window_is_as_long_as_coincidence_asks():
    """With two kinds of rows, half of which agree by accident, runs must be long; with many kinds,
    short.
    """
    rng = np.random.default_rng(0)
    windows = [
        by_order(keys, keys).window
        for keys in (rng.integers(0, n, 2000).astype(np.uint64) for n in (2, 1000))
    ]
    assert windows[0] > 35
    assert windows[1] < 8


def with_muons(rows, change):
    """Tokens of 5 bins with the types of muons changed: 5 and 6 are 125 tokens apart."""
    changed = rows.copy()
    kind = np.where(rows[:, :18] > 0, (rows[:, :18] - 1) // 125 + 1, 0)
    for old, new in change.items():
        changed[:, :18][kind == old] += 125 * (new - old)
    return changed


@pytest.mark.parametrize(
    "order",
    [ORDERS["same"], ORDERS["permuted"], ORDERS["subset"]],
    ids=["same", "permuted", "subset"],
)
@pytest.mark.parametrize(
    "how", [{"fit_on": None}, {"variant": "flawed_2026"}], ids=["same bins", "flawed"]
)
def test_exchanged_muons_are_linked_and_named(tokens_of, unpack, order, how):
    reference = with_muons(tokens_of(**how)[order], {5: 6, 6: 5})
    alignment = align(unpack(tokens_of(5, fit_on=None)), unpack(reference))
    assert alignment.share > 0.97
    assert (alignment.index == order)[alignment.linked].mean() > 0.999
    assert alignment.muons.startswith("The reference's muon charges are exchanged: ")


def test_exchanged_muons_still_tell_events_apart(tokens_of, unpack):
    """Two events that differ in the charge of a muon alone are not confused."""
    rows = tokens_of(5, fit_on=None)
    first = rows[(((rows[:, :18] - 1) // 125 + 1 == 5) & (rows[:, :18] > 0)).any(1)][:100]
    twins = with_muons(first, {5: 6, 6: 5})
    ours = np.concatenate([rows, twins])
    order = np.random.default_rng(8).permutation(len(ours))
    alignment = align(unpack(ours), unpack(with_muons(ours, {5: 6, 6: 5})[order]))
    np.testing.assert_array_equal(
        ours[alignment.index[alignment.linked]], ours[order][alignment.linked]
    )
    assert "exchanged" in alignment.muons


def test_muons_without_a_charge_are_named_and_equal_ones_are_not(tokens_of, unpack):
    ours = tokens_of(5, fit_on=None)
    merged = align(unpack(ours), unpack(with_muons(ours, {6: 5})[PERMUTED]))
    assert merged.share > 0.97
    assert merged.muons.startswith("The reference gives all muons the type 5, without their charge")
    assert align(unpack(ours), unpack(ours[PERMUTED])).muons == ""


def test_exchanged_muons_do_not_link_other_events(make_events, tokens_of, unpack):
    others = make_events(N, seed=77)
    alignment = align(
        unpack(tokens_of()), unpack(with_muons(tokens_of(events=others), {5: 6, 6: 5}))
    )
    assert (alignment.verdict, alignment.muons) == ("not aligned", "")
