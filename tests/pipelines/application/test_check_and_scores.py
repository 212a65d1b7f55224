"""What stops an export, and what a file's events are given, with networks that were never
trained.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import small_networks
from event_text import TYPES, lines_of, source_of

from lexon.config import EventChecks, EventsFile
from lexon.config.classifiers import classifier_config
from lexon.datasets.events import EventSample, EventsDataset
from lexon.errors import ConfigurationError, DataError
from lexon.pipelines.application import export
from lexon.pipelines.application.export import compared
from lexon.pipelines.application.score import score_events
from lexon.pipelines.application.scores import own_object_types, refuse_other_width

CHECKS = EventChecks(max_bad_events=0.1, beam_energy=7000, duplicates="drop")
CLASSES = {"signal": 1, "first": 2, "second": 3}
NETWORK = {"met": True, "dim": 16, "depth": 2, "heads": 4, "mlp_dim": 16, "dropout": 0.1}
NETWORK |= {"pool": "mean"}


@pytest.fixture(scope="module")
def tokenisers(make_events):
    return small_networks.fitted(make_events(600, seed=1))


def member(study: small_networks.Study) -> Any:
    """As much of a finished member as scoring asks for."""
    config = SimpleNamespace(
        classifier=classifier_config(NETWORK),
        classes=CLASSES,
        data=SimpleNamespace(max_objects=18),
    )
    return SimpleNamespace(
        config=config,
        name="default/main/made_up",
        folder=Path("made_up"),
        digest="abc",
        model=lambda: study.model,
        tokeniser=lambda: study.tokeniser,
    )


def scored(study: small_networks.Study, raw: Any) -> tuple[Any, list[Any]]:
    data = score_events(member(study), raw, TYPES, CHECKS, "cpu")
    return data, list(data.parts)


@pytest.mark.parametrize("name", ["direct", "binned", "fsq"])
def test_each_event_of_a_text_file_has_the_score_of_its_place(
    tokenisers, make_events, tmp_path, name
):
    """Of one process, which no training would take, and with an event that is there twice."""
    train, events = make_events(600, seed=1), make_events(90, seed=3, n_labels=1)
    study = small_networks.study(tokenisers[name], train)
    lines = lines_of(events)
    (tmp_path / "mine.csv").write_text("\n".join([*lines, lines[4]]) + "\n")
    data, parts = scored(study, source_of(tmp_path / "mine.csv"))
    assert data.class_names == tuple(CLASSES)
    place = np.concatenate([part.place for part in parts])
    assert sorted(place.tolist()) == list(range(len(events)))
    found = np.concatenate([part.probabilities for part in parts])
    np.testing.assert_allclose(found, study.scores(events)[place], rtol=0, atol=1e-4)
    assert any("repeat another" in note for note in data.attributes()["notes"])


def test_a_network_that_read_other_quantities_is_refused(
    tokenisers, make_events, tmp_path, monkeypatch
):
    """Of a version before, say, which had fewer of them."""
    train, events = make_events(600, seed=1), make_events(20, seed=3)
    study = small_networks.study(tokenisers["direct"], train, event=True)
    (tmp_path / "mine.csv").write_text("\n".join(lines_of(events)) + "\n")
    older = member(study)
    older.config.classifier = classifier_config({**NETWORK, "event_features": True})
    own = study.model.recipe["event_features"]
    monkeypatch.setitem(study.model.recipe, "event_features", own - 1)
    data = score_events(older, source_of(tmp_path / "mine.csv"), TYPES, CHECKS, "cpu")
    with pytest.raises(DataError, match=f"reads {own - 1} event-level .* computes {own}; train it"):
        list(data.parts)


def test_copies_in_a_split_file_keep_their_rows(tokenisers, make_events, tmp_path):
    """`events.duplicates=drop` is for trainings: a user's file has a score for each of its rows."""
    events = make_events(60, seed=3)
    chunks = [(split, events) for split in ("train", "val", "test")]
    path = tmp_path / "copies.h5"
    EventsDataset(str(path)).save(EventSample(chunks, {"label_names": {1: "a", 2: "b"}}))
    study = small_networks.study(tokenisers["direct"], make_events(600, seed=1))
    _, parts = scored(study, source_of(path))
    assert [len(part.index) for part in parts] == [60, 60, 60]
    for part in parts:
        np.testing.assert_array_equal(part.place, part.index)
        np.testing.assert_allclose(part.probabilities, study.scores(events), rtol=0, atol=1e-6)


