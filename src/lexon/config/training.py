"""The size of a network and the settings of its training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from lexon.config.base import BatchSize, Config, Depth, Epochs, Fraction, PositiveInt, Width

# dim, depth, heads, mlp_dim: transformer-block parameters near the name; the true count is always
# reported.
SIZES = {
    "tiny": (16, 2, 2, 32),
    "100k": (48, 5, 4, 96),
    "200k": (64, 6, 8, 128),
    "400k": (72, 8, 8, 144),
    "1m": (128, 8, 8, 256),
}


# Settings of a classifier's training, and why no other training may set them.
OF_CLASSIFIERS = {
    "label_smoothing": (
        "it is of a classifier's cross-entropy, and this training learns no classes; leave it at 0"
    ),
    "augmentation": (
        "only events that a classifier is trained on can be turned and mirrored; leave it at none"
    ),
    "ema": (
        "codebooks and statistics of batches are no weights that can be averaged; leave it at null"
    ),
    "event_weights": "only classifiers use the weights of events; leave it at per_class",
    "class_weights": "this training learns no classes; leave it at none",
    "negative_weights": "only classifiers use the weights of events; leave it at error",
    "optimiser": "it was tried with classifiers only; leave it at adamw",
}


class SizeConfig(Config):
    """`model.size` by name; dim, depth, heads and mlp_dim override it one by one."""

    size: str
    dim: Width | None
    depth: Depth | None
    heads: Width | None
    mlp_dim: Width | None
    dropout: Fraction
    equalise_to: PositiveInt | None

    @field_validator("size")
    @classmethod
    def _known_size(cls, size: str) -> str:
        if size not in SIZES:
            raise ValueError(f"model.size={size}: choose one of {', '.join(SIZES)}")
        return size

    def transformer(self) -> TransformerConfig:
        """The size in numbers."""
        dim, depth, heads, mlp_dim = SIZES[self.size]
        return TransformerConfig(
            dim=self.dim or dim,
            depth=self.depth or depth,
            heads=self.heads or heads,
            mlp_dim=self.mlp_dim or mlp_dim,
            dropout=self.dropout,
        )


MOST_PARAMETERS = 5_000_000_000  # 16 bytes each: the parameter, its gradient and two moments


class TransformerConfig(Config):
    """The encoder of an event (`lexon.models.layers.Encoder`)."""

    dim: Width
    depth: Depth
    heads: Width
    mlp_dim: Width
    dropout: Fraction

    @model_validator(mode="after")
    def _heads_divide_dim(self) -> Self:
        if self.dim % self.heads:
            raise ValueError(f"model.dim={self.dim} is not a multiple of model.heads={self.heads}")
        if self.dim % 2:
            raise ValueError(f"model.dim={self.dim} is odd: sinusoidal positions need pairs")
        return self

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        """Attention has four matrices of dim x dim a block, the network after it two of dim x
        mlp_dim (Vaswani et al. 2017).
        """
        about = self.depth * (4 * self.dim**2 + 2 * self.dim * self.mlp_dim)
        if about > MOST_PARAMETERS:
            raise ValueError(
                f"model.dim={self.dim}, model.depth={self.depth}, model.mlp_dim={self.mlp_dim}:"
                f" about {about:.2g} parameters, more than the memory of any GPU holds while they"
                f" are trained ({MOST_PARAMETERS:.0e}); make one of them smaller"
            )
        return self


EventWeights = Literal["per_class", "overall", "none"]
ClassWeights = Literal["none", "balanced"]
NegativeWeights = Literal["error", "absolute", "drop"]


class Weighting(Config):
    """What each event of a training counts (`lexon.weighting.training_weights`)."""

    event_weights: EventWeights
    class_weights: ClassWeights
    negative_weights: NegativeWeights


class TrainingConfig(Config):
    """Settings of one training, read by `lexon.training.Training`; `label_smoothing` is part of the
    model's loss.

    Choices that came later are left out of what identifies a member at the value that was the only
    one before.
    """

    epochs: Epochs
    batch_size: BatchSize
    lr: Annotated[float, Field(gt=0)]
    weight_decay: Annotated[float, Field(ge=0)]
    warmup_steps: Annotated[int, Field(ge=0)]
    warmup_start: Annotated[float, Field(gt=0, le=1)]
    schedule: Literal["cosine", "linear", "constant"]
    grad_clip: Annotated[float, Field(gt=0)] | None
    label_smoothing: Fraction
    early_stopping: PositiveInt | None
    length_aware: bool
    precision: Literal["auto", "fp32", "bf16"]
    augmentation: Literal["none", "symmetries"] = Field(
        "none", exclude_if=lambda value: value == "none"
    )
    ema: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, exclude_if=lambda value: value is None
    )
    optimiser: Literal["adamw", "muon"] = Field("adamw", exclude_if=lambda value: value == "adamw")
    event_weights: EventWeights = Field("per_class", exclude_if=lambda value: value == "per_class")
    class_weights: ClassWeights = Field("none", exclude_if=lambda value: value == "none")
    negative_weights: NegativeWeights = Field("error", exclude_if=lambda value: value == "error")

    @property
    def weighting(self) -> Weighting:
        """What each event of a training counts."""
        return Weighting(**{name: getattr(self, name) for name in Weighting.model_fields})

    def without_event_weights(self) -> Self:
        """The same for events that have no weights: what would be done with these is no setting."""
        return self.model_copy(update={"event_weights": "per_class", "negative_weights": "error"})


# Values of settings at which they do nothing.
UNSET = (None, 0, "none", "adamw", "per_class", "error")


def refuse(training: TrainingConfig, reasons: Mapping[str, str], group: str = "training") -> None:
    """Refuse settings that a training would not read.

    Args:
        reasons: why not, by setting.

    Raises:
        ValueError: one of them is set.
    """
    for name, reason in reasons.items():
        if (value := getattr(training, name)) not in UNSET:
            raise ValueError(f"{group}.{name}={value}: {reason}")
