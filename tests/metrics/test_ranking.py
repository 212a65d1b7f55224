"""The fast statistics of a bootstrap agree with scikit-learn on the events that the weights stand
for.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from fabricate import binormal_scores
from sklearn.metrics import roc_auc_score, roc_curve

from lexon.metrics import ranking
from lexon.metrics.scores import Scores


@pytest.fixture
def tied_scores() -> Scores:
    """Scores with many equal values."""
    scores = binormal_scores(1.0, n=3000)
    return replace(scores, probabilities=np.round(scores.probabilities, 1))


def repeated(scores: Scores, counts: np.ndarray) -> Scores:
    rows = np.repeat(np.arange(len(scores)), counts)
    arrays = {
        f.name: getattr(scores, f.name)[rows]
        for f in fields(scores)
        if f.name in ("probabilities", "target", "labels", "index")
    }
    return replace(scores, **arrays)


def test_weights_are_repeated_events(tied_scores: Scores) -> None:
    weights = np.random.default_rng(0).integers(0, 4, (3, len(tied_scores))).astype(np.float32)
    metrics = (ranking.auroc, ranking.auroc_against(2), ranking.signal_efficiency(20))
    for metric in metrics:
        values = metric(tied_scores)(weights)
        for row, value in zip(weights.astype(int), values, strict=True):
            sample = repeated(tied_scores, row)
            assert metric(sample)(np.ones((1, len(sample)), dtype=np.float32))[0] == pytest.approx(
                value
            )


def test_auroc_is_that_of_scikit_learn_with_ties(tied_scores: Scores) -> None:
    weights = np.random.default_rng(1).integers(0, 3, (2, len(tied_scores))).astype(np.float32)
    expected = [
        roc_auc_score(tied_scores.is_signal, tied_scores.signal, sample_weight=row)
        for row in weights
    ]
    np.testing.assert_allclose(ranking.auroc(tied_scores)(weights), expected)


def test_weights_without_a_positive_sum_give_no_auroc(tied_scores: Scores) -> None:
    """The ratio of two negative sums looks like any AUROC."""
    background = np.flatnonzero(tied_scores.labels == 2)
    weights = np.ones(len(tied_scores))
    weights[background] = -1
    scores = replace(tied_scores, weights=weights)
    once = np.ones((1, len(scores)))
    assert np.isnan(ranking.auroc_against(2)(scores)(once)).all()
    weights[background[len(background) // 3 :]] = 1
    assert np.isfinite(ranking.auroc_against(2)(scores)(once)).all()


def test_a_signal_without_a_positive_sum_of_weights_has_no_efficiency(tied_scores: Scores) -> None:
    """A share of a negative whole looks like any share."""
    once = np.ones((1, len(tied_scores)))
    for weight, known in ((1.0, True), (-1.0, False)):
        scores = replace(tied_scores, weights=np.where(tied_scores.is_signal, weight, 1.0))
        efficiency = ranking.signal_efficiency(2)(scores)(once)
        assert np.isfinite(efficiency).all() == known


def test_efficiency_is_the_highest_whose_background_stays_below(tied_scores: Scores) -> None:
    once = np.ones((1, len(tied_scores)), dtype=np.float32)
    background, signal, _ = roc_curve(
        tied_scores.is_signal, tied_scores.signal, drop_intermediate=False
    )
    for rejection in (2, 5, 20):
        expected = signal[background <= 1 / rejection].max()
        assert ranking.signal_efficiency(rejection)(tied_scores)(once)[0] == pytest.approx(expected)
