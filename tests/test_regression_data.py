"""What regressions learn from: targets without their answers in the inputs, and splits that keep groups together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexon.config.regression import EVENT_TARGETS
from lexon.errors import DataError
from lexon.events import Events
from lexon.regression_data import COMPUTABLE, TARGETS, event_target, phi_free_columns, split_rows

SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}


def test_every_target_is_described_and_known_to_the_configuration() -> None:
    assert tuple(TARGETS) == EVENT_TARGETS
    assert set(COMPUTABLE) == set(TARGETS) - {"met"}


def test_targets_of_an_event(make_events: Callable[..., Events]) -> None:
    events = make_events(50)
    assert event_target(events, "met") == pytest.approx(np.log(1 + events.met.astype(float)))
    assert event_target(events, "ht") == pytest.approx(np.log(1 + events.pt.astype(float).sum(1)))
    assert event_target(events, "n_objects").tolist() == (events.ids != 0).sum(1).tolist()
    assert (event_target(events, "leading_pt") == 0).tolist() == (~events.mask.any(1)).tolist()
    with pytest.raises(ValueError, match="known: met, ht"):
        event_target(events, "mass")


def test_baselines_see_neither_azimuth_nor_met(make_events: Callable[..., Events]) -> None:
    events = make_events(20)
    turned = events.p4.copy()
    turned[..., 3] += 1.0
    other = replace(events, p4=turned, met=events.met + 50, met_phi=events.met_phi + 1)
    np.testing.assert_array_equal(phi_free_columns(events), phi_free_columns(other))
    assert np.isfinite(phi_free_columns(events)).all()


@given(sizes=st.lists(st.integers(1, 9), min_size=30, max_size=60), seed=st.integers(0, 5))
def test_groups_stay_together_and_shares_are_near(sizes: list[int], seed: int) -> None:
    groups = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    rows = split_rows(groups, SHARES, seed)
    assert sorted(np.concatenate(list(rows.values())).tolist()) == list(range(len(groups)))
    held = [set(groups[index].tolist()) for index in rows.values()]
    assert sum(map(len, held)) == len(sizes)
    assert abs(len(rows["train"]) / len(groups) - 0.7) <= max(sizes) / len(groups)


def test_a_split_depends_on_its_seed_only() -> None:
    rows = np.arange(100)
    one, same, other = (split_rows(rows, SHARES, seed)["val"].tolist() for seed in (1, 1, 2))
    assert one == same != other
    assert len(one) == 15


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(DataError, match="100 rows in 2 groups leave the .* split empty"):
        split_rows(np.arange(100) % 2, SHARES, 0)
