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


@pytest.mark.parametrize("kind", ["autoencoder", "regression", "vae", "token_comparison"])
def test_kinds_that_do_not_use_them_say_so(kind: str) -> None:
    reason = planned(**asked(None, kind=kind)).why_unread("events.weight")
    assert reason == "only classifiers use the weights of events"


def test_a_finished_token_file_may_hold_them() -> None:
    tokens = {"tokens": {"path": "t.h5"}, "training": {"event_weights": "overall"}}
    off, on = planned(**tokens), planned(**tokens, events={"weight": "event_weight"})
    assert off.planned[0].config["tokeniser"] == {"kind": "file"}
    assert on.planned[0].config["tokeniser"] == {"kind": "file", "weight": "event_weight"}
    assert list(on.tokenisers) == list(off.tokenisers) == ["file"], "the name of a dataset"
    assert on.planned[0].config["training"]["event_weights"] == "overall"
    assert "event_weights" not in off.planned[0].config["training"]
    assert not off.why_unread("events.weight")
    assert "finished tokens" in off.why_unread("events.energy_unit")


def test_a_kind_that_reads_no_token_file_finds_none_there() -> None:
    with pytest.raises(ConfigurationError, match=r"events\.weight=w: simulated"):
        planned(kind="autoencoder", tokens={"path": "t.h5"}, events={"weight": "w"})


def test_the_events_of_anothers_tokens_have_none() -> None:
    with pytest.raises(ConfigurationError, match=r"events\.weight=w: .*ambre\.path.*leave it out"):
        planned(**asked("w", tokeniser="ambre", ambre={"path": "b.h5"}))


def test_what_is_done_with_weights_identifies_a_training_only_where_there_are_some() -> None:
    training = {"event_weights": "overall", "negative_weights": "drop"}
    with_weights = planned(**asked("w", training=training)).planned[0].config["training"]
    assert training.items() <= with_weights.items()
    without = planned(**asked(None, training=training))
    assert without.planned[0].config == planned(**asked(None)).planned[0].config
    for name in training:
        assert "no weights" in without.why_unread(f"training.{name}")
        assert not planned(**asked("w")).why_unread(f"training.{name}")
    assert not without.why_unread("training.class_weights")


def test_balanced_classes_need_no_weights_of_events() -> None:
    own = planned(training={"class_weights": "balanced"}).planned[0].config["training"]
    assert own["class_weights"] == "balanced"
    assert "class_weights" not in planned().planned[0].config["training"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("event_weights", "overall"), ("class_weights", "balanced"), ("negative_weights", "drop")],
)
@pytest.mark.parametrize("kind", ["autoencoder", "regression", "vae"])
def test_only_classifiers_are_trained_so(kind: str, name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"training\.{name}={value}: "):
        planned(kind=kind, training={name: value})
