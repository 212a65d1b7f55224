"""Autoencoders: a bottleneck, and a head that is asked for the event's MET."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lexon.config.base import Config, Fraction, NonNegative, Width

# Of the transformer encoder.
HEADS = 4


class AutoencoderConfig(Config):
    """Arguments of `lexon.models.autoencoder.Autoencoder`, without those of the tokeniser, and the
    events it is trained on.
    """

    bottleneck: Literal["none", "linear", "vq"]
    globals_beta: NonNegative
    encoder: Literal["mlp", "transformer"]
    encoder_globals: bool
    latent_dim: Width
    hidden_dim: Width
    id_embed_dim: Width
    codebook_size: Annotated[int, Field(ge=2, le=4096)]
    commitment: Annotated[float, Field(gt=0)]
    decay: Fraction
    reconstruct_types: bool
    train_on: Literal["all", "background"]

    @model_validator(mode="after")
    def _heads_divide_hidden_dim(self) -> Self:
        if self.encoder == "transformer" and self.hidden_dim % HEADS:
            raise ValueError(
                f"autoencoder.hidden_dim={self.hidden_dim}: the transformer encoder needs a"
                f" multiple of {HEADS}"
            )
        return self
