from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lexon.metrics.multilabel import cooccurrence, cooccurrence_metrics, diversity_metrics, reconstruction_metrics

matrices = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=12), elements=st.integers(0, 1))


def random_rows(n: int, k: int, density: float = 0.3, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((n, k)) < density).astype(np.uint8)


@given(matrices)
def test_a_perfect_reconstruction_has_no_wrong_cell(rows):
    metrics = reconstruction_metrics(rows, rows)
    assert metrics["hamming_loss"] == 0
    assert metrics["jaccard_index_per_row"] == 1
    assert metrics["jaccard_index"] == rows.any()


@given(matrices)
def test_predicting_nothing_scores_the_density_and_no_overlap(rows):
    metrics = reconstruction_metrics(rows, np.zeros_like(rows))
    assert metrics["hamming_loss"] == pytest.approx(rows.mean())
    assert metrics["jaccard_index"] == 0


def test_jaccard_is_pooled_not_averaged_over_rows():
    truth = np.array([[1, 1, 1, 1], [1, 0, 0, 0]], np.uint8)
    predicted = np.array([[1, 1, 1, 1], [0, 1, 0, 0]], np.uint8)
    metrics = reconstruction_metrics(truth, predicted)
    assert metrics["jaccard_index"] == pytest.approx(4 / 6)
    assert metrics["jaccard_index_per_row"] == pytest.approx(1 / 2)


@given(matrices, st.randoms(use_true_random=False))
def test_diversity_knows_neither_the_order_of_rows_nor_of_tags(rows, random):
    order, columns = list(range(len(rows))), list(range(rows.shape[1]))
    random.shuffle(order)
    random.shuffle(columns)
    assert diversity_metrics(rows[order][:, columns]) == pytest.approx(diversity_metrics(rows))


def test_total_collapse_and_total_diversity_share_a_gini_of_0():
    collapsed, distinct = np.zeros((16, 4), np.uint8), np.array(list(itertools.product((0, 1), repeat=4)), np.uint8)
    one, all_ = diversity_metrics(collapsed), diversity_metrics(distinct)
    assert one["gini_coefficient"] == pytest.approx(0)
    assert all_["gini_coefficient"] == pytest.approx(0)
    assert (one["entropy"], all_["entropy"]) == pytest.approx((0, np.log(16)))
    assert (one["entropy_normalised"], all_["entropy_normalised"]) == pytest.approx((0, 1))
    assert (one["pct_unique_combinations"], all_["pct_unique_combinations"]) == (100 / 16, 100)
    assert (one["pct_empty"], all_["pct_empty"]) == (100, 100 / 16)
    assert (one["pct_commonest"], all_["pct_commonest"]) == (100, 100 / 16)


def test_gini_of_unequal_counts_by_hand():
    rows = np.repeat(np.array([[0, 1], [1, 0]], np.uint8), [1, 3], axis=0)
    assert diversity_metrics(rows)["gini_coefficient"] == pytest.approx(2 * (1 * 1 + 2 * 3) / (2 * 4) - 3 / 2)


def test_entropy_is_pooled_beyond_what_a_batch_could_hold():
    assert diversity_metrics(random_rows(2000, 40, 0.5))["entropy"] > np.log(32)


def test_cooccurrence_counts_pairs():
    rows = np.array([[1, 1, 0], [1, 0, 0]], np.uint8)
    np.testing.assert_array_equal(cooccurrence(rows), [[2, 1, 0], [1, 1, 0], [0, 0, 0]])


def test_equal_rows_co_occur_equally():
    rows = random_rows(200, 10)
    metrics = cooccurrence_metrics(rows, np.concatenate([rows, rows]))
    assert metrics["cosine_similarity"] == pytest.approx(1)
    assert metrics["cosine_similarity_off_diagonal"] == pytest.approx(1)
    for name in ("kl_divergence", "js_divergence", "hellinger_distance"):
        assert metrics[name] == pytest.approx(0, abs=1e-7)


@given(st.integers(0, 50))
def test_divergences_stay_within_their_bounds(seed):
    metrics = cooccurrence_metrics(random_rows(30, 6, 0.2, seed), random_rows(30, 6, 0.6, seed + 1))
    assert metrics["kl_divergence"] > 0
    assert 0 < metrics["js_divergence"] < np.log(2)
    assert 0 < metrics["hellinger_distance"] < 1


def test_rows_without_tags_are_unlike_any_data_and_still_finite():
    metrics = cooccurrence_metrics(random_rows(50, 8), np.zeros((50, 8), np.uint8))
    assert metrics["cosine_similarity"] == 0
    assert metrics["cosine_similarity_off_diagonal"] == 0
    assert np.isfinite(metrics["kl_divergence"])


def test_independent_marginals_look_alike_only_because_of_the_diagonal():
    """Two tags that exclude each other: frequencies agree, pairs do not."""
    data = np.repeat(np.array([[1, 0], [0, 1]], np.uint8), 500, axis=0)
    shuffled = np.stack([np.random.default_rng(column).permutation(data[:, column]) for column in range(2)], axis=1)
    metrics = cooccurrence_metrics(data, shuffled)
    assert metrics["cosine_similarity"] > 0.8
    assert metrics["cosine_similarity_off_diagonal"] == 0
