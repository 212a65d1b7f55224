"""Claims of the users' documents as data, one file a kind: `<kind>.yml` states the statistic, the cells and the direction of each."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Literal, Self

import yaml
from pydantic import TypeAdapter, model_validator

from lexon.config.base import Config

Direction = Literal["higher", "lower", "same"]


class Claim(Config):
    """A claim about cells in an order.

    Attributes:
        claim: in words.
        statistic: that is compared.
        lines: the cells, as all lines of the grid in which they differ in one thing alone.
        cells: or the cells one by one, each as (bottleneck, weight).
        pairs: of each line, those side by side or all.
        direction: of the later cell against the earlier one.
    """

    claim: str
    statistic: str
    lines: Literal["bottlenecks", "weights"] | None = None
    cells: tuple[tuple[str, float], ...] = ()
    pairs: Literal["neighbours", "all"]
    direction: Direction

    @model_validator(mode="after")
    def _one_kind_of_cells(self) -> Self:
        if (self.lines is None) == (not self.cells):
            raise ValueError("give either `lines` or `cells`")
        return self


@cache
def claims_of(kind: str) -> list[Claim]:
    """All claims about a kind."""
    text = (resources.files(__name__) / f"{kind}.yml").read_text(encoding="utf-8")
    return TypeAdapter(list[Claim]).validate_python(yaml.safe_load(text))
