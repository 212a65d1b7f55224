from dataclasses import replace

import numpy as np
import pytest

from lexon.errors import DataError
from lexon.events import Events


@pytest.fixture
def events(make_events):
    return make_events(40)


def _broken(events: Events, field: str, index: tuple[int, ...], value: float) -> Events:
    array = getattr(events, field).copy()
    array[index] = value
    return replace(events, **{field: array})


def _row(events: Events, n_objects: int) -> int:
    """The first event with this many objects or more, but not a full one."""
    n = events.mask.sum(1)
    return int(np.flatnonzero((n >= n_objects) & (n < 18))[0])


def test_made_up_and_empty_events_are_valid(events):
    assert events.validate("here") is events
    assert (events.mask.sum(1) == 0).any(), "the mini-world must hold events without objects"
    assert len(events[:0].validate("here")) == 0


def test_selection_and_concatenation_are_inverse(events):
    parts = [events[:7], events[7:7], events[7:]]
    whole = Events.concatenate(parts)
    for field in ("ids", "p4", "met", "met_phi", "labels"):
        np.testing.assert_array_equal(getattr(whole, field), getattr(events, field))
    np.testing.assert_array_equal(events[events.labels == 1].labels, 1)


def test_columns_are_e_pt_eta_phi(events):
    np.testing.assert_array_equal(
        np.stack([events.energy, events.pt, events.eta, events.phi], axis=-1), events.p4
    )


@pytest.mark.parametrize(
    ("field", "index", "value", "problem"),
    [
        ("ids", (1,), 8, "unknown object type"),
        ("ids", (1,), -3, "unknown object type"),
        ("ids", (0,), 0, "padding before a real object"),
        ("p4", (1, 0), np.nan, "non-finite four-vector"),
        ("p4", (1, 2), np.inf, "non-finite four-vector"),
        ("p4", (1, 1), -4.5, "pT that is not positive"),
        ("p4", (1, 0), 0, "energy that is not positive"),
        ("p4", (1, 1), 0, "pT that is not positive"),
        ("p4", (17, 3), 0.5, "padding with a four-vector"),
        ("met", (), np.nan, "non-finite MET"),
        ("met_phi", (), np.inf, "non-finite azimuth"),
        ("met", (), -1, "negative MET"),
    ],
)
def test_every_rule_names_place_row_and_value(events, field, index, value, problem):
    row = _row(events, 3)
    with pytest.raises(DataError, match=problem) as raised:
        _broken(events, field, (row, *index), value).validate("file.h5: X_val", first_row=1000)
    message = str(raised.value)
    assert message.startswith(f"file.h5: X_val: row {1000 + row}")
    assert not index or f", object {index[0]}:" in message
    if problem.startswith(("unknown", "pT", "negative")):
        assert f"{value:g}" in message


def test_the_first_row_is_named_and_all_are_counted(events):
    met = events.met.copy()
    met[[5, 9, 30]] = -2
    with pytest.raises(DataError, match=r"row 5: .*3 such rows"):
        replace(events, met=met).validate("here")
