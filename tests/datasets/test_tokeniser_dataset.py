"""A tokeniser with a network on disk: whole or absent, and refused where its parts do not belong
together.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from kedro.io import DatasetError

from lexon.datasets.checkpoint import CheckpointDataset
from lexon.datasets.tokeniser import VQVAETokeniserDataset
from lexon.datasets.tokens import TokenSample, TokensDataset, as_tokens
from lexon.errors import DataError, first_cause
from lexon.events import SPLITS
from lexon.models.vqvae import VQVAE
from lexon.tokenisers.vqvae import Codes, VQVAETokeniser


@pytest.fixture
def tokeniser(make_events) -> VQVAETokeniser:
    events = make_events(200)
    fitted = VQVAETokeniser.unfitted(4, True, 3, Codes(16)).fit(events)
    torch.manual_seed(0)
    sizes = {
        "n_features": 4,
        "codebook_size": 16,
        "latent_dim": 4,
        "hidden_dim": 8,
        "id_embed_dim": 2,
    }
    model = VQVAE(
        **sizes, commitment=0.25, decay=0.9, normalisation=fitted.direct.state()["fitted"]
    )
    model.loss(fitted.inputs(events).tensors)  # places the codebook
    return fitted.with_model(model)


@pytest.fixture
def dataset(tmp_path: Path) -> VQVAETokeniserDataset:
    return VQVAETokeniserDataset(filepath=str(tmp_path / "primary" / "vqvae.pt"))


def test_a_tokeniser_comes_back_as_it_was(dataset, tokeniser, make_events):
    assert not dataset.exists()
    dataset.save(tokeniser)
    events = make_events(50, seed=1)
    np.testing.assert_array_equal(
        dataset.load().encode(events).values, tokeniser.encode(events).values
    )
    assert [path.name for path in Path(dataset._filepath).parent.iterdir()] == ["vqvae.pt"]


def test_its_network_is_a_checkpoint_like_any(dataset, tokeniser):
    dataset.save(tokeniser)
    model = CheckpointDataset(filepath=str(dataset._filepath)).load()
    assert isinstance(model, VQVAE)
    assert model.recipe == tokeniser.model.recipe
    assert all(
        torch.equal(value, tokeniser.model.state_dict()[name])
        for name, value in model.state_dict().items()
    )


def test_another_normalisation_or_a_damaged_file_is_refused_by_name(dataset, tokeniser):
    dataset.save(tokeniser)
    path = Path(dataset._filepath)
    content = torch.load(path, weights_only=True)
    content["direct"]["fitted"]["eta"] = [1.0, 2.0]
    damages = [lambda: torch.save(content, path), lambda: path.write_bytes(path.read_bytes()[:500])]
    for damage, message in zip(damages, ("normalisation", "damaged"), strict=True):
        damage()
        with pytest.raises((DatasetError, DataError), match=message) as failure:
            dataset.load()
        assert isinstance(first_cause(failure.value), DataError)
        assert str(path) in str(failure.value)


def test_a_token_file_decodes_without_the_network_and_hands_the_codebook_on(
    tmp_path, tokeniser, make_events
):
    events = {split: make_events(n, seed=n) for split, n in zip(SPLITS, (60, 20, 21), strict=True)}

    def rows(split):
        tokens = tokeniser.encode(events[split])
        return split, np.concatenate([tokens.values, tokens.met], axis=1), events[split].labels

    dataset = TokensDataset(str(tmp_path / "tokens.h5"))
    own = {
        "tokeniser": tokeniser.state(),
        "vocab_size": tokeniser.vocab_size,
        "label_names": {1: "tttt", 2: "ttH"},
    }
    dataset.save(TokenSample((rows(split) for split in SPLITS), own, tokeniser.arrays()))
    file = dataset.load()
    tokens = as_tokens(file.read("test"))
    np.testing.assert_array_equal(file.tokeniser().decode(tokens).p4, tokeniser.decode(tokens).p4)
    np.testing.assert_array_equal(file.array("codebook"), tokeniser.model.quantiser.codebook)
