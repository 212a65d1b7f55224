"""The VQ-VAE: each object becomes a code and back, by itself (van den Oord et al. 2017,
arXiv:1711.00937).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lexon.events import N_TYPES
from lexon.models import Batch, Network
from lexon.models.layers import mlp, per_slot
from lexon.models.losses import mean_over_objects, squared_error
from lexon.models.quantiser import QuantiserName, make_quantiser

PADDING_CODE = -1


class VQVAE(Network):
    """Object features and type -> latent vector -> nearest code -> features and type.

    Only real objects enter (V of them in a batch), so padding is in no loss, no code and no
    average.

    Args:
        n_features: continuous features F per object.
        codebook_size, latent_dim, decay, quantiser, stages, levels: see `lexon.models.quantiser`;
            `latent_dim` is its `dim`.
        hidden_dim: width of both hidden layers of encoder and decoder.
        id_embed_dim: width of the type's embedding.
        commitment: weight of the encoder's distance to its codes.
        normalisation: location and scale by quantity that the features were standardised with. It
            is what the weights mean, so it belongs to the recipe, but nothing here uses it.
    """

    def __init__(
        self,
        *,
        n_features: int,
        codebook_size: int,
        latent_dim: int,
        hidden_dim: int,
        id_embed_dim: int,
        commitment: float,
        decay: float,
        normalisation: Mapping[str, list[float]],  # noqa: ARG002  # part of the recipe
        quantiser: QuantiserName = "vq",
        stages: int = 1,
        levels: Sequence[int] = (),
    ) -> None:
        super().__init__()
        self.n_features, self.commitment = n_features, commitment
        self.types = nn.Embedding(N_TYPES + 1, id_embed_dim)
        self.encoder = mlp(n_features + id_embed_dim, hidden_dim, hidden_dim, latent_dim)
        self.quantiser = make_quantiser(
            quantiser,
            dim=latent_dim,
            codebook_size=codebook_size,
            decay=decay,
            stages=stages,
            levels=levels,
        )
        self.decoder = mlp(latent_dim, hidden_dim, hidden_dim, n_features + N_TYPES)

    def encode(self, values: Tensor, types: Tensor) -> Tensor:
        """Latent vectors [V, D] of objects with features [V, F] and types [V]."""
        return self.encoder(torch.cat([values, self.types(types)], dim=-1))

    def decode(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Features [V, F] and logits of the types 1..7 [V, 7] of latent vectors [V, D]."""
        features, logits = self.decoder(vectors).split([self.n_features, N_TYPES], dim=-1)
        return features, logits

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Squared error of the features + cross-entropy of the type + weighted commitment, means
        over events of means over objects.
        """
        mask = batch["mask"]
        values, types = batch["values"][mask], batch["types"][mask]
        quantised = self.quantiser(self.encode(values, types))
        features, logits = self.decode(quantised.vectors)
        objects = {
            "rec_continuous": squared_error(features, values),
            "rec_type": cross_entropy(logits, types - 1, reduction="none"),
            "commitment": quantised.commitment,
        }
        objects["type_accuracy"] = (logits.argmax(-1) == types - 1).float()
        means = {name: mean_over_objects(values, mask).mean() for name, values in objects.items()}
        loss = means["rec_continuous"] + means["rec_type"] + self.commitment * means["commitment"]
        return loss, {name: value.detach() for name, value in means.items()}

    def score(self, batch: Batch) -> Tensor:
        """The code of each object [N, T], -1 for padding."""
        mask = batch["mask"]
        quantised = self.quantiser(self.encode(batch["values"][mask], batch["types"][mask]))
        return per_slot(quantised.codes, mask, PADDING_CODE)
