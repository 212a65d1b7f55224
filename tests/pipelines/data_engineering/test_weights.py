"""What cleaning says of the weights of events, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from lexon.errors import DataError
from lexon.events import SPLITS, Events
from lexon.pipelines.data_engineering.weights import WeightsInspection
from lexon.weighting import effective_number

CLASS_OF = {1: "signal", 2: "background", 3: "background"}


def walked(
    make_events: Callable[..., Events], weights: Callable[[Events], np.ndarray], size: int = 7
) -> WeightsInspection:
    def parts() -> Iterator[tuple[str, Events]]:
        for seed, split in enumerate(SPLITS):
            events = make_events(60, seed=seed, n_labels=4)
            events = replace(events, weights=weights(events))
            for start in range(0, 60, size):
                yield split, events[start : start + size]

    inspection = WeightsInspection("events.h5", "w", CLASS_OF)
    assert sum(len(events) for _, events in inspection.passed(parts())) == 180
    return inspection


def test_it_says_what_a_class_is_worth(make_events) -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(1, 1, 60)
    first, second = walked(make_events, lambda events: values, 7).notes
    labels = make_events(60, n_labels=4).labels
    in_class = values[labels != 4]
    assert f"from {in_class.min():.4g} to {in_class.max():.4g}" in first
    assert f"{3 * (in_class < 0).sum()} of 135 are negative" in first
    for name, chosen in {
        "signal": labels == 1,
        "background": (labels == 2) | (labels == 3),
    }.items():
        assert f"{effective_number(values[chosen]):,.1f} of {chosen.sum()} {name}" in second
    assert walked(make_events, lambda events: values, 60).notes == [first, second]


def test_equal_weights_are_worth_all_events() -> None:
    assert effective_number(np.full(50, 0.3)) == pytest.approx(50)
    assert effective_number(np.array([1.0, 0.0, 0.0])) == 1
    assert effective_number(np.zeros(3)) == 0


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_class_without_a_positive_sum_is_refused(make_events, value: float) -> None:
    with pytest.raises(
        DataError,
        match=rf"events\.h5: events\.weight=w: the weights of the 15 train events of class signal"
        rf" sum to {15 * value:g} .*leave events\.weight out",
    ):
        walked(make_events, lambda events: np.where(events.labels == 1, value, 1.0))


def test_events_without_weights_have_nothing_to_say(make_events) -> None:
    inspection = WeightsInspection("events.h5", "None", CLASS_OF)
    list(inspection.passed(iter([("train", make_events(20))])))
    assert inspection.notes == []
