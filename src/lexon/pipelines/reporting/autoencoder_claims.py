"""What a grid of autoencoders shows, for claims to be held against: differences are those of the
table of changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from lexon.config import KINDS, ReportConfig
from lexon.pipelines.reporting.autoencoder_changes import BETA, LOSSES, Grid, GridCell, of_cells
from lexon.pipelines.reporting.cells import Cell
from lexon.pipelines.reporting.claim_evidence import (
    Asked,
    Evidence,
    Found,
    known,
    level_words,
    why_undecided,
)
from lexon.statistics import Interval, SmallestEffect, Trainings

LOST = "rec_tokens_lost"  # rec_tokens as a share of what the best constant answer costs
MET_BY = "by a ridge probe from the frozen latents (mean over objects)"


@dataclass(frozen=True)
class GridEvidence(Evidence):
    """Evidence of a grid."""

    grid: Grid = field(kw_only=True)

    def differences(self, asked: Sequence[Asked]) -> dict[Asked, Found]:
        """Those of the table where it has all of them, else a family of their own."""
        compared = {one: of_cells(one.statistic, _of(one.later), _of(one.earlier)) for one in asked}
        if not all(self.grid.holds(comparison) for comparison in compared.values()):
            return super().differences(asked)
        changes = {one: self.grid.of(comparison) for one, comparison in compared.items()}
        return {
            one: Found(
                change.outcome, f"{change.words}: {change.verdict}", why_undecided(change.n_seeds)
            )
            for one, change in changes.items()
        }

    def interval(self, statistic: str, cell: Cell) -> Interval:
        """As the table of cells has it, where it does."""
        one = _of(cell)
        return (
            self.grid.interval(statistic, one)
            if self.grid.has(statistic, one)
            else super().interval(statistic, cell)
        )


def evidence_of(grid: Grid, report: ReportConfig) -> GridEvidence:
    """All that claims about autoencoders may name."""
    of_score = SmallestEffect(report.min_effect.score, "absolute")
    smallest = {
        name: grid.smallest if name in (*LOSSES, LOST) else of_score
        for name in KINDS["autoencoder"].statistics
    }
    lost = {
        f"{LOST}:{cell.name}": _lost(grid, cell)
        for cell in grid.cells
        if grid.has("rec_tokens", cell)
    }
    note = _shown_met([cell for cell in grid.cells if cell.finished])
    notes = {"probe_met_r2": note, "probe_met_phi_r2": note}
    return GridEvidence(
        grid.cells, partial(known, {**grid.trainings, **lost}), smallest, _words, notes, grid=grid
    )


def _of(cell: Cell) -> GridCell:
    assert isinstance(cell, GridCell)
    return cell


def _lost(grid: Grid, cell: GridCell) -> Trainings:
    trainings, constant = (
        grid.trainings[f"rec_tokens:{cell.name}"],
        np.log(cell.values("test", "rec_tokens_constant")),
    )
    return replace(
        trainings, estimates=trainings.estimates - constant, values=trainings.values - constant
    )


def _words(axis: str, level: Any) -> str:
    return f"beta {level:g}" if axis == BETA else level_words(axis, level)


def _shown_met(cells: Sequence[GridCell]) -> str:
    shown = {cell.settings["encoder_globals"] for cell in cells}
    if len(shown) != 1:
        return f"Some encoders were shown MET (encoder_globals), others not; {MET_BY}"
    if shown == {True}:
        return (
            "The encoder was shown MET, so this asks whether it passes MET on, not whether the"
            f" objects hold it, {MET_BY}"
        )
    return f"The encoder was not shown MET, so whatever is found comes from the objects, {MET_BY}"
