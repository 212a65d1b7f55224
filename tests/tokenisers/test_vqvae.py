"""Learnt codes as tokens: a layout, a way back, and no network that was trained on
something else.
"""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from lexon.config import TrainingConfig
from lexon.errors import DataError
from lexon.events import Events
from lexon.metrics.codebook import CodeUse
from lexon.metrics.reconstruction import reconstruction_errors
from lexon.models.vqvae import VQVAE
from lexon.tokenisers import restore
from lexon.tokenisers.vqvae import Codes, CodeTable, VQVAETokeniser
from lexon.training import Training, seeded

K, N_BINS = 64, 5
TYPES = {i: f"type {i}" for i in range(1, 8)}


def network(tokeniser: VQVAETokeniser, **changes: Any) -> VQVAE:
    recipe = {
        "n_features": tokeniser.direct.vector,
        "codebook_size": K,
        "latent_dim": 8,
        "hidden_dim": 32,
        "id_embed_dim": 4,
        "commitment": 0.25,
        "decay": 0.9,
        "normalisation": tokeniser.direct.state()["fitted"],
    }
    with seeded(1):
        return VQVAE(**recipe | changes)


def train(events: Events, vector: int = 5, pid: bool = True, epochs: int = 12) -> VQVAETokeniser:
    tokeniser = VQVAETokeniser.unfitted(vector, pid, N_BINS, Codes(K)).fit(events)
    config = TrainingConfig(
        epochs=epochs,
        batch_size=64,
        lr=3e-3,
        weight_decay=0.0,
        warmup_steps=10,
        warmup_start=0.1,
        schedule="cosine",
        grad_clip=1.0,
        label_smoothing=0.0,
        early_stopping=None,
        length_aware=True,
        precision="auto",
    )
    model = network(tokeniser)
    Training(
        model,
        tokeniser.inputs(events),
        tokeniser.inputs(events[:64]),
        config,
        seed=1,
        device="cpu",
        select_by=(("val_loss", "min"),),
    ).run()
    return tokeniser.with_model(model)


@pytest.fixture(scope="module")
def events(make_events) -> Events:
    return make_events(1500)


@pytest.fixture(scope="module")
def trained(events: Events) -> VQVAETokeniser:
    return train(events)


def stored(content: dict[str, Any]) -> dict[str, Any]:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return torch.load(io.BytesIO(buffer.getvalue()), weights_only=True)


def test_the_layout_of_the_vocabulary(trained, events):
    tokens = trained.encode(events)
    assert trained.vocab_size == K + 2 * N_BINS + 1
    assert trained.n_features is None
    assert tokens.values.dtype == tokens.met.dtype == tokens.types.dtype == np.int64
    assert tokens.values.shape == events.mask.shape
    assert ((tokens.values == 0) == ~events.mask).all()
    assert tokens.values.max() <= K
    assert set(np.unique(tokens.met[:, 0])) == set(range(K + 1, K + N_BINS + 1))
    assert set(np.unique(tokens.met[:, 1])) == set(range(K + N_BINS + 1, K + 2 * N_BINS + 1))
    np.testing.assert_array_equal(tokens.types, events.ids)


def test_met_is_binned_evenly_and_comes_back_within_its_bin(trained, events):
    tokens = trained.encode(events)
    shares = np.bincount(tokens.met[:, 0] - K, minlength=N_BINS + 1)[1:] / len(events)
    np.testing.assert_allclose(shares, 1 / N_BINS, atol=3 / len(events))
    decoded = trained.decode(tokens)
    np.testing.assert_array_equal(
        trained.encode(replace(events, met=decoded.met, met_phi=decoded.met_phi)).met, tokens.met
    )


def test_most_codes_are_used(trained, events):
    assert CodeUse.of(trained.encode(events).values - 1, K).usage > 0.5


def test_padding_has_no_say(trained, events):
    longest = int(events.mask.sum(1).max())
    assert longest == events.mask.shape[1]
    short = events[events.mask.sum(1) <= 4]
    together = trained.encode(events).values[events.mask.sum(1) <= 4]
    np.testing.assert_array_equal(trained.encode(short).values, together)


def test_an_object_has_the_same_code_wherever_it_stands(trained, events):
    full = events[events.mask.all(1)]
    order = np.random.default_rng(0).permutation(events.mask.shape[1])
    mixed = replace(full, ids=full.ids[:, order], p4=full.p4[:, order])
    np.testing.assert_array_equal(
        trained.encode(mixed).values, trained.encode(full).values[:, order]
    )


def few_objects(events: Events) -> Events:
    """Events made of thirty different objects only."""
    kinds = np.random.default_rng(0).integers(0, 30, events.mask.shape)
    pool = np.flatnonzero(events.mask.ravel())[:30]
    ids = np.where(events.mask, events.ids.ravel()[pool][kinds], 0)
    p4 = np.where(events.mask[..., None], events.p4.reshape(-1, 4)[pool][kinds], 0)
    return replace(events, ids=ids, p4=p4)


