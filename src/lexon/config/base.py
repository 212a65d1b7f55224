"""What every parameter group is made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

PositiveInt = Annotated[int, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Label = int | str
Classes = dict[str, Label | tuple[Label, ...]]
EnergyUnit = Literal["GeV", "MeV", "ln(MeV)"]


class Config(BaseModel):
    """Base of every group: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
