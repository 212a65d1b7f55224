"""A classifier's scores of a split, from which every metric and every comparison is calculated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Scores:
    """A classifier's answer to a split; the signal is class 0.

    Attributes:
        probabilities: float32 [event, class], rows sum to one.
        target: class index, int64 [event].
        labels: process label as in the file, int64 [event]: finer than the class.
        index: row of the split, int64 [event]: equal indices are the same event, which makes
            comparisons paired.
        class_names: name of each class, signal first.
        label_names: name of each process label.
        digest: of the evaluated events; scores with different digests are never paired.
        weights: of the events, float64 [event], any sign: every metric is then weighted. None:
            each event counts once.
    """

    probabilities: NDArray[np.float32]
    target: NDArray[np.int64]
    labels: NDArray[np.int64]
    index: NDArray[np.int64]
    class_names: tuple[str, ...]
    label_names: dict[int, str]
    digest: str
    weights: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.target)

    @property
    def signal(self) -> NDArray[np.float32]:
        """Probability of the signal class, float32 [event]."""
        return self.probabilities[:, 0]

    @property
    def is_signal(self) -> NDArray[np.bool_]:
        """True for events of the signal class, bool [event]."""
        return self.target == 0

    @property
    def backgrounds(self) -> dict[str, int]:
        """Name and label of each process outside the signal class, by label."""
        present = np.unique(self.labels[~self.is_signal])
        return {self.label_names.get(int(label), str(label)): int(label) for label in present}

    @property
    def counted(self) -> NDArray[np.float64]:
        """What each event counts, float64 [event]: its weight, or 1."""
        return np.ones(len(self)) if self.weights is None else self.weights

    def __getitem__(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Self:
        """The scores of some events, or of all in another order."""
        names = ("probabilities", "target", "labels", "index")
        own = {name: getattr(self, name)[rows] for name in names}
        return replace(self, **own, weights=None if self.weights is None else self.weights[rows])

    def one_hot(self) -> NDArray[np.int64]:
        """Target as indicators, int64 [event, class]."""
        return np.eye(len(self.class_names), dtype=np.int64)[self.target]


def mean_scores(seeds: Sequence[Scores]) -> Scores:
    """The mean of several classifiers' probabilities for the same events, in the order of their
    index.
    """
    order = np.argsort(seeds[0].index, kind="stable")
    probabilities = np.mean(
        [one.probabilities[np.argsort(one.index, kind="stable")] for one in seeds], axis=0
    )
    return replace(seeds[0][order], probabilities=probabilities)
