from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from lexon.models.vae import VAE
from lexon.pipelines.modelling.vae import anchors as anchors_module
from lexon.pipelines.modelling.vae.anchors import Components, measure_anchors
from lexon.pipelines.modelling.vae.measures import by_split, model_metrics
from lexon.pipelines.modelling.vae.passes import pass_through
from lexon.pipelines.modelling.vae.rows import rows_of_file
from lexon.training import seeded


@pytest.fixture(scope="module")
def tag_rows():
    import pandas as pd

    rng = np.random.default_rng(0)
    first = rng.random((600, 6)) < 0.4
    frame = pd.DataFrame(
        np.concatenate([first, first], axis=1).astype(int), columns=[f"t{i}" for i in range(12)]
    )
    frame["noise"] = (rng.random(600) < 0.5).astype(int)
    frame["kind"] = np.where(first[:, 0], "x", "y")
    return rows_of_file(frame, None, "kind", {"train": 0.6, "val": 0.2, "test": 0.2}, 3)


@pytest.fixture(scope="module")
def anchors(tag_rows):
    plan = [{"config": {"vae": {"latent_dim": width}}} for width in (3, 7, 64)]
    content = measure_anchors(tag_rows, plan)
    assert content["data"]["digest"] == tag_rows.digest
    return {
        name: metrics["test"] | metrics["train"] for name, metrics in content["anchors"].items()
    }


def test_there_is_an_anchor_of_each_kind_and_a_pca_of_each_width(anchors):
    assert list(anchors) == [
        "all_zero",
        "independent_marginals",
        "pca_3",
        "pca_7",
        "pca_64",
        "data",
        "data_bootstrap",
    ]


def test_all_zero_scores_the_density(anchors, tag_rows):
    assert anchors["all_zero"]["test_hamming_loss"] == pytest.approx(tag_rows.rows["test"].mean())
    assert anchors["all_zero"]["test_jaccard_index"] == 0


def test_a_pca_as_wide_as_the_rows_are_free_restores_them(anchors):
    assert anchors["pca_7"]["test_jaccard_index"] == anchors["pca_64"]["test_jaccard_index"] == 1
    assert anchors["pca_3"]["test_jaccard_index"] < 1


def test_a_few_components_of_many_tags_are_those_of_the_full_decomposition(monkeypatch):
    rows = (np.random.default_rng(0).random((90, 70)) < np.linspace(0.05, 0.6, 70)).astype(np.uint8)
    rows[:, ::2] |= rows[:, 1::2]
    lanczos = Components.of(rows, 6)
    monkeypatch.setattr(anchors_module, "FEW", np.inf)
    full = Components.of(rows, 6)
    assert np.abs((lanczos.axes * full.axes).sum(axis=1)) == pytest.approx(np.ones(6))
    pca = PCA(3).fit(rows.astype(float))
    expected = pca.inverse_transform(pca.transform(rows.astype(float))) > 0.5
    np.testing.assert_array_equal(lanczos.decode(rows, 3), expected)


def test_components_are_found_once_for_all_widths_and_splits(tag_rows, monkeypatch):
    fitted = []
    monkeypatch.setattr(
        anchors_module, "PCA", lambda *args, **more: fitted.append(args) or PCA(*args, **more)
    )
    measure_anchors(tag_rows, [{"config": {"vae": {"latent_dim": width}}} for width in (2, 3, 4)])
    assert len(fitted) == 1


def test_marginals_know_no_pairs_and_the_data_drawn_again_does(anchors):
    name = "test_cooccurrence_cosine_similarity_off_diagonal_prior"
    assert anchors["independent_marginals"][name] < 0.95 < anchors["data_bootstrap"][name]


def test_marginals_pay_the_entropy_of_each_tag(anchors, tag_rows):
    share = tag_rows.rows["train"].mean(0)
    nats = -(share * np.log(share) + (1 - share) * np.log(1 - share)).sum()
    assert anchors["independent_marginals"]["train_bce_plus_kld"] == pytest.approx(nats, rel=1e-3)


def make_model(n_tags: int, **changes) -> VAE:
    recipe = {"latent_dim": 4, "hidden_dim": 8, "batch_norm": True, "beta": 2.0, "dropout": 0.5}
    with seeded(1):
        return VAE(n_tags=n_tags, **{**recipe, **changes})


def test_a_pass_is_the_same_every_time_and_its_parts_belong_together(tag_rows):
    rows, model = tag_rows.rows["test"], make_model(13)
    once, again = (pass_through(model, rows, "cpu", 5) for _ in range(2))
    np.testing.assert_array_equal(once.bce, again.bce)
    np.testing.assert_array_equal(once.prior, again.prior)
    assert once.decoded.shape == once.decoded_sample.shape == once.prior.shape == rows.shape
    assert once.kl_per_unit.sum() == pytest.approx(once.kld.mean(), rel=1e-5)
    metrics = model_metrics(tag_rows, "test", once, beta=2.0)
    assert metrics["loss"] == pytest.approx(metrics["bce"] + 2 * metrics["kld"])
    assert metrics["bce_plus_kld"] == pytest.approx(metrics["bce"] + metrics["kld"])


def test_rows_of_the_prior_are_drawn_not_thresholded(tag_rows):
    """A decoder that gives each tag 30 %: thresholding would leave every row empty."""
    model = make_model(13)
    torch.nn.init.zeros_(model.decoder[-1].weight)
    torch.nn.init.constant_(model.decoder[-1].bias, float(np.log(0.3 / 0.7)))
    passed = pass_through(model, tag_rows.rows["train"], "cpu", 0)
    assert passed.decoded.sum() == 0
    assert passed.prior.mean() == pytest.approx(0.3, abs=0.02)


def test_the_data_s_own_diversity_stands_beside_the_model_s(tag_rows):
    metrics = model_metrics(
        tag_rows, "val", pass_through(make_model(13), tag_rows.rows["val"], "cpu", 0), 1.0
    )
    assert metrics["diversity_entropy_data"] > metrics["diversity_entropy"]


def test_metrics_json_holds_numbers_only():
    assert by_split({"val": {"kld": 1.0, "silhouette": float("nan")}}) == {"val": {"val_kld": 1.0}}
