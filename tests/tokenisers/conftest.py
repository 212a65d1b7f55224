from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from lexon.events import Events


@pytest.fixture
def events(make_events) -> Events:
    return make_events(3000)


@pytest.fixture
def with_padding(make_events) -> Callable[[Events], Events]:
    """The same objects seen by a fit that must not count padding: events without objects are added,
    with a MET that exists.
    """

    def pad(events: Events) -> Events:
        empty = replace(events, ids=np.zeros_like(events.ids), p4=np.zeros_like(events.p4))
        return Events.concatenate([events, empty])

    return pad
