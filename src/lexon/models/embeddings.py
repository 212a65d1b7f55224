"""How what an event is shown as becomes vectors: integer tokens by tables, continuous values by
projections.

Each has `objects(batch)`, [N, T, D], and `met(batch)`, [N, 1 or 2, D], where padding may be
anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import prod
from typing import TypedDict

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding as rows_of

from lexon.config.embeddings import OF_CODEBOOK, TABLE, EmbeddingName, Order
from lexon.events import N_TYPES
from lexon.models import Batch

MET_FEATURES = 3
MET_TYPE = N_TYPES + 1


class Vocabulary(TypedDict):
    """The parts of integer tokens (`lexon.tokenisers.layout.Layout`), as plain data for a recipe.

    Attributes:
        objects: size and order of each part of an object's token, the slowest first.
        event: of MET and METphi, whose tokens follow those of objects.
        codebook_dim: width of a code's vector; None without a codebook.
    """

    objects: Sequence[tuple[int, Order]]
    event: Sequence[tuple[int, Order]]
    codebook_dim: int | None


class CodeEmbedding(nn.Module):
    """Integer codes [N, T] and MET codes [N, 2] -> vectors. One table: a code says by itself what
    it is.
    """

    def __init__(self, vocab_size: int, dim: int) -> None:
        super().__init__()
        self.codes = nn.Embedding(vocab_size, dim)

    def objects(self, batch: Batch) -> Tensor:
        return self.codes(batch["values"])

    def met(self, batch: Batch) -> Tensor:
        return self.codes(batch["met"])


class PartsEmbedding(nn.Module):
    """Integer codes [N, T] and MET codes [N, 2] -> vectors: the sum of a row for each part of a
    code; MET and METphi have own rows.

    Args:
        vocabulary: the parts.
        dim: of the vectors.
        met: whether MET is shown.
        kind: ``factorised``: rows of width `dim`, random at first; ``factorised_ordinal``: at first
            alike for neighbouring bins; ``codebook``: rows of a codebook (`start_from`) and a
            linear layer; ``frozen_codebook``: of these only the layer is trained.
    """

    sizes: Tensor
    strides: Tensor
    offsets: Tensor

    def __init__(self, vocabulary: Vocabulary, dim: int, met: bool, kind: EmbeddingName) -> None:
        super().__init__()
        objects, event = vocabulary["objects"], vocabulary["event"] if met else ()
        sizes = [size for size, _ in objects]
        # A part's value is token // stride % size; its row comes after those of the parts before
        # it.
        numbers = {
            "sizes": sizes,
            "strides": [prod(sizes[place + 1 :]) for place in range(len(sizes))],
            "offsets": [sum(sizes[:place]) for place in range(len(sizes))],
        }
        for name, values in numbers.items():
            self.register_buffer(name, torch.tensor(values), persistent=False)
        self.first_met = 1 + prod(sizes)
        ordinal, codebook_dim = kind == "factorised_ordinal", vocabulary["codebook_dim"]
        self.event = nn.Parameter(_rows(event, dim, ordinal))
        if kind in OF_CODEBOOK:
            assert codebook_dim is not None
            codebook = torch.zeros(sum(sizes), codebook_dim)
            self.rows = nn.Buffer(codebook) if kind == "frozen_codebook" else nn.Parameter(codebook)
            self.project: nn.Module = nn.Linear(codebook_dim, dim)
        else:
            self.rows, self.project = nn.Parameter(_rows(objects, dim, ordinal)), nn.Identity()

    @torch.no_grad()
    def start_from(self, codebook: Tensor) -> None:
        """Rows from the vectors of the parts' values [sum of sizes, codebook_dim], part after part;
        centred, and of spread 1.
        """
        self.rows.copy_((codebook - codebook.mean(0)) / codebook.std())

    def objects(self, batch: Batch) -> Tensor:
        digits = (batch["values"][..., None] - 1) // self.strides % self.sizes
        return self.project(rows_of(digits + self.offsets, self.rows).sum(-2))

    def met(self, batch: Batch) -> Tensor:
        return rows_of(batch["met"] - self.first_met, self.event)


class FeatureEmbedding(nn.Module):
    """Continuous objects [N, T, F] and MET [N, 3] -> vectors: a projection each, plus an embedding
    of the type.

    Neither projection has a bias, which the type embedding would only repeat.
    """

    def __init__(self, n_features: int, dim: int, met: bool) -> None:
        super().__init__()
        self.types = nn.Embedding(N_TYPES + 1 + met, dim)
        self.object_projection = nn.Linear(n_features, dim, bias=False)
        self.met_projection = nn.Linear(MET_FEATURES, dim, bias=False) if met else None

    def objects(self, batch: Batch) -> Tensor:
        return self.object_projection(batch["values"]) + self.types(batch["types"])

    def met(self, batch: Batch) -> Tensor:
        assert self.met_projection is not None
        return (self.met_projection(batch["met"]) + self.types.weight[MET_TYPE])[:, None]


def make_embedding(
    vocab_size: int | None,
    n_features: int | None,
    dim: int,
    met: bool,
    kind: EmbeddingName = TABLE,
    vocabulary: Vocabulary | None = None,
) -> CodeEmbedding | PartsEmbedding | FeatureEmbedding:
    """How objects and MET become vectors.

    Args:
        vocab_size: number of integer codes, or None for continuous values.
        n_features: features per object of continuous values, or None for integer codes.
        dim: of the vectors.
        met: whether MET is shown.
        kind: of integer codes: a table, or one of those of `PartsEmbedding`.
        vocabulary: the parts of integer codes, for whatever is no table.
    """
    if (vocab_size is None) == (n_features is None):
        raise ValueError(
            f"vocab_size={vocab_size}, n_features={n_features}: give exactly one, for integer codes"
            " or for continuous values"
        )
    if n_features is not None:
        return FeatureEmbedding(n_features, dim, met)
    assert vocab_size is not None
    if kind == TABLE:
        return CodeEmbedding(vocab_size, dim)
    assert vocabulary is not None
    return PartsEmbedding(vocabulary, dim, met, kind)


def _rows(parts: Sequence[tuple[int, Order]], dim: int, ordinal: bool) -> Tensor:
    """Rows to start from, part after part [sum of sizes, dim]: independent normal ones, or smooth
    ones for values in an order.
    """
    rows = [
        _smooth(size, dim, order) if ordinal and order != "none" else torch.randn(size, dim)
        for size, order in parts
    ]
    return torch.cat([*rows, torch.empty(0, dim)])


def _smooth(size: int, dim: int, order: Order) -> Tensor:
    """Random sums of sinusoids of the bin's centre, the amplitude falling with the frequency, of
    spread 1.
    """
    centre = (torch.arange(size) + 0.5) / size
    frequency = torch.arange(1, size if order == "line" else size // 2 + 1)
    angle = math.pi * (1 if order == "line" else 2) * centre[:, None] * frequency
    waves = angle.cos() if order == "line" else torch.cat([angle.cos(), angle.sin()], dim=1)
    amplitude = (1 / frequency).repeat(waves.shape[1] // len(frequency))
    rows = (waves * amplitude) @ torch.randn(waves.shape[1], dim)
    return rows / rows.std()
