"""Weighted metrics: a weight of n is n events, scikit-learn agrees, weights are drawn with their
events.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fabricate import LABEL_NAMES, binormal_scores
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from lexon.errors import DataError
from lexon.metrics import ranking
from lexon.metrics.calibration import reliability
from lexon.metrics.classification import classification_metrics
from lexon.metrics.scores import Scores, mean_scores
from lexon.statistics import (
    Contest,
    contest_trainings,
    resample,
    score_statistics,
)
from lexon.statistics.contests import placements

REJECTIONS = (2.0, 5.0)
METRICS = (ranking.auroc, ranking.auroc_against(2), ranking.signal_efficiency(5))


def three_classes(n: int = 1500) -> Scores:
    rng = np.random.default_rng(3)
    target = rng.integers(0, 3, n)
    logits = rng.normal(size=(n, 3)) + 1.5 * np.eye(3)[target]
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    names = ("tttt", "ttH", "ttW")
    rows = np.arange(n)
    return Scores(
        probabilities.astype(np.float32), target, target + 1, rows, names, LABEL_NAMES, "same"
    )


def two_classes(n: int = 1500) -> Scores:
    """With many equal scores."""
    scores = binormal_scores(1.0, n)
    return replace(scores, probabilities=np.round(scores.probabilities, 2))


@pytest.fixture(params=[two_classes, three_classes])
def scores(request: pytest.FixtureRequest) -> Scores:
    return request.param()


def with_weights(scores: Scores, weights: np.ndarray) -> Scores:
    return replace(scores, weights=weights.astype(np.float64))


def repeated(scores: Scores, counts: np.ndarray) -> Scores:
    return scores[np.repeat(np.arange(len(scores)), counts)]


def once(scores: Scores) -> np.ndarray:
    return np.ones((1, len(scores)), np.float32)


@pytest.fixture
def whole(scores: Scores) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4, len(scores))


def test_every_metric_of_whole_weights_is_that_of_repeated_events(
    scores: Scores, whole: np.ndarray
) -> None:
    found = classification_metrics(with_weights(scores, whole), REJECTIONS)
    expected = classification_metrics(repeated(scores, whole), REJECTIONS)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert np.isfinite(value)
        assert found[name] == pytest.approx(value, rel=1e-6), name


def test_equal_weights_change_nothing_whatever_their_size(scores: Scores) -> None:
    plain = classification_metrics(scores, REJECTIONS)
    for size in (1.0, 1e-4, 3e5):
        found = classification_metrics(with_weights(scores, np.full(len(scores), size)), REJECTIONS)
        for name, value in plain.items():
            assert found[name] == pytest.approx(value, rel=1e-6), name


def test_scikit_learn_agrees() -> None:
    scores = two_classes()
    weights = np.random.default_rng(1).gamma(0.5, 2, len(scores))
    found = classification_metrics(with_weights(scores, weights), REJECTIONS)
    signal, probability = scores.is_signal, scores.signal
    expected = {
        "auroc": sk.roc_auc_score(signal, probability, sample_weight=weights),
        "average_precision": sk.average_precision_score(signal, probability, sample_weight=weights),
        "log_loss": sk.log_loss(scores.target, scores.probabilities, sample_weight=weights),
        "brier": sk.brier_score_loss(signal, probability, sample_weight=weights),
        "accuracy": sk.accuracy_score(
            scores.target, scores.probabilities.argmax(1), sample_weight=weights
        ),
    }
    against = signal | (scores.labels == 2)
    expected["auroc_against_ttH"] = sk.roc_auc_score(
        signal[against], probability[against], sample_weight=weights[against]
    )
    background, efficiency, _ = sk.roc_curve(
        signal, probability, sample_weight=weights, drop_intermediate=False
    )
    expected["signal_efficiency_at_rejection_5"] = efficiency[background <= 1 / 5].max()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-5), name


def test_weights_are_resampled_with_their_events(scores: Scores) -> None:
    rng = np.random.default_rng(2)
    own, counts = rng.gamma(1, 1, len(scores)), rng.integers(0, 4, (4, len(scores)))
    for metric in METRICS:
        values = metric(with_weights(scores, own))(counts.astype(np.float32))
        for drawn, value in zip(counts, values, strict=True):
            sample = repeated(with_weights(scores, own), drawn)
            assert metric(sample)(once(sample))[0] == pytest.approx(value)


def test_an_interval_is_as_wide_as_the_events_are_worth() -> None:
    """Half of the events with next to no weight: the spread is that of the other half."""
    scores = two_classes(2000)
    half = np.arange(2000) % 2 == 0

    def spread(sample: Scores) -> float:
        statistics, n = score_statistics({"a": [sample]}, ranking.auroc)
        return resample(statistics, n, 600, np.random.default_rng(1))["a"].values.std()

    weighted = spread(with_weights(scores, np.where(half, 1.0, 1e-9)))
    assert weighted == pytest.approx(spread(scores[half]), rel=0.15)
    assert weighted > 1.2 * spread(scores)


def test_negative_weights_subtract_events() -> None:
    """Events that come with both signs are as good as absent."""
    scores = two_classes(400)
    both = scores[np.concatenate([np.arange(400), np.arange(100), np.arange(100)])]
    weights = np.concatenate([np.ones(400), np.ones(100), -np.ones(100)])
    found = classification_metrics(with_weights(both, weights), (2.0,))
    for name, value in classification_metrics(scores, (2.0,)).items():
        if name not in {"average_precision", "signal_efficiency_at_rejection_2"}:
            assert found[name] == pytest.approx(value, rel=1e-6), name


def test_a_rejection_needs_background_that_is_worth_ten_events() -> None:
    scores = two_classes(2000)
    weights = np.ones(2000)
    efficiency = ranking.signal_efficiency(20.0)
    assert np.isfinite(efficiency(with_weights(scores, weights))(once(scores))[0])
    top = np.flatnonzero(~scores.is_signal)[np.argsort(-scores.signal[~scores.is_signal])[:3]]
    weights[top] = 15.0
    assert np.isnan(efficiency(with_weights(scores, weights))(once(scores))[0])


def test_one_heavy_event_below_the_threshold_makes_a_rejection_unknown_too() -> None:
    scores = two_classes(2000)
    weights = np.ones(2000)
    low = np.flatnonzero(~scores.is_signal)[np.argmin(scores.signal[~scores.is_signal])]
    weights[low] = 1e5
    efficiency = ranking.signal_efficiency(20.0)
    assert np.isnan(efficiency(with_weights(scores, weights))(once(scores))[0])


def test_classes_without_a_positive_sum_have_no_auroc() -> None:
    scores = two_classes(300)
    found = classification_metrics(with_weights(scores, np.where(scores.is_signal, 0, 1)), ())
    assert np.isnan(found["auroc"])
    assert np.isfinite(found["brier"])


def test_reliability_counts_weights_and_says_what_they_are_worth() -> None:
    scores = two_classes(500)
    whole = np.random.default_rng(0).integers(0, 5, 500).astype(float)
    found = reliability(scores.signal, scores.is_signal, whole)
    sample = repeated(scores, whole.astype(int))
    expected = reliability(sample.signal, sample.is_signal)
    np.testing.assert_allclose(found.fraction, expected.fraction)
    np.testing.assert_allclose(found.count, expected.count)
    assert found.error == pytest.approx(expected.error)
    assert (found.worth <= np.histogram(scores.signal, found.edges)[0] + 1e-9).all()
    np.testing.assert_array_equal(expected.worth, expected.count)


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 4)), min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 4)), min_size=1, max_size=20),
)
def test_weighted_placements_have_the_weighted_auroc_as_mean(positives, negatives) -> None:
    (won_at, won_weight), (lost_at, lost_weight) = (
        np.array(side, float).T for side in (positives, negatives)
    )
    won, lost = placements(won_at.astype(int), lost_at.astype(int), 7, won_weight, lost_weight)
    auroc = sk.roc_auc_score(
        np.repeat([1, 0], [len(positives), len(negatives)]),
        np.concatenate([won_at, lost_at]),
        sample_weight=np.concatenate([won_weight, lost_weight]),
    )
    assert np.average(won, weights=won_weight) == pytest.approx(auroc, abs=1e-6)
    assert np.average(lost, weights=lost_weight) == pytest.approx(auroc, abs=1e-6)


def test_slices_are_weighted_as_the_whole_is() -> None:
    scores = with_weights(two_classes(), np.random.default_rng(5).gamma(2, 1, 1500))
    rows = np.arange(1500)
    contest = Contest(rows[scores.is_signal], rows[~scores.is_signal])
    (found,) = contest_trainings({"a": [scores]}, [contest], 300, np.random.default_rng(1), {})
    statistics, n = score_statistics({"a": [scores]}, ranking.auroc)
    exact = resample(statistics, n, 300, np.random.default_rng(1))["a"]
    np.testing.assert_allclose(found["a"].estimates, exact.estimates, rtol=1e-5)
    assert np.corrcoef(found["a"].values[:, 0], exact.values[:, 0])[0, 1] > 0.99


def test_other_weights_are_never_paired() -> None:
    scores = two_classes(300)
    other = with_weights(scores, np.arange(300))
    with pytest.raises(DataError, match=r"weights differ .*one events\.weight"):
        score_statistics({"a": [scores], "b": [other]}, ranking.auroc)


def test_the_mean_of_seeds_keeps_the_weights_in_order() -> None:
    scores = with_weights(two_classes(300), np.arange(300) / 7)
    order = np.random.default_rng(0).permutation(300)
    mean = mean_scores([scores[order], scores])
    np.testing.assert_array_equal(mean.weights, scores.weights)
    np.testing.assert_allclose(mean.probabilities, scores.probabilities)
