"""Where events come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from lexon.config.base import Config, EnergyUnit, Fraction

Shares = dict[Literal["train", "val", "test"], Annotated[float, Field(gt=0)]]


class EventsConfig(Config):
    source: Literal["simulation", "file"]
    path: Path | None
    n: Annotated[int, Field(ge=50)]
    energy_unit: Literal["auto"] | EnergyUnit
    object_types: dict[int, str]
    label_names: dict[int, str]
    split: Shares
    split_seed: Annotated[int, Field(ge=0)]
    max_bad_lines: Fraction

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
    split: Shares


class TokensConfig(Config):
    """`path`: a finished token file to train from or to compare; `output`: where to write ours instead of 03_primary."""

    path: Path | None
    output: Path | None


class AmbreConfig(Config):
    """A token file that others made."""

    path: Path | None


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
    object_types: dict[int, str]
    split: Shares
    split_seed: int
    max_bad_lines: float


EventData = Annotated[SimulatedEvents | EventsFile, Field(discriminator="source")]
