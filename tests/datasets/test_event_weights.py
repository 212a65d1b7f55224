"""Weights of events come along from file to events to tokens; without `events.weight` nothing
changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from event_text import TEXT, lines_of
from kedro.io import DatasetError

from lexon.datasets.events import EventSample, EventsDataset, EventSource
from lexon.datasets.tokens import TokenChunk, TokenSample, TokensDataset
from lexon.errors import DataError
from lexon.events import SPLITS, Events
from lexon.tokenisers.base import ClassifiedTokens, Tokens

CLASSES = {"signal": 1, "background": "rest"}
N = {"train": 300, "val": 60, "test": 60}


def with_weights(arrays: dict[str, np.ndarray]) -> None:
    for split, n in N.items():
        arrays[f"event_weight_{split}"] = weights_of(n).astype(np.float32)


def weights_of(n: int) -> np.ndarray:
    """Different for every event, some negative, exact in float32."""
    return (np.arange(n) - 20.0) / 4


@pytest.fixture
def weighted(write_file: Callable[..., Path]) -> Path:
    return write_file("GeV", with_weights)


def read(path: Path, weight: str | None = "event_weight") -> EventSource:
    source = EventsDataset(str(path), weight=weight).load()
    assert isinstance(source, EventSource)
    return source


@pytest.mark.parametrize("size", [7, 1000])
def test_each_event_has_its_own_weight_whatever_the_chunks(weighted: Path, size: int) -> None:
    for split, n in N.items():
        events = Events.concatenate(list(read(weighted).chunks(split, size)))
        np.testing.assert_array_equal(events.weights, weights_of(n))


def test_selected_events_keep_their_weights(weighted: Path) -> None:
    events = read(weighted).read("train")
    chosen = np.array([5, 2, 90])
    np.testing.assert_array_equal(events[chosen].weights, weights_of(300)[chosen])
    found = read(weighted).classified("train", CLASSES)
    np.testing.assert_array_equal(found.events.weights, weights_of(300)[found.index])


def test_without_the_parameter_there_are_none_and_the_notes_name_them(weighted: Path) -> None:
    source = read(weighted, None)
    assert source.read("train").weights is None
    note = next(note for note in source.notes if note.startswith("Ignored"))
    assert "event weights are not used; events.weight=event_weight would use them" in note
    assert not any("Ignored" in note for note in read(weighted).notes)


def test_unweighted_events_are_what_they_were_before_weights_were_read(
    weighted: Path, tmp_path: Path
) -> None:
    digests = {}
    for name, weight in {"plain": None, "weighted": "event_weight"}.items():
        events = {split: read(weighted, weight).read(split) for split in SPLITS}
        dataset = EventsDataset(str(tmp_path / f"{name}.h5"), weight="own")
        dataset.save(EventSample(events.items(), {}))
        digests[name] = dataset.load().attributes["split_digests"]["test"]
        assert dataset.load().weighted == (weight is not None)
        if weight is None:
            stripped = replace(events["test"], weights=None)
            assert stripped.digest() == events["test"].digest()
    assert len(digests["plain"]) == 64
    assert digests["weighted"].startswith(digests["plain"])
    assert digests["weighted"] != digests["plain"], "other weights are other results"


def test_what_lexon_writes_it_reads_back_exactly(weighted: Path, tmp_path: Path) -> None:
    dataset = EventsDataset(str(tmp_path / "clean.h5"), weight="own")
    dataset.save(EventSample(read(weighted).parts(13), {}))
    for split, n in N.items():
        np.testing.assert_array_equal(dataset.load().read(split).weights, weights_of(n))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda arrays: arrays.pop("event_weight_val"),
            r"events.weight=event_weight: event_weight_val is missing; the file has .*X_train",
        ),
        (
            lambda arrays: arrays.update(event_weight_test=np.ones(59)),
            r"event_weight_test has shape \(59,\), X_test \(60, 92\); there is one weight an event",
        ),
        (
            lambda arrays: arrays["event_weight_train"].__setitem__(7, np.nan),
            r"event_weight_train: row 7: event weight that is not finite \(nan; 1 such rows",
        ),
        (
            lambda arrays: arrays["event_weight_train"].__setitem__(250, np.inf),
            r"row 250: event weight that is not finite \(inf; .*leave events.weight out",
        ),
    ],
)
def test_bad_weights_name_file_row_and_value(
    write_file: Callable[..., Path], change: Callable[[dict[str, np.ndarray]], object], message: str
) -> None:
    def changed(arrays: dict[str, np.ndarray]) -> None:
        with_weights(arrays)
        change(arrays)

    path = write_file("GeV", changed)
    with pytest.raises(DataError, match=message) as caught:
        list(read(path).parts(100))
    assert str(path) in str(caught.value)
    list(read(path, None).chunks("train", 100))  # they matter only where they are asked for


def test_a_token_file_has_those_that_are_asked_for(weighted: Path, tmp_path: Path) -> None:
    events = {split: read(weighted).read(split) for split in SPLITS}
    chunks = [
        TokenChunk(split, np.ones((len(own), 20), np.int64), own.labels, own.weights)
        for split, own in events.items()
    ]
    path = tmp_path / "tokens.h5"
    TokensDataset(str(path)).save(TokenSample(chunks, {"vocab_size": 2}))
    finished = TokensDataset(str(path), weight="event_weight").load()
    assert not any("weights" in note for note in finished.notes)
    found = finished.classified("train", CLASSES)
    np.testing.assert_array_equal(found.weights, weights_of(300)[found.index])
    plain = TokensDataset(str(path), weight=None).load()
    assert plain.classified("train", CLASSES).weights is None
    assert any("events.weight=event_weight would use them" in note for note in plain.notes)
    with pytest.raises(DataError, match=r"events\.weight=w: w_train is missing; .*event_weight_tr"):
        TokensDataset(str(path), weight="w").load().weights("train")


def test_events_with_other_weights_of_one_token_file_are_others(tmp_path: Path) -> None:
    path = tmp_path / "tokens.h5"
    chunks = [
        TokenChunk(split, np.ones((4, 20), np.int64), np.array([1, 2, 1, 2]), np.ones(4))
        for split in SPLITS
    ]
    TokensDataset(str(path)).save(TokenSample(chunks, {"vocab_size": 2}))
    with h5py.File(path, "a") as file:
        for split in SPLITS:
            file[f"other_{split}"] = np.full(4, 2.0)
    digests = {
        weight: TokensDataset(str(path), weight=weight).load().classified("test", CLASSES).digest
        for weight in ("own", "event_weight", "other")
    }
    assert digests["own"] == digests["event_weight"] != digests["other"]


def test_text_has_weights_in_its_third_field(tmp_path: Path, make_events) -> None:
    events = make_events(200)
    lines = [line.split(";") for line in lines_of(events)]
    for i, fields in enumerate(lines):
        fields[2] = f"{i / 8}"
    (tmp_path / "events.csv").write_text("\n".join(";".join(fields) for fields in lines) + "\n")
    dataset = EventsDataset(str(tmp_path / "events.csv"), weight="weight", text=TEXT)
    read = Events.concatenate([part for _, part in dataset.load().parts(50)])
    expected = dict(zip(events.met.tolist(), np.arange(200) / 8, strict=True))
    for met, weight in zip(read.met.tolist(), read.weights.tolist(), strict=True):
        nearest = min(expected, key=lambda known: abs(known - met))
        assert expected[nearest] == weight
    assert not any("weights" in note for note in dataset.load().notes)
    unweighted = EventsDataset(str(tmp_path / "events.csv"), text=TEXT).load()
    assert next(unweighted.parts(50))[1].weights is None
    assert any("events.weight=weight would use" in note for note in unweighted.notes)


def test_text_has_no_other_weights(tmp_path: Path, make_events) -> None:
    (tmp_path / "events.csv").write_text("\n".join(lines_of(make_events(50))))
    with pytest.raises(DatasetError, match=r"events\.weight=w: .*third field.*=weight"):
        EventsDataset(str(tmp_path / "events.csv"), weight="w", text=TEXT).load()


def test_tokens_carry_the_weights_of_their_events(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def chunks(split: str, weighted: bool):
        rows = rng.integers(1, 200, (40, 20))
        labels = np.arange(40) % 2 + 1
        return TokenChunk(split, rows, labels, weights_of(40) if weighted else None)

    for weighted in (True, False):
        dataset = TokensDataset(str(tmp_path / f"{weighted}.h5"))
        dataset.save(
            TokenSample([chunks(split, weighted) for split in SPLITS], {"vocab_size": 300})
        )
        found = dataset.load().classified("val", {"signal": 2, "background": 1})
        if weighted:
            np.testing.assert_array_equal(found.weights, weights_of(40)[found.index])
        else:
            assert found.weights is None
    elsewhere = TokensDataset(str(tmp_path / "True.h5"), weight=None).load()
    assert elsewhere.classified("val", {"signal": 2, "background": 1}).weights is None


def test_a_sample_takes_the_weights_with_it() -> None:
    n = 30
    tokens = Tokens(np.zeros((n, 18)), np.zeros((n, 18)), np.zeros((n, 18), bool), np.zeros((n, 2)))
    rows = np.arange(n)
    sample = ClassifiedTokens(tokens, rows % 2, rows, rows, "digest", rows / 2).sample(11, 1)
    np.testing.assert_array_equal(sample.weights, sample.index / 2)
