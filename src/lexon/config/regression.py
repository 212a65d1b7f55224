"""Regressions with a penalty on lost variance, and what is called collapse."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from lexon.config.base import Config, PositiveInt, Width
from lexon.config.data import Shares
from lexon.config.names import InputPath

EVENT_TARGETS = ("met", "ht", "leading_pt", "n_objects")
Positive = Annotated[float, Field(gt=0)]


class RegressionConfig(Config):
    """Inputs and target of a regression. A file is identified by its content, not by its path."""

    source: Literal["events", "table", "diabetes"]
    path: InputPath | None
    target: str | None
    group: str | None
    split: Shares
    split_seed: Annotated[int, Field(ge=0)]
    hidden: Annotated[tuple[Width, ...], Field(min_length=1, max_length=1_000)]

    @model_validator(mode="before")
    @classmethod
    def _path_implies_table(cls, data: dict[str, Any]) -> dict[str, Any]:
        implied = isinstance(data, dict) and data.get("path") and data.get("source") == "events"
        return data | {"source": "table"} if implied else data

    @model_validator(mode="after")
    def _source_and_file_agree(self) -> Self:
        if self.source == "table" and self.path is None:
            raise ValueError("regression.source=table needs regression.path=FILE")
        if self.source == "diabetes" and self.path is not None:
            raise ValueError(
                f"regression.path={self.path}: the diabetes data are scikit-learn's; leave one of"
                " source and path out"
            )
        if self.source == "events" and self.group is not None:
            raise ValueError(
                f"regression.group={self.group}: events have no groups; it is for tables"
                " (regression.path=FILE)"
            )
        return self

    @model_validator(mode="after")
    def _source_and_target_agree(self) -> Self:
        if self.source == "events" and self.quantity not in EVENT_TARGETS:
            raise ValueError(
                f"regression.target={self.target}: of events, choose one of"
                f" {', '.join(EVENT_TARGETS)}"
            )
        if self.source == "diabetes" and (self.target or self.group):
            raise ValueError(
                "regression.target and regression.group: the diabetes data have one target and no"
                " groups; leave both null"
            )
        return self

    @property
    def quantity(self) -> str:
        """The target by name: MET of events, the column y of tables, by default."""
        return self.target or ("met" if self.source == "events" else "y")


class CollapseConfig(Config):
    """The thresholds of `lexon.metrics.collapse`; ratio means Var(p)/Var(y)."""

    constant_below: Positive
    collapsed_below: Positive
    under_dispersed_below: Positive
    matched_up_to: Positive
    shrinkage_slope: tuple[Positive, Positive]
    last_epochs: PositiveInt
    exploded_loss: Annotated[float, Field(gt=1)]
    exploded_ratio: Positive
    oscillating_above: Positive
    min_seeds: Annotated[int, Field(ge=2)]
    seed_sd_above: Positive
    eligible_r2: float
    tie: Annotated[float, Field(ge=0)]
    go_r2: float
    go_ratio: Positive

    @model_validator(mode="after")
    def _thresholds_rise(self) -> Self:
        ratios = (
            self.constant_below,
            self.collapsed_below,
            self.under_dispersed_below,
            self.matched_up_to,
        )
        if sorted(set(ratios)) != list(ratios):
            raise ValueError(
                "collapse: constant_below, collapsed_below, under_dispersed_below and"
                f" matched_up_to must rise; they are {ratios}"
            )
        return self
