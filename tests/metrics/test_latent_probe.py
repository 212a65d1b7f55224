"""Probes find what is there, and nothing where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import r2_score

from lexon.metrics.latent_probe import (
    effective_dimension,
    label_probe,
    r_squared,
    r_squared_statistic,
    ridge_probe,
    spectrum,
)


def test_r_squared_is_that_of_the_textbook() -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(2.0, 3.0, (400, 1))
    predicted = target + rng.normal(size=target.shape)
    assert r_squared(target, predicted) == pytest.approx(r2_score(target, predicted))
    both = np.hstack([target, 0.1 * rng.normal(size=target.shape)])
    assert r_squared(both, np.zeros_like(both) + both.mean(0)) == pytest.approx(0, abs=1e-9)


def test_a_weight_is_how_often_an_event_occurs() -> None:
    rng = np.random.default_rng(1)
    target, predicted = rng.normal(size=(50, 2)), rng.normal(size=(50, 2))
    counts = rng.integers(0, 4, (3, 50)).astype(np.float32)
    expected = [
        r_squared(np.repeat(target, row.astype(int), 0), np.repeat(predicted, row.astype(int), 0))
        for row in counts
    ]
    np.testing.assert_allclose(r_squared_statistic(target, predicted)(counts), expected, rtol=1e-4)


def test_a_ridge_probe_finds_what_is_linear_and_nothing_in_noise() -> None:
    rng = np.random.default_rng(2)
    train, test = rng.normal(size=(2, 600, 5))
    mixing = rng.normal(size=(5, 2))
    assert r_squared(test @ mixing, ridge_probe(train, train @ mixing).predict(test)) > 0.999
    noise = rng.normal(size=(600, 2))
    assert r_squared(noise, ridge_probe(train, rng.normal(size=(600, 2))).predict(test)) < 0.02


def test_a_label_probe_separates_what_can_be_separated() -> None:
    rng = np.random.default_rng(3)
    latents = rng.normal(size=(500, 4))
    is_signal = latents[:, 0] > 0
    scores = label_probe(latents, is_signal).decision_function(latents)
    assert scores[is_signal].mean() > scores[~is_signal].mean() + 1


@pytest.mark.parametrize("used", [1, 3, 6])
def test_the_effective_dimension_counts_equal_directions(used: int) -> None:
    rng = np.random.default_rng(4)
    latents = np.zeros((5000, 6))
    latents[:, :used] = rng.normal(size=(5000, used))
    shares = spectrum(latents)
    assert shares.sum() == pytest.approx(1)
    assert (np.diff(shares) <= 0).all()
    assert effective_dimension(shares) == pytest.approx(used, rel=0.02)
