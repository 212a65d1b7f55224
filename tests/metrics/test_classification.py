"""Metrics of scores whose answers are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fabricate import binary_scores, binormal_scores
from scipy.stats import norm

from lexon.errors import DataError
from lexon.metrics.classification import classification_metrics
from lexon.metrics.scores import Scores

REJECTIONS = (10.0, 50.0, 100.0, 1000.0)


def three_classes(n: int = 900) -> Scores:
    """Class c is given probability 0.6, the others 0.2, except that every third event is mistaken
    for the next class.
    """
    target = np.arange(n) % 3
    answer = np.where(np.arange(n) % 9 < 3, (target + 1) % 3, target)
    probabilities = np.full((n, 3), 0.2, dtype=np.float32)
    probabilities[np.arange(n), answer] = 0.6
    names = ("tttt", "ttH", "ttW")
    return Scores(
        probabilities, target, target + 1, np.arange(n), names, dict(enumerate(names, 1)), "same"
    )


def test_a_perfect_classifier_is_perfect() -> None:
    is_signal = np.arange(30_000) % 3 == 0
    metrics = classification_metrics(binary_scores(is_signal.astype(float), is_signal), REJECTIONS)
    ones = [
        "auroc",
        "average_precision",
        "accuracy",
        "f1",
        "auroc_against_ttH",
        "auroc_against_ttW",
        "signal_efficiency_at_rejection_1000",
    ]
    assert {name: metrics[name] for name in ones} == dict.fromkeys(ones, 1.0)
    assert metrics["brier"] == metrics["ece"] == 0
    assert metrics["log_loss"] == pytest.approx(0, abs=1e-6)


def test_binormal_scores_have_the_area_and_efficiency_of_theory() -> None:
    """AUROC = Phi(d / sqrt 2); efficiency at rejection r = 1 - Phi(Phi^-1(1 - 1/r) - d)."""
    metrics = classification_metrics(binormal_scores(1.4, n=100_000), REJECTIONS)
    assert metrics["auroc"] == pytest.approx(norm.cdf(1.4 / np.sqrt(2)), abs=0.005)
    for rejection in (10, 50, 100):
        expected = norm.sf(norm.isf(1 / rejection) - 1.4)
        assert metrics[f"signal_efficiency_at_rejection_{rejection}"] == pytest.approx(
            expected, abs=0.015
        )


def test_probabilities_that_are_true_have_no_calibration_error() -> None:
    rng = np.random.default_rng(0)
    probability = rng.random(50_000)
    calibrated = classification_metrics(
        binary_scores(probability, rng.random(50_000) < probability), ()
    )
    overconfident = classification_metrics(
        binary_scores(np.round(probability), rng.random(50_000) < probability), ()
    )
    assert calibrated["ece"] < 0.01
    assert calibrated["brier"] == pytest.approx(1 / 6, abs=0.005)
    assert overconfident["ece"] == pytest.approx(0.25, abs=0.01)


def test_shuffled_labels_give_half() -> None:
    scores = binormal_scores(2.0, n=20_000)
    order = np.random.default_rng(1).permutation(len(scores))
    shuffled = replace(scores, target=scores.target[order], labels=scores.labels[order])
    metrics = classification_metrics(shuffled, REJECTIONS)
    assert metrics["auroc"] == pytest.approx(0.5, abs=0.015)
    assert metrics["auroc_against_ttH"] == pytest.approx(0.5, abs=0.02)


def test_too_few_background_events_are_not_a_number() -> None:
    metrics = classification_metrics(binormal_scores(1.0, n=2000), REJECTIONS)
    assert np.isfinite(metrics["signal_efficiency_at_rejection_50"])
    assert np.isnan(metrics["signal_efficiency_at_rejection_1000"])


@pytest.mark.filterwarnings("error")
def test_one_class_only_is_undefined_and_no_error() -> None:
    metrics = classification_metrics(
        binary_scores(np.linspace(0, 1, 50), np.ones(50, dtype=bool)), REJECTIONS
    )
    for name in ("auroc", "average_precision", "signal_efficiency_at_rejection_10"):
        assert np.isnan(metrics[name])
    assert np.isfinite(metrics["accuracy"])


def test_no_event_is_an_error() -> None:
    with pytest.raises(DataError, match="no scored event"):
        classification_metrics(binary_scores(np.array([]), np.array([], dtype=bool)), REJECTIONS)


def test_more_classes_are_averaged_one_against_the_rest() -> None:
    metrics = classification_metrics(three_classes(), REJECTIONS)
    per_class = [metrics[f"auroc_{name}"] for name in ("tttt", "ttH", "ttW")]
    assert metrics["auroc"] == pytest.approx(np.mean(per_class))
    assert metrics["accuracy"] == pytest.approx(2 / 3)
    assert metrics["f1"] == pytest.approx(2 / 3)
    # Of (signal, ttH) pairs 2/3 x 1 are won, 1/3 x 0 tied at 0.2 against 0.2: signal 0.6 in 2/3,
    # ttH never 0.6 for signal.
    assert metrics["auroc_against_ttH"] == pytest.approx(2 / 3 + 1 / 3 * 0.5)
    assert metrics["brier"] == pytest.approx(
        (2 / 3 * (0.16 + 2 * 0.04) + 1 / 3 * (0.64 + 0.36 + 0.04)) / 2
    )


def test_a_class_that_the_split_lacks_leaves_the_mean_undefined() -> None:
    scores = three_classes()
    some = scores.target != 2
    part = Scores(
        scores.probabilities[some],
        scores.target[some],
        scores.labels[some],
        scores.index[some],
        scores.class_names,
        {},
        "same",
    )
    metrics = classification_metrics(part, ())
    assert np.isnan(metrics["auroc"])
    assert np.isnan(metrics["auroc_ttW"])
    assert np.isfinite(metrics["auroc_tttt"])
