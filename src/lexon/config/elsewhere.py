"""A second sample that classifiers are tested on: `evaluation.path`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from lexon.config.base import Classes, Config, EnergyUnit
from lexon.config.branches import OfEvents
from lexon.config.data import EventsConfig, EventsFile, named_labels


class OtherFile(Config):
    """How the second sample is read, where that may differ from the first: as `events` of the same
    names. All else (types of objects, limits of bad entries) is as `events` say.
    """

    branches: OfEvents
    energy_unit: Literal["auto"] | EnergyUnit
    label_names: Annotated[dict[int, str], BeforeValidator(named_labels)]
    weight: Annotated[str, Field(min_length=1)] | None


class ElsewhereConfig(Config):
    """What nodes have to know of a second sample.

    Attributes:
        asked: whether there is one.
        data: how its file is read.
        classes: its labels, by the class of the study that they stand for; None: the processes of
            the same names.
    """

    asked: bool
    data: EventsFile
    classes: Classes | None


def other_file(events: EventsConfig, other: OtherFile) -> EventsFile:
    """How the second sample is read, complete."""
    read = {name: getattr(events, name) for name in EventsFile.model_fields if name != "source"}
    return EventsFile(**read | {name: getattr(other, name) for name in OtherFile.model_fields})
