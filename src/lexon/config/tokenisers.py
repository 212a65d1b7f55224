"""Tokenisers: the parameters that a user types, and the settings of one tokeniser.

Each tokeniser is one subclass of `FittedConfig` here and one class of `lexon.tokenisers`. The
settings say all that other parts of lexon have to know about it, so that no other file lists
tokenisers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import prod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SerializeAsAny, model_validator

from lexon.config.base import SHARED_SEED, Config, Fraction, Width, classes_by, one_of
from lexon.config.bins import NBins, bins_of, joined
from lexon.config.embeddings import OF_CODEBOOK, OF_PARTS, TABLE, EmbeddingName, why_not
from lexon.config.names import Name
from lexon.config.training import OF_CLASSIFIERS, TrainingConfig, refuse

if TYPE_CHECKING:  # the parameters are made of the groups here
    from lexon.config.parameters import Parameters

FitOn = Literal["auto", "background", "all"]
Quantiser = Literal["vq", "residual", "fsq"]
MOST_CODES = 2**18
CodebookSize = Annotated[int, Field(ge=2, le=4096)]


class BinningGroup(Config):
    """The bins of binned tokens."""

    n_bins: NBins
    fit_on: FitOn
    variant: Literal["correct", "flawed_2026"]


class VQVAEGroup(Config):
    """The VQ-VAE that learns codes."""

    quantiser: Quantiser
    codebook_size: Annotated[int, Field(ge=8, le=4096)]
    stages: Annotated[int, Field(ge=2, le=8)]
    levels: Annotated[tuple[Annotated[int, Field(ge=3, le=64)], ...], Field(min_length=1)]
    latent_dim: Width
    hidden_dim: Width
    id_embed_dim: Width
    n_met_bins: Annotated[int, Field(ge=2, le=100)] | None
    commitment: Annotated[float, Field(gt=0)]
    decay: Fraction
    per_seed: bool
    from_run: Name | None = Field(alias="from")
    training: TrainingConfig

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, data: Any) -> Any:
        if isinstance(data, dict) and "start_from_codebook" in data:
            raise ValueError(
                f"vqvae.start_from_codebook={data['start_from_codebook']}: no longer a parameter;"
                " model.embedding=codebook starts from the codes' own vectors,"
                " model.embedding=table from random ones"
            )
        return data

    @model_validator(mode="after")
    def _trained_without_classes(self) -> Self:
        refuse(self.training, OF_CLASSIFIERS, group="vqvae.training")
        return self

    @model_validator(mode="after")
    def _not_too_many_codes(self) -> Self:
        """A token is one number for all parts of a code."""
        if self.quantiser == "residual" and self.codebook_size**self.stages > MOST_CODES:
            n = f"{self.codebook_size}^{self.stages} = {self.codebook_size**self.stages:,} codes"
            raise ValueError(
                f"vqvae.codebook_size={self.codebook_size}, vqvae.stages={self.stages}: {n}, more"
                f" than {MOST_CODES:,}"
            )
        if self.quantiser == "fsq" and prod(self.levels) > MOST_CODES:
            raise ValueError(
                f"vqvae.levels={list(self.levels)}: their product is {prod(self.levels):,} codes,"
                f" more than {MOST_CODES:,}"
            )
        return self


class TokeniserConfig(Config, ABC):
    """Settings that identify one tokeniser, and the properties that the rest of lexon asks for.

    Attributes:
        kind: its name, which `tokeniser=` takes.
        selectable: whether `tokeniser=` takes it.
        fitted: by lexon, on events; else its tokens are read from a file.
        continuous: its values are floats, encoded as they are needed; integers are written to a
            token file once for a whole grid.
        trained: by a pipeline of its own (`lexon.pipelines.pretraining`) in place of
            `fit_tokeniser`.
        four_vectors: whether its tokens can be decoded to type, pT, eta and phi of each object and
            to MET.
        equal_bins: whether its integers are bins of pt, eta, phi and MET, whose occupancy can be
            counted.
        figure: the figure about it, as the report's input; ``{}`` stands for its name, "" for none.
    """

    kind: str
    selectable: ClassVar[bool] = True
    fitted: ClassVar[bool] = False
    continuous: ClassVar[bool] = False
    trained: ClassVar[bool] = False
    four_vectors: ClassVar[bool] = False
    equal_bins: ClassVar[bool] = False
    figure: ClassVar[str] = ""

    @classmethod
    @abstractmethod
    def of(cls, parameters: Parameters, seed: int) -> Self:
        """The one that a member with this seed is shown."""

    @property
    def embeddings(self) -> tuple[EmbeddingName, ...]:
        """What `model.embedding` may be; the table alone where values are continuous, or tokens
        have neither parts nor a codebook.
        """
        return (TABLE,)

    def why_not_embedded(self, embedding: EmbeddingName) -> str:
        """Why `model.embedding` cannot be this; empty where it can."""
        if self.continuous and embedding != TABLE:
            return (
                f"model.embedding={embedding}: tokeniser={self.kind} shows continuous values, not"
                f" tokens; leave it at {TABLE}"
            )
        return why_not(embedding, f"tokens of {self.described}", self.embeddings)

    @property
    def described(self) -> str:
        """Its name as it is typed."""
        return f"tokeniser={self.kind}"


class FittedConfig(TokeniserConfig):
    """A tokeniser that lexon fits.

    Attributes:
        made_by: its class, ``module.Class`` in `lexon.tokenisers`, with a `from_config`.
        restored_by: the kind of `state()` that it leaves, and the class that reads it; None: `kind`
            and `made_by`.
    """

    fitted: ClassVar[bool] = True
    made_by: ClassVar[str]
    restored_by: ClassVar[tuple[str, str] | None] = None

    @property
    @abstractmethod
    def population(self) -> FitOn:
        """Which training events it is fitted on (`lexon.classes.ClassMap.to_fit_on`)."""

    @property
    def module(self) -> str:
        """The module of `made_by`."""
        return f"lexon.tokenisers.{self.made_by.rpartition('.')[0]}"


class DirectConfig(FittedConfig):
    """Continuous four-vectors."""

    kind: Literal["direct"] = "direct"
    vector: Literal[4, 5]
    pid: bool

    made_by: ClassVar[str] = "direct.DirectTokeniser"
    continuous: ClassVar[bool] = True
    four_vectors: ClassVar[bool] = True

    @property
    def population(self) -> FitOn:
        """All that is shown is standardised."""
        return "all"

    @classmethod
    def of(cls, parameters: Parameters, seed: int) -> Self:  # noqa: ARG003
        return cls(vector=parameters.vector, pid=parameters.pid)


class BinnedConfig(FittedConfig):
    """Integers from a lookup table; the energy is in none of them, so `vector` does not matter."""

    kind: Literal["binned"] = "binned"
    pid: bool
    n_bins: NBins
    fit_on: FitOn
    variant: Literal["correct", "flawed_2026"]

    made_by: ClassVar[str] = "binning.BinnedTokeniser"
    four_vectors: ClassVar[bool] = True
    equal_bins: ClassVar[bool] = True
    figure: ClassVar[str] = "figure_occupancy_{}"

    @property
    def embeddings(self) -> tuple[EmbeddingName, ...]:
        return (TABLE, *OF_PARTS)

    @property
    def population(self) -> FitOn:
        """The published mistake includes its edges, which came from all classes."""
        return self.fit_on if self.variant == "correct" else "all"

    @classmethod
    def of(cls, parameters: Parameters, seed: int) -> Self:  # noqa: ARG003
        binning = parameters.binning
        fit_on = binning.fit_on if binning.variant == "correct" else "all"
        return cls(pid=parameters.pid, **binning.model_dump() | {"fit_on": fit_on})


class VQVAEConfig(FittedConfig):
    """Codes of a VQ-VAE that is trained for the purpose; MET is binned."""

    kind: Literal["vqvae"] = "vqvae"
    vector: Literal[4, 5]
    pid: bool
    # Left out of what identifies codes of the plain quantiser: those of earlier versions do not
    # name it.
    quantiser: Quantiser = Field("vq", exclude_if=lambda quantiser: quantiser == "vq")
    stages: int = Field(1, exclude_if=lambda stages: stages == 1)
    levels: tuple[int, ...] = Field((), exclude_if=lambda levels: not levels)
    codebook_size: int
    latent_dim: int
    hidden_dim: int
    id_embed_dim: int
    commitment: float
    decay: float
    n_bins: NBins
    fit_on: FitOn
    seed: int
    training: TrainingConfig

    made_by: ClassVar[str] = "vqvae.VQVAETokeniser"
    restored_by: ClassVar[tuple[str, str] | None] = ("vq_codes", "vqvae.CodeTable")
    trained: ClassVar[bool] = True
    four_vectors: ClassVar[bool] = True
    figure: ClassVar[str] = "figure_{}"

    @property
    def embeddings(self) -> tuple[EmbeddingName, ...]:
        parts: dict[Quantiser, tuple[EmbeddingName, ...]] = {
            "vq": (),
            "residual": ("factorised",),
            "fsq": OF_PARTS,
        }
        return (TABLE, *parts[self.quantiser], *OF_CODEBOOK)

    @property
    def described(self) -> str:
        return f"tokeniser={self.kind} with vqvae.quantiser={self.quantiser}"

    @property
    def n_codes(self) -> int:
        """Codes of all parts together."""
        return self.codebook_size**self.stages

    @property
    def population(self) -> FitOn:
        return self.fit_on

    @classmethod
    def of(cls, parameters: Parameters, seed: int) -> Self:
        bins = bins_of(parameters.vqvae.n_met_bins or parameters.binning.n_bins)
        learnt = parameters.vqvae.model_dump(
            exclude={"per_seed", "from_run", "n_met_bins"}
        ) | _resolved(parameters.vqvae)
        return cls(
            **learnt,
            vector=parameters.vector,
            pid=parameters.pid,
            n_bins=joined(bins["met"], bins["met"], bins["met_phi"]),
            fit_on=parameters.binning.fit_on,
            seed=seed if parameters.vqvae.per_seed else SHARED_SEED,
        )


def _resolved(group: VQVAEGroup) -> dict[str, Any]:
    """What a quantiser leaves of the settings of others: two that differ in nothing else
    are one.
    """
    if (
        group.quantiser == "fsq"
    ):  # its levels are all there is: nothing follows the vectors, and nothing pulls them
        size, width = prod(group.levels), len(group.levels)
        return {
            "stages": 1,
            "codebook_size": size,
            "latent_dim": width,
            "commitment": 0.0,
            "decay": 0.0,
        }
    return {"levels": ()} if group.quantiser == "residual" else {"levels": (), "stages": 1}


class AmbreTokens(TokeniserConfig):
    """Tokens of a file that others made (`ambre.path`)."""

    kind: Literal["ambre"] = "ambre"

    @property
    def embeddings(self) -> tuple[EmbeddingName, ...]:
        return (TABLE, *OF_PARTS)

    @classmethod
    def of(cls, parameters: Parameters, seed: int) -> Self:  # noqa: ARG003
        return cls()


class FinishedTokens(TokeniserConfig):
    """Tokens of a finished file (`tokens.path`), identified by its content; and what it calls the
    weights of its events (`events.weight`).
    """

    kind: Literal["file"] = "file"
    weight: str | None = Field(None, exclude_if=lambda weight: weight is None)
    selectable: ClassVar[bool] = False
    # Only its content tells: a file that lexon wrote holds its tokeniser.
    four_vectors: ClassVar[bool] = True

    @property
    def embeddings(self) -> tuple[EmbeddingName, ...]:
        """All: what the tokens are is known when the file is read."""
        return (TABLE, *OF_PARTS, *OF_CODEBOOK)

    @classmethod
    def of(cls, parameters: Parameters, seed: int) -> Self:  # noqa: ARG003
        return cls(weight=parameters.events.weight)


def tokeniser_classes() -> dict[str, type[TokeniserConfig]]:
    """All tokenisers by kind."""
    return classes_by("kind", TokeniserConfig)


def tokeniser_config(data: Any) -> TokeniserConfig:
    """The settings of a tokeniser from plain data; `kind` says which.

    Raises:
        ValueError: no tokeniser is of that kind.
    """
    if isinstance(data, TokeniserConfig):
        return data
    known = tokeniser_classes()
    return known[one_of(known, data.get("kind"), "tokeniser")](**data)


def fitted_config(data: Any) -> FittedConfig:
    """`tokeniser_config` of one that is fitted."""
    config = tokeniser_config(data)
    if not isinstance(config, FittedConfig):
        raise ValueError(f"tokeniser.kind={config.kind}: is read from a file, not fitted")
    return config


def known_tokeniser(kind: str) -> str:
    """A value of the parameter `tokeniser`.

    Raises:
        ValueError: it is no tokeniser.
    """
    return one_of(
        [name for name, found in tokeniser_classes().items() if found.selectable], kind, "tokeniser"
    )


TokeniserName = Annotated[str, AfterValidator(known_tokeniser)]
AnyTokeniser = Annotated[SerializeAsAny[TokeniserConfig], BeforeValidator(tokeniser_config)]
