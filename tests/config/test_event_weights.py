"""`events.weight` identifies a member only where it is set, and is refused where nothing reads
it.
"""

from __future__ import annotations

from typing import Any

import pytest
from fabricate import planned

from lexon.errors import ConfigurationError


def asked(weight: str | None, **changes: Any) -> dict[str, Any]:
    events = {"source": "file", "path": "a.h5"} | ({"weight": weight} if weight else {})
    return {"events": events, **changes}


def test_weights_are_part_of_a_members_identity_only_where_they_are_on() -> None:
    off, on = planned(**asked(None)), planned(**asked("event_weight"))
    assert "weight" not in off.planned[0].config["data"]
    assert "weight" not in off.kedro_parameters()["data"]
    assert on.planned[0].config["data"]["weight"] == "event_weight"
    assert on.planned[0].config["data"].items() >= off.planned[0].config["data"].items()


def test_simulated_events_have_none() -> None:
    with pytest.raises(ConfigurationError, match=r"events\.weight=w: simulated .*events\.path"):
        planned(events={"weight": "w"})


@pytest.mark.parametrize("kind", ["autoencoder", "regression", "vae"])
def test_kinds_that_do_not_use_them_say_so(kind: str) -> None:
    reason = planned(**asked(None, kind=kind)).why_unread("events.weight")
    assert reason == "only classifiers use the weights of events"


def test_the_events_of_anothers_tokens_have_none() -> None:
    with pytest.raises(ConfigurationError, match=r"events\.weight=w: .*ambre\.path.*leave it out"):
        planned(**asked("w", tokeniser="ambre", ambre={"path": "b.h5"}))
