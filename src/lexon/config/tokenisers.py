"""How events are shown: what a user types, and what one tokeniser is made from."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from lexon.config.base import Config, Fraction, Width
from lexon.config.training import NO_CLASSES, TrainingConfig, refuse

FitOn = Literal["auto", "background", "all"]
Bins = Annotated[int, Field(ge=2, le=100)]
CodebookSize = Annotated[int, Field(ge=2, le=4096)]


class BinningConfig(Config):
    n_bins: Bins
    fit_on: FitOn
    variant: Literal["correct", "flawed_2026"]


class VQVAEGroup(Config):
    """The VQ-VAE that learns codes; `start_from_codebook` is for the classifier that reads them."""

    codebook_size: Annotated[int, Field(ge=64, le=4096)]
    latent_dim: Width
    hidden_dim: Width
    id_embed_dim: Width
    commitment: Annotated[float, Field(gt=0)]
    decay: Fraction
    per_seed: bool
    start_from_codebook: bool
    training: TrainingConfig

    @model_validator(mode="after")
    def _no_labels_to_smooth(self) -> Self:
        refuse(self.training, ["label_smoothing"], NO_CLASSES, group="vqvae.training")
        return self


class DirectConfig(Config):
    """Continuous four-vectors."""

    kind: Literal["direct"] = "direct"
    vector: Literal[4, 5]
    pid: bool


class BinnedConfig(Config):
    """Integers from a lookup table; the energy is in none of them, so `vector` does not matter."""

    kind: Literal["binned"] = "binned"
    pid: bool
    n_bins: int
    fit_on: FitOn
    variant: Literal["correct", "flawed_2026"]


class VQVAEConfig(Config):
    """Codes of a VQ-VAE that is trained for the purpose; MET is binned."""

    kind: Literal["vqvae"] = "vqvae"
    vector: Literal[4, 5]
    pid: bool
    codebook_size: int
    latent_dim: int
    hidden_dim: int
    id_embed_dim: int
    commitment: float
    decay: float
    n_bins: int
    fit_on: FitOn
    seed: int
    training: TrainingConfig


class AmbreTokens(Config):
    """Tokens of a file that others made (`ambre.path`)."""

    kind: Literal["ambre"] = "ambre"


class FinishedTokens(Config):
    """Tokens of a finished file (`tokens.path`), told by its content."""

    kind: Literal["file"] = "file"


# Those that are fitted here, and those that are read.
FittedConfig = DirectConfig | BinnedConfig | VQVAEConfig
TokeniserConfig = Annotated[FittedConfig | AmbreTokens | FinishedTokens, Field(discriminator="kind")]


def tokeniser_config(data: dict[str, Any]) -> FittedConfig:
    """The settings of a fitted tokeniser from plain data; `kind` says which."""
    return TypeAdapter[FittedConfig](Annotated[FittedConfig, Field(discriminator="kind")]).validate_python(data)
