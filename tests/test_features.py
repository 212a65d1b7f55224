"""Event-level quantities of events that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from lexon import physics
from lexon.events import Events
from lexon.features import event_features, flat_columns

OBJECT_TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}


def one_event(
    *objects: tuple[int, float, float, float], met: float = 40.0, met_phi: float = 0.0
) -> Events:
    """Massless objects (type, pT, eta, phi), then padding."""
    ids, p4 = np.zeros((1, 18), dtype=np.int8), np.zeros((1, 18, 4), dtype=np.float32)
    for i, (kind, pt, eta, phi) in enumerate(objects):
        ids[0, i], p4[0, i] = kind, (pt * np.cosh(eta), pt, eta, phi)
    return Events(
        ids, p4, np.array([met], np.float32), np.array([met_phi], np.float32), np.array([1])
    )


def test_quantities_of_one_event() -> None:
    event = one_event((1, 100, 0, 0), (2, 50, 0, np.pi), (3, 40, 0, np.pi), (6, 10, 0, np.pi / 2))
    row = event_features(event, OBJECT_TYPES).iloc[0]
    expected = {
        **{
            "n_jet": 1,
            "n_b-jet": 1,
            "n_e+": 1,
            "n_mu-": 1,
            "n_photon": 0,
            "n_jets": 2,
            "n_leptons": 2,
            "n_objects": 4,
            "abs_charge": 0,
        },
        **{
            "ht": 150,
            "st": 240,
            "met": 40,
            "pt_1": 100,
            "pt_4": 10,
            "b_jet_pt_1": 50,
            "lepton_pt_1": 40,
            "lepton_pt_2": 10,
        },
        **{
            "jets_mass": np.sqrt(4 * 100 * 50),
            "leptons_mass": np.sqrt(2 * 40 * 10),
            "d_phi_lepton_met": np.pi,
            "mt_lepton_met": 80,
        },
        **{
            "centrality": 1,
            "min_dr_jets": np.pi,
            "min_dr_leptons": np.pi / 2,
            "max_abs_eta_jets": 0,
        },
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-4)
    for absent in ("pt_5", "b_jet_pt_2", "b_jets_mass", "min_dr_b_jets"):
        assert np.isnan(row[absent])


def test_the_z_candidate_is_the_nearest_pair_of_one_flavour_and_both_charges() -> None:
    half = 91.19 / 2
    back_to_back = event_features(
        one_event((3, half, 0, 0), (4, half, 0, np.pi), (4, 10, 0, 0), (6, half, 0, np.pi)),
        OBJECT_TYPES,
    )
    assert back_to_back["z_mass"][0] == pytest.approx(91.19, rel=1e-5)
    assert back_to_back["z_distance"][0] == pytest.approx(0, abs=1e-3)
    lighter = event_features(one_event((3, 40, 0, 0), (4, 40, 0, np.pi)), OBJECT_TYPES)
    assert lighter["z_distance"][0] == pytest.approx(91.19 - 80, rel=1e-4)
    for unlike in (
        ((3, half, 0, 0), (3, half, 0, np.pi)),
        ((3, half, 0, 0), (6, half, 0, np.pi)),
        ((1, half, 0, 0), (4, half, 0, np.pi)),
    ):
        found = event_features(one_event(*unlike), OBJECT_TYPES).iloc[0]
        assert np.isnan(found[["z_mass", "z_distance"]]).all()


@pytest.mark.filterwarnings("error")
def test_an_event_without_objects_has_counts_of_zero() -> None:
    row = event_features(one_event(), OBJECT_TYPES).iloc[0]
    assert row["n_objects"] == row["ht"] == 0
    assert row["met"] == 40
    assert np.isnan([row["pt_1"], row["mass"], row["mt_lepton_met"], row["centrality"]]).all()
    assert np.isnan(flat_columns(one_event())["log_pt_1"]).all()


def test_nothing_depends_on_the_order_of_objects_or_the_azimuth_of_the_axes(
    make_events: Callable[..., Events],
) -> None:
    events = make_events(60)
    before = event_features(events, OBJECT_TYPES)
    order = np.argsort(
        np.where(events.mask, np.random.default_rng(0).random(events.ids.shape), 2), axis=1
    )
    turned = events.p4.copy()
    turned[..., 3] = np.where(events.mask, physics.wrap_phi(events.phi + 1.0), 0)
    permuted = replace(
        events,
        ids=np.take_along_axis(events.ids, order, 1),
        p4=np.take_along_axis(turned, order[..., None], 1),
        met_phi=physics.wrap_phi(events.met_phi + 1.0),
    )
    after = event_features(permuted, OBJECT_TYPES)
    np.testing.assert_allclose(after, before, rtol=2e-3, atol=2e-2)


def test_flat_columns_hold_every_real_object(make_events: Callable[..., Events]) -> None:
    events = make_events(40)
    columns = flat_columns(events)
    assert columns.shape == (40, 18 * 6 + 3)
    log_pt = columns[[f"log_pt_{i}" for i in range(1, 19)]].to_numpy()
    assert (np.isfinite(log_pt) == events.mask).all()
    np.testing.assert_allclose(np.exp(log_pt[events.mask]), events.pt[events.mask], rtol=1e-5)
