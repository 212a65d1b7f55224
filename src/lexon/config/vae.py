"""Variational autoencoders on multi-label rows: where the rows come from, and named
configurations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lexon.config.base import BatchSize, Config, Epochs, Fraction, NonNegative, Seed, Width
from lexon.config.data import EventData, Shares
from lexon.config.names import InputPath

Bins = Annotated[int, Field(ge=1, le=20)]


class TagsConfig(Config):
    """Multi-hot rows: of events, or of a file instead."""

    path: InputPath | None
    column: str | None
    vocabulary: InputPath | None
    label_column: str | None
    pt_bins: Bins
    met_bins: Bins
    split: Shares
    split_seed: Seed

    @model_validator(mode="after")
    def _settings_of_a_file_need_one(self) -> Self:
        for name in ("column", "vocabulary", "label_column"):
            if self.path is None and getattr(self, name) is not None:
                raise ValueError(
                    f"tags.{name}={getattr(self, name)} needs tags.path=FILE; rows of events have"
                    " none"
                )
        return self


class EventTags(Config):
    """Rows made of events: all that decides which."""

    source: Literal["events"] = "events"
    events: EventData
    pt_bins: int
    met_bins: int
    split: Shares
    split_seed: int


class FileTags(Config):
    """Rows of a file: how it is read. File and vocabulary are identified by their content."""

    source: Literal["file"] = "file"
    column: str | None
    label_column: str | None
    split: Shares
    split_seed: int


TagData = Annotated[EventTags | FileTags, Field(discriminator="source")]


class VAEModelConfig(Config):
    """Arguments of `lexon.models.vae.VAE`, without those that follow from the rows."""

    latent_dim: Width
    hidden_dim: Width
    batch_norm: bool
    beta: NonNegative
    dropout: Fraction


class VAEConfig(Config):
    """One named configuration: what it says itself comes before what it takes from another
    (`like`); the training's rest is `training`.
    """

    like: str | None = None
    latent_dim: Width | None = None
    hidden_dim: Width | None = None
    batch_norm: bool | None = None
    beta: NonNegative | None = None
    dropout: Fraction | None = None
    epochs: Epochs | None = None
    batch_size: BatchSize | None = None
    lr: Annotated[float, Field(gt=0)] | None = None


def complete(
    configurations: Mapping[str, VAEConfig], name: str
) -> tuple[VAEModelConfig, dict[str, float]]:
    """A configuration with all that it takes from others: the model, and what it changes of the
    training.

    Raises:
        ValueError: it is unknown, is like itself, or leaves a setting of the model open.
    """
    own: dict[str, float] = {}
    visited: list[str] = []
    wanted: str | None = name
    while wanted is not None:
        if wanted not in configurations:
            raise ValueError(
                f"configuration={wanted}: no such configuration; there are"
                f" {', '.join(configurations)}"
            )
        if wanted in visited:
            raise ValueError(
                f"configurations.{wanted}.like: {' -> '.join([*visited, wanted])} goes round in a"
                " circle; leave one out"
            )
        visited.append(wanted)
        own = configurations[wanted].model_dump(exclude_none=True, exclude={"like"}) | own
        wanted = configurations[wanted].like
    missing = [field for field in VAEModelConfig.model_fields if field not in own]
    if missing:
        raise ValueError(
            f"configurations.{name}: {', '.join(missing)} missing; set it, or like=NAME of a"
            " configuration that has it"
        )
    model = {field: own.pop(field) for field in VAEModelConfig.model_fields}
    return VAEModelConfig.model_validate(model), own
