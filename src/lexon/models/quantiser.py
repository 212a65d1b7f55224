"""Quantisation: every vector becomes the nearest of many that are named by one number, its code.

`Quantiser` has one codebook, `ResidualQuantiser` several, each for what those before it left,
`ScalarQuantiser` a few fixed levels of each component. A code of several parts is the number that
their values spell, the first the slowest (`lexon.tokenisers.layout`).

Codebooks follow the vectors by exponential moving averages (van den Oord et al. 2017,
arXiv:1711.00937, appendix A.1) and start from k-means; gradients pass straight through. The work is
done by `vector-quantize-pytorch`, which draws from torch's global generators:
`lexon.training.Training` seeds them and keeps them in its checkpoints.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from types import ModuleType
from typing import Any, Literal

import torch
from torch import Tensor, nn

QuantiserName = Literal["vq", "residual", "fsq"]

# A code used less than this share of the average use is dead and moves to a vector of the present
# batch. The library's own threshold counts vectors per batch, so that its meaning would change with
# batch size and codebook.
DEAD_SHARE = 0.2
# The library's commitment loss is 0 in eval mode, which would make validation losses lie: it is
# computed here.
LEARNT: dict[str, Any] = {
    "kmeans_init": True,
    "threshold_ema_dead_code": DEAD_SHARE,
    "rotation_trick": False,
    "commitment_weight": 0.0,
}


@dataclass(frozen=True)
class Quantised:
    """The quantisation of V vectors.

    Attributes:
        vectors: their codes' vectors [V, D], through which gradients pass to the vectors that came
            in.
        codes: int64 [V], 0..K-1.
        commitment: squared distance to the code's vector, mean over components [V] (third term of
            eq. 3, unweighted); 0 where levels are fixed, as nothing has to be pulled together.
    """

    vectors: Tensor
    codes: Tensor
    commitment: Tensor


class AnyQuantiser(nn.Module, ABC):
    """What every quantiser is. Give it real objects only (`vectors[mask]`): whatever comes in may
    move a codebook.

    Args:
        sizes: values of each part of a code, the slowest first.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.sizes = tuple(sizes)

    @property
    def n_codes(self) -> int:
        return prod(self.sizes)

    @property
    @abstractmethod
    def codebook(self) -> Tensor:
        """The vector of each value of each part, part after part [sum of sizes, D], without
        gradient: those of a code's parts add up.
        """

    @abstractmethod
    def forward(self, vectors: Tensor) -> Quantised:
        """Quantise [V, D] in float32, whatever precision they come in; V may be 0."""

    def lookup(self, codes: Tensor) -> Tensor:
        """Vectors [..., D] of codes [...]."""
        books = self.codebook.split(self.sizes)
        return torch.stack(
            [book[digits] for book, digits in zip(books, self.digits(codes), strict=True)]
        ).sum(0)

    def digits(self, codes: Tensor) -> list[Tensor]:
        """The value 0..size-1 of each part of codes [...]."""
        found = []
        for size in reversed(self.sizes):
            found.append(codes % size)
            codes = codes // size
        return found[::-1]

    def joined(self, digits: Tensor) -> Tensor:
        """Codes [V] of the values of their parts [V, P]."""
        codes = torch.zeros_like(digits[:, 0])
        for size, values in zip(self.sizes, digits.T, strict=True):
            codes = codes * size + values
        return codes


