"""What a feature is worth to a classifier: its AUROC less that of the same events with the feature
exchanged between them, over events and seeds.

An event's two scores are resampled together, so what makes an event easy cancels. A permutation
deals out values of other events at random, event by event; that noise is in the resampled events,
and falls with the number of permutations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lexon.metrics.scores import Scores
from lexon.statistics.contests import Contest, counted_trainings
from lexon.statistics.differences import Trainings


@dataclass(frozen=True)
class ExchangedScores:
    """One training's scores of the test events, and its signal probabilities of the same events,
    each feature exchanged: [permutation, event] by feature.
    """

    plain: Scores
    exchanged: Mapping[str, NDArray[np.float32]]

    def numbered(self, feature: str, number: int) -> Scores:
        """The scores of one permutation; only the signal's are known."""
        return replace(self.plain, probabilities=self.exchanged[feature][number][:, None])

    def ignores(self, feature: str) -> bool:
        """Whether not a single score changes."""
        return bool((self.exchanged[feature] == self.plain.signal).all())


def falls(seeds: Sequence[ExchangedScores], counts: NDArray[np.uint8]) -> dict[str, Trainings]:
    """The fall in AUROC by each feature, mean over its permutations, of one cell's trainings.

    Args:
        seeds: all of the same events and features.
        counts: of each event in each resample (`draw_counts`), the same for all cells.
    """
    features = list(seeds[0].exchanged)
    groups = {"": [one.plain for one in seeds]}
    numbers = {
        feature: [] if _ignored(seeds, feature) else range(len(seeds[0].exchanged[feature]))
        for feature in features
    }
    groups |= {
        _key(feature, number): [one.numbered(feature, number) for one in seeds]
        for feature in features
        for number in numbers[feature]
    }
    found = counted_trainings(groups, [_contest(seeds[0].plain)], counts, ())[0]
    return {
        feature: _fall(found[""], [found[_key(feature, number)] for number in numbers[feature]])
        for feature in features
    }


def _ignored(seeds: Sequence[ExchangedScores], feature: str) -> bool:
    return all(one.ignores(feature) for one in seeds)


def _key(feature: str, number: int) -> str:
    return f"{feature}:{number}"


def _contest(scores: Scores) -> Contest:
    """The signal against all else."""
    is_signal = scores.is_signal[np.argsort(scores.index, kind="stable")]
    return Contest(np.flatnonzero(is_signal), np.flatnonzero(~is_signal))


def _fall(plain: Trainings, permuted: Sequence[Trainings]) -> Trainings:
    """Exactly 0 where nothing was permuted."""
    if not permuted:
        return Trainings(np.zeros_like(plain.estimates), np.zeros_like(plain.values))
    return Trainings(
        plain.estimates - np.mean([one.estimates for one in permuted], axis=0),
        plain.values - np.mean([one.values for one in permuted], axis=0),
    )