def test_what_fits_into_the_codebook_comes_back(events):
    few = few_objects(events[events.mask.sum(1) <= 9])
    tokeniser = train(few, epochs=60)
    tokens = tokeniser.encode(few)
    decoded = tokeniser.decode(tokens)
    errors = reconstruction_errors(few, decoded, ("pt", "eta", "phi", "energy"), TYPES)["all"]
    assert errors["type_accuracy"] > 0.99
    assert errors["eta_mae"] < 0.1 * few.eta[few.mask].std()
    assert errors["phi_mae"] < 0.1
    assert np.mean(np.abs(np.log(decoded.pt[few.mask] / few.pt[few.mask]))) < 0.1
    assert np.mean(np.abs(np.log(decoded.energy[few.mask] / few.energy[few.mask]))) < 0.1


def test_without_energies_and_types_neither_comes_back(events):
    tokeniser = train(events, vector=4, pid=False, epochs=2)
    tokens = tokeniser.encode(events)
    decoded = tokeniser.decode(tokens)
    np.testing.assert_array_equal(tokens.types, events.mask)
    np.testing.assert_array_equal(decoded.ids, events.mask)
    assert not decoded.energy.any()
    other = replace(events, ids=np.where(events.mask, events.ids % 7 + 1, 0).astype(np.int8))
    np.testing.assert_array_equal(tokeniser.encode(other).values, tokens.values)


def test_a_weights_only_file_restores_everything(trained, events):
    again = VQVAETokeniser.from_content(stored(trained.content()))
    np.testing.assert_array_equal(again.encode(events).values, trained.encode(events).values)
    np.testing.assert_array_equal(again.encode(events).met, trained.encode(events).met)
    np.testing.assert_array_equal(again.table().objects, trained.table().objects)


def test_a_token_file_keeps_enough_to_decode_without_the_network(trained, events):
    tokens, arrays = trained.encode(events), trained.arrays()
    table = restore(json.loads(json.dumps(trained.state())) | arrays)
    assert isinstance(table, CodeTable)
    assert len(json.dumps(trained.state())) < 10_000
    assert table.vocab_size == trained.vocab_size
    one, other = table.decode(tokens), trained.decode(tokens)
    np.testing.assert_array_equal(one.p4, other.p4)
    np.testing.assert_array_equal(one.ids, other.ids)
    np.testing.assert_array_equal(one.met, other.met)
    assert restore(table.state() | table.arrays()).met_bins.state() == table.met_bins.state()
    with pytest.raises(RuntimeError, match="decodes only"):
        table.encode(events)


def test_what_earlier_versions_wrote_is_read(trained, events):
    """They knew codes of one part only, and did not say so."""
    content, state = stored(trained.content()), trained.state()
    for name in ("quantiser", "stages", "levels"):
        del content["recipe"][name]
    np.testing.assert_array_equal(
        VQVAETokeniser.from_content(content).encode(events).values, trained.encode(events).values
    )
    del state["parts"]
    assert restore(state | trained.arrays()).layout == trained.layout


def test_the_codebook_is_that_of_the_network(trained):
    codebook = trained.arrays()["codebook"]
    assert codebook.shape == (K, 8)
    features, _ = trained.model.decode(torch.from_numpy(codebook))
    np.testing.assert_allclose(
        trained.direct.fitted["eta"].invert(features[:, 1].detach().numpy()),
        trained.table().objects[:, 3],
        rtol=1e-4,
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_features": 4}, "n_features=4, but is to encode n_features=5"),
        ({"codebook_size": 128}, "codebook_size=128"),
        (
            {
                "normalisation": {
                    "log_pt": [0.0, 1.0],
                    "eta": [0.0, 1.0],
                    "log_energy": [0.0, 1.0],
                    "met": [0.0, 1.0],
                }
            },
            "normalisation=",
        ),
    ],
)
def test_a_network_that_was_trained_on_something_else_is_refused(trained, change, message):
    with pytest.raises(DataError, match=message):
        trained.with_model(network(trained, **change))


def test_a_file_whose_parts_do_not_belong_together_is_refused(trained, make_events):
    content = trained.content()
    elsewhere = trained.direct.fit(make_events(300, seed=5)).state()
    for damaged in (content | {"direct": elsewhere}, content | {"weights": {}}, {"kind": "vqvae"}):
        with pytest.raises(DataError, match="train it again"):
            VQVAETokeniser.from_content(damaged)


def test_unfinished_tokenisers_say_what_they_miss(events):
    tokeniser = VQVAETokeniser.unfitted(4, True, N_BINS, Codes(K))
    with pytest.raises(RuntimeError, match="not fitted"):
        tokeniser.encode(events)
    with pytest.raises(RuntimeError, match="no network yet"):
        tokeniser.fit(events).encode(events)
    with pytest.raises(RuntimeError, match="no network yet"):
        tokeniser.fit_chunks([events[:700], events[700:]]).state()


def test_no_events_give_no_tokens(trained, events):
    tokens = trained.encode(events[:0])
    assert tokens.values.shape == (0, 18)
    assert tokens.met.shape == (0, 2)
