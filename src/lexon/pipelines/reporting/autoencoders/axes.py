"""What any further axis of the grid does to the losses, in words: encoder, learning rate, latent size."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from lexon.pipelines.reporting.autoencoders.changes import Grid
from lexon.pipelines.reporting.autoencoders.comparisons import Comparison, steps

JUDGED = ("rec_tokens", "rec_globals")


def axis_sentences(grid: Grid) -> list[str]:
    """One sentence for each two levels of an axis, averaged over the settings of all the others."""
    judged = [step for step in steps(grid.cells) if step.metric in JUDGED]
    return [_sentence(list(of_one), grid) for _, of_one in groupby(judged, key=lambda step: (step.axis, step.cell, step.against))]


def _sentence(of_one: Sequence[Comparison], grid: Grid) -> str:
    first, changes = of_one[0], [grid.of(step) for step in of_one]
    words = "; ".join(f"{change.size}: {change.verdict}" for change in changes)
    name = first.axis.rpartition(".")[2].replace("_", " ")
    return f"{name[:1].upper()}{name[1:]}, {first.cell} against {first.against}: {words}; averaged over {first.averaged_over}."
