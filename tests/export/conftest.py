"""Events and small networks that all tests of exports share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import small_networks

from lexon.events import MAX_OBJECTS, Events
from lexon.tokenisers.base import Tokeniser


@pytest.fixture(scope="session")
def sample(make_events) -> Events:
    """Events to be scored: of any size, empty and full ones among them."""
    events = make_events(300, seed=5)
    assert {0, 1, MAX_OBJECTS} <= set(events.mask.sum(1).tolist())
    return events


@pytest.fixture(scope="session")
def tokenisers(make_events) -> dict[str, Tokeniser]:
    """One tokeniser for each way that they can be made."""
    return small_networks.fitted(make_events(600, seed=1))


@pytest.fixture(scope="session")
def make_study(tokenisers, make_events) -> Callable[..., small_networks.Study]:
    """`make_study(tokeniser, **options of the classifier)`."""

    def make(name: str = "direct", **options: Any) -> small_networks.Study:
        return small_networks.study(tokenisers[name], make_events(600, seed=1), **options)

    return make
