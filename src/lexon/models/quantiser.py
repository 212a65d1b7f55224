"""Vector quantisation: every vector becomes the nearest of a few learnt ones, and its number is its code.

The codebook follows the vectors by exponential moving averages (van den Oord et al. 2017, arXiv:1711.00937, appendix A.1)
and starts from k-means; gradients pass straight through. The work is done by `vector-quantize-pytorch`, which draws from
torch's global generators: `lexon.training.Training` seeds them and keeps them in its checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from vector_quantize_pytorch import VectorQuantize

# A code used less than this share of the average use is dead and moves to a vector of the present batch. The library's own
# threshold counts vectors per batch, so that its meaning would change with batch size and codebook.
DEAD_SHARE = 0.2


@dataclass(frozen=True)
class Quantised:
    """What became of V vectors.

    Attributes:
        vectors: their codes' vectors [V, D], through which gradients pass to the vectors that came in.
        codes: int64 [V], 0..K-1.
        commitment: squared distance to the code's vector, mean over components [V] (third term of eq. 3, unweighted).
    """

    vectors: Tensor
    codes: Tensor
    commitment: Tensor


class Quantiser(nn.Module):
    """K learnt vectors. Give it real objects only (`vectors[mask]`): whatever comes in moves the codebook.

    In training mode the codebook moves, dead codes are replaced, and the first batch places it; in eval mode it is fixed.

    Args:
        dim: components D of a vector.
        codebook_size: number of codes K.
        decay: of the moving averages; the nearer to 1, the more batches a code remembers.
    """

    def __init__(self, dim: int, codebook_size: int, decay: float) -> None:
        super().__init__()
        self.codebook_size = codebook_size
        # The library's commitment loss is 0 in eval mode, which would make validation losses lie: it is computed here.
        self.quantise = _library()(
            dim=dim,
            codebook_size=codebook_size,
            decay=decay,
            kmeans_init=True,
            threshold_ema_dead_code=DEAD_SHARE,
            rotation_trick=False,
            commitment_weight=0.0,
        )

    @property
    def codebook(self) -> Tensor:
        """The codes' vectors [K, D], without gradient."""
        return self.quantise.codebook.detach()

    def lookup(self, codes: Tensor) -> Tensor:
        """Vectors [..., D] of codes [...]."""
        return self.codebook[codes]

    def forward(self, vectors: Tensor) -> Quantised:
        """Quantise [V, D] in float32, whatever precision they come in; V may be 0.

        Raises:
            RuntimeError: in eval mode before any training: there is no codebook yet.
        """
        vectors = vectors.float()
        if not len(vectors):
            return Quantised(vectors, vectors.new_zeros(0, dtype=torch.long), vectors.new_zeros(0))
        if not self.training and not self.quantise._codebook.initted:
            raise RuntimeError("this quantiser has no codebook yet: train it, or load its weights")
        self._set_threshold()
        with torch.autocast(vectors.device.type, enabled=False):
            quantised, codes, _ = self.quantise(vectors.detach()[None])
        nearest = quantised[0]
        commitment = (vectors - nearest).square().mean(-1)
        return Quantised(nearest + (vectors - vectors.detach()), codes[0], commitment)

    def _set_threshold(self) -> None:
        """Dead below a share of the average use, in units of the library's running counts; a replaced code starts at the average."""
        codebook = self.quantise._codebook
        average = codebook.cluster_size.mean()
        codebook.threshold_ema_dead_code, codebook.reset_cluster_size = DEAD_SHARE * average, average


def _library() -> type[VectorQuantize]:
    from vector_quantize_pytorch import VectorQuantize  # two seconds of import that only a quantiser should pay

    return VectorQuantize
