"""A classifier's scores of a split, from which every metric and every comparison is calculated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
    """

    probabilities: NDArray[np.float32]
    target: NDArray[np.int64]
    labels: NDArray[np.int64]
    index: NDArray[np.int64]
    class_names: tuple[str, ...]
    label_names: dict[int, str]
    digest: str

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

    def one_hot(self) -> NDArray[np.int64]:
        """Target as indicators, int64 [event, class]."""
        return np.eye(len(self.class_names), dtype=np.int64)[self.target]


def mean_scores(seeds: Sequence[Scores]) -> Scores:
    """The mean of several classifiers' probabilities for the same events, in the order of their
    index.
    """
    order = np.argsort(seeds[0].index, kind="stable")
    own = {name: getattr(seeds[0], name)[order] for name in ("target", "labels", "index")}
    probabilities = np.mean(
        [one.probabilities[np.argsort(one.index, kind="stable")] for one in seeds], axis=0
    )
    return replace(seeds[0], **own, probabilities=probabilities)
