"""The classifier: padding does not exist, MET and types do, and the recipe rebuilds it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from lexon.config import SIZES
from lexon.models.classifier import Classifier

POOLS = ["cls", "mean", "max"]
KINDS = ["direct", "codes"]
EXTENDED: dict[str, Any] = {"event_features": 3, "pairwise": "mia"}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"positions": "none"},
    {"event_features": 3},
    {"pairwise": "bias"},
    {"pairwise": "mia"},
    EXTENDED,
]
VOCABULARY = 40


def recipe(kind: str, **changes: Any) -> dict[str, Any]:
    shown = (
        {"vocab_size": None, "n_features": 4}
        if kind == "direct"
        else {"vocab_size": VOCABULARY, "n_features": None}
    )
    plain = {
        "n_classes": 2,
        "pool": "mean",
        "met": True,
        "dim": 16,
        "depth": 2,
        "heads": 2,
        "mlp_dim": 32,
        "dropout": 0.1,
    }
    return plain | shown | changes


def build(kind: str, **changes: Any) -> Classifier:
    torch.manual_seed(1)
    return Classifier(**recipe(kind, **changes)).eval()


def make_batch(
    kind: str, lengths: tuple[int, ...] = (5, 3, 1, 0), width: int = 5
) -> dict[str, Tensor]:
    torch.manual_seed(2)
    mask = torch.arange(width) < torch.tensor(lengths)[:, None]
    direct = kind == "direct"
    values = (
        torch.randn(*mask.shape, 4) * mask[..., None]
        if direct
        else torch.randint(1, VOCABULARY, mask.shape) * mask
    )
    met = torch.randn(len(mask), 3) if direct else torch.randint(1, VOCABULARY, (len(mask), 2))
    pt, eta, phi = (
        torch.rand(mask.shape) * 100 + 20,
        torch.randn(mask.shape),
        torch.rand(mask.shape) * 6 - 3,
    )
    energy = pt * torch.cosh(eta) * (1 + torch.rand(mask.shape) / 10)
    return {
        "values": values,
        "types": torch.randint(1, 8, mask.shape) * mask,
        "mask": mask,
        "met": met,
        "event": torch.rand(len(mask), 3) * 100,
        "p4": torch.stack([energy, pt, eta, phi], dim=-1) * mask[..., None],
        "target": torch.arange(len(mask)) % 2,
    }


def widened(batch: dict[str, Tensor], columns: int) -> dict[str, Tensor]:
    def pad(tensor: Tensor) -> Tensor:
        return torch.cat([tensor, tensor.new_zeros(len(tensor), columns, *tensor.shape[2:])], dim=1)

    return batch | {name: pad(batch[name]) for name in ("values", "types", "mask", "p4")}


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("met", [True, False])
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("kind", KINDS)
def test_more_padding_changes_nothing(
    *, kind: str, pool: str, met: bool, options: dict[str, Any]
) -> None:
    model, batch = build(kind, pool=pool, met=met, **options), make_batch(kind)
    torch.testing.assert_close(
        model.score(widened(batch, 7)), model.score(batch), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("kind", KINDS)
def test_padding_may_hold_anything(kind: str, pool: str, options: dict[str, Any]) -> None:
    model, batch = build(kind, pool=pool, **options), make_batch(kind)
    batch["p4"] = torch.where(batch["mask"][..., None], batch["p4"], 5.0)
    real = batch["mask"][..., None] if kind == "direct" else batch["mask"]
    garbage = torch.nan if kind == "direct" else VOCABULARY - 1
    dirty = batch | {
        "values": torch.where(real, batch["values"], garbage),
        "types": torch.where(batch["mask"], batch["types"], 7),
    }
    dirty["p4"] = torch.where(batch["mask"][..., None], batch["p4"], torch.nan)
    assert torch.equal(model.score(dirty), model.score(batch))


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_event_does_not_see_its_neighbours(
    kind: str, pool: str, options: dict[str, Any]
) -> None:
    model, batch = build(kind, pool=pool, **options), make_batch(kind)
    alone = {name: tensor[1:2] for name, tensor in batch.items()}
    torch.testing.assert_close(model.score(alone), model.score(batch)[1:2])


@pytest.mark.parametrize("options", [{}, {"pairwise": "bias"}, {"pairwise": "mia"}])
@pytest.mark.parametrize("width", [0, 5])
@pytest.mark.parametrize("met", [True, False])
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("kind", KINDS)
def test_events_without_objects_train(
    *, kind: str, pool: str, met: bool, width: int, options: dict[str, Any]
) -> None:
    model, batch = (
        build(kind, pool=pool, met=met, **options).train(),
        make_batch(kind, lengths=(0, 0), width=width),
    )
    model.standardise(batch)
    loss, _ = model.loss(batch)
    loss.backward()
    assert all(
        parameter.grad is None or parameter.grad.isfinite().all()
        for parameter in model.parameters()
    )
    if pool != "cls" and not met:
        assert torch.equal(model.represent(batch), torch.zeros(2, 16))
    else:
        assert model.represent(batch).abs().sum() > 0


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("kind", KINDS)
def test_met_reaches_the_score_only_where_it_is_shown(kind: str, pool: str) -> None:
    batch = make_batch(kind)
    other = batch | {
        "met": batch["met"] + 1 if kind == "direct" else (batch["met"] + 1) % VOCABULARY
    }
    shown, hidden = build(kind, pool=pool, met=True), build(kind, pool=pool, met=False)
    assert not torch.allclose(shown.score(other), shown.score(batch))
    assert torch.equal(hidden.score(other), hidden.score(batch))


@pytest.mark.parametrize("kind", KINDS)
def test_codes_carry_the_type_and_features_do_not(kind: str) -> None:
    model, batch = build(kind), make_batch(kind)
    other = batch | {"types": torch.where(batch["mask"], batch["types"] % 7 + 1, 0)}
    assert torch.equal(model.score(other), model.score(batch)) == (kind == "codes")


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_objects_is_seen(kind: str) -> None:
    model, batch = build(kind), make_batch(kind, lengths=(5, 5))
    flipped = batch | {name: batch[name].flip(1) for name in ("values", "types")}
    assert not torch.allclose(model.score(flipped), model.score(batch))


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, EXTENDED])
def test_without_positions_the_order_of_objects_changes_nothing(
    kind: str, pool: str, options: dict[str, Any]
) -> None:
    model, batch = build(kind, pool=pool, positions="none", **options), make_batch(kind)
    order = torch.stack([torch.cat([torch.randperm(n), torch.arange(n, 5)]) for n in (5, 3, 1, 0)])
    permuted = batch | {
        name: torch.stack([row[i] for row, i in zip(batch[name], order, strict=True)])
        for name in ("values", "types", "p4")
    }
    torch.testing.assert_close(model.score(permuted), model.score(batch), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(
        model.score(widened(batch, 7)), model.score(batch), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    ("name", "options"),
    [("event", {"event_features": 3}), ("p4", {"pairwise": "bias"}), ("p4", {"pairwise": "mia"})],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_quantity_reaches_the_score_only_where_it_is_asked_for(
    kind: str, name: str, options: dict[str, Any]
) -> None:
    batch = make_batch(kind)
    other = batch | {
        name: (
            batch[name]
            * torch.linspace(1, 2, batch[name].shape[1]).view(1, -1, *[1] * (batch[name].ndim - 2))
        )
    }
    shown, plain = build(kind, **options), build(kind)
    assert not torch.allclose(shown.score(other)[:2], shown.score(batch)[:2], atol=1e-6)
    assert torch.equal(plain.score(other), plain.score(batch))
    if name == "p4":
        torch.testing.assert_close(
            shown.score(other)[2:], shown.score(batch)[2:]
        )  # one object, or none, makes no pair


@pytest.mark.parametrize("options", OPTIONS)
def test_an_extension_leaves_the_other_first_weights_as_they_were(options: dict[str, Any]) -> None:
    plain, extended = build("direct").state_dict(), build("direct", **options).state_dict()
    of_half = "encoder.blocks" if options.get("pairwise") == "mia" else "nothing"
    shared = [name for name in plain if not name.startswith((of_half, "encoder.norm", "head"))]
    assert all(torch.equal(extended[name], plain[name]) for name in shared)


@pytest.mark.parametrize("options", [{}, EXTENDED])
@pytest.mark.parametrize("kind", KINDS)
def test_the_recipe_and_the_weights_rebuild_the_model(kind: str, options: dict[str, Any]) -> None:
    model, batch = build(kind, label_smoothing=0.1, **options), make_batch(kind)
    model.standardise(batch)
    twin = Classifier(**model.recipe)
    twin.load_state_dict(model.state_dict())
    assert torch.equal(twin.eval().score(batch), model.score(batch))
    assert recipe(kind, label_smoothing=0.1, **options).items() <= model.recipe.items()


def test_scores_are_probabilities() -> None:
    score = build("direct", n_classes=5).score(make_batch("direct"))
    assert score.shape == (4, 5)
    torch.testing.assert_close(score.sum(1), torch.ones(4))


def test_labels_are_smoothed_in_training_only() -> None:
    plain, smooth = (build("direct", dropout=0.0, label_smoothing=value) for value in (0.0, 0.3))
    batch = make_batch("direct")
    assert plain.loss(batch)[0] == smooth.loss(batch)[0]
    assert plain.train().loss(batch)[0] != smooth.train().loss(batch)[0]


def test_diagnostics_are_detached_and_right() -> None:
    model, batch = build("direct"), make_batch("direct")
    _, diagnostics = model.loss(batch)
    assert not diagnostics["accuracy"].requires_grad
    assert (
        diagnostics["accuracy"] == (model.score(batch).argmax(1) == batch["target"]).float().mean()
    )


@pytest.mark.parametrize(
    ("vocab_size", "n_features", "expected"),
    [(None, 4, 343_000), (None, 5, 343_000), (886, None, 406_000)],
)
def test_the_standard_size_has_the_documented_number_of_parameters(
    vocab_size: int | None, n_features: int | None, expected: int
) -> None:
    dim, depth, heads, mlp_dim = SIZES["400k"]
    shape = {
        "dim": dim,
        "depth": depth,
        "heads": heads,
        "mlp_dim": mlp_dim,
        "vocab_size": vocab_size,
        "n_features": n_features,
    }
    model = Classifier(**recipe("direct", **shape))
    assert sum(parameter.numel() for parameter in model.parameters()) == pytest.approx(
        expected, rel=0.002
    )


@pytest.mark.parametrize(("vocab_size", "n_features"), [(None, None), (10, 4)])
def test_values_are_either_codes_or_features(
    vocab_size: int | None, n_features: int | None
) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        Classifier(**recipe("direct", vocab_size=vocab_size, n_features=n_features))
