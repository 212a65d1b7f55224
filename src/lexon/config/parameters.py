"""The parameters that a user types, as types.

`Parameters` mirrors conf/base/parameters*.yml, where every default lives with a sentence on why to
change it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, computed_field, field_validator, model_validator

from lexon.config.autoencoder import AutoencoderConfig
from lexon.config.base import MAX_SEEDS, Classes, Config, NonNegative, PositiveInt, Seed
from lexon.config.classifiers import ClassifierName, Pairwise, Positions
from lexon.config.data import AmbreConfig, EventsConfig, SimulationConfig, TokensConfig
from lexon.config.elsewhere import ElsewhereConfig, OtherFile, other_file
from lexon.config.embeddings import EmbeddingName
from lexon.config.importance import ImportanceConfig
from lexon.config.kinds import KINDS, KindName
from lexon.config.names import InputPath, Name, OutputPath
from lexon.config.regression import CollapseConfig, RegressionConfig
from lexon.config.significance import SignificanceConfig
from lexon.config.slices import SlicesConfig
from lexon.config.tokenisers import BinningGroup, TokeniserName, VQVAEGroup
from lexon.config.training import SizeConfig, TrainingConfig
from lexon.config.vae import TagsConfig, VAEConfig


class EvaluationConfig(Config):
    """What classifiers are asked on the test split."""

    rejections: tuple[Annotated[float, Field(gt=1)], ...]


class TestedConfig(EvaluationConfig):
    """What classifiers are asked, and on which other sample: its keys reach nodes as
    `Parameters.elsewhere`, so that a second sample evaluates nothing of the first again.
    """

    path: Annotated[InputPath | None, Field(exclude=True)]
    events: Annotated[OtherFile, Field(exclude=True)]
    classes: Annotated[Classes | None, Field(exclude=True)]


class MinEffect(Config):
    """The smallest change that counts as an effect: relative for losses, absolute for scores
    between 0 and 1.
    """

    loss: NonNegative
    score: NonNegative

    @model_validator(mode="before")
    @classmethod
    def _by_statistic(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError(
                f"report.min_effect={value}: name the statistic, report.min_effect.loss (relative)"
                " or report.min_effect.score (absolute)"
            )
        return value


class ReportConfig(Config):
    """What a report calls an effect, and which members it reads."""

    n_bootstrap: Annotated[int, Field(ge=100)]
    min_effect: MinEffect
    source: InputPath | None


class ValidationConfig(Config):
    """What simulated events are held against."""

    published: InputPath | None


class ScoreConfig(Config):
    """Where the scores of a user's file go."""

    output: OutputPath | None


class GridConfig(Config):
    """The parameters that may be lists, and which of their combinations are cells."""

    axes: tuple[str, ...]
    cells: Literal["all", "one_at_a_time"]


class ModelConfig(SizeConfig):
    """The network of a classifier and its size."""

    name: ClassifierName
    embedding: EmbeddingName
    positions: Positions
    event_features: bool
    pairwise: Pairwise


class Parameters(Config):
    """All parameters of one cell, as typed by the user; `grid.axes` name those that a list
    spans.
    """

    description: str
    kind: KindName
    run: Name
    seed: Seed
    n_seeds: Annotated[int, Field(gt=0, le=MAX_SEEDS)]
    linked_data: InputPath | None
    device: str
    events: EventsConfig
    simulation: SimulationConfig
    tokens: TokensConfig
    ambre: AmbreConfig
    classes: Annotated[Classes, Field(min_length=1)]
    tokeniser: TokeniserName
    pool: Literal["cls", "mean", "max"]
    met: bool
    vector: Literal[4, 5]
    pid: bool
    binning: BinningGroup
    vqvae: VQVAEGroup
    model: ModelConfig
    n_train: PositiveInt | None
    training: TrainingConfig
    autoencoder: AutoencoderConfig
    variance_lambda: NonNegative
    penalty: Literal["batch", "global"]
    regression: RegressionConfig
    collapse: CollapseConfig
    preset: str
    presets: dict[str, tuple[str, ...]]
    configuration: str
    configurations: dict[Name, VAEConfig]
    beta: NonNegative | None
    tags: TagsConfig
    evaluation: TestedConfig
    importance: ImportanceConfig
    report: ReportConfig
    slices: SlicesConfig
    significance: SignificanceConfig
    questions: tuple[dict[str, Any], ...]
    validation: ValidationConfig
    member: Annotated[str, Field(min_length=1)] | None
    score: ScoreConfig
    grid: GridConfig

    @computed_field  # type: ignore[prop-decorator]  # as pydantic has it
    @property
    def elsewhere(self) -> ElsewhereConfig:
        """The second sample that classifiers are tested on."""
        asked = self.evaluation
        return ElsewhereConfig(
            asked=asked.path is not None,
            data=other_file(self.events, asked.events),
            classes=asked.classes,
        )

    @field_validator("device")
    @classmethod
    def _known_device(cls, device: str) -> str:
        if not re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,3})?", device):
            raise ValueError(f"device={device}: choose auto, cpu, cuda, cuda:N or mps")
        return device

    @model_validator(mode="after")
    def _only_files_have_weights(self) -> Self:
        reads_tokens = "tokens.path" in KINDS[self.kind].reads and self.tokens.path is not None
        if self.events.weight is None or self.events.source == "file" or reads_tokens:
            return self
        raise ValueError(
            f"events.weight={self.events.weight}: simulated events have no weights; give"
            " events.path=FILE, or leave it out"
        )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        KINDS[self.kind].check(self)
        return self

    @model_validator(mode="after")
    def _another_run_has_the_vqvae(self) -> Self:
        if self.vqvae.from_run == self.run:
            raise ValueError(
                f"vqvae.from={self.run}: this is the run itself; name another run, or leave it out"
                " to train a VQ-VAE"
            )
        return self

    @model_validator(mode="after")
    def _ambre_needs_path(self) -> Self:
        if self.tokeniser == "ambre" and self.ambre.path is None:
            raise ValueError("tokeniser=ambre needs ambre.path=FILE, a token file that others made")
        return self