def test_other_numbers_of_types_are_refused():
    trained = SimpleNamespace(
        name="m", config=SimpleNamespace(data=data_of(TYPES | {5: "mu-", 6: "mu+"}))
    )
    with pytest.raises(ConfigurationError, match=r"events\.object_types=.*was trained with"):
        own_object_types(trained, TYPES)
    trained.config.data = data_of(TYPES)
    assert own_object_types(trained, TYPES) == TYPES


def test_events_have_as_many_places_as_those_of_the_training():
    trained = SimpleNamespace(
        name="m", config=SimpleNamespace(data=SimpleNamespace(max_objects=24))
    )
    refuse_other_width(trained, 24)
    with pytest.raises(ConfigurationError, match=r"events\.max_objects=18: m was trained with 24"):
        refuse_other_width(trained, 18)


def data_of(object_types: dict[int, str]) -> Any:
    return EventsFile(
        energy_unit="auto",
        label_names={},
        object_types=object_types,
        split={"train": 0.8, "val": 0.1, "test": 0.1},
        split_seed=1,
        max_bad_lines=0.1,
        duplicates="keep",
    )


@pytest.fixture
def answered(monkeypatch):
    """Let onnxruntime answer with these scores."""

    def answer(scores):
        monkeypatch.setattr(export, "session", lambda content: None)
        monkeypatch.setattr(export, "session_scores", lambda run, events: scores)

    return answer


@pytest.mark.parametrize("wrong", [2e-5, np.nan])
@pytest.mark.parametrize("name", ["direct", "vq"])
def test_one_wrong_score_of_one_event_stops_an_export(
    tokenisers, make_events, answered, wrong, name
):
    events = make_events(50, seed=3)
    ours = np.full((50, 2), 0.5, np.float32)
    theirs = ours.copy()
    theirs[np.flatnonzero(events.mask.sum(1) == 0)[0]] += np.float32(wrong)
    answered(theirs)
    with pytest.raises(DataError, match=r"for 1 of 50 test events.*no file is written"):
        compared(b"", events, ours, tokenisers[name], "m")


def test_rounding_is_no_difference(tokenisers, make_events, answered):
    ours = np.full((50, 2), 0.5, np.float32)
    answered(ours + np.float32(5e-6))
    check = compared(b"", make_events(50, seed=3), ours, tokenisers["vq"], "m")
    assert check.ties == 0
    assert check.largest == pytest.approx(5e-6, rel=0.1)
    assert "all 50 test events to 5e-06" in check.words


@pytest.mark.parametrize("name", ["vq", "residual", "fsq"])
def test_an_object_between_two_codes_may_have_either(tokenisers, make_events, answered, name):
    tokeniser, events = tokenisers[name], make_events(50, seed=3)
    between = between_codes(tokeniser, events[events.mask.sum(1) == 1][:1])
    ours = np.full((1, 2), 0.5, np.float32)
    answered(ours + np.float32(0.1))
    check = compared(b"", between, ours, tokeniser, "m")
    assert (check.ties, check.largest) == (1, 0)
    assert "1 of them with an object between two codes" in check.words


def between_codes(tokeniser: Any, event: Any) -> Any:
    """The event, its object scaled to where its code changes, by bisection."""

    def code(factor: float) -> int:
        return tokeniser.encode(scaled(event, factor)).values[0, 0]

    low = 1.0
    high = next(f for f in 1.0 + 0.05 * np.arange(1, 2000) if code(f) != code(low))
    while high / low > 1 + 2e-7:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if code(middle) == code(low) else (low, middle)
    return scaled(event, low)


def scaled(event: Any, factor: float) -> Any:
    return replace(event, p4=(event.p4 * factor).astype(np.float32))
