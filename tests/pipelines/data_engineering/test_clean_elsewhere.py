"""A second sample is matched by the names of its processes, and what was trained on is found in
it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kedro.io import DatasetError

from lexon.config import ElsewhereConfig, EventChecks, EventsFile
from lexon.datasets.elsewhere import (
    OtherEventsDataset,
    OtherSample,
    OtherSampleDataset,
    in_its_terms,
)
from lexon.datasets.events import EventSample, EventsDataset, EventSource
from lexon.errors import ConfigurationError
from lexon.events import SPLITS, Events
from lexon.pipelines.data_engineering.clean_elsewhere import clean_elsewhere

CLASSES = {"signal": "tttt", "background": "rest"}
FIRST = {1: "tttt", 2: "ttH", 3: "ttW"}
CHECKS = EventChecks(max_bad_events=0.5, beam_energy=7000, duplicates="keep")


def config(classes: Mapping[str, Any] | None = None) -> ElsewhereConfig:
    data = EventsFile(
        energy_unit="auto",
        label_names={},
        object_types={},
        split={"train": 0.8, "val": 0.1, "test": 0.1},
        split_seed=1,
        max_bad_lines=0.1,
        duplicates="keep",
    )
    return ElsewhereConfig(asked=True, data=data, classes=classes)


@pytest.fixture
def written(tmp_path: Path, make_events: Callable[..., Events]) -> Callable[..., EventSource]:
    numbers: Iterator[int] = iter(range(10))

    def write(names: dict[int, str], seed: int, *more: Events) -> EventSource:
        dataset = EventsDataset(str(tmp_path / f"{next(numbers)}.h5"))
        splits = [
            (split, make_events(60, seed + place, n_labels=len(names)))
            for place, split in enumerate(SPLITS)
        ]
        splits += [("test", events) for events in more]
        dataset.save(EventSample(splits, {"label_names": names, "raw_digest": "of the first"}))
        return dataset.load()

    return write


@pytest.fixture
def cleaned(tmp_path: Path) -> Callable[..., OtherSample]:
    def clean(
        raw: EventSource, first: EventSource, classes: Any = None, study: Any = CLASSES
    ) -> OtherSample:
        dataset = OtherSampleDataset(filepath=str(tmp_path / "elsewhere.h5"))
        dataset.save(clean_elsewhere(raw, first, dict(study), config(classes), CHECKS))
        return dataset.load()

    return clean


def notes(sample: OtherSample) -> str:
    return " ".join(sample.source.attributes["notes"])


def test_processes_are_matched_by_name_whatever_their_numbers(written, cleaned) -> None:
    first, second = written(FIRST, 0), written({1: "ttW", 2: "tttt", 3: "ttH"}, 10)
    sample = cleaned(second, first)
    assert sample.class_of_label == {1: "background", 2: "signal", 3: "background"}
    found = sample.classified(("signal", "background"))
    every = np.concatenate([second.read(split).labels for split in SPLITS])
    np.testing.assert_array_equal(found.events.labels, every)
    np.testing.assert_array_equal(found.targets, np.where(every == 2, 0, 1))
    np.testing.assert_array_equal(found.index, np.arange(180))
    assert "All 180 events are used" in notes(sample)


def test_processes_of_no_class_are_left_out_and_counted(written, cleaned) -> None:
    sample = cleaned(written({1: "tttt", 2: "diboson", 3: "ttH"}, 10), written(FIRST, 0))
    found = sample.classified(("signal", "background"))
    assert set(found.events.labels.tolist()) == {1, 3}
    assert "Left out, in no class of the study: 60 diboson." in notes(sample)
    assert "Processes of the study that are not in it by name: ttW." in notes(sample)


def test_a_class_that_is_missing_is_said(written, cleaned) -> None:
    sample = cleaned(written({1: "ttH", 2: "ttW"}, 10), written(FIRST, 0))
    assert "Class signal: no event, so no AUROC that takes it." in notes(sample)
    assert set(sample.classified(("signal", "background")).targets.tolist()) == {1}


def test_its_labels_may_stand_for_classes(written, cleaned) -> None:
    second = written({1: "WZ", 2: "WW", 3: "QCD"}, 10)
    sample = cleaned(second, written(FIRST, 0), {"signal": "WZ", "background": ["WW", 3]})
    assert sample.class_of_label == {1: "signal", 2: "background", 3: "background"}
    assert "not in it by name" not in notes(sample)


def test_it_has_as_many_objects_as_it_is_read_with(written, cleaned) -> None:
    second = EventsDataset(str(written(FIRST, 10).path), max_objects=12).load()
    sample = cleaned(second, written(FIRST, 0))
    assert sample.classified(("signal", "background")).events.ids.shape == (180, 12)


def test_its_weights_count_as_those_of_one_sample(written, cleaned, make_events) -> None:
    """The signal's weights have no positive sum in one split, but in all of them."""
    first, path = written(FIRST, 0), written(FIRST, 10).path
    raw = EventsDataset(str(path), weight="own")
    parts = [
        (split, replace(make_events(60, 20 + place, 3), weights=np.full(60, weight)))
        for place, (split, weight) in enumerate(zip(SPLITS, (2.0, -1.0, 3.0), strict=True))
    ]
    raw.save(EventSample(parts, {"label_names": FIRST}))
    sample = cleaned(raw.load(), first)
    assert "sum w^2: 22.9 of 60 signal, 45.7 of 120 background." in notes(sample)
    found = sample.classified(("signal", "background")).events.weights
    assert found.sum() == 240


