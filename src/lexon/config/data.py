"""Sources of events: simulation, files, token files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from lexon.config.base import Classes, Config, EnergyUnit, Fraction, Seed
from lexon.config.branches import EventBranches, OfEvents
from lexon.config.names import InputPath, OutputPath
from lexon.events import MAX_OBJECTS

# Names of the labels of known files, which do not hold them: those of the four-top study of the
# split layout.
LABEL_SETS: dict[str, dict[int, str]] = {
    "four_tops": {1: "tttt", 2: "ttH", 3: "ttW", 4: "ttWW", 5: "ttZ"}
}


def named_labels(names: Any) -> Any:
    """The names that `events.label_names` stands for: its own, or those of a known set.

    Raises:
        ValueError: no set is called so.
    """
    if not isinstance(names, str):
        return names
    if names not in LABEL_SETS:
        sets = "; ".join(
            f"{name} ({', '.join(f'{label}: {text}' for label, text in known.items())})"
            for name, known in LABEL_SETS.items()
        )
        raise ValueError(
            f"events.label_names={names}: no such set of names; there is {sets}; or give names by"
            " number, {1: tttt, 2: ttH}"
        )
    return LABEL_SETS[names]


MaxObjects = Annotated[int, Field(ge=1, le=100)]
# Left out of what identifies a member at the value that was the only one before it could be chosen.
_OF_LAYOUTS: Any = Field(MAX_OBJECTS, exclude_if=lambda n: n == MAX_OBJECTS)
Shares = dict[Literal["train", "val", "test"], Annotated[float, Field(gt=0)]]


class EventsConfig(Config):
    """Where events come from, and how a file of them is read."""

    source: Literal["simulation", "file"]
    path: InputPath | None
    branches: OfEvents
    n: Annotated[int, Field(ge=50)]
    energy_unit: Literal["auto"] | EnergyUnit
    object_types: dict[int, str]
    label_names: Annotated[dict[int, str], BeforeValidator(named_labels)]
    split: Shares
    split_seed: Seed
    max_bad_lines: Fraction
    max_bad_events: Fraction
    beam_energy: Annotated[float, Field(gt=0)]
    duplicates: Literal["keep", "drop"]
    weight: Annotated[str, Field(min_length=1)] | None
    max_objects: MaxObjects

    @model_validator(mode="before")
    @classmethod
    def _path_implies_file(cls, data: dict[str, Any]) -> dict[str, Any]:
        return data | {"source": "file"} if isinstance(data, dict) and data.get("path") else data

    @model_validator(mode="after")
    def _file_needs_path(self) -> Self:
        if self.source == "file" and self.path is None:
            raise ValueError("events.source=file needs events.path=FILE")
        return self

    @model_validator(mode="after")
    def _only_files_have_branches(self) -> Self:
        if self.branches is not None and self.source != "file":
            raise ValueError(
                "events.branches: simulated events have no branches; give events.path=FILE, or"
                " leave it out"
            )
        return self


class Division(Config):
    """Division of rows that have no splits: `events.split` and `events.split_seed`."""

    split: Shares
    split_seed: int


class SimulationConfig(Config):
    """Settings of `lexon.simulation.Simulation`; it checks the process names and that the shares of
    each group sum to 1.
    """

    seed: Seed
    mix: dict[str, Annotated[float, Field(ge=0)]]
    split: Shares


class TokensConfig(Config):
    """`path`: a finished token file to train from or to compare; `output`: where to write ours
    instead of 03_primary.
    """

    path: InputPath | None
    output: OutputPath | None


class AmbreConfig(Config):
    """A token file that others made."""

    path: InputPath | None


class SimulatedEvents(Config):
    """Events that are simulated: all that decides which, and how many objects of them are shown."""

    source: Literal["simulation"] = "simulation"
    n: int
    simulation: SimulationConfig
    max_objects: int = _OF_LAYOUTS


class EventsFile(Config):
    """Events of a file: how it is read. The file is identified by its content, not by its path.

    `label_names` holds only what decides which events a class is made of; all other names are
    cosmetic (`deciding_names`).
    """

    source: Literal["file"] = "file"
    energy_unit: Literal["auto"] | EnergyUnit
    label_names: dict[int, str]
    object_types: dict[int, str]
    split: Shares
    split_seed: int
    max_bad_lines: float
    duplicates: Literal["keep", "drop"]
    branches: EventBranches | None = Field(None, exclude_if=lambda branches: branches is None)
    weight: str | None = Field(None, exclude_if=lambda weight: weight is None)
    max_objects: int = _OF_LAYOUTS


class EventChecks(Config):
    """Checks of events when they are cleaned: allowed share of bad ones, largest pT in GeV,
    treatment of copies.
    """

    max_bad_events: float
    beam_energy: float
    duplicates: Literal["keep", "drop"]


EventData = Annotated[SimulatedEvents | EventsFile, Field(discriminator="source")]


def deciding_names(label_names: Mapping[int, str], classes: Classes) -> dict[int, str]:
    """The names that `classes` uses, less those that a known set gives the same label: without
    them, the classes would be others.
    """
    groups = ((group,) if isinstance(group, int | str) else group for group in classes.values())
    used = {entry for group in groups for entry in group}
    known = {item for names in LABEL_SETS.values() for item in names.items()}
    return {
        label: name
        for label, name in label_names.items()
        if name in used and (label, name) not in known
    }
