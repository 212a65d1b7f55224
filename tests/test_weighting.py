"""What each event of a training counts."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexon.config import Weighting
from lexon.errors import DataError
from lexon.weighting import trainable, training_weights


def weighting(**changes: str) -> Weighting:
    defaults = {"event_weights": "per_class", "class_weights": "none", "negative_weights": "error"}
    return Weighting(**{**defaults, **changes})


events = st.lists(st.tuples(st.integers(0, 2), st.floats(0.01, 100)), min_size=1, max_size=50).map(
    lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True))
)


@given(events, st.sampled_from(["per_class", "overall"]), st.sampled_from(["none", "balanced"]))
def test_weights_have_mean_one_and_keep_their_ratios_in_a_class(found, scale, classes) -> None:
    targets, weights = found
    own = training_weights(weights, targets, weighting(event_weights=scale, class_weights=classes))
    assert own.mean() == pytest.approx(1)
    for target in np.unique(targets):
        chosen = targets == target
        ratios = own[chosen] / weights[chosen]
        np.testing.assert_allclose(ratios, ratios[0])


@given(events)
def test_classes_have_their_numbers_their_sums_or_equal_shares(found) -> None:
    targets, weights = found
    present, counts = np.unique(targets, return_counts=True)

    def shares(**changes: str) -> np.ndarray:
        own = training_weights(weights, targets, weighting(**changes))
        return np.array([own[targets == target].sum() for target in present]) / len(targets)

    np.testing.assert_allclose(shares(), counts / len(targets))
    sums = np.array([weights[targets == target].sum() for target in present])
    np.testing.assert_allclose(shares(event_weights="overall"), sums / weights.sum())
    for scale in ("per_class", "overall", "none"):
        balanced = shares(event_weights=scale, class_weights="balanced")
        np.testing.assert_allclose(balanced, 1 / len(present))


@given(events, st.floats(1e-6, 1e6), st.sampled_from(["per_class", "overall"]))
def test_the_unit_of_the_weights_does_not_matter(found, unit, scale) -> None:
    targets, weights = found
    same = weighting(event_weights=scale)
    np.testing.assert_allclose(
        training_weights(weights * unit, targets, same), training_weights(weights, targets, same)
    )


def test_nothing_is_weighted_unless_asked() -> None:
    targets = np.array([0, 1, 1])
    assert training_weights(None, targets, weighting()) is None
    assert training_weights(np.ones(3), targets, weighting(event_weights="none")) is None
    balanced = training_weights(None, targets, weighting(class_weights="balanced"))
    np.testing.assert_allclose(balanced, [1.5, 0.75, 0.75])


def test_a_class_of_zeros_cannot_be_trained_on() -> None:
    with pytest.raises(DataError, match=r"2 events of class 1 .*sum to 0; .*event_weights=none"):
        training_weights(np.array([1.0, 0, 0]), np.array([0, 1, 1]), weighting())


WEIGHTS, INDEX = np.array([1.0, -2.5, 3.0, -1.0]), np.array([10, 20, 30, 40])


def test_a_negative_weight_is_an_error_that_names_it_and_what_to_choose() -> None:
    with pytest.raises(DataError) as caught:
        trainable(WEIGHTS, INDEX, weighting(), "events.h5")
    for part in (
        "events.h5: row 20",
        "-2.5",
        "2 of 4",
        "negative_weights=drop",
        "event_weights=none",
    ):
        assert part in str(caught.value)


def test_negative_weights_are_dropped_or_turned_as_asked_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        kept, weights = trainable(WEIGHTS, INDEX, weighting(negative_weights="drop"), "events.h5")
        assert kept.tolist() == [True, False, True, False]
        np.testing.assert_array_equal(weights[kept], [1, 3])
        kept, weights = trainable(WEIGHTS, INDEX, weighting(negative_weights="absolute"), "e")
        assert kept.all()
        np.testing.assert_array_equal(weights, np.abs(WEIGHTS))
    assert caplog.text.count("2 of 4 training events have a negative weight") == 2


@pytest.mark.parametrize("weights", [None, np.abs(WEIGHTS), WEIGHTS])
def test_where_weights_are_not_trained_with_their_sign_does_not_matter(weights) -> None:
    changes = {"event_weights": "none"} if weights is WEIGHTS else {}
    kept, same = trainable(weights, INDEX, weighting(**changes), "events.h5")
    assert kept.all()
    assert same is weights
