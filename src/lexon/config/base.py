"""Base class, types and limits of all parameter groups."""

from __future__ import annotations

from collections.abc import Collection
from inspect import isabstract
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

PositiveInt = Annotated[int, Field(gt=0)]
# Limits far above anything useful: a digit too many is refused at once, not by a full memory an
# hour later.
Width = Annotated[int, Field(gt=0, le=8_192)]
Depth = Annotated[int, Field(gt=0, le=1_000)]
Epochs = Annotated[int, Field(gt=0, le=1_000_000)]
BatchSize = Annotated[int, Field(gt=0, le=2**31 - 1)]
MAX_SEEDS = 1_000
# The usual first seeds of the field's studies; more are counted up from the last.
SEEDS = (42, 123, 314, 271, 577)
# What all members share, a VQ-VAE say, is trained with the first one, whatever the members' own.
SHARED_SEED = SEEDS[0]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]  # what every library of random numbers takes
NonNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Label = int | str
Classes = dict[str, Label | tuple[Label, ...]]
EnergyUnit = Literal["GeV", "MeV", "ln(MeV)"]


class Config(BaseModel):
    """Base of every group: frozen, and an unknown key is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, serialize_by_alias=True
    )


def classes_by(field: str, base: Any) -> dict[str, Any]:
    """All classes below another one that can be made, by the default of a field: each is known by
    being there.
    """
    found = {} if isabstract(base) else {base.model_fields[field].default: base}
    for below in base.__subclasses__():
        found |= classes_by(field, below)
    return found


def one_of(known: Collection[str], value: str, what: str) -> str:
    """A value that is a name of something.

    Raises:
        ValueError: nothing is called so.
    """
    if value not in known:
        raise PydanticCustomError(
            "unknown_name",
            "no such {what}; choose one of {known}",
            {"what": what, "known": ", ".join(known)},
        )
    return value
