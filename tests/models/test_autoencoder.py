"""The autoencoder: padding does not exist, order does not matter, and at weight 0 nothing of MET
reaches the encoder.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from lexon.datasets.checkpoint import CheckpointDataset
from lexon.models.autoencoder import Autoencoder
from lexon.training import seeded

RECIPE: dict[str, Any] = {
    "n_features": 4,
    "bottleneck": "linear",
    "globals_beta": 1.0,
    "encoder": "mlp",
    "encoder_globals": True,
    "latent_dim": 6,
    "hidden_dim": 16,
    "id_embed_dim": 3,
    "codebook_size": 8,
    "commitment": 0.25,
    "decay": 0.9,
    "reconstruct_types": False,
}
VARIANTS = [
    {"bottleneck": "none"},
    {"bottleneck": "linear"},
    {"bottleneck": "vq"},
    {"encoder": "transformer"},
    {"encoder_globals": False},
    {"reconstruct_types": True},
]


def build(**changes: Any) -> Autoencoder:
    """A model whose codebook, if it has one, is placed."""
    with seeded(1):
        model = Autoencoder(**RECIPE | changes)
        model.train()
        model(events(64))
    return model.eval()


def events(n: int = 12, width: int = 7, seed: int = 0) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    mask = torch.arange(width) < torch.randint(0, width + 1, (n, 1), generator=rng)
    mask[0] = False  # an event without objects is an event
    phi = torch.rand(n, generator=rng) * 6.28
    return {
        "values": torch.randn(n, width, 4, generator=rng) * mask[..., None],
        "types": torch.randint(1, 8, (n, width), generator=rng) * mask,
        "mask": mask,
        "met": torch.stack([torch.randn(n, generator=rng), phi.sin(), phi.cos()], dim=1),
    }


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_padding_changes_nothing(variant: dict[str, Any]) -> None:
    model, batch = build(**variant), events()
    padded = dict(batch)
    for name in ("values", "types"):
        garbage = torch.full((12, 3, *batch[name].shape[2:]), 5, dtype=batch[name].dtype)
        padded[name] = torch.cat([batch[name], garbage], dim=1)
    padded["mask"] = torch.cat([batch["mask"], torch.zeros(12, 3, dtype=torch.bool)], dim=1)
    for name, values in model.describe(batch).items():
        again = model.describe(padded)[name]
        if name in {"latents", "features", "types", "codes"}:
            assert (again[:, 7:] == (-1 if name == "codes" else 0)).all()
            again = again[:, :7]
        torch.testing.assert_close(again, values, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_the_order_of_objects_is_invisible(variant: dict[str, Any]) -> None:
    model, batch = build(**variant), events()
    order = torch.randperm(7, generator=torch.Generator().manual_seed(3))
    shuffled = {
        name: values[:, order] if name != "met" else values for name, values in batch.items()
    }
    described, again = model.describe(batch), model.describe(shuffled)
    for name in ("rec_tokens", "rec_globals", "total", "pooled", "met"):
        torch.testing.assert_close(again[name], described[name])


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_event_is_described_as_wide_as_the_batch(variant: dict[str, Any]) -> None:
    model, batch = build(**variant), events()
    described = model.describe(batch)
    assert described["latents"].shape == (12, 7, 6)
    assert described["features"].shape == (12, 7, 4)
    assert ((described["types"] > 0) == batch["mask"]).all()
    assert (described["features"][~batch["mask"]] == 0).all()
    assert ("codes" in described) == (variant.get("bottleneck") == "vq")
    assert described["rec_tokens"][0] == 0, "no object, no error"
    torch.testing.assert_close(described["met"][:, 1:].norm(dim=1), torch.ones(12))


@pytest.mark.parametrize("bottleneck", ["none", "linear", "vq"])
@pytest.mark.parametrize("beta", [0.0, 1.0, 10.0])
def test_the_loss_is_the_sum_of_its_parts(bottleneck: str, beta: float) -> None:
    model, batch = build(bottleneck=bottleneck, globals_beta=beta), events()
    loss, parts = model.loss(batch)
    torch.testing.assert_close(
        parts["total"], parts["rec_tokens"] + beta * parts["rec_globals"] + parts["vq_loss"]
    )
    torch.testing.assert_close(parts["weighted_globals"], beta * parts["rec_globals"])
    torch.testing.assert_close(parts["vq_loss"], 0.25 * parts["commitment"])
    torch.testing.assert_close(
        loss, parts["total"] if beta else parts["total"] + parts["rec_globals"]
    )
    assert (parts["commitment"] > 0) == (bottleneck == "vq"), "not 0 in eval mode either"
    assert parts["rec_globals"] > 0, "unweighted, whatever the weight"


def test_means_over_events_are_the_loss_of_the_batch() -> None:
    model, batch = build(bottleneck="vq"), events(40)
    _, parts = model.loss(batch)
    described = model.describe(batch)
    for name, value in parts.items():
        torch.testing.assert_close(described[name].mean(), value)
    torch.testing.assert_close(model.score(batch)[:, 0], described["rec_tokens"])


@pytest.mark.parametrize("bottleneck", ["none", "linear", "vq"])
def test_at_weight_0_the_head_teaches_itself_alone(bottleneck: str) -> None:
    model, batch = build(bottleneck=bottleneck, globals_beta=0.0), events(40)
    loss, parts = model.loss(batch)
    loss.backward()
    with_head = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    errors = model.weighted(model.errors(batch, model(batch)))
    errors["total"].mean().backward()
    for name, parameter in model.named_parameters():
        if name.startswith("globals_head"):
            assert parameter.grad is None or not parameter.grad.any()
            assert with_head[name].any()
        elif parameter.grad is not None:
            torch.testing.assert_close(with_head[name], parameter.grad)
    assert parts["weighted_globals"] == 0


def test_at_weight_1_the_encoder_learns_from_met() -> None:
    model, batch = build(), events(40)
    model.errors(batch, model(batch))["rec_globals"].mean().backward()
    assert all(
        parameter.grad.any()
        for name, parameter in model.named_parameters()
        if name.startswith("encoder")
    )


def test_the_azimuth_of_met_is_a_circle() -> None:
    """An error of 2 pi is none, the error of opposite directions is 2, and only the direction of
    (sin, cos) counts.
    """
    model, batch = build(), events()
    made = model(batch)
    size = (made.met[:, 0] - batch["met"][:, 0]).square()
    phi = torch.atan2(made.met[:, 1], made.met[:, 2])
    for turn, expected in ((0.0, 0.0), (2 * torch.pi, 0.0), (torch.pi, 2.0), (torch.pi / 2, 1.0)):
        target = torch.stack([batch["met"][:, 0], (phi + turn).sin(), (phi + turn).cos()], dim=1)
        error = model.errors({**batch, "met": target}, made)["rec_globals"] - size
        torch.testing.assert_close(error, torch.full((12,), expected), atol=1e-5, rtol=0)


def test_met_reaches_the_latents_only_where_the_encoder_is_shown_it() -> None:
    batch = events()
    other = {**batch, "met": batch["met"].flip(0)}
    for shown in (True, False):
        model = build(encoder_globals=shown)
        assert torch.equal(model(batch).latents, model(other).latents) is not shown


def test_objects_see_each_other_in_the_transformer_alone() -> None:
    batch = events()
    changed = {**batch, "values": batch["values"].clone()}
    event = int(batch["mask"].sum(1).argmax())
    changed["values"][event, 0] += 1.0
    for encoder in ("mlp", "transformer"):
        model = build(encoder=encoder)
        before, after = (model.describe(one)["latents"][event, 1] for one in (batch, changed))
        assert torch.equal(before, after) == (encoder == "mlp")


def test_a_batch_can_be_learnt_by_heart() -> None:
    with seeded(0):
        model, batch = Autoencoder(**RECIPE | {"hidden_dim": 64, "latent_dim": 16}), events(16)
        optimiser = torch.optim.Adam(model.parameters(), 3e-3)
        first = model.loss(batch)[0].item()
        for _ in range(400):
            optimiser.zero_grad()
            loss, _ = model.loss(batch)
            loss.backward()
            optimiser.step()
    assert loss.item() < 0.1 * first


def test_gradients_are_finite_with_empty_events_in_the_transformer() -> None:
    model, batch = build(encoder="transformer"), events()
    model.loss(batch)[0].backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
    empty = {
        name: values[:1, :0] if name != "met" else values[:1] for name, values in batch.items()
    }
    assert torch.isfinite(model.loss(empty)[0])


def test_a_finished_model_comes_back_from_its_file(tmp_path: Any) -> None:
    model, batch = build(bottleneck="vq", reconstruct_types=True), events()
    dataset = CheckpointDataset(filepath=str(tmp_path / "model.pt"))
    dataset.save(model)
    torch.testing.assert_close(dataset.load().describe(batch), model.describe(batch))
