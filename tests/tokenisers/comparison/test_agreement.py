"""Agreement, edges and the filling of bins, on tokens whose making is known."""

from __future__ import annotations

import numpy as np
import pytest

from lexon.tokenisers.binning import Axis, BinnedTokeniser
from lexon.tokenisers.comparison.agreement import (
    axis_agreement,
    column_agreement,
    confusions,
    differing_rows,
)
from lexon.tokenisers.comparison.edges import edges_from_bins, implied_edges
from lexon.tokenisers.comparison.occupied import (
    fillings,
    flawed,
    flawed_shares,
    imbalance,
    unreachable,
)


def test_equal_tokens_agree_everywhere(tokens_of, unpack):
    rows = tokens_of()
    agreement = axis_agreement(unpack(rows), unpack(rows)).set_index("axis")
    assert list(agreement.index) == ["type", "pt", "eta", "phi", "met", "met_phi"]
    assert (agreement["agreement"] == 1).all()
    assert agreement.loc["phi", "by_chance"] == pytest.approx(0.2, abs=0.01)
    assert (column_agreement(rows, rows)["agreement"] == 1).all()
    assert not len(differing_rows(rows, rows, 10))


def test_only_what_differs_is_reported(tokens_of, unpack):
    ours, reference = tokens_of(), tokens_of()
    reference[7, 18] = 876 + (reference[7, 18] - 876 + 1) % 5
    agreement = axis_agreement(unpack(ours), unpack(reference)).set_index("axis")
    assert agreement["differ"].to_dict() == {
        "type": 0,
        "pt": 0,
        "eta": 0,
        "phi": 0,
        "met": 1,
        "met_phi": 0,
    }
    assert column_agreement(ours, reference).set_index("column")["differ"]["MET"] == 1
    np.testing.assert_array_equal(differing_rows(ours, reference, 10), [7])


def test_bins_of_another_number_are_confused_not_compared(tokens_of, unpack):
    pair = unpack(tokens_of()), unpack(tokens_of(8), 8)
    agreement = axis_agreement(*pair).set_index("axis")["agreement"]
    assert agreement["type"] == 1
    assert agreement.drop("type").isna().all()
    assert confusions(*pair)["pt"].shape == (5, 8)


@pytest.mark.parametrize("variant", ["correct", "flawed_2026"])
def test_edges_are_found_between_the_values_beside_them(sample, variant):
    tokeniser = BinnedTokeniser(5, variant, True).fit(sample)
    for name, values in {
        "pt": sample.pt[sample.mask],
        "eta": sample.eta[sample.mask],
        "phi": sample.phi[sample.mask],
        "met": sample.met,
    }.items():
        axis: Axis = tokeniser.axes[name]
        edges = implied_edges(values, axis.bin(values), 5)
        for edge, upper in zip(edges, axis.bounds[:-1, 1], strict=True):
            if np.isnan(edge.low):  # the last of the flawed bins is empty
                assert upper == axis.bounds[np.isfinite(axis.bounds[:, 1]), 1].max()
                continue
            assert edge.low < upper <= edge.high
            assert edge.contradictions == 0
            assert edge.below == pytest.approx((values < upper).mean())


def test_wrong_links_cost_an_edge_little(sample):
    values = sample.pt[sample.mask]
    axis = BinnedTokeniser(5, "correct", True).fit(sample).axes["pt"]
    bins = axis.bin(values)
    bins[::500] = 1 + bins[::500] % 5
    for edge, upper in zip(implied_edges(values, bins, 5), axis.bounds[:-1, 1], strict=True):
        assert edge.low == pytest.approx(upper, rel=0.01)
        assert 0 < edge.contradictions < 0.003 * len(values)


def test_without_values_an_edge_is_as_sure_as_our_bins_are_narrow(sample):
    values = sample.pt[sample.mask]
    ours, reference = (BinnedTokeniser(n, "correct", True).fit(sample).axes["pt"] for n in (20, 5))
    joint = np.zeros((20, 5), int)
    np.add.at(joint, (ours.bin(values) - 1, reference.bin(values) - 1), 1)
    for edge, upper in zip(
        edges_from_bins(joint, ours.bounds), reference.bounds[:-1, 1], strict=True
    ):
        assert edge.low <= upper * 1.001
        assert upper <= edge.high * 1.001
        assert edge.below == pytest.approx((values < upper).mean())


def test_the_known_mistake_is_recognised_and_nothing_else(tokens_of, unpack):
    correct, wrong = (unpack(tokens_of(variant=variant)) for variant in ("correct", "flawed_2026"))
    assert [filling.verdict for filling in fillings(correct)] == ["as due"] * 5
    assert [filling.verdict for filling in fillings(wrong)] == ["flawed_2026"] * 5
    assert (flawed(fillings(correct)), flawed(fillings(wrong))) == (False, True)
    assert (unreachable(correct), unreachable(wrong)) == (0, 315)


@pytest.mark.parametrize("axis", ["pt", "phi"])
def test_the_marks_of_the_mistake_are_the_published_ones(axis):
    due = {"pt": [0.4, 0.2, 0.2, 0.2, 0], "phi": [0.1, 0.1, 0.1, 0.1, 0.6]}[axis]
    np.testing.assert_allclose(flawed_shares(axis, 5), due)
    assert flawed_shares(axis, 8).sum() == pytest.approx(1)


def test_an_empty_and_an_overfull_bin_are_named(tokens_of, unpack):
    rows = tokens_of()
    rows[:, 18] = np.where(rows[:, 18] == 880, 878, rows[:, 18])
    (met,) = (filling for filling in fillings(unpack(rows)) if filling.axis == "met")
    assert met.verdict == "wrong"
    assert "20/20/40/20/0 %" in met.words


def test_few_entries_are_not_judged(tokens_of, unpack):
    assert {
        filling.verdict
        for filling in fillings(unpack(tokens_of()[:8]))
        if filling.axis.startswith("met")
    } == {"too few"}


def test_edges_divide_the_events_of_their_fit_equally(sample, tokens_of, unpack):
    on_background = unpack(tokens_of(fit_on=None))
    background = sample.labels == 2
    assert imbalance(on_background[background], False) < 0.002
    assert imbalance(on_background, False) > 0.05
    assert imbalance(unpack(tokens_of(variant="flawed_2026")), True) < 0.002
