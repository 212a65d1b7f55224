"""The VQ-VAE: padding does not exist, an object is coded by itself, and training it is exact."""

from __future__ import annotations

import copy
import io
import os
import signal
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from lexon.config import TrainingConfig
from lexon.models import Batch
from lexon.models.vqvae import PADDING_CODE, VQVAE
from lexon.training import TIMINGS, TensorTable, Training, TrainingStopped, predict, seeded

RECIPE: dict[str, Any] = {
    "n_features": 4,
    "codebook_size": 16,
    "latent_dim": 4,
    "hidden_dim": 16,
    "id_embed_dim": 3,
    "commitment": 0.25,
    "decay": 0.9,
    "normalisation": {"log_pt": [4.0, 0.7], "eta": [0.0, 1.2], "met": [4.1, 0.8]},
}
CONFIG: dict[str, Any] = {
    "epochs": 3,
    "batch_size": 16,
    "lr": 3e-3,
    "weight_decay": 0.0,
    "warmup_steps": 2,
    "warmup_start": 0.1,
    "schedule": "cosine",
    "grad_clip": 1.0,
    "label_smoothing": 0.0,
    "early_stopping": None,
    "length_aware": True,
    "precision": "auto",
}


def build(kind: type[VQVAE] = VQVAE, **changes: Any) -> VQVAE:
    with seeded(1):
        return kind(**RECIPE | changes)


def table(n: int = 96, width: int = 6, seed: int = 0) -> TensorTable:
    rng = torch.Generator().manual_seed(seed)
    lengths = torch.randint(0, width + 1, (n,), generator=rng)
    mask = torch.arange(width) < lengths[:, None]
    types = torch.randint(1, 8, mask.shape, generator=rng) * mask
    # Objects of a type lie around a place of their own, so that a few codes can hold them.
    places = 2 * torch.randn(8, 4, generator=rng)
    values = (places[types] + 0.1 * torch.randn(*mask.shape, 4, generator=rng)) * mask[..., None]
    return TensorTable(
        {"values": values, "types": types, "mask": mask},
        frozenset({"values", "types", "mask"}),
        lengths,
    )


def train(model: VQVAE, resume: Any = None, **changes: Any) -> Training:
    config = TrainingConfig(**CONFIG | changes)
    return Training(
        model,
        table(),
        table(seed=0),
        config,
        seed=5,
        device="cpu",
        select_by=(("val_loss", "min"),),
        resume=resume,
    ).run()


@pytest.fixture(scope="module")
def model() -> VQVAE:
    model = build()
    train(model, epochs=60)
    return model.eval()


def widened(batch: Batch, columns: int) -> dict[str, Tensor]:
    return {
        name: torch.cat([t, t.new_zeros(len(t), columns, *t.shape[2:])], dim=1)
        for name, t in batch.items()
    }


def test_padded_is_truncated(model: VQVAE) -> None:
    batch = table().tensors
    wide = widened(batch, 9)
    codes, width = model.score(wide), batch["mask"].shape[1]
    assert torch.equal(codes[:, :width], model.score(batch))
    assert (codes[:, width:] == PADDING_CODE).all()
    torch.testing.assert_close(model.loss(wide)[0], model.loss(batch)[0])


def test_training_sees_no_padding_either() -> None:
    states = []
    for columns in (0, 9):
        model, batch = build(), widened(table().tensors, columns)
        with seeded(3):
            for _ in range(5):
                loss, _ = model.loss(batch)
                model.zero_grad()
                loss.backward()
        states.append(model.state_dict() | {"gradient": model.encoder[0].weight.grad})
    for name, value in states[0].items():
        torch.testing.assert_close(states[1][name], value)


def test_padding_may_hold_anything(model: VQVAE) -> None:
    batch = table().tensors
    dirty = {
        "values": torch.where(batch["mask"][..., None], batch["values"], torch.nan),
        "types": torch.where(batch["mask"], batch["types"], 7),
        "mask": batch["mask"],
    }
    assert torch.equal(model.score(dirty), model.score(batch))
    loss, _ = model.loss(dirty)
    loss.backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())
    model.zero_grad()


