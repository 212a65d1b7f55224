"""The fall in AUROC by an exchanged feature: that of the scores, paired over events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fabricate import binormal_scores
from sklearn.metrics import roc_auc_score

from lexon.metrics.scores import Scores
from lexon.statistics import ExchangedScores, draw_counts, falls

N = 2000


def counts() -> np.ndarray:
    return draw_counts(N, 200, np.random.default_rng(0))


def exchanged(seed: int) -> tuple[Scores, ExchangedScores]:
    """Without `lost` the scores are random; `kept` changes nothing; `noisy` hardly anything."""
    rng = np.random.default_rng(seed)
    plain = binormal_scores(1.5, N, own=seed)
    noise = rng.normal(0, 1e-3, (2, N)).astype(np.float32)
    found = {
        "lost": rng.permuted(np.tile(plain.signal, (3, 1)), axis=1),
        "kept": np.tile(plain.signal, (3, 1)),
        "noisy": plain.signal + noise,
    }
    return plain, ExchangedScores(plain, found)


def test_the_estimate_is_the_fall_in_auroc_and_what_is_ignored_is_worth_exactly_nothing():
    plain, one = exchanged(1)
    found = falls([one, exchanged(2)[1]], counts())
    aurocs = [roc_auc_score(plain.is_signal, scores) for scores in one.exchanged["lost"]]
    expected = roc_auc_score(plain.is_signal, plain.signal) - np.mean(aurocs)
    assert found["lost"].estimates[0] == pytest.approx(expected, abs=1e-6)
    assert found["lost"].n == 2
    assert not found["kept"].estimates.any()
    assert not found["kept"].values.any()


def test_weighted_events_count_by_their_weight():
    plain, one = exchanged(4)
    weights = np.random.default_rng(6).exponential(1, N)
    weighted = ExchangedScores(replace(plain, weights=weights), one.exchanged)
    aurocs = [
        roc_auc_score(plain.is_signal, scores, sample_weight=weights)
        for scores in (plain.signal, *one.exchanged["lost"])
    ]
    found = falls([weighted], counts())
    assert found["lost"].estimates[0] == pytest.approx(aurocs[0] - np.mean(aurocs[1:]), abs=1e-6)


def test_events_are_resampled_together_so_that_a_small_change_has_a_small_interval():
    found = falls([exchanged(1)[1]], counts())
    assert found["noisy"].values.std() < 0.001
    assert found["lost"].values.std() > 0.005


def test_the_order_of_the_events_does_not_matter():
    _, one = exchanged(3)
    order = np.random.default_rng(5).permutation(N)
    arrays = {
        name: getattr(one.plain, name)[order]
        for name in ("probabilities", "target", "labels", "index")
    }
    shuffled = ExchangedScores(
        replace(one.plain, **arrays),
        {name: values[:, order] for name, values in one.exchanged.items()},
    )
    first, second = (falls([each], counts()) for each in (one, shuffled))
    np.testing.assert_allclose(first["lost"].values, second["lost"].values, atol=1e-6)
