"""What regressions learn from: targets without their answers in the inputs, and splits that keep
groups together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

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


@pytest.mark.parametrize("vector", [4, 5])
@pytest.mark.parametrize("pid", [True, False])
def test_baselines_see_what_the_network_sees(
    vector: Literal[4, 5], pid: bool, make_events: Callable[..., Events]
) -> None:
    """No azimuth and no MET at all, energies in five-vectors only, types with `pid` only."""
    events = make_events(20)
    p4, real = events.p4, events.mask[..., None]
    hidden = {
        "azimuth": replace(events, p4=p4 + np.array([0, 0, 0, 1], np.float32) * real),
        "met": replace(events, met=events.met + 50, met_phi=events.met_phi + 1),
        "energy": replace(events, p4=p4 * np.array([2, 1, 1, 1], np.float32)),
        "types": replace(events, ids=np.where(events.mask, events.ids % 7 + 1, 0).astype(np.int8)),
    }
    columns = phi_free_columns(events, vector, pid)
    seen = {
        name
        for name, other in hidden.items()
        if not np.array_equal(columns, phi_free_columns(other, vector, pid))
    }
    assert seen == ({"energy"} if vector == 5 else set()) | ({"types"} if pid else set())
    assert np.isfinite(columns).all()


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