@pytest.mark.parametrize(
    ("names", "classes", "words"),
    [
        ({1: "WZ", 2: "WW"}, None, r"it has WZ, WW, the study tttt, ttH, ttW; .*evaluation"),
        (FIRST, {"signal": "WZ", "background": "rest"}, r"evaluation\.classes\.signal=WZ"),
    ],
)
def test_what_fits_nothing_is_an_error_that_names_both(written, cleaned, names, classes, words):
    with pytest.raises(ConfigurationError, match=words):
        cleaned(written(names, 10), written(FIRST, 0), classes)


def test_labels_without_names_are_matched_by_number_and_said(written, cleaned) -> None:
    numbers = {label: str(label) for label in FIRST}
    study = {"signal": 1, "background": "rest"}
    sample = cleaned(written(numbers, 10), written(numbers, 0), None, study)
    assert "are taken for those of the same numbers: 1, 2, 3." in notes(sample)


def test_the_file_that_was_trained_on_is_refused(written, cleaned) -> None:
    first = written(FIRST, 0)
    first.attributes["raw_digest"] = first.digest
    with pytest.raises(ConfigurationError, match="is the file that the study is trained on"):
        cleaned(first, first)


def test_events_that_were_trained_on_are_counted_and_most_of_them_refused(written, cleaned):
    first = written(FIRST, 0)
    trained = first.read("train")
    sample = cleaned(written(FIRST, 10, trained[:20]), first)
    assert "20 of 200 events are training or validation events of this study" in notes(sample)
    with pytest.raises(DatasetError, match=r"120 of 180 events are training or validation"):
        cleaned(written(FIRST, 0), first)


def test_the_own_test_events_are_not_what_was_trained_on(written, cleaned) -> None:
    first = written(FIRST, 0)
    sample = cleaned(written(FIRST, 10, first.read("test")), first)
    assert "training or validation events" not in notes(sample)


def test_errors_name_the_parameters_of_the_second_sample(written) -> None:
    path = written(FIRST, 0).path
    with pytest.raises(DatasetError, match=r"evaluation\.path: .*; evaluation\.events\.branches"):
        OtherEventsDataset(str(path), branches="nanoaod", text={}).load()
    text = "x: choose events.branches=nanoaod, events.max_bad_lines or events.weight (events.path)"
    assert in_its_terms(text) == (
        "x: choose evaluation.events.branches=nanoaod, events.max_bad_lines or"
        " evaluation.events.weight (evaluation.path)"
    )
