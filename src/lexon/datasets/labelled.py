"""Files of labelled examples: labels and their names, whether the examples are events or tokens,
text or HDF5.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lexon.classes import ClassMap
from lexon.datasets import split_layout as layout
from lexon.datasets.hdf5 import (
    ReadFile,
    content_digest,
    linked_files,
    read_attributes,
    reading,
)
from lexon.errors import ConfigurationError, DataError
from lexon.events import SPLITS

SHOWN = 5


@dataclass(frozen=True)
class LabelledSource(ABC):
    """A file, opened when something is asked of it. Every question raises DataError where the file
    cannot answer.

    Attributes:
        path: the file.
        configured_names: names of labels that the file itself does not name.
    """

    path: Path
    configured_names: Mapping[int, str] | None = field(default=None, kw_only=True)

    @property
    @abstractmethod
    def attributes(self) -> dict[str, Any]:
        """Attributes of the file."""

    @abstractmethod
    def label_counts(self, split: str) -> dict[int, int]:
        """Number of examples of each label in a split."""

    def n(self, split: str) -> int:
        """Number of examples of a split."""
        return sum(self.label_counts(split).values())

    @property
    def recognised_names(self) -> Mapping[int, str]:
        """Names of the labels of a known layout, where the file is certainly of that layout."""
        return {}

    @cached_property
    def label_names(self) -> dict[int, str]:
        """A name for every label: the file's own, else the configured one, else that of a known
        layout, else the number.
        """
        present = self.label_counts("train")
        own, handed_on = self._names_of_file
        named = own | {
            label: name for label, name in (self.configured_names or {}).items() if label not in own
        }
        self._refuse_shifted_names(named, own)
        guessed = handed_on or (self.recognised_names if not named else {})
        names = {label: named.get(label, guessed.get(label, str(label))) for label in present}
        if len(set(names.values())) < len(names):
            raise DataError(
                f"{self.path}: two labels have the same name ({names}); name them apart in"
                " events.label_names or the file"
            )
        return names

    @property
    def named_by_file(self) -> list[int]:
        """The labels that the file, or the one that it was made from, names itself."""
        return sorted(self._names_of_file[0])

    @property
    def _names_of_file(self) -> tuple[dict[int, str], dict[int, str]]:
        """The file's own names, and those that lexon once wrote into it from elsewhere; a name that
        is only the number is none.
        """
        written = self.attributes.get("label_names", {})
        if not isinstance(written, dict) or not all(
            str(label).lstrip("-").isdigit() for label in written
        ):
            raise DataError(
                f"{self.path}: attribute label_names={written!r}; write it as JSON, name by number:"
                ' {"1": "tttt"}'
            )
        names = {
            int(label): str(name) for label, name in written.items() if str(name) != str(label)
        }
        by_file = {int(label) for label in self.attributes.get("named_by_file", names)}
        own: dict[int, str] = {}
        handed_on: dict[int, str] = {}
        for label, name in names.items():
            (own if label in by_file else handed_on)[label] = name
        return own, handed_on

    @property
    def only_label(self) -> int | None:
        """The label that all examples have, or None where there are several."""
        labels = list(self.label_counts("train"))
        return labels[0] if len(labels) == 1 else None

    @property
    def _remedy_for_one_label(self) -> str:
        """The first half of the advice for a file with one label."""
        return "give a file with another process too, or"

    def _refuse_shifted_names(self, known: Mapping[int, str], own: Mapping[int, str]) -> None:
        """Names of labels that the file has not are usual, and so are labels without a name; both
        at once is another numbering.

        Raises:
            DataError: the file's own names are numbered in another way.
            ConfigurationError: the configured ones are.
        """
        present = self.label_counts("train")
        nameless, unused = (
            [label for label in present if label not in known],
            [label for label in known if label not in present],
        )
        if not nameless or not unused:
            return
        source = (
            f"attribute label_names of {self.path}" if unused[0] in own else "events.label_names"
        )
        message = (
            f"{source}: label {nameless[0]} of {self.path.name} has no name, and"
            f" {_named(known, unused)} is no label there (it has {', '.join(map(str, present))});"
            " number the names as the file numbers its labels, or leave out those that it does not"
            " have"
        )
        raise (DataError if unused[0] in own else ConfigurationError)(message)

    def class_map(self, classes: Mapping[str, Any]) -> ClassMap:
        """The parameter `classes` matched with this file's labels.

        Raises:
            DataError: there is but one label.
            ConfigurationError: `classes` do not fit the labels.
        """
        if self.only_label is not None:
            name = self.label_names.get(self.only_label, self.only_label)
            raise DataError(
                f"{self.path}: every event is of one process, {name}, so there is nothing to"
                f" classify; {self._remedy_for_one_label} make tokens of it with binning.fit_on=all"
            )
        return ClassMap.resolve(
            classes, self.label_names, {split: self.label_counts(split) for split in SPLITS}
        )


def _named(names: Mapping[int, str], labels: Sequence[int]) -> str:
    return ", ".join(f"{label} ({names[label]})" for label in labels[:SHOWN]) + (
        ", ..." if len(labels) > SHOWN else ""
    )


@dataclass(frozen=True)
class SplitSource(LabelledSource):
    """A file in a split HDF5 layout.

    Attributes:
        linked_data: folder below which files may lie to which it refers; None: beside it only.
        weight: what the keys of the events' weights begin with, before `_train` and so on;
            ``own``: as lexon wrote them, if it did; None: events have no weights.
    """

    linked_data: Path | None = field(default=None, kw_only=True)
    weight: str | None = field(default=None, kw_only=True)
    row: ClassVar[layout.Row]
    parameter: ClassVar[str]

    @property
    def digest(self) -> str:
        """SHA-256 of the file's content, and of the files to which it refers."""
        layout.require_hdf5(self.path, self.parameter)
        return content_digest(self.path, self.linked_data)

    def opened(self) -> AbstractContextManager[ReadFile]:
        """The file, open for reading."""
        return reading(self.path, self.linked_data)

    @property
    def linked_note(self) -> tuple[str, ...]:
        """The sentence that names the other files that were read, or none."""
        files = linked_files(self.path, self.linked_data)
        return (
            (
                (
                    f"{self.path.name} refers to other files, which were read:"
                    f" {', '.join(map(str, files))}."
                ),
            )
            if files
            else ()
        )

    @cached_property
    def header(self) -> layout.Header:
        """Keys, label counts and attributes, checked."""
        layout.require_hdf5(self.path, self.parameter)
        with self.opened() as file:
            return layout.inspect(
                file, str(self.path), self.row, self._weight_in(file), self._places_in(file)
            )

    def _places_in(self, file: ReadFile) -> int | None:  # noqa: ARG002
        """Places for objects that each row must have; None: as many as its width says."""
        return None

    def _weight_in(self, file: ReadFile) -> str | None:
        return read_attributes(file).get("weight") if self.weight == layout.OWN else self.weight

    @property
    def weighted(self) -> bool:
        """Whether its events have weights."""
        return bool(self.header.weights)

    def weights(
        self, split: str, start: int = 0, stop: int | None = None
    ) -> NDArray[np.float64] | None:
        """Weights of the events of a split, checked, float64 [N]; None where they have none."""
        if not self.weighted:
            return None
        key = self.header.weights[split]
        with self.opened() as file:
            return layout.read_weights(file[key][start:stop], f"{self.path}: {key}", start)

    @property
    def attributes(self) -> dict[str, Any]:
        return self.header.attributes

    def label_counts(self, split: str) -> dict[int, int]:
        return self.header.counts[split]
