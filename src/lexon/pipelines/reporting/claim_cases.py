"""Which cells of a grid a claim is about, and which of them it compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lexon.config.claims import (
    Claim,
)
from lexon.experiments.nested import unique
from lexon.pipelines.reporting.cells import Cell
from lexon.pipelines.reporting.claim_evidence import Evidence


@dataclass(frozen=True)
class Case:
    """Cells that an expectation is about: one, or pairs of (later, earlier); `absent` is a cell
    that the grid does not have.
    """

    cells: tuple[Cell, ...]
    pairs: tuple[tuple[Cell, Cell], ...] = ()
    absent: str = ""


def cases_of(claim: Claim, evidence: Evidence) -> dict[str, list[Case]]:
    """The cases of each line of cells that has any."""
    if claim.of_single_cells:
        return _single_cells(claim, evidence)
    cases = {name: _cases(claim, line) for name, line in lines_of(claim, evidence).items()}
    return {name: of_line for name, of_line in cases.items() if of_line}


def _single_cells(claim: Claim, evidence: Evidence) -> dict[str, list[Case]]:
    """Each cell by itself, and what is asked of levels that a line does not have."""
    lines = _grouped(claim, _chosen(claim, evidence), set(claim.at), evidence)
    return {
        name: [*(Case((cell,)) for cell in line), *_absent(claim, line, evidence)]
        for name, line in lines.items()
    }


def _absent(claim: Claim, line: Sequence[Cell], evidence: Evidence) -> list[Case]:
    asked = [(axis, level) for axis, levels in claim.at.items() for level in levels]
    return [
        Case((), absent=evidence.words(axis, level))
        for axis, level in asked
        if all(cell.level(axis) != level for cell in line)
    ]


def lines_of(claim: Claim, evidence: Evidence) -> dict[str, list[Cell]]:
    """Lines of cells in the order of the claim, under the names of what their cells share."""
    chosen = _chosen(claim, evidence)
    if claim.along is not None:
        return _grouped(claim, _along(claim, claim.along, chosen), {claim.along}, evidence)
    lines = {
        name: _listed(claim, line)
        for name, line in _grouped(claim, chosen, set(claim.axes), evidence).items()
    }
    return {name: line for name, line in lines.items() if line}


def _chosen(claim: Claim, evidence: Evidence) -> list[Cell]:
    return [cell for cell in evidence.cells if _is_at(cell, claim.at)]


def _along(claim: Claim, axis: str, cells: Sequence[Cell]) -> list[Cell]:
    """The cells in the order of their levels, without those of levels that the claim leaves out."""
    levels = claim.levels or _levels([cell.level(axis) for cell in cells])
    return sorted(
        (cell for cell in cells if cell.level(axis) in levels),
        key=lambda cell: levels.index(cell.level(axis)),
    )


def _listed(claim: Claim, line: Sequence[Cell]) -> list[Cell]:
    """The cells that a claim lists; none where one of them is missing."""
    wanted = [dict(zip(claim.axes, zip(levels), strict=True)) for levels in claim.cells]
    found = [next((cell for cell in line if _is_at(cell, levels)), None) for levels in wanted]
    return [cell for cell in found if cell is not None] if None not in found else []


def _grouped(
    claim: Claim, cells: Sequence[Cell], apart: set[str], evidence: Evidence
) -> dict[str, list[Cell]]:
    lines: dict[str, list[Cell]] = {}
    for cell in cells:
        shared = (
            claim.same
            if claim.same is not None
            else [axis for axis in cell.axes if axis not in apart]
        )
        name = ", ".join(evidence.words(axis, cell.level(axis)) for axis in shared)
        lines.setdefault(name, []).append(cell)
    return lines


def _cases(claim: Claim, line: Sequence[Cell]) -> list[Case]:
    """Later and earlier cells, those that are furthest apart first."""
    if claim.pairs == "lowest":
        return [Case((cell,)) for cell in line[:1]]
    if claim.pairs == "inner":
        return [Case((cell,), ((cell, line[0]), (cell, line[-1]))) for cell in line[1:-1]]
    if claim.pairs == "all":
        pairs = _widest_first(line)
    else:
        pairs = [
            (later, earlier)
            for earlier, later in pairwise(line[:2] if claim.pairs == "first" else line)
        ]
    return [Case(pair, (pair,)) for pair in pairs if _is_asked(claim, *pair)]


def _is_asked(claim: Claim, later: Cell, earlier: Cell) -> bool:
    """Whether two cells differ, and have the levels that a claim asks of them."""
    if later.trained is earlier.trained:
        return False
    levels = [cell.level(claim.along or "") for cell in (later, earlier)]
    if claim.along and levels[0] == levels[1]:
        return False
    return all(
        not allowed or level in allowed
        for level, allowed in zip(levels, (claim.later, claim.earlier), strict=True)
    )


def _widest_first(line: Sequence[Cell]) -> list[tuple[Cell, Cell]]:
    return [
        (line[i + gap], line[i])
        for gap in range(len(line) - 1, 0, -1)
        for i in range(len(line) - gap)
    ]


def _levels(values: Sequence[Any]) -> list[Any]:
    """Numbers from low to high, others as planned."""
    levels = unique(values)
    return sorted(levels) if all(isinstance(level, int | float) for level in levels) else levels


def _is_at(cell: Cell, levels: Mapping[str, Sequence[Any]]) -> bool:
    return all(cell.level(name) in wanted for name, wanted in levels.items())
