"""The autoencoder: each object through a bottleneck and back, and a head that asks the event's
latent vectors for its MET.

Shapes: N events, T objects, V real objects of a batch in the order of `mask` [N, T], F features, D
latent dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from lexon.config.autoencoder import HEADS
from lexon.events import N_TYPES
from lexon.models import Batch, Network
from lexon.models.layers import Encoder, mlp, per_slot
from lexon.models.losses import mean_over_objects, squared_error
from lexon.models.quantiser import Quantiser

MET_FEATURES = 3
NO_CODE = -1
DEPTH = 2  # of the transformer encoder, as that of the MLP


@dataclass(frozen=True)
class Reconstruction:
    """The reconstruction of a batch.

    Attributes:
        latents: behind the bottleneck [V, D].
        codes: of the quantiser, int64 [V]; None without one.
        commitment: squared distance to the code's vector [V]; 0 without a quantiser.
        features: of the objects [V, F].
        type_logits: of the types 1..7 [V, 7]; None where types are not reconstructed.
        pooled: mean of each event's latents [N, D]; 0 for an event without objects.
        met: (standardised log MET, sin, cos of its azimuth) [N, 3], sine and cosine of unit length.
    """

    latents: Tensor
    codes: Tensor | None
    commitment: Tensor
    features: Tensor
    type_logits: Tensor | None
    pooled: Tensor
    met: Tensor


class Autoencoder(Network):
    """Features and type -> encoder -> bottleneck -> decoder; the mean latent of an event -> MET.

    Only real objects enter, so padding is in no loss, no code and no average. With `globals_beta` 0
    the head learns from detached latents: `rec_globals` is then a number to compare with, and
    nothing of it reaches the encoder.

    Args:
        n_features: continuous features F per object.
        bottleneck: ``none`` (identity), ``linear`` or ``vq``.
        globals_beta: weight of the head's loss.
        encoder: ``mlp`` sees one object at a time, ``transformer`` all of an event's, in no order.
        encoder_globals: whether MET stands beside each object's features.
        latent_dim: D.
        hidden_dim: width of the hidden layers, two in encoder and decoder, one in the head.
        id_embed_dim: width of the type's embedding.
        codebook_size, decay: of the `Quantiser`.
        commitment: weight of the encoder's distance to its codes.
        reconstruct_types: whether `rec_tokens` holds the cross-entropy of the type.
    """

    def __init__(
        self,
        *,
        n_features: int,
        bottleneck: Literal["none", "linear", "vq"],
        globals_beta: float,
        encoder: Literal["mlp", "transformer"],
        encoder_globals: bool,
        latent_dim: int,
        hidden_dim: int,
        id_embed_dim: int,
        codebook_size: int,
        commitment: float,
        decay: float,
        reconstruct_types: bool,
    ) -> None:
        super().__init__()
        self.n_features, self.globals_beta, self.commitment = n_features, globals_beta, commitment
        self.encoder_globals, self.reconstruct_types = encoder_globals, reconstruct_types
        n_in = n_features + id_embed_dim + MET_FEATURES * encoder_globals
        self.types = nn.Embedding(N_TYPES + 1, id_embed_dim)
        self.encoder = (ObjectEncoder if encoder == "mlp" else EventEncoder)(
            n_in, hidden_dim, latent_dim
        )
        self.linear = nn.Linear(latent_dim, latent_dim) if bottleneck == "linear" else nn.Identity()
        self.quantiser = Quantiser(latent_dim, codebook_size, decay) if bottleneck == "vq" else None
        self.decoder = mlp(
            latent_dim, hidden_dim, hidden_dim, n_features + N_TYPES * reconstruct_types
        )
        self.globals_head = mlp(latent_dim, hidden_dim, MET_FEATURES)

    def forward(self, batch: Batch) -> Reconstruction:
        mask = batch["mask"]
        latents, codes, commitment = self._bottleneck(self.encoder(self._shown(batch), mask))
        decoded = self.decoder(latents)
        pooled = mean_over_objects(latents, mask)
        log_met, direction = self.globals_head(
            pooled if self.globals_beta else pooled.detach()
        ).split([1, 2], dim=-1)
        return Reconstruction(
            latents=latents,
            codes=codes,
            commitment=commitment,
            features=decoded[:, : self.n_features],
            type_logits=decoded[:, self.n_features :] if self.reconstruct_types else None,
            pooled=pooled,
            met=torch.cat([log_met, normalize(direction.float(), dim=-1)], dim=-1),
        )

    def errors(self, batch: Batch, made: Reconstruction) -> dict[str, Tensor]:
        """Unweighted losses of each event [N].

        ``rec_tokens`` is a mean over real objects (0 without any) of the squared error, summed over
        features, and of ``rec_types``, the types' cross-entropy, where they are reconstructed;
        ``rec_globals`` = (standardised log-MET error)^2 + 1 - cos(METphi error); ``commitment`` as
        the quantiser has it.
        """
        mask = batch["mask"]
        tokens = squared_error(made.features, batch["values"][mask])
        objects = {"rec_tokens": tokens, "commitment": made.commitment}
        if made.type_logits is not None:
            objects["rec_types"] = cross_entropy(
                made.type_logits, batch["types"][mask] - 1, reduction="none"
            )
            objects["rec_tokens"] = tokens + objects["rec_types"]
        size, turn = (
            made.met[:, 0] - batch["met"][:, 0],
            (made.met[:, 1:] * batch["met"][:, 1:]).sum(-1),
        )
        return {name: mean_over_objects(values, mask) for name, values in objects.items()} | {
            "rec_globals": size.square() + 1 - turn
        }

    def weighted(self, errors: dict[str, Tensor]) -> dict[str, Tensor]:
        """The same with ``weighted_globals``, ``vq_loss`` (weighted commitment) and their sum with
        rec_tokens, ``total``.
        """
        terms = {
            "weighted_globals": self.globals_beta * errors["rec_globals"],
            "vq_loss": self.commitment * errors["commitment"],
        }
        return (
            errors
            | terms
            | {"total": errors["rec_tokens"] + terms["weighted_globals"] + terms["vq_loss"]}
        )

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """``total``, plus at globals_beta 0 what teaches the head alone; all terms as
        diagnostics.
        """
        terms = {
            name: values.mean()
            for name, values in self.weighted(self.errors(batch, self(batch))).items()
        }
        loss = terms["total"] if self.globals_beta else terms["total"] + terms["rec_globals"]
        return loss, {name: value.detach() for name, value in terms.items()}

    def score(self, batch: Batch) -> Tensor:
        """The reconstruction error of each event's objects [N, 1]: high for what the training
        events are not like.
        """
        return self.errors(batch, self(batch))["rec_tokens"][:, None]

    def describe(self, batch: Batch) -> dict[str, Tensor]:
        """All that is known of each event; padding is 0 (codes: -1).

        Every loss [N]; ``pooled`` [N, D], ``met`` [N, 3], ``latents`` [N, T, D], ``features`` [N,
        T, F], ``types`` [N, T] (the true ones where they are not reconstructed) and, with a
        quantiser, ``codes`` [N, T].
        """
        mask, made = batch["mask"], self(batch)
        types = (
            batch["types"][mask] if made.type_logits is None else made.type_logits.argmax(-1) + 1
        )
        objects = {"latents": made.latents, "features": made.features, "types": types}
        described = {name: per_slot(values, mask, 0) for name, values in objects.items()}
        if made.codes is not None:
            described["codes"] = per_slot(made.codes, mask, NO_CODE)
        return (
            described
            | {"pooled": made.pooled, "met": made.met}
            | self.weighted(self.errors(batch, made))
        )

    def _shown(self, batch: Batch) -> Tensor:
        """The encoder's inputs for each object [N, T, n_in]."""
        parts = [batch["values"], self.types(batch["types"])]
        if self.encoder_globals:
            parts.append(batch["met"][:, None].expand(-1, batch["mask"].shape[1], -1))
        return torch.cat(parts, dim=-1)

    def _bottleneck(self, encoded: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
        if self.quantiser is None:
            return self.linear(encoded), None, encoded.new_zeros(len(encoded))
        quantised = self.quantiser(encoded)
        return quantised.vectors, quantised.codes, quantised.commitment


class ObjectEncoder(nn.Module):
    """One object at a time: [N, T, n_in] -> [V, D]."""

    def __init__(self, n_in: int, hidden_dim: int, latent_dim: int) -> None:
        super().__init__()
        self.layers = mlp(n_in, hidden_dim, hidden_dim, latent_dim)

    def forward(self, objects: Tensor, mask: Tensor) -> Tensor:
        return self.layers(objects[mask])


class EventEncoder(nn.Module):
    """Objects see each other, in no order: [N, T, n_in] -> [V, D]."""

    def __init__(self, n_in: int, hidden_dim: int, latent_dim: int) -> None:
        super().__init__()
        self.enter = nn.Linear(n_in, hidden_dim)
        self.attend = Encoder(hidden_dim, DEPTH, HEADS, hidden_dim, dropout=0.0)
        self.leave = nn.Linear(hidden_dim, latent_dim)

    def forward(self, objects: Tensor, mask: Tensor) -> Tensor:
        entered = self.enter(objects)
        if not mask.shape[1]:
            return self.leave(entered[mask])
        seen = mask.clone()
        seen[:, :1] |= ~mask.any(1, keepdim=True)  # attention to nothing at all is not a number
        return self.leave(self.attend(entered, seen)[mask])
