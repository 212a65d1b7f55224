"""What a file of labelled examples can be asked, whatever its examples are: events, tokens, text or HDF5."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from lexon.classes import ClassMap
from lexon.datasets import split_layout as layout
from lexon.datasets.files import file_digest
from lexon.datasets.hdf5 import reading
from lexon.errors import DataError
from lexon.events import SPLITS


@dataclass(frozen=True)
class LabelledSource(ABC):
    """A file, opened when something is asked of it. Every question raises DataError where the file cannot answer.

    Attributes:
        path: the file.
        configured_names: names of labels that the file itself does not name.
    """

    path: Path
    configured_names: Mapping[int, str] | None = field(default=None, kw_only=True)

    @property
    @abstractmethod
    def attributes(self) -> dict[str, Any]:
        """What the file says of itself."""

    @abstractmethod
    def label_counts(self, split: str) -> dict[int, int]:
        """Number of examples of each label in a split."""

    def n(self, split: str) -> int:
        """Number of examples of a split."""
        return sum(self.label_counts(split).values())

    @cached_property
    def label_names(self) -> dict[int, str]:
        """A name for every label of the file: its own, else the configured one, else the number."""
        own = self.attributes.get("label_names", {})
        if not isinstance(own, dict) or not all(str(label).lstrip("-").isdigit() for label in own):
            raise DataError(f'{self.path}: attribute label_names={own!r}; write it as JSON, name by number: {{"1": "tttt"}}')
        own = {int(label): str(name) for label, name in own.items()}
        known = {int(label): name for label, name in (self.configured_names or {}).items()} | own
        names = {label: known.get(label, str(label)) for label in self.label_counts("train")}
        if len(set(names.values())) < len(names):
            raise DataError(f"{self.path}: two labels have the same name ({names}); name them apart in events.label_names or the file")
        return names

    def class_map(self, classes: Mapping[str, Any]) -> ClassMap:
        """The parameter `classes` matched with this file's labels."""
        return ClassMap.resolve(classes, self.label_names, {split: self.label_counts(split) for split in SPLITS})


@dataclass(frozen=True)
class SplitSource(LabelledSource):
    """A file in a split HDF5 layout."""

    row: ClassVar[layout.Row]
    parameter: ClassVar[str]

    @property
    def digest(self) -> str:
        """SHA-256 of the file's content."""
        layout.require_hdf5(self.path, self.parameter)
        return file_digest(self.path)

    @cached_property
    def header(self) -> layout.Header:
        """Keys, label counts and attributes, checked."""
        layout.require_hdf5(self.path, self.parameter)
        with reading(self.path) as file:
            return layout.inspect(file, str(self.path), self.row)

    @property
    def attributes(self) -> dict[str, Any]:
        return self.header.attributes

    def label_counts(self, split: str) -> dict[int, int]:
        return self.header.counts[split]
