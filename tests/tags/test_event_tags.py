from __future__ import annotations

import numpy as np
import pytest

from lexon.events import N_TYPES
from lexon.tags import EventBins, tag_events

TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}


@pytest.mark.parametrize(("pt_bins", "met_bins"), [(1, 1), (2, 3), (3, 3)])
def test_an_event_has_the_types_it_holds_and_one_met(make_events, pt_bins, met_bins):
    events = make_events(300)
    bins = EventBins.fit(events, pt_bins, met_bins)
    rows = tag_events(events, bins)
    assert rows.shape == (300, len(bins.names(TYPES))) == (300, N_TYPES * pt_bins + met_bins)
    np.testing.assert_array_equal(rows[:, N_TYPES * pt_bins :].sum(1), 1)
    held = rows[:, : N_TYPES * pt_bins].reshape(300, N_TYPES, pt_bins).any(2)
    np.testing.assert_array_equal(
        held, [[kind in ids for kind in range(1, N_TYPES + 1)] for ids in events.ids]
    )


def test_the_order_of_objects_and_the_azimuth_do_not_matter(make_events):
    events = make_events(100)
    bins = EventBins.fit(events, 3, 3)
    expected = tag_events(events, bins)
    turned = type(events)(
        events.ids[:, ::-1],
        events.p4[:, ::-1] + [0, 0, 0, 1],
        events.met,
        events.met_phi + 1,
        events.labels,
    )
    np.testing.assert_array_equal(tag_events(turned, bins), expected)


def test_bins_are_equally_populated_and_an_edge_belongs_above(make_events):
    events = make_events(900)
    bins = EventBins.fit(events, 3, 3)
    counts = tag_events(events, bins)[:, -3:].sum(0)
    assert np.ptp(counts) <= 2
    exact = EventBins(bins.pt, np.array([float(events.met[0])]))
    np.testing.assert_array_equal(tag_events(events[:1], exact)[0, -2:], [0, 1])


def test_names_say_type_and_range():
    names = EventBins(np.array([40.0]), np.array([50.0, 100.0])).names(TYPES)
    assert names[:2] == ("jet, pT < 40 GeV", "jet, pT > 40 GeV")
    assert names[-3:] == ("MET < 50 GeV", "50 < MET < 100 GeV", "MET > 100 GeV")
    assert EventBins(np.empty(0), np.empty(0)).names(TYPES)[-2:] == ("photon", "MET")