class LearntQuantiser(AnyQuantiser):
    """Codebooks that follow the vectors.

    In training mode they move, dead codes are replaced, and the first batch places them; in eval
    mode they are fixed.
    """

    quantise: nn.Module

    @property
    @abstractmethod
    def books(self) -> list[Any]:
        """The library's quantiser of each part."""

    @property
    def codebook(self) -> Tensor:
        return torch.cat([book.codebook.detach() for book in self.books])

    def forward(self, vectors: Tensor) -> Quantised:
        """Quantise [V, D] in float32, whatever precision they come in; V may be 0.

        Raises:
            RuntimeError: in eval mode before any training: there is no codebook yet.
        """
        vectors = vectors.float()
        if not len(vectors):
            return Quantised(vectors, vectors.new_zeros(0, dtype=torch.long), vectors.new_zeros(0))
        if not self.training and not all(book._codebook.initted for book in self.books):
            raise RuntimeError("this quantiser has no codebook yet: train it, or load its weights")
        self._set_threshold()
        with torch.autocast(vectors.device.type, enabled=False):
            quantised, codes, _ = self.quantise(vectors.detach()[None])
        nearest = quantised[0]
        commitment = (vectors - nearest).square().mean(-1)
        return Quantised(
            nearest + (vectors - vectors.detach()),
            self.joined(codes[0].reshape(len(vectors), -1)),
            commitment,
        )

    def _set_threshold(self) -> None:
        """Replace codes below a share of the average use, in units of the library's running counts;
        they start again at the average.
        """
        for book in self.books:
            codebook = book._codebook
            average = codebook.cluster_size.mean()
            codebook.threshold_ema_dead_code, codebook.reset_cluster_size = (
                DEAD_SHARE * average,
                average,
            )


class Quantiser(LearntQuantiser):
    """K learnt vectors.

    Args:
        dim: components D of a vector.
        codebook_size: number of codes K.
        decay: of the moving averages; the nearer to 1, the more batches a code remembers.
    """

    def __init__(self, dim: int, codebook_size: int, decay: float) -> None:
        super().__init__((codebook_size,))
        self.quantise = _library().VectorQuantize(
            dim=dim, codebook_size=codebook_size, decay=decay, **LEARNT
        )

    @property
    def books(self) -> list[Any]:
        return [self.quantise]


class ResidualQuantiser(LearntQuantiser):
    """Codebooks one after another, each for what those before it left (Zeghidour et al. 2021,
    arXiv:2107.03312, algorithm 1).

    Args:
        dim, decay: see `Quantiser`.
        codebook_size: vectors of each codebook.
        stages: number of codebooks.
    """

    def __init__(self, dim: int, codebook_size: int, decay: float, stages: int) -> None:
        super().__init__((codebook_size,) * stages)
        self.quantise = _library().ResidualVQ(
            dim=dim, num_quantizers=stages, codebook_size=codebook_size, decay=decay, **LEARNT
        )

    @property
    def books(self) -> list[Any]:
        return list(self.quantise.layers)  # type: ignore[arg-type]


class ScalarQuantiser(AnyQuantiser):
    """Every component becomes the nearest of a few fixed levels: a learnt binning (FSQ, Mentzer et
    al. 2023, arXiv:2309.15505).

    Args:
        levels: of each component, as many as the vectors have; at least 3.
    """

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__(levels)
        self.quantise = _library().FSQ(levels=list(levels))

    @property
    def codebook(self) -> Tensor:
        rows = [torch.arange(size, device=self.quantise._levels.device) for size in self.sizes]
        # The level's value in its own component, 0 in the others: -1 is the lowest, the middle one
        # is 0.
        return torch.block_diag(*[(row - len(row) // 2)[:, None] / (len(row) // 2) for row in rows])

    def forward(self, vectors: Tensor) -> Quantised:
        vectors = vectors.float()
        with torch.autocast(vectors.device.type, enabled=False):
            quantised, indices = self.quantise(vectors[None])
        digits = self.quantise.indices_to_level_indices(indices[0].long())
        return Quantised(quantised[0], self.joined(digits), vectors.new_zeros(len(vectors)))


def make_quantiser(
    name: QuantiserName,
    *,
    dim: int,
    codebook_size: int,
    decay: float,
    stages: int,
    levels: Sequence[int],
) -> AnyQuantiser:
    """The quantiser of this name; what it does not need is not looked at.

    Raises:
        ValueError: vectors have another number of components than there are levels.
    """
    if name == "fsq":
        if dim != len(levels):
            raise ValueError(
                f"latent_dim={dim}: fsq needs as many components as there are levels, {len(levels)}"
            )
        return ScalarQuantiser(levels)
    return (
        ResidualQuantiser(dim, codebook_size, decay, stages)
        if name == "residual"
        else Quantiser(dim, codebook_size, decay)
    )


def _library() -> ModuleType:
    import vector_quantize_pytorch  # two seconds of import that only a quantiser should pay

    return vector_quantize_pytorch
