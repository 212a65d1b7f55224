"""What a user may type, as types; and what a member needs, complete.

`Parameters` mirrors conf/base/parameters_*.yml, where every default lives with a sentence on why to change it.
`Parameters.member()` resolves one cell of a grid and one seed into the groups that nodes receive: no node meets
an option that is not for it, a size by name, or a None that means "work it out".
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

PositiveInt = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Label = int | str
EnergyUnit = Literal["GeV", "MeV", "ln(MeV)"]

# dim, depth, heads, mlp_dim: transformer-block parameters near the name; the true count is always reported.
SIZES = {
    "tiny": (16, 2, 2, 32),
    "100k": (48, 5, 4, 96),
    "200k": (64, 6, 8, 128),
    "400k": (72, 8, 8, 144),
    "1m": (128, 8, 8, 256),
}


class Config(BaseModel):
    """Base of every group: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class EventsConfig(Config):
    source: Literal["simulation", "file"]
    path: Path | None
    n: Annotated[int, Field(ge=50)]
    energy_unit: Literal["auto"] | EnergyUnit
    object_types: dict[int, str]
    label_names: dict[int, str]

    @model_validator(mode="before")
    @classmethod
    def _path_implies_file(cls, data: dict[str, Any]) -> dict[str, Any]:
        return data | {"source": "file"} if isinstance(data, dict) and data.get("path") else data

    @model_validator(mode="after")
    def _file_needs_path(self) -> Self:
        if self.source == "file" and self.path is None:
            raise ValueError("events.source=file needs events.path=FILE")
        return self


class SimulationConfig(Config):
    """What `lexon.simulation.Simulation` makes; it checks the process names and that the shares of each group sum to 1."""

    seed: Annotated[int, Field(ge=0)]
    mix: dict[str, Annotated[float, Field(ge=0)]]
    split: dict[Literal["train", "val", "test"], Annotated[float, Field(gt=0)]]


class BinningConfig(Config):
    n_bins: Annotated[int, Field(ge=2, le=100)]
    fit_on: Literal["auto", "background", "all"]
    variant: Literal["correct", "flawed_2026"]


class SizeConfig(Config):
    """`model.size` by name; dim, depth, heads and mlp_dim override it one by one."""

    size: str
    dim: PositiveInt | None
    depth: PositiveInt | None
    heads: PositiveInt | None
    mlp_dim: PositiveInt | None
    dropout: Fraction

    @field_validator("size")
    @classmethod
    def _known_size(cls, size: str) -> str:
        if size not in SIZES:
            raise ValueError(f"model.size={size}: choose one of {', '.join(SIZES)}")
        return size


class TrainingConfig(Config):
    """The recipe of one training, read by `lexon.training.fit`; `label_smoothing` is part of the model's loss."""

    epochs: PositiveInt
    batch_size: PositiveInt
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


class EvaluationConfig(Config):
    rejections: tuple[Annotated[float, Field(gt=1)], ...]


class ReportConfig(Config):
    n_bootstrap: Annotated[int, Field(ge=100)]
    min_effect: Annotated[float, Field(ge=0)]
    source: Path | None


class ValidationConfig(Config):
    published: Path | None


class GridConfig(Config):
    axes: tuple[str, ...]


class SimulatedEvents(Config):
    """Events that are simulated: all that decides which."""

    source: Literal["simulation"] = "simulation"
    n: int
    simulation: SimulationConfig


class EventsFile(Config):
    """Events of a file: how it is read. Which file is told by its content, wherever it lies."""

    source: Literal["file"] = "file"
    energy_unit: Literal["auto"] | EnergyUnit
    label_names: dict[int, str]


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
    fit_on: Literal["auto", "background", "all"]
    variant: Literal["correct", "flawed_2026"]


TokeniserConfig = Annotated[DirectConfig | BinnedConfig, Field(discriminator="kind")]


class ClassifierConfig(Config):
    """The recipe of `lexon.models.classifier.Classifier`, less what the tokeniser and the classes decide."""

    pool: Literal["cls", "mean", "max"]
    met: bool
    dim: PositiveInt
    depth: PositiveInt
    heads: PositiveInt
    mlp_dim: PositiveInt
    dropout: Fraction

    @model_validator(mode="after")
    def _heads_divide_dim(self) -> Self:
        if self.dim % self.heads:
            raise ValueError(f"model.dim={self.dim} is not a multiple of model.heads={self.heads}")
        if self.dim % 2:
            raise ValueError(f"model.dim={self.dim} is odd: sinusoidal positions need pairs")
        return self


class MemberConfig(Config):
    """One training: everything that decides its numbers and nothing else. What is compared to tell a stale result."""

    seed: int
    data: Annotated[SimulatedEvents | EventsFile, Field(discriminator="source")]
    classes: dict[str, Label | tuple[Label, ...]]
    tokeniser: TokeniserConfig
    classifier: ClassifierConfig
    training: TrainingConfig


class Parameters(Config):
    """All parameters of one cell, as typed by the user; `grid.axes` name those that a list spans."""

    description: str
    kind: Literal["classifier", "simulation"]
    run: Annotated[str, Field(pattern=r"^\w[\w.-]*$", coerce_numbers_to_str=True)]
    seed: Annotated[int, Field(ge=0)]
    n_seeds: PositiveInt
    device: Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")]
    events: EventsConfig
    simulation: SimulationConfig
    classes: dict[str, Label | tuple[Label, ...]]
    tokeniser: Literal["direct", "binned"]
    pool: Literal["cls", "mean", "max"]
    met: bool
    vector: Literal[4, 5]
    pid: bool
    binning: BinningConfig
    model: SizeConfig
    training: TrainingConfig
    evaluation: EvaluationConfig
    report: ReportConfig
    validation: ValidationConfig
    grid: GridConfig

    def member(self, seed: int) -> MemberConfig:
        """Everything that one training of this cell needs, complete."""
        dim, depth, heads, mlp_dim = SIZES[self.model.size]
        return MemberConfig(
            seed=seed,
            data=self._data(),
            classes=self.classes,
            tokeniser=self._tokeniser(),
            classifier=ClassifierConfig(
                pool=self.pool,
                met=self.met,
                dim=self.model.dim or dim,
                depth=self.model.depth or depth,
                heads=self.model.heads or heads,
                mlp_dim=self.model.mlp_dim or mlp_dim,
                dropout=self.model.dropout,
            ),
            training=self.training,
        )

    def simulated(self) -> SimulatedEvents:
        """The events that a simulation makes, whether or not a study uses them."""
        return SimulatedEvents(n=self.events.n, simulation=self.simulation)

    def _data(self) -> SimulatedEvents | EventsFile:
        match self.events.source:
            case "simulation":
                return self.simulated()
            case "file":
                return EventsFile(energy_unit=self.events.energy_unit, label_names=self.events.label_names)

    def _tokeniser(self) -> DirectConfig | BinnedConfig:
        match self.tokeniser:
            case "direct":
                return DirectConfig(vector=self.vector, pid=self.pid)
            case "binned":
                # The published mistake includes its edges, which came from all classes.
                fit_on = self.binning.fit_on if self.binning.variant == "correct" else "all"
                return BinnedConfig(pid=self.pid, **self.binning.model_dump() | {"fit_on": fit_on})


def tokeniser_config(data: dict[str, Any]) -> DirectConfig | BinnedConfig:
    """The settings of a tokeniser from plain data; `kind` says which."""
    return TypeAdapter(TokeniserConfig).validate_python(data)
