"""Training the tokeniser: on the events that it may see, judged on whole splits, the same every
time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fabricate import to_png

from lexon.datasets.checkpoint import Checkpoints
from lexon.datasets.events import EventSample, EventsDataset, EventSource
from lexon.datasets.tokeniser import VQVAETokeniserDataset
from lexon.events import SPLITS, Events
from lexon.pipelines.pretraining.vqvae import draw_vqvae, train_vqvae
from lexon.tokenisers import restore
from lexon.training import TIMINGS

CLASSES = {"signal": "tttt", "background": "rest"}
TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}
TRAINING: dict[str, Any] = {
    "epochs": 3,
    "batch_size": 32,
    "lr": 3e-3,
    "weight_decay": 0.0,
    "warmup_steps": 5,
    "warmup_start": 0.1,
    "schedule": "cosine",
    "grad_clip": 1.0,
    "label_smoothing": 0.0,
    "early_stopping": None,
    "length_aware": True,
    "precision": "fp32",
}
SETTINGS: dict[str, Any] = {
    "kind": "vqvae",
    "vector": 4,
    "pid": True,
    "codebook_size": 64,
    "latent_dim": 4,
    "hidden_dim": 16,
    "id_embed_dim": 3,
    "commitment": 0.25,
    "decay": 0.9,
    "n_bins": 5,
    "fit_on": "auto",
    "seed": 42,
    "training": TRAINING,
}


@pytest.fixture(scope="module")
def make_source(tmp_path_factory, make_events) -> Callable[..., EventSource]:
    def make(change: Callable[[Events, str], Events] = lambda events, split: events) -> EventSource:
        dataset = EventsDataset(str(tmp_path_factory.mktemp("events") / "events.h5"))
        splits = {
            split: change(make_events(n, seed=n), split)
            for split, n in zip(SPLITS, (400, 120, 121), strict=True)
        }
        dataset.save(EventSample(iter(splits.items()), {"label_names": {1: "tttt", 2: "ttH"}}))
        return dataset.load()

    return make


def train(source: EventSource, folder: Path, **changes: Any) -> tuple:
    return train_vqvae(source, SETTINGS | changes, CLASSES, TYPES, "cpu", Checkpoints(folder))


@pytest.fixture(scope="module")
def trained(make_source, tmp_path_factory) -> tuple:
    return train(make_source(), tmp_path_factory.mktemp("checkpoints"))


def test_the_history_holds_each_epoch_and_the_use_of_codes_over_the_split(trained):
    _, history, diagnostics = trained
    assert list(history["epoch"]) == [1, 2, 3]
    assert {
        "val_usage",
        "val_perplexity",
        "train_rec_continuous",
        "val_rec_type",
        "val_commitment",
        "val_type_accuracy",
    } <= {*history}
    assert history["val_commitment"].min() > 0
    assert history["val_loss"].iloc[-1] < history["val_loss"].iloc[0]
    assert diagnostics["best_epoch"] == history["val_loss"].idxmin() + 1


def test_the_diagnostics_are_those_of_whole_splits(trained, make_source):
    tokeniser, _, diagnostics = trained
    assert json.loads(json.dumps(diagnostics)) == diagnostics
    assert "fitted on the background" in diagnostics["fitted_on"]
    for split, n in zip(SPLITS, (400, 120, 121), strict=True):
        found, events = diagnostics["splits"][split], make_source().read(split)
        codes = tokeniser.encode(events).values[events.mask] - 1
        assert found["n_events"] == n
        assert found["counts"] == np.bincount(codes, minlength=64).tolist()
        assert found["usage"] == np.mean(np.array(found["counts"]) > 0) > 0.5
        assert found["reconstruction"]["all"]["n"] == events.mask.sum()
        assert "energy_mae" not in found["reconstruction"]["all"]


def test_only_the_events_that_it_may_see_decide(trained, make_source, tmp_path):
    """Neither the signal nor the test split has a say; the background of the training split has."""

    def other(which: Callable[[Events, str], np.ndarray]) -> EventSource:
        def change(events: Events, split: str) -> Events:
            p4 = events.p4.copy()
            p4[which(events, split)] *= np.array([2, 2, 1, 1], np.float32)
            return Events(events.ids, p4, events.met, events.met_phi, events.labels)

        return make_source(change)

    codebook = trained[0].arrays()["codebook"]
    unseen = train(
        other(lambda events, split: (events.labels == 1) | (split == "test")), tmp_path / "unseen"
    )
    np.testing.assert_array_equal(unseen[0].arrays()["codebook"], codebook)
    seen = train(
        other(lambda events, split: (events.labels == 2) & (split == "train")), tmp_path / "seen"
    )
    assert not np.array_equal(seen[0].arrays()["codebook"], codebook)


def test_same_seed_same_codes_and_another_seed_others(trained, make_source, tmp_path):
    first, history, _ = trained
    events = make_source().read("test")
    again, repeated, _ = train(make_source(), tmp_path / "again")
    np.testing.assert_array_equal(again.encode(events).values, first.encode(events).values)
    columns = [name for name in history if name not in TIMINGS]
    assert repeated[columns].equals(history[columns])
    other, _, _ = train(make_source(), tmp_path / "other", seed=7)
    assert not np.array_equal(other.encode(events).values, first.encode(events).values)


def test_energies_are_judged_where_they_are_shown(make_source, tmp_path):
    _, _, diagnostics = train(make_source(), tmp_path, vector=5)
    assert diagnostics["splits"]["test"]["reconstruction"]["all"]["energy_mae"] > 0


def test_the_figure_is_drawn_from_what_is_on_disk(trained, tmp_path):
    _, history, diagnostics = trained
    assert to_png(
        draw_vqvae(history, json.loads(json.dumps(diagnostics)), Checkpoints(tmp_path))
    ).startswith(b"\x89PNG")


SEVERAL_PARTS = {
    "residual": {"quantiser": "residual", "codebook_size": 8, "stages": 2},
    "fsq": {
        "quantiser": "fsq",
        "levels": [6, 5, 4],
        "codebook_size": 120,
        "latent_dim": 3,
        "commitment": 0.0,
        "decay": 0.0,
    },
}


@pytest.fixture(scope="module", params=list(SEVERAL_PARTS))
def of_parts(request, make_source, tmp_path_factory) -> tuple:
    return request.param, *train(
        make_source(), tmp_path_factory.mktemp("parts"), **SEVERAL_PARTS[request.param]
    )


def test_codes_of_several_parts_are_learnt_and_each_part_is_judged(of_parts, make_source):
    name, tokeniser, history, diagnostics = of_parts
    assert history["val_loss"].iloc[-1] < history["val_loss"].iloc[0]
    sizes = {"residual": [8, 8], "fsq": [6, 5, 4]}[name]
    assert [part.size for part in tokeniser.layout.objects] == sizes
    test, events = diagnostics["splits"]["test"], make_source().read("test")
    assert len(test["counts"]) == np.prod(sizes)
    assert sum(test["counts"]) == events.mask.sum()
    assert list(test["parts"]) == [part.name for part in tokeniser.layout.objects]
    digits = tokeniser.layout.take_apart(tokeniser.encode(events).values)
    for use, found, size in zip(test["parts"].values(), digits.values(), sizes, strict=True):
        assert use["usage"] == len(np.unique(found[found > 0])) / size
        assert 1 <= use["perplexity"] <= size
    assert json.loads(json.dumps(diagnostics)) == diagnostics


def test_the_vectors_of_a_code_s_parts_are_what_its_network_decodes(of_parts, make_source):
    """What a token file keeps, the vectors of the parts, tells the latent vector of every
    object.
    """
    _, tokeniser, _, _ = of_parts
    events, arrays = make_source().read("test"), tokeniser.arrays()
    tokens, real = tokeniser.encode(events), events.mask
    digits = tokeniser.layout.take_apart(tokens.values[real])
    books = np.split(
        arrays["codebook"], np.cumsum([part.size for part in tokeniser.layout.objects])[:-1]
    )
    vectors = sum(book[values - 1] for book, values in zip(books, digits.values(), strict=True))
    with torch.inference_mode():
        features, _ = tokeniser.model.decode(torch.from_numpy(vectors))
    decoded = tokeniser.decode(tokens)
    eta = tokeniser.direct.fitted["eta"].invert(features[:, 1].numpy())
    np.testing.assert_allclose(decoded.eta[real], eta, rtol=1e-4, atol=1e-4)


def test_the_file_of_tokens_and_that_of_the_network_know_the_parts(of_parts, make_source, tmp_path):
    _, tokeniser, _, _ = of_parts
    events = make_source().read("test")
    table = restore(json.loads(json.dumps(tokeniser.state())) | tokeniser.arrays())
    assert table.layout == tokeniser.layout
    dataset = VQVAETokeniserDataset(filepath=str(tmp_path / "vqvae.pt"))
    dataset.save(tokeniser)
    again = dataset.load()
    assert again.layout == tokeniser.layout
    np.testing.assert_array_equal(again.encode(events).values, tokeniser.encode(events).values)


def test_the_figure_tells_the_use_of_each_part(of_parts, tmp_path):
    _, tokeniser, history, diagnostics = of_parts
    figure = draw_vqvae(history, diagnostics, Checkpoints(tmp_path))
    written = " ".join(text.get_text() for text in figure.axes[2].texts)
    assert all(part.name in written for part in tokeniser.layout.objects)
