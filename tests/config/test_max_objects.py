"""`events.max_objects` identifies a member where it is not that of the layouts, and is refused
where a file decides it.
"""

from __future__ import annotations

from typing import Any

import pytest
from fabricate import planned

from lexon.errors import ConfigurationError

FILE = {"source": "file", "path": "a.h5"}


@pytest.mark.parametrize("events", [{}, FILE])
def test_it_is_part_of_a_members_identity_only_where_it_is_another(events: dict[str, Any]) -> None:
    usual, more = planned(events=events), planned(events=events | {"max_objects": 24})
    assert "max_objects" not in usual.planned[0].config["data"]
    assert "max_objects" not in usual.kedro_parameters()["data"]
    own = usual.planned[0].config["data"] | {"max_objects": 24}
    assert more.planned[0].config["data"] == own == more.kedro_parameters()["data"]


def test_no_event_is_simulated_again_for_it() -> None:
    usual, more = (planned(events={"max_objects": n}).kedro_parameters() for n in (18, 24))
    assert usual["simulated"] == more["simulated"]


@pytest.mark.parametrize("value", [0, -3, 101, 18.5, "many", None])
def test_it_is_a_number_of_objects(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"events\.max_objects"):
        planned(events={"max_objects": value})


def test_tokens_of_others_have_the_places_of_their_layout() -> None:
    many = {"max_objects": 24}
    words = r"events\.max_objects=24: rows of ambre\.path have 18 object tokens; leave it at 18"
    with pytest.raises(ConfigurationError, match=words):
        planned(events=FILE | many, tokeniser="ambre", ambre={"path": "b.h5"})
    with pytest.raises(ConfigurationError, match=words):
        planned(kind="token_comparison", events=FILE | many)


def test_it_is_held_against_a_finished_token_file() -> None:
    tokens = planned(tokens={"path": "t.h5"}, tokeniser="binned")
    assert not tokens.why_unread("events.max_objects")
    assert tokens.why_unread("events.split_seed")


def test_simulated_events_have_no_branches() -> None:
    with pytest.raises(ConfigurationError, match=r"events\.branches: simulated .*events\.path"):
        planned(events={"branches": "nanoaod"})
    assert planned(events=FILE | {"branches": "nanoaod"})
