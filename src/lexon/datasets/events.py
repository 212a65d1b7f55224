"""Events on disk, as Kedro sees them: a lazy source to load, a stream of chunks to save.

What fits in memory is read at once, what does not is streamed, by the same nodes::

    source = catalog.load("raw_events")                      # nothing is opened yet
    train = source.read("train")                             # Events in GeV, checked
    catalog.save("events", EventSample(chunks, attributes))  # chunk by chunk, whole or absent
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from kedro.io import AbstractDataset
from kedro_datasets._typing import TablePreview
from numpy.typing import NDArray

import lexon
from lexon.config import LABEL_SETS, EnergyUnit, named_labels
from lexon.config.branches import EventBranches, event_branches, ready_mappings
from lexon.datasets import split_layout as layout
from lexon.datasets.event_rows import RowParts, to_events, to_rows
from lexon.datasets.files import matching_files
from lexon.datasets.hdf5 import listed, read_attributes, reading, write_attributes, writing
from lexon.datasets.identity import SplitDigests, of_rows
from lexon.datasets.kinds import in_words, read_head
from lexon.datasets.labelled import SplitSource
from lexon.datasets.units import UNITS, UnitDecision, decide_unit
from lexon.errors import ConfigurationError
from lexon.events import MAX_OBJECTS, SPLITS, Events

if TYPE_CHECKING:
    from lexon.datasets.unsplit import UnsplitSource

FORMAT_VERSION = 1
READ_AT_ONCE = 1 << 16
SAMPLED_BLOCKS, SAMPLED_ROWS = 4, 2500
CHUNK_ROWS = 1024


@dataclass(frozen=True)
class ClassifiedEvents:
    """Events of a split that belong to a class.

    Attributes:
        events: N of them.
        targets: class index, int64 [N], the signal 0.
        index: row of the split, int64 [N].
        digest: of exactly these events, the same for whatever is made of them
            (`lexon.datasets.identity`).
    """

    events: Events
    targets: NDArray[np.int64]
    index: NDArray[np.int64]
    digest: str


@dataclass(frozen=True)
class EventSource(SplitSource):
    """An event file in the split HDF5 layout.

    Attributes:
        declared_unit: of its energies; ``auto`` decides from the data, and from the file's
            `energy_unit` attribute where it has one.
        shown_objects: places for objects of the events that are read; None: those of its rows.
    """

    row = layout.EVENT_ROW
    parameter = "events.path"
    declared_unit: Literal["auto"] | EnergyUnit = "auto"
    shown_objects: int | None = field(default=None, kw_only=True)

    @property
    def max_objects(self) -> int:
        """Places for objects of the events that are read."""
        return self.shown_objects or self.header.max_objects

    @cached_property
    def energy_unit(self) -> UnitDecision:
        """The unit of the file's energies, and why."""
        own = self.attributes.get("energy_unit")
        declared = (
            self.declared_unit if self.declared_unit != "auto" else own if own in UNITS else None
        )
        rows = {split: self._sample(split) for split in SPLITS}
        decision = decide_unit(
            *_objects(np.concatenate(list(rows.values()))), declared, str(self.path)
        )
        for split, part in rows.items():
            decide_unit(
                *_objects(part), decision.unit, f"{self.path}: {self.header.features[split]}"
            )
        return decision

    @cached_property
    def recognised_names(self) -> Mapping[int, str]:
        """Those of the four-top study's file: labels 1 to 5 without names, and energies as ln(MeV),
        which no other known file has.
        """
        known = LABEL_SETS["four_tops"]
        return (
            known
            if set(self.label_counts("train")) == set(known) and self.energy_unit.unit == "ln(MeV)"
            else {}
        )

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Notes on what was decided or ignored, one sentence each, for a log and a report."""
        ignored = self.header.ignored
        return (
            f"Energies are in {self.energy_unit.why}.",
            *self._note_on_names(),
            *self.linked_note,
            *_on_negative_labels(self.label_counts("train")),
            *self._note_on_places(),
            *(
                [f"Ignored in {self.path.name}: {listed(ignored)}{self._hint(ignored)}."]
                if ignored
                else []
            ),
        )

    def _note_on_places(self) -> list[str]:
        """On rows with another number of places than asked for, and what that costs."""
        own, asked = self.header.max_objects, self.max_objects
        if own == asked:
            return []
        places = f"Rows of {self.path.name} have places for {own} objects"
        if own < asked:
            return [f"{places}; those up to {asked} are empty (events.max_objects)."]
        crowded = sum(self._n_crowded(split) for split in SPLITS)
        kept = f"the leading {asked} by pT are kept (events.max_objects)"
        return [f"{places}; {crowded:,} events have more than {asked} objects: {kept}."]

    def _n_crowded(self, split: str) -> int:
        """Events of a split with more objects than are shown."""
        own, n = self.header.max_objects, 0
        for start in range(0, self.n(split), READ_AT_ONCE):
            with self.opened() as file:
                ids = file[self.header.features[split]][start : start + READ_AT_ONCE, :own]
            n += int(((ids > 0).sum(1) > self.max_objects).sum())
        return n

    def _hint(self, ignored: Sequence[str]) -> str:
        """That events have no weights, and what might be taken for such."""
        if self.weighted:
            return ""
        possible = layout.possible_weights(ignored)
        remedy = f"; events.weight={possible[0]} would use them" if possible else ""
        return f" (event weights are not used{remedy})"

    def _note_on_names(self) -> list[str]:
        recognised = self.recognised_names
        if not recognised or self.named_by_file or self.label_names != recognised:
            return []
        listed = ", ".join(f"{label} {name}" for label, name in recognised.items())
        return [
            f"The labels have no names in {self.path.name}; labels 1 to 5 and energies as ln(MeV)"
            f" are those of the four-top file, whose names were taken: {listed} (others:"
            " events.label_names)."
        ]

    def read(self, split: str) -> Events:
        """All events of a split, checked, in GeV."""
        return Events.concatenate(list(self.chunks(split, READ_AT_ONCE)))

    def chunks(self, split: str, n: int) -> Iterator[Events]:
        """The events of a split, n at a time, checked, in GeV."""
        unit, key, label_key = (
            self.energy_unit.unit,
            self.header.features[split],
            self.header.labels[split],
        )
        for start in range(0, self.n(split), n):
            with self.opened() as file:
                rows, labels = file[key][start : start + n], file[label_key][start : start + n]
            events = to_events(rows, labels, unit, f"{self.path}: {key}", start)
            weights = self.weights(split, start, start + n)
            yield replace(events, weights=weights).with_places(self.max_objects)

    def parts(self, n: int) -> Iterator[tuple[str, Events]]:
        """Every event once: (split, up to n events), in the order of the splits."""
        return ((split, events) for split in SPLITS for events in self.chunks(split, n))

    def classified(self, split: str, classes: Mapping[str, Any]) -> ClassifiedEvents:
        """The events of a split that belong to a class; the others are left out."""
        events = self.read(split)
        targets = self.class_map(classes).targets(events.labels)
        index = np.flatnonzero(targets >= 0)
        chosen = events if len(index) == len(events) else events[index]
        of_split = self.attributes.get("split_digests", {}).get(split)
        return ClassifiedEvents(
            chosen, targets[index], index, of_rows(of_split or events.digest(), index)
        )

    def _sample(self, split: str) -> NDArray[Any]:
        """Up to 10,000 rows in blocks from all over the split: files may be sorted."""
        n = self.n(split)
        size = n if n <= SAMPLED_BLOCKS * SAMPLED_ROWS else SAMPLED_ROWS
        starts = np.unique(np.linspace(0, n - size, SAMPLED_BLOCKS).astype(int))
        with self.opened() as file:
            features = file[self.header.features[split]]
            return np.concatenate([features[start : start + size] for start in starts])


def _on_negative_labels(counts: Mapping[int, int]) -> list[str]:
    negative = [f"{label} ({n:,} training events)" for label, n in counts.items() if label < 0]
    return (
        [
            f"Negative labels count as processes: {listed(negative)}; name the classes if they mark"
            " unlabelled events."
        ]
        if negative
        else []
    )


def _objects(rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """(E, pT, eta, phi) [object, 4] of the real objects and MET [event], as the file has them."""
    parts = RowParts.of(rows)
    return parts.p4[parts.ids > 0], parts.met


@dataclass(frozen=True)
class EventSample:
    """Events on their way to a file.

    Attributes:
        chunks: (split, events in GeV), in any order of splits; consumed once.
        attributes: what to write on the file, `label_names` among them; a function is asked after
            the last chunk.
        energy_unit: of the file.
        max_objects: places for objects of each event.
    """

    chunks: Iterable[tuple[str, Events]]
    attributes: Mapping[str, Any] | Callable[[], Mapping[str, Any]]
    energy_unit: EnergyUnit = "GeV"
    max_objects: int = MAX_OBJECTS


class EventsDataset(AbstractDataset[EventSample, "EventSource | UnsplitSource"]):
    """A file in the split HDF5 layout (`lexon.datasets.split_layout`); loads from files without
    splits as well: DarkMachines text, ROOT and Parquet.

    Args:
        linked_data: folder below which files may lie to which an HDF5 file refers; None: beside it
            only.
        text: how files without splits are read (`lexon.datasets.unsplit`): split, split_seed,
            max_bad_lines and object_types.
        branches: which branches of a ROOT or Parquet file are what (`lexon.config.branches`).
        weight: where weights of the events are (`SplitSource.weight`, `UnsplitSource.weight`).
        max_objects: places for objects of the events that are read, the hardest of those with more;
            None: those of an HDF5 file, else 18.
    """

    def __init__(
        self,
        filepath: str,
        energy_unit: Literal["auto"] | EnergyUnit = "auto",
        label_names: dict[int, str] | str | None = None,
        text: dict[str, Any] | None = None,
        linked_data: str | None = None,
        branches: dict[str, Any] | str | None = None,
        weight: str | None = None,
        max_objects: int | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = Path(filepath)
        self.linked_data = Path(linked_data) if linked_data else None
        self._max_objects = max_objects
        self._source = {
            "declared_unit": energy_unit,
            "configured_names": named_labels(label_names),
            "weight": weight,
        }
        self._text, self._branches = text, branches
        self.metadata = metadata

    def said_by_name(self, file: Path) -> str:
        """What the name of a file says of its events: their process, where no branch does."""
        mapping = event_branches(self._branches)
        return "" if mapping is None else " ".join(mapping.label.named_by(file))

    def load(self) -> EventSource | UnsplitSource:
        """The source of events that fits the file's content.

        Raises:
            ConfigurationError: a mapping of branches is missing, or is not for such a file.
        """
        from lexon.datasets.darkmachines import DarkMachinesSource, is_text
        from lexon.datasets.trees import TreeSource, is_table

        if self._text is not None and is_table(self._filepath):
            return TreeSource(
                self._filepath, **self._source, **self._unsplit(), branches=self._mapping()
            )
        if self._branches is not None:
            first = matching_files(self._filepath)[0]
            raise ConfigurationError(
                f"{first}: {in_words(first, read_head(first))}; events.branches is for ROOT and"
                " Parquet: give such a file, or leave events.branches out"
            )
        if self._text is not None and is_text(self._filepath):
            return DarkMachinesSource(self._filepath, **self._source, **self._unsplit())
        return EventSource(
            self._filepath,
            **self._source,
            linked_data=self.linked_data,
            shown_objects=self._max_objects,
        )

    def _unsplit(self) -> dict[str, Any]:
        """How files without splits are read."""
        return {**(self._text or {}), "max_objects": self._max_objects or MAX_OBJECTS}

    def _mapping(self) -> EventBranches:
        mapping = event_branches(self._branches)
        if mapping is None:
            raise ConfigurationError(
                f"{self._filepath}: which branches are jets, leptons and MET is not known; choose"
                f" events.branches={'|'.join(ready_mappings())}, or write a mapping"
                " (docs/how_to/root_files.md)"
            )
        return mapping

    def save(self, data: EventSample) -> None:
        with writing(self._filepath) as file:
            width = layout.EVENT_ROW.width(data.max_objects)
            layout.create(file, width, np.float32, CHUNK_ROWS)
            digests = SplitDigests()
            for split, events in data.chunks:
                checked = events.validate(f"{split} events for {self._filepath}")
                rows = to_rows(checked, data.energy_unit)
                layout.append(file, split, rows, checked.labels, checked.weights)
                digests.update(split, rows, checked.labels, checked.weights)
                file.check()
            layout.refuse_empty(file, self._filepath)
            attributes = data.attributes() if callable(data.attributes) else data.attributes
            own = {"energy_unit": data.energy_unit, "split_digests": digests.hex()}
            write_attributes(
                file,
                {
                    **attributes,
                    **own,
                    "format_version": FORMAT_VERSION,
                    "lexon_version": lexon.__version__,
                },
            )

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), **self._source}

    # kedro-viz compares the annotation's name, which a postponed annotation, being text, has as
    # well.
    def preview(self) -> TablePreview:
        """Name, shape, dtype and energy unit of each array, for kedro-viz."""
        with reading(self._filepath) as file:
            unit = read_attributes(file).get("energy_unit", "unknown")
            rows = [
                [
                    key,
                    str(item.shape),
                    str(item.dtype),
                    unit if key in layout.FEATURE_KEYS.values() else "",
                ]
                for key, item in file.items()
            ]
        return TablePreview(
            {
                "index": list(range(len(rows))),
                "columns": ["dataset", "shape", "dtype", "energies"],
                "data": rows,
            }
        )
