"""A token's vector is the sum over its parts; a code's is that of its codebook, through a linear
layer.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from lexon.models.classifier import Classifier
from lexon.models.embeddings import PartsEmbedding, Vocabulary, make_embedding

DIM = 16
PARTS: Vocabulary = {
    "objects": [(3, "none"), (4, "line"), (5, "circle")],
    "event": [(4, "line"), (5, "circle")],
    "codebook_dim": 6,
}
N_TOKENS, N_EVENT = 3 * 4 * 5, 4 + 5
KINDS = ["factorised", "factorised_ordinal", "codebook", "frozen_codebook"]


def build(kind: str, vocabulary: Vocabulary = PARTS, met: bool = True) -> PartsEmbedding:
    torch.manual_seed(1)
    made = make_embedding(1 + N_TOKENS + N_EVENT, None, DIM, met, kind, vocabulary)
    if kind.endswith("codebook"):
        made.start_from(torch.randn(12, 6))
    return made


def vectors(embedding: PartsEmbedding, tokens: list[int]) -> Tensor:
    return embedding.objects({"values": torch.tensor([tokens])})[0]


def token(*digits: int) -> int:
    a, b, c = digits
    return 1 + (a * 4 + b) * 5 + c


@pytest.mark.parametrize("kind", KINDS)
def test_parts_add_up(kind: str) -> None:
    """v(a, b, c) - v(a', b, c) is the same whatever b and c are."""
    embedding = build(kind)
    one = vectors(embedding, [token(0, 1, 2), token(2, 1, 2)])
    other = vectors(embedding, [token(0, 3, 4), token(2, 3, 4)])
    torch.testing.assert_close(one[0] - one[1], other[0] - other[1])
    assert (one[0] - one[1]).abs().sum() > 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_every_token_has_a_vector_of_its_own(kind: str) -> None:
    every = vectors(build(kind), list(range(1, N_TOKENS + 1)))
    assert torch.pdist(every).min() > 1e-4


def test_the_sum_is_that_of_the_rows() -> None:
    embedding = build("factorised")
    rows = embedding.rows.detach()
    torch.testing.assert_close(
        vectors(embedding, [token(2, 1, 3)])[0], rows[2] + rows[3 + 1] + rows[3 + 4 + 3]
    )


def test_met_has_rows_of_its_own_only_where_it_is_shown() -> None:
    shown, hidden = build("factorised"), build("factorised", met=False)
    rows = shown.met({"met": torch.tensor([[1 + N_TOKENS, N_TOKENS + N_EVENT]])})
    torch.testing.assert_close(rows[0], shown.event[[0, N_EVENT - 1]])
    assert hidden.event.numel() == 0


def test_the_number_of_rows_grows_with_the_sum_and_not_the_product() -> None:
    wide: Vocabulary = {
        "objects": [(7, "none"), *[(64, "line")] * 3],
        "event": [(64, "line"), (64, "circle")],
        "codebook_dim": None,
    }
    embedding = make_embedding(7 * 64**3 + 129, None, DIM, True, "factorised", wide)
    assert sum(parameter.numel() for parameter in embedding.parameters()) == (7 + 5 * 64) * DIM


def test_neighbouring_bins_start_alike_where_they_are_in_an_order() -> None:
    vocabulary: Vocabulary = {
        "objects": [(16, "line"), (16, "circle")],
        "event": [],
        "codebook_dim": None,
    }
    rows = make_embedding(257, None, 512, False, "factorised_ordinal", vocabulary).rows.detach()
    line, circle = rows.split(16)
    assert (line[0] - line[1]).norm() < 0.5 * (line[0] - line[15]).norm()
    assert (circle[0] - circle[15]).norm() == pytest.approx(
        (circle[0] - circle[1]).norm().item(), rel=0.2
    )
    assert (circle[0] - circle[1]).norm() < 0.5 * (circle[0] - circle[8]).norm()
    torch.testing.assert_close(torch.stack([line.std(), circle.std()]), torch.ones(2))


def test_a_codebook_keeps_its_proportions_and_is_trained_or_not() -> None:
    vocabulary: Vocabulary = {"objects": [(20, "none")], "event": [(4, "line")], "codebook_dim": 6}
    codebook = 3 + 5 * torch.randn(20, 6, generator=torch.Generator().manual_seed(0))
    for kind, trained in (("codebook", True), ("frozen_codebook", False)):
        embedding = make_embedding(25, None, DIM, True, kind, vocabulary)
        embedding.start_from(codebook)
        ratio = torch.pdist(embedding.rows) / torch.pdist(codebook)
        torch.testing.assert_close(ratio, ratio.mean().expand_as(ratio))
        assert ("rows" in dict(embedding.named_parameters())) == trained
        assert "rows" in embedding.state_dict()
        vectors(embedding, [3, 4]).square().sum().backward()
        assert embedding.project.weight.grad.abs().sum() > 0


def classifier(kind: str, **changes: Any) -> Classifier:
    torch.manual_seed(1)
    size = {
        "n_classes": 2,
        "pool": "mean",
        "met": True,
        "dim": DIM,
        "depth": 1,
        "heads": 2,
        "mlp_dim": 32,
        "dropout": 0.0,
    }
    shown = {
        "vocab_size": 1 + N_TOKENS + N_EVENT,
        "n_features": None,
        "embedding": kind,
        "vocabulary": PARTS,
    }
    return Classifier(**size | shown | changes)


def batch() -> dict[str, Tensor]:
    torch.manual_seed(2)
    mask = torch.arange(5) < torch.tensor([5, 3, 1, 0])[:, None]
    met = N_TOKENS + 1 + torch.stack([torch.randint(4, (4,)), 4 + torch.randint(5, (4,))], dim=1)
    values = torch.randint(1, N_TOKENS + 1, mask.shape) * mask
    return {
        "values": values,
        "types": mask.long(),
        "mask": mask,
        "met": met,
        "target": torch.arange(4) % 2,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_padding_may_hold_anything(kind: str) -> None:
    model, shown = classifier(kind).eval(), batch()
    dirty = shown | {"values": torch.where(shown["mask"], shown["values"], N_TOKENS + N_EVENT)}
    assert torch.equal(model.score(dirty), model.score(shown))


@pytest.mark.parametrize("kind", KINDS)
def test_the_recipe_and_the_weights_rebuild_the_model(kind: str) -> None:
    model = classifier(kind).eval()
    if kind.endswith("codebook"):
        model.embedding.start_from(torch.randn(12, 6))
    twin = Classifier(**model.recipe).eval()
    twin.load_state_dict(model.state_dict())
    assert torch.equal(twin.score(batch()), model.score(batch()))


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_can_be_learnt(kind: str) -> None:
    model, shown = classifier(kind), batch()
    if kind.endswith("codebook"):
        model.embedding.start_from(torch.randn(12, 6))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        optimiser.zero_grad()
        loss, _ = model.loss(shown)
        loss.backward()
        optimiser.step()
    assert loss < 0.05
