"""Events on disk, as Kedro sees them: a lazy source to load, a stream of chunks to save.

What fits in memory is read at once, what does not is streamed, by the same nodes::

    source = catalog.load("raw_events")                      # nothing is opened yet
    train = source.read("train")                             # Events in GeV, checked
    catalog.save("events", EventSample(chunks, attributes))  # chunk by chunk, whole or absent
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
from kedro.io import AbstractDataset
from kedro_datasets._typing import TablePreview
from numpy.typing import NDArray

import lexon
from lexon.classes import ClassMap
from lexon.config import EnergyUnit
from lexon.datasets import split_layout as layout
from lexon.datasets.files import file_digest
from lexon.datasets.hdf5 import WholeFile, read_attributes, reading, write_attributes, writing
from lexon.datasets.units import UNITS, UnitDecision, decide_unit, energy_deficits, to_gev
from lexon.errors import DataError
from lexon.events import SPLITS, Events

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
    """

    events: Events
    targets: NDArray[np.int64]
    index: NDArray[np.int64]


@dataclass(frozen=True)
class EventSource:
    """An event file, opened when something is asked of it. Every question raises DataError where the file cannot answer.

    Attributes:
        path: the file.
        declared_unit: of its energies; ``auto`` decides from the data, and from the file's `energy_unit` attribute where it has one.
        configured_names: names of labels that the file itself does not name.
    """

    path: Path
    declared_unit: Literal["auto"] | EnergyUnit = "auto"
    configured_names: Mapping[int, str] | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the file's content."""
        layout.require_hdf5(self.path)
        return file_digest(self.path)

    @cached_property
    def header(self) -> layout.Header:
        """Keys, label counts and attributes, checked."""
        layout.require_hdf5(self.path)
        with reading(self.path) as file:
            return layout.inspect(file, str(self.path))

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes of the file."""
        return self.header.attributes

    def n(self, split: str) -> int:
        """Number of events of a split."""
        return sum(self.label_counts(split).values())

    def label_counts(self, split: str) -> dict[int, int]:
        """Number of events of each label in a split."""
        return self.header.counts[split]

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

    @cached_property
    def energy_unit(self) -> UnitDecision:
        """The unit of the file's energies, and why."""
        own = self.attributes.get("energy_unit")
        declared = self.declared_unit if self.declared_unit != "auto" else own if own in UNITS else None
        rows = {split: self._sample(split) for split in SPLITS}
        decision = decide_unit(*_objects(np.concatenate(list(rows.values()))), declared, str(self.path))
        for split, part in rows.items():
            decide_unit(*_objects(part), decision.unit, f"{self.path}: {self.header.features[split]}")
        return decision

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What was decided or ignored, one sentence each, for a log and a report."""
        p4, _ = _objects(np.concatenate([self._sample(split) for split in SPLITS]))
        p4 = p4.astype(np.float64)
        p4[:, :2] = to_gev(p4[:, :2], self.energy_unit.unit)
        low = energy_deficits(p4)
        ignored = self.header.ignored
        return (
            f"Energies are in {self.energy_unit.why}.",
            *([f"{low:,} of {len(p4):,} sampled objects have an energy below pT cosh(eta) by more than 0.1 %."] if low else []),
            *([f"Ignored in {self.path.name}: {', '.join(ignored)} (event weights are not used)."] if ignored else []),
        )

    def read(self, split: str) -> Events:
        """All events of a split, checked, in GeV."""
        return Events.concatenate(list(self.chunks(split, READ_AT_ONCE)))

    def chunks(self, split: str, n: int) -> Iterator[Events]:
        """The events of a split, n at a time, checked, in GeV."""
        unit, key, label_key = self.energy_unit.unit, self.header.features[split], self.header.labels[split]
        for start in range(0, self.n(split), n):
            with reading(self.path) as file:
                rows, labels = file[key][start : start + n], file[label_key][start : start + n]
            yield layout.to_events(rows, labels, unit, f"{self.path}: {key}", start)

    def class_map(self, classes: Mapping[str, Any]) -> ClassMap:
        """The parameter `classes` matched with this file's labels."""
        return ClassMap.resolve(classes, self.label_names, {split: self.label_counts(split) for split in SPLITS})

    def classified(self, split: str, classes: Mapping[str, Any]) -> ClassifiedEvents:
        """The events of a split that belong to a class; the others are left out."""
        events = self.read(split)
        targets = self.class_map(classes).targets(events.labels)
        index = np.flatnonzero(targets >= 0)
        chosen = events if len(index) == len(events) else events[index]
        return ClassifiedEvents(chosen, targets[index], index)

    def _sample(self, split: str) -> NDArray[Any]:
        """Up to 10,000 rows in blocks from all over the split: files may be sorted."""
        n = self.n(split)
        size = n if n <= SAMPLED_BLOCKS * SAMPLED_ROWS else SAMPLED_ROWS
        starts = np.unique(np.linspace(0, n - size, SAMPLED_BLOCKS).astype(int))
        with reading(self.path) as file:
            features = file[self.header.features[split]]
            return np.concatenate([features[start : start + size] for start in starts])


