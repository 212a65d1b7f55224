"""Slices of the test events in which a report compares classifiers."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from lexon.config.base import Config, NonNegative, PositiveInt

Parts = Annotated[int, Field(ge=2, le=100)]
Edges = Annotated[tuple[NonNegative, ...], Field(min_length=1, max_length=99)]


class SlicesConfig(Config):
    """Of each quantity, a number of parts with equally many test events each, or the values at
    which a slice ends and the next one begins.

    Attributes:
        min_events: signal events, and events of a background, below which a slice says nothing.
    """

    n_jets: Parts | Edges
    n_b_jets: Parts | Edges
    n_leptons: Parts | Edges
    ht: Parts | Edges
    met: Parts | Edges
    min_events: PositiveInt

    @field_validator("n_jets", "n_b_jets", "n_leptons", "ht", "met")
    @classmethod
    def _edges_rise(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, tuple) and any(high <= low for low, high in pairwise(value)):
            edges = "|".join(f"{one:g}" for one in value)
            raise ValueError(
                f"slices.{info.field_name}={edges}: each edge has to be above the one before"
            )
        return value

    @property
    def quantities(self) -> dict[str, int | tuple[float, ...]]:
        """Parts or edges by quantity."""
        return {
            name: getattr(self, name) for name in type(self).model_fields if name != "min_events"
        }
