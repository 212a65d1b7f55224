"""AUROC of everything that has scores: intervals of each by itself, and differences, of which a table is one family."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from lexon.metrics import ranking
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.classifiers.cells import ClassifierCell, comparable
from lexon.statistics import (
    SEED,
    Difference,
    Interval,
    Setting,
    SmallestEffect,
    Trainings,
    compare,
    resample,
    score_statistics,
    weighted_intervals,
)

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Aurocs:
    """AUROC of the cells and baselines of a report.

    Attributes:
        paired: trainings by name of the model or kind of the baseline, all on the same resamples; a copy has its model's.
        intervals: of every cell that has scores, copies included, and of every baseline.
    """

    paired: dict[str, Trainings]
    intervals: dict[str, Interval]

    def compare(self, family: Mapping[Key, Sequence[Setting]], min_effect: float) -> dict[Key, Difference]:
        """The differences of one table."""
        return compare(self.paired, family, SmallestEffect(min_effect, "absolute"), np.random.default_rng(SEED))

    def means(self, sums: Mapping[Key, Setting]) -> dict[Key, Interval]:
        """Weighted sums of models, each by itself."""
        return weighted_intervals(self.paired, sums, np.random.default_rng(SEED))

    def row(self, difference: Difference, settings: Sequence[Setting]) -> dict[str, Any]:
        """A difference as columns; the verdict follows from the interval that holds for all of the table together."""
        alone, family = difference.alone, difference.family
        subtracted = [self.paired[name].estimates.mean() for setting in settings for name, weight in setting.items() if weight < 0]
        reference = float(np.mean(subtracted))
        return {
            "difference": alone.estimate,
            "low": alone.low,
            "high": alone.high,
            "low_all": family.low,
            "high_all": family.high,
            "relative": alone.estimate / reference if reference else np.nan,
            "verdict": difference.verdict,
            "effect": difference.is_effect,
            "n_resamples": len(difference.replicates.values),
        }


def measure(cells: Sequence[ClassifierCell], baselines: Mapping[str, Scores], n: int) -> Aurocs:
    """Resample the events `n` times; cells that are `apart` have resamples of their own events, those of one file the same ones."""
    paired = _trainings(comparable(cells), baselines, n)
    others: dict[str, list[ClassifierCell]] = {}
    for cell in cells:
        if cell.apart:
            others.setdefault(cell.scores[0].digest, []).append(cell)
    found = _alone(paired)
    for group in others.values():
        found |= _alone(_trainings(group, {}, n))
    return Aurocs(paired, found | {cell.name: found[cell.same_as] for cell in cells if cell.same_as in found})


def _trainings(cells: Sequence[ClassifierCell], baselines: Mapping[str, Scores], n: int) -> dict[str, Trainings]:
    groups = {cell.name: cell.scores for cell in cells if cell.scores and not cell.same_as}
    groups |= {kind: [scores] for kind, scores in baselines.items()}
    if not groups:
        return {}
    statistics, n_events = score_statistics(groups, ranking.auroc)
    return resample(statistics, n_events, n, np.random.default_rng(SEED), seedless=baselines)


def _alone(trainings: Mapping[str, Trainings]) -> dict[str, Interval]:
    return weighted_intervals(trainings, {name: {name: 1.0} for name in trainings}, np.random.default_rng(SEED))