def _objects(rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """(E, pT, eta, phi) [object, 4] of the real objects and MET [event], as the file has them."""
    real = rows[:, : layout.MET] > 0
    return rows[:, layout.P4 :].reshape(*real.shape, 4)[real], rows[:, layout.MET]


@dataclass(frozen=True)
class EventSample:
    """Events on their way to a file.

    Attributes:
        chunks: (split, events in GeV), in any order of splits; consumed once.
        attributes: what to write on the file, `label_names` among them; a function is asked after the last chunk.
        energy_unit: of the file.
    """

    chunks: Iterable[tuple[str, Events]]
    attributes: Mapping[str, Any] | Callable[[], Mapping[str, Any]]
    energy_unit: EnergyUnit = "GeV"


class EventsDataset(AbstractDataset[EventSample, EventSource]):
    """A file in the split HDF5 layout (`lexon.datasets.split_layout`)."""

    def __init__(
        self,
        filepath: str,
        energy_unit: Literal["auto"] | EnergyUnit = "auto",
        label_names: dict[int, str] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = Path(filepath)
        self._source = {"declared_unit": energy_unit, "configured_names": label_names}
        self.metadata = metadata

    def load(self) -> EventSource:
        return EventSource(self._filepath, **self._source)  # type: ignore[arg-type]

    def save(self, data: EventSample) -> None:
        with writing(self._filepath) as file:
            _create(file)
            for split, events in data.chunks:
                _append(file, split, events.validate(f"{split} events for {self._filepath}"), data.energy_unit)
                file.check()
            _refuse_empty(file, self._filepath)
            attributes = data.attributes() if callable(data.attributes) else data.attributes
            own = {"energy_unit": data.energy_unit, "format_version": FORMAT_VERSION, "lexon_version": lexon.__version__}
            write_attributes(file, {**attributes, **own})

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), **self._source}

    # kedro-viz compares the annotation's name, which a postponed annotation, being text, has as well.
    def preview(self) -> TablePreview:
        """Name, shape, dtype and energy unit of each array, for kedro-viz."""
        with reading(self._filepath) as file:
            unit = read_attributes(file).get("energy_unit", "not said")
            rows = [
                [key, str(item.shape), str(item.dtype), unit if key in layout.FEATURE_KEYS.values() else ""] for key, item in file.items()
            ]
        return TablePreview({"index": list(range(len(rows))), "columns": ["dataset", "shape", "dtype", "energies"], "data": rows})


def _create(file: WholeFile) -> None:
    # lzf would be three times faster to write, but only h5py reads it.
    compressed = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    for split in SPLITS:
        wide = layout.WIDTH
        file.create_dataset(layout.FEATURE_KEYS[split], (0, wide), "f4", maxshape=(None, wide), chunks=(CHUNK_ROWS, wide), **compressed)
        file.create_dataset(layout.LABEL_KEYS[split], (0,), "i8", maxshape=(None,), chunks=(CHUNK_ROWS,), **compressed)


def _append(file: h5py.File, split: str, events: Events, unit: EnergyUnit) -> None:
    for key, values in ((layout.FEATURE_KEYS[split], layout.to_rows(events, unit)), (layout.LABEL_KEYS[split], events.labels)):
        dataset = file[key]
        start = len(dataset)
        dataset.resize(start + len(values), axis=0)
        dataset[start:] = values


def _refuse_empty(file: h5py.File, path: Path) -> None:
    for split, key in layout.FEATURE_KEYS.items():
        if not len(file[key]):
            raise DataError(f"{path}: the {split} split would be empty; ask for more events")
