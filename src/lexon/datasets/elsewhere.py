"""A second sample that classifiers are tested on: its file, its cleaned events, and what members
leave of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from kedro.io import DatasetError

from lexon.config.elsewhere import OtherFile
from lexon.datasets.arrays import ArraysFile
from lexon.datasets.events import (
    ClassifiedEvents,
    EventSample,
    EventsDataset,
    EventSource,
)
from lexon.datasets.hdf5 import read_attributes, reading
from lexon.datasets.identity import of_rows
from lexon.datasets.scores import AGAIN, read_scores, write_scores
from lexon.datasets.split_layout import OWN
from lexon.errors import DataError, LexonError, first_cause
from lexon.events import SPLITS, Events
from lexon.metrics.scores import Scores

if TYPE_CHECKING:
    from lexon.datasets.unsplit import UnsplitSource

# The attribute of cleaned events that holds the class of each label.
CLASS_OF_LABEL = "class_of_label"
_FIRST_SAMPLES = re.compile(rf"(?<![\w.])events\.(path|{'|'.join(OtherFile.model_fields)})\b")


def in_its_terms(text: str) -> str:
    """What is said of a file of events, with the parameters of the second sample in the place of
    the first one's.

    >>> in_its_terms("check events.path, or give events.branches=delphes")
    'check evaluation.path, or give evaluation.events.branches=delphes'
    """
    return _FIRST_SAMPLES.sub(r"evaluation.events.\1", text).replace(
        "evaluation.events.path", "evaluation.path"
    )


@contextmanager
def about_the_second_sample() -> Iterator[None]:
    """Errors of reading a file name the parameters of this sample.

    Raises:
        LexonError: the same, in its terms.
    """
    try:
        yield
    except (LexonError, DatasetError) as error:  # Kedro wraps what the first one's `load` raises
        cause = first_cause(error)
        if not isinstance(cause, LexonError):
            raise
        raise type(cause)(f"evaluation.path: {in_its_terms(str(cause))}") from error


class OtherEventsDataset(EventsDataset):
    """The file of a second sample, as `EventsDataset` reads it."""

    def load(self) -> EventSource | UnsplitSource:
        with about_the_second_sample():
            return super().load()


@dataclass(frozen=True)
class OtherSample:
    """The cleaned events of a second sample; all splits of its file are one sample.

    Attributes:
        source: the file.
    """

    source: EventSource

    @property
    def class_of_label(self) -> dict[int, str]:
        """Class of the study that each label stands for; others stand for none."""
        known = self.source.attributes.get(CLASS_OF_LABEL, {})
        return {int(label): str(name) for label, name in known.items()}

    @property
    def label_names(self) -> dict[int, str]:
        return self.source.label_names

    @cached_property
    def digest(self) -> str:
        """Of all its events."""
        digests = self.source.attributes.get("split_digests", {})
        return " ".join(str(digests.get(split, "")) for split in SPLITS)

    def classified(self, class_names: Sequence[str]) -> ClassifiedEvents:
        """The events that stand for a class; `index` counts those of all splits in turn."""
        target_of = {label: class_names.index(name) for label, name in self.class_of_label.items()}
        events = Events.concatenate([self.source.read(split) for split in SPLITS])
        distinct, place = np.unique(events.labels, return_inverse=True)
        targets = np.array([target_of.get(label, -1) for label in distinct.tolist()])[place]
        index = np.flatnonzero(targets >= 0)
        return ClassifiedEvents(events[index], targets[index], index, of_rows(self.digest, index))


class OtherSampleDataset(ArraysFile):
    """elsewhere.h5: written as cleaned events are."""

    def load(self) -> OtherSample:
        return OtherSample(EventSource(Path(self._filepath), weight=OWN))

    def save(self, data: EventSample) -> None:
        EventsDataset(str(self._filepath)).save(data)


@dataclass(frozen=True)
class ElsewhereScores:
    """A member's scores of a second sample.

    Attributes:
        training: when the training began whose model gave them, as in its record: a member that is
            trained again leaves no scores of the earlier one.
    """

    scores: Scores
    training: str


class ElsewhereDataset(ArraysFile):
    """scores_elsewhere.h5: as scores.h5, and the training."""

    def load(self) -> ElsewhereScores:
        return read_elsewhere(Path(self._filepath))

    def save(self, data: ElsewhereScores) -> None:
        write_scores(Path(self._filepath), data.scores, {"training": data.training})


def read_elsewhere(path: Path) -> ElsewhereScores:
    """A member's scores of a second sample.

    Raises:
        DataError: the file is damaged or holds something else.
    """
    scores = read_scores(path)
    with reading(path) as file:
        training = read_attributes(file).get("training")
    if not isinstance(training, str):
        raise DataError(f"{path}: does not say which training its scores are of; {AGAIN}")
    return ElsewhereScores(scores, training)
