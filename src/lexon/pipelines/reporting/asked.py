"""The differences that a report of classifiers asks for beside those in AUROC over all events."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.classifier_effects import (
    Aurocs,
    Baselines,
    ClassifierCell,
    comparable,
    contrast_row,
    grid_of,
    ranked_by_validation,
)
from lexon.pipelines.reporting.tables import Row
from lexon.statistics import Setting, contrasts, taken

BEST, REPRESENTATION, OTHER = "best network", "representation", "other axis"
# What an axis of these changes is how events are shown.
REPRESENTATIONS = ("tokeniser", "model.embedding")


class Asked(NamedTuple):
    """A difference: a less b, as columns, and the cells that it is a sum of."""

    row: Row
    settings: Sequence[Setting]


def compared_on_events(
    cells: Sequence[ClassifierCell], baselines: Baselines
) -> tuple[list[ClassifierCell], dict[str, Sequence[Scores]]]:
    """The cells with scores, best validation AUROC first; and the scores of each and of the
    baselines, by name.
    """
    ranked = [cell for cell in ranked_by_validation(comparable(cells)) if cell.scores]
    groups: dict[str, Sequence[Scores]] = {cell.name: cell.scores for cell in ranked}
    return ranked, groups | {kind: [scores] for kind, scores in baselines.items()}


def shown_rows(cells: Sequence[ClassifierCell], baselines: Mapping[str, str]) -> list[Row]:
    """Cells and baselines (their names in words, by kind) as columns."""
    return [
        *({"kind": "cell", "cell": one.name, "label": one.label} for one in cells),
        *({"kind": "baseline", "cell": kind, "label": words} for kind, words in baselines.items()),
    ]


def known_of(asked: Sequence[Asked], cells: Container[str]) -> list[Asked]:
    """The differences of which every cell is among these."""
    return [
        one for one in asked if all(name in cells for setting in one.settings for name in setting)
    ]


def in_order(scores: Scores) -> Scores:
    """One classifier's scores, events by their index."""
    return taken(scores, np.argsort(scores.index, kind="stable"))


def asked_of(
    cells: Sequence[ClassifierCell],
    ranked: Sequence[ClassifierCell],
    aurocs: Aurocs,
    labels: Mapping[str, str],
) -> list[Asked]:
    """The best cell by validation against each baseline, and each pair of levels of each axis, in
    the same settings of all others.

    Args:
        ranked: the cells that are compared, best on validation first.
        labels: of the baselines, by kind.
    """
    alone = {"averaged_over": "", "n_averaged": 1}
    found = [
        Asked(
            {"kind": BEST, "a": best.label, "b": words, **alone},
            [{best.name: 1.0, kind: -1.0}],
        )
        for best in ranked[:1]
        for kind, words in labels.items()
    ]
    grid = grid_of(cells, aurocs.intervals)
    for contrast in contrasts(grid):
        if contrast.settings and not contrast.is_interaction:
            row = contrast_row(contrast, grid)
            kind = REPRESENTATION if row["axis"] in REPRESENTATIONS else OTHER
            kept = {name: row[name] for name in ("a", "b", "averaged_over", "n_averaged")}
            found.append(Asked({"kind": kind, **kept}, contrast.settings))
    return found
