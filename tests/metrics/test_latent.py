from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from lexon.metrics.latent import kl_per_unit, latent_metrics, posterior_verdict, silhouette


@pytest.mark.parametrize(("mean", "sigma"), [(0.0, 1.0), (1.3, 0.4), (-0.5, 2.0)])
def test_kl_is_the_integral_it_stands_for(mean, sigma):
    q, p = stats.norm(mean, sigma), stats.norm()
    expected, _ = integrate.quad(
        lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), mean - 12 * sigma, mean + 12 * sigma
    )
    got = kl_per_unit(
        np.full((3, 1), mean, np.float32), np.full((3, 1), 2 * np.log(sigma), np.float32)
    )
    assert got == pytest.approx([expected], abs=1e-6)


def test_a_unit_that_moves_by_rounding_alone_is_not_active():
    rng = np.random.default_rng(0)
    mean = np.stack([rng.normal(0, 1, 500), rng.normal(0, 1e-6, 500)], axis=1)
    metrics = latent_metrics(mean, np.zeros_like(mean))
    assert metrics["active_units"] == 1
    assert metrics["pct_active_units"] == 50


def test_the_two_criteria_of_activity_can_disagree():
    """A mean that is the same for all rows, far from the prior's: KL without information."""
    mean = np.full((100, 2), 1.0)
    metrics = latent_metrics(mean, np.zeros_like(mean))
    assert metrics["pct_active_units"] == 0
    assert metrics["pct_active_units_by_kl"] == 100


def test_silhouette_tells_separate_groups_from_mixed_ones():
    rng = np.random.default_rng(1)
    groups = np.arange(200) % 2
    apart = rng.normal(0, 0.1, (200, 3)) + 10 * groups[:, None]
    assert silhouette(apart, groups) > 0.9
    assert abs(silhouette(rng.normal(size=(200, 3)), groups)) < 0.05


def test_silhouette_leaves_out_rows_without_a_group_and_needs_two():
    rng = np.random.default_rng(2)
    groups = np.arange(90) % 3 - 1
    latent = rng.normal(0, 0.1, (90, 2)) + 10 * groups[:, None]
    assert silhouette(latent, groups) == pytest.approx(
        silhouette(latent[groups >= 0], groups[groups >= 0])
    )
    assert np.isnan(silhouette(latent, np.zeros(90, np.int64)))
    assert np.isnan(silhouette(latent, np.arange(90)))


def test_a_row_alone_in_its_group_scores_0():
    latent, groups = np.array([[0.0], [0.0], [5.0]]), np.array([0, 0, 1])
    assert silhouette(latent, groups) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("kld", "active", "jaccard", "verdict"),
    [
        (5.0, 0.0, 0.9, "collapsed"),
        (0.09, 80.0, 0.9, "collapsed"),
        (5.0, 24.0, 0.9, "partial"),
        (5.0, 80.0, 0.01, "partial"),
        (0.1, 25.0, 0.011, "ok"),
    ],
)
def test_verdict(kld, active, jaccard, verdict):
    assert posterior_verdict(kld, active, jaccard) == verdict