def test_codes_mark_exactly_the_real_objects(model: VQVAE) -> None:
    whole = replace(table(), ragged=frozenset())
    codes = predict(model, whole, 10, "cpu")
    assert ((codes == PADDING_CODE) == ~whole.tensors["mask"].numpy()).all()
    assert (codes == model.score(whole.tensors).numpy()).all()


def test_an_object_is_coded_by_itself(model: VQVAE) -> None:
    batch = {name: tensor[table().lengths == 6] for name, tensor in table().tensors.items()}
    flipped = {name: tensor.flip(1) for name, tensor in batch.items()}
    assert torch.equal(model.score(flipped)[:, :6], model.score(batch)[:, :6].flip(1))


def test_both_features_and_types_come_back(model: VQVAE) -> None:
    _, facts = model.loss(table().tensors)
    assert facts["type_accuracy"] * len(table()) / (table().lengths > 0).sum() > 0.95
    assert facts["rec_continuous"] < 0.3 * table().tensors["values"].square().sum(-1).mean()


def test_the_loss_is_its_parts_in_both_modes(model: VQVAE) -> None:
    for training in (True, False):
        loss, facts = copy.deepcopy(model).train(training).loss(table().tensors)
        assert not any(value.requires_grad for value in facts.values())
        assert facts["commitment"] > 0
        torch.testing.assert_close(
            loss.detach(), facts["rec_continuous"] + facts["rec_type"] + 0.25 * facts["commitment"]
        )


def test_the_recipe_and_the_weights_rebuild_the_model(model: VQVAE) -> None:
    twin = VQVAE(**model.recipe)
    twin.load_state_dict(model.state_dict())
    assert model.recipe == RECIPE | {"quantiser": "vq", "stages": 1, "levels": ()}
    assert torch.equal(twin.eval().score(table().tensors), model.score(table().tensors))


def test_events_without_objects_train() -> None:
    model = build()
    train(model, epochs=1)
    empty = {name: tensor[table().lengths == 0] for name, tensor in table().tensors.items()}
    loss, _ = model.train().loss(empty)
    assert loss == 0
    loss.backward()
    assert (model.eval().score(empty) == PADDING_CODE).all()


class Interrupted(VQVAE):
    """A VQ-VAE in whose training a signal arrives at step `at`."""

    at = 0

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        if self.training:
            self.at -= 1
            if self.at == 0:
                os.kill(os.getpid(), signal.SIGTERM)
        return super().loss(batch)


class Memory:
    """A checkpoint file without the file."""

    content: bytes | None = None

    def load(self) -> dict[str, Any] | None:
        return (
            None
            if self.content is None
            else torch.load(io.BytesIO(self.content), weights_only=True)
        )

    def save(self, state: dict[str, Any]) -> None:
        buffer = io.BytesIO()
        torch.save(state, buffer)
        self.content = buffer.getvalue()

    def clear(self) -> None:
        self.content = None


def history(result: Training) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row.items() if name not in TIMINGS}
        for row in result.history
    ]


@pytest.mark.parametrize("at", [1, 6, 8])
def test_an_interrupted_training_continued_is_the_uninterrupted_one(at: int) -> None:
    """Before the codebook has been placed, at the end of an epoch, and within the second."""
    whole, resume = build(), Memory()
    uninterrupted = train(whole)
    stopped = build(Interrupted)
    stopped.at = at
    with pytest.raises(TrainingStopped):
        train(stopped, resume)
    model = build()
    assert history(train(model, resume)) == history(uninterrupted)
    assert all(
        torch.equal(value, whole.state_dict()[name]) for name, value in model.state_dict().items()
    )


def test_same_seed_same_training_and_torch_s_generator_is_left_alone(model: VQVAE) -> None:
    torch.manual_seed(77)
    again = build()
    train(again, epochs=60)
    drawn = torch.rand(1)
    torch.manual_seed(77)
    assert torch.equal(drawn, torch.rand(1))
    assert torch.equal(again.quantiser.codebook, model.quantiser.codebook)
