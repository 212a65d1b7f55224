"""Boosted trees learn what can be learnt, nothing else, and the same again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from lexon.baselines import BASELINES, BaselineKind, fit_baseline, score_baseline
from lexon.errors import DataError
from lexon.events import Events
from lexon.metrics.classification import classification_metrics
from lexon.metrics.scores import Scores

OBJECT_TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}
KINDS = sorted(get_args(BaselineKind))


def scored(kind: BaselineKind, train: Events, val: Events, test: Events) -> Scores:
    targets = [events.labels - 1 for events in (train, val, test)]
    baseline = fit_baseline(kind, train, targets[0], val, targets[1], OBJECT_TYPES, seed=1)
    return score_baseline(
        baseline,
        test,
        targets[2],
        np.arange(len(test)),
        ("signal", "background"),
        {1: "tttt", 2: "ttH"},
        "digest",
    )


@pytest.fixture(scope="module")
def splits(make_events: Callable[..., Events]) -> tuple[Events, Events, Events]:
    return make_events(1500, seed=1), make_events(400, seed=2), make_events(800, seed=3)


def test_every_kind_has_words() -> None:
    assert sorted(BASELINES) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_harder_objects_are_recognised_the_same_way_twice(
    kind: BaselineKind, splits: tuple[Events, Events, Events]
) -> None:
    first, second = scored(kind, *splits), scored(kind, *splits)
    assert classification_metrics(first, ())["auroc"] > 0.7
    np.testing.assert_array_equal(first.probabilities, second.probabilities)
    np.testing.assert_allclose(first.probabilities.sum(1), 1, rtol=1e-6)


def test_labels_without_meaning_give_half(splits: tuple[Events, Events, Events]) -> None:
    shuffled = [
        replace(events, labels=np.random.default_rng(i).permutation(events.labels))
        for i, events in enumerate(splits)
    ]
    assert classification_metrics(scored("event_level", *shuffled), ())["auroc"] == pytest.approx(
        0.5, abs=0.07
    )


@pytest.mark.parametrize("kind", KINDS)
def test_slots_that_are_always_empty_do_no_harm(
    kind: BaselineKind, splits: tuple[Events, Events, Events]
) -> None:
    few = [
        replace(
            e,
            ids=np.where(np.arange(18) < 2, e.ids, 0),
            p4=np.where(np.arange(18)[:, None] < 2, e.p4, 0),
        )
        for e in splits
    ]
    assert np.isfinite(scored(kind, *few).probabilities).all()


def test_one_class_or_a_class_that_training_lacks_is_an_error(
    splits: tuple[Events, Events, Events],
) -> None:
    train, val, _ = splits
    with pytest.raises(DataError, match="class \\[0\\] only"):
        fit_baseline(
            "flat", train, np.zeros(len(train), int), val, val.labels - 1, OBJECT_TYPES, seed=1
        )
    with pytest.raises(DataError, match="both need the same"):
        fit_baseline("flat", train, train.labels - 1, val, val.labels, OBJECT_TYPES, seed=1)
