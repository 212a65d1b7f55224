from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from lexon.metrics import multilabel
from lexon.metrics.multilabel import (
    cooccurrence,
    cooccurrence_metrics,
    diversity_metrics,
    reconstruction_metrics,
)

matrices = arrays(
    np.uint8,
    array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=12),
    elements=st.integers(0, 1),
)


def random_rows(n: int, k: int, density: float = 0.3, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((n, k)) < density).astype(np.uint8)


@given(matrices)
def test_a_perfect_reconstruction_has_no_wrong_cell(rows):
    metrics = reconstruction_metrics(rows, rows)
    assert metrics["hamming_loss"] == 0
    assert metrics["jaccard_index_per_row"] == 1
    assert metrics["jaccard_index"] == 1, "also where both sides are empty"


@given(matrices)
def test_predicting_nothing_scores_the_density_and_no_overlap(rows):
    metrics = reconstruction_metrics(rows, np.zeros_like(rows))
    assert metrics["hamming_loss"] == pytest.approx(rows.mean())
    assert metrics["jaccard_index"] == (0 if rows.any() else 1)


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
    collapsed, distinct = (
        np.zeros((16, 4), np.uint8),
        np.array(list(itertools.product((0, 1), repeat=4)), np.uint8),
    )
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
    assert diversity_metrics(rows)["gini_coefficient"] == pytest.approx(
        2 * (1 * 1 + 2 * 3) / (2 * 4) - 3 / 2
    )


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


def test_rows_without_tags_are_as_far_from_any_data_as_can_be_and_still_finite():
    metrics = cooccurrence_metrics(random_rows(50, 8), np.zeros((50, 8), np.uint8))
    assert metrics["cosine_similarity"] == 0
    assert metrics["cosine_similarity_off_diagonal"] == 0
    assert np.isfinite(metrics["kl_divergence"])
    assert metrics["js_divergence"] == pytest.approx(np.log(2))
    assert metrics["hellinger_distance"] == 1


@given(st.integers(0, 50))
def test_no_model_is_further_from_the_data_than_one_that_decodes_nothing(seed):
    data, model = random_rows(30, 9, 0.2, seed), random_rows(30, 9, 0.02, seed + 1)
    some, none = cooccurrence_metrics(data, model), cooccurrence_metrics(data, np.zeros_like(data))
    for name in ("kl_divergence", "js_divergence", "hellinger_distance"):
        assert some[name] <= none[name] + 1e-9


def rows_of_topics(n: int, n_tags: int, seed: int) -> np.ndarray:
    """Rows of five tags of one of 20 topics; a topic's tags are as many as all tags divided
    by 20.
    """
    rng = np.random.default_rng(seed)
    rows = np.zeros((n, n_tags), np.uint8)
    tags = rng.integers(0, 10, (n, 5)) * 20 + rng.integers(0, 20, n)[:, None]
    np.put_along_axis(rows, tags, 1, axis=1)
    return rows


@pytest.mark.parametrize("n_tags", [200, 2000])
def test_collapsed_and_shuffled_rows_come_out_worst_however_many_tags_there_are(n_tags):
    """Unused tags change nothing: a smoothing weight for each pair would drown the data in them."""
    data = rows_of_topics(400, n_tags, 0)
    marginals = (np.random.default_rng(2).random(data.shape) < data.mean(axis=0)).astype(np.uint8)
    shuffled = np.roll(data, n_tags // 2 + 7, axis=1)[
        :, np.random.default_rng(3).permutation(n_tags)
    ]
    commonest = np.zeros_like(data)
    commonest[:, data.sum(axis=0).argmax()] = 1
    models = {
        "again": rows_of_topics(400, n_tags, 1),
        "marginals": marginals,
        "shuffled": shuffled,
        "commonest": commonest,
    }
    models["empty"] = np.zeros_like(data)
    for name in ("kl_divergence", "js_divergence", "hellinger_distance"):
        values = {model: cooccurrence_metrics(data, rows)[name] for model, rows in models.items()}
        assert max(values, key=values.__getitem__) == "empty"
        assert values["again"] < values["marginals"] < 0.9 * values["commonest"], values
        assert values["marginals"] < values["shuffled"]


def test_dense_and_sparse_counts_are_the_same_and_divergences_those_of_scipy(monkeypatch):
    data, model = random_rows(60, 15, 0.2, 0), random_rows(60, 15, 0.4, 1)
    p, q = (cooccurrence(rows).ravel() / cooccurrence(rows).sum() for rows in (data, model))
    monkeypatch.setattr(multilabel, "_DENSE_SPEED", 0)
    sparse = cooccurrence_metrics(data, model)
    monkeypatch.setattr(multilabel, "_DENSE_SPEED", np.inf)
    assert cooccurrence_metrics(data, model) == pytest.approx(sparse)
    assert sparse["js_divergence"] == pytest.approx(jensenshannon(p, q) ** 2)
    assert sparse["hellinger_distance"] == pytest.approx(
        np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2)
    )
    assert sparse["kl_divergence"] == pytest.approx(
        entropy(p, q + multilabel.SMOOTHING / q.size), rel=1e-4
    )


def test_pairs_of_many_tags_need_no_matrix_of_all_of_them():
    rows = np.zeros((300, 5000), np.uint8)
    np.put_along_axis(rows, np.random.default_rng(0).integers(0, 5000, (300, 6)), 1, axis=1)
    tracemalloc.start()
    cooccurrence_metrics(rows, rows[::-1])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 50e6, "one matrix of 5,000 x 5,000 takes 200 MB"


def test_independent_marginals_look_alike_only_because_of_the_diagonal():
    """Two tags that exclude each other: frequencies agree, pairs do not."""
    data = np.repeat(np.array([[1, 0], [0, 1]], np.uint8), 500, axis=0)
    shuffled = np.stack(
        [np.random.default_rng(column).permutation(data[:, column]) for column in range(2)], axis=1
    )
    metrics = cooccurrence_metrics(data, shuffled)
    assert metrics["cosine_similarity"] > 0.8
    assert metrics["cosine_similarity_off_diagonal"] == 0
