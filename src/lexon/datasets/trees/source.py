"""ROOT and Parquet files as a source of events."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.config import EnergyUnit
from lexon.config.branches import EventBranches
from lexon.datasets.blocks import Block, numbers_of_types
from lexon.datasets.files import matching_files, require_file
from lexon.datasets.kinds import in_words, read_head
from lexon.datasets.scan import Faults, Scan, scan_blocks
from lexon.datasets.trees import parquet, root
from lexon.datasets.trees.choice import Choice, choose
from lexon.datasets.trees.objects import NAMES, Chunk, Reader
from lexon.datasets.trees.tables import Table
from lexon.datasets.units import UnitDecision, decide_unit
from lexon.datasets.unsplit import UnsplitSource
from lexon.errors import ConfigurationError, DataError

# First bytes of a file, and how it is opened.
FORMATS = {b"root": root.opened, b"PAR1": parquet.opened}
CHUNK = 1 << 16
SAMPLED = 10_000


def is_table(path: Path) -> bool:
    """Whether the first of the files is a ROOT or a Parquet file."""
    files = matching_files(path)
    return bool(files) and files[0].is_file() and _format(files[0]) is not None


def _format(path: Path) -> bytes | None:
    with path.open("rb") as file:
        head = file.read(4)
    return head if head in FORMATS else None


@dataclass(frozen=True)
class TreeSource(UnsplitSource):
    """One ROOT or Parquet file, or all that match a pattern.

    Attributes:
        branches: which branches are what.
    """

    branches: EventBranches = field(kw_only=True)

    @cached_property
    def files(self) -> list[Path]:
        """The files, each of them ROOT or Parquet.

        Raises:
            DataError: one is not.
        """
        files = matching_files(self.path)
        for file in files:
            require_file(file, "events.path")
            if _format(file) is None:
                kind = in_words(file, read_head(file))
                raise DataError(
                    f"{file}: {kind}, not a ROOT or Parquet file as {files[0].name};"
                    f" events.path={self.path} must not match it"
                )
        return files

    @property
    def digest(self) -> str:
        """That of the content, and of the processes where the names of files say them."""
        content = super().digest
        if self.branches.label.branch is not None:
            return content
        processes = [name.decode() for name in self._processes.values() if name is not None]
        return hashlib.sha256("\0".join([content, *processes]).encode()).hexdigest()

    @cached_property
    def energy_unit(self) -> UnitDecision:
        """The unit of the energies, and why: of the first file with entries; all are held against
        it as they are read.

        Raises:
            DataError: the numbers fit no unit, or not the declared one.
        """
        declared = self.branches.energy_unit if self.declared_unit == "auto" else self.declared_unit
        _, first, _ = self._begun
        decision = decide_unit(*self._sample(first), declared, first[0].where)
        self._refuse_logarithms(decision)
        return decision

    def scanned(self) -> Scan:
        reader = self._reader(self.energy_unit.unit)
        files = ((self._shown(file), self._blocks(file, reader)) for file in self._choice.entries)
        faults = Faults(reader.sentences, ("entry", "entries"))
        scan = scan_blocks(files, faults, "GeV", self.max_objects)
        self._refuse_empty_processes(scan)
        return scan

    def remarks(self, scan: Scan) -> Iterator[str]:
        yield from self._choice.sentences()
        for kind, objects in self.branches.objects.items():
            if objects.cut is not None:
                seen, kept = scan.counts[f"{kind} seen"], scan.counts[f"{kind} kept"]
                yield f"Of {seen:,} {kind}, {kept:,} pass the cut {objects.cut}."
        if left_out := sorted(NAMES.keys() - self.branches.objects.keys()):
            yield f"events.branches has no {', '.join(left_out)}: events have none."
        if not self.weighted:
            named = self.branches.weight
            yield (
                "Event weights are not used (events.weight=BRANCH uses them)."
                if named is None
                else f"Event weights are not used (events.weight={named} would use them)."
            )

    @property
    def _remedy_for_one_label(self) -> str:
        return (
            "add a file of another process (a pattern reads several, e.g."
            " events.path='data/*.root'), name the branch that tells them apart"
            " (events.branches.label.branch=NAME), or"
        )

    def _shown(self, file: Path) -> str:
        """File and tree, for messages; the folder too where files have the same name."""
        names = [other.name for other in self.files]
        name = file.name if names.count(file.name) == 1 else str(file)
        return name if self.branches.tree is None else f"{name}, tree {self.branches.tree}"

    def _opened(self, file: Path) -> AbstractContextManager[Table]:
        kind = _format(file)
        assert kind is not None
        return FORMATS[kind](file, self.branches.tree)

    def _reader(self, unit: EnergyUnit) -> Reader:
        names = {name: name for pair in NAMES.values() for name in pair}
        types = numbers_of_types(self.object_types, names, "events.branches")
        return Reader(self.branches, self._choice.chosen, types, unit, self.weight)

    @cached_property
    def _choice(self) -> Choice:
        weights = [] if self.weight is None else [("weight", (self.weight,))]
        return choose([*self.branches.sought(), *weights], self.files, self._opened)

    @cached_property
    def _begun(self) -> tuple[Path, list[Chunk], Iterator[Chunk]]:
        """The first file with entries, its first chunks, which tell the unit, and the others, which
        are read later: once is enough.

        Raises:
            DataError: no file has an entry.
        """
        file = next((file for file, n in self._choice.entries.items() if n), None)
        if file is None:
            raise DataError(f"{self.path}: no file has an entry; were they written to their end?")
        chunks, first = self._chunks(file), list[Chunk]()
        while sum(chunk.n for chunk in first) < SAMPLED and (chunk := next(chunks, None)):
            first.append(chunk)
        return file, first, chunks

    def _blocks(self, file: Path, reader: Reader) -> Iterator[Block]:
        begun, first, rest = self._begun
        if file == begun:
            yield from map(reader.block, chain(first, rest))
            return
        for chunk in self._chunks(file):
            if not chunk.first:
                decide_unit(*self._sample([chunk]), reader.unit, chunk.where)
            yield reader.block(chunk)

    def _chunks(self, file: Path) -> Iterator[Chunk]:
        first = 0
        with self._opened(file) as table:
            for columns in table.chunks(self._choice.names, CHUNK):
                n = _length(columns)
                yield Chunk(columns, first, n, table.where, self._processes[file])
                first += n

    def _sample(self, chunks: Sequence[Chunk]) -> tuple[NDArray[Any], NDArray[Any]]:
        """(E, pT, eta, phi) of objects, [k, 4], and MET, [n], as the file has them, of the first
        entries of each chunk.
        """
        reader, begun = self._reader("GeV"), [chunk.head(SAMPLED) for chunk in chunks]
        p4 = [
            reader.kinematics(objects, reader.values(kind, chunk)[0], "GeV")
            for chunk in begun
            for kind, objects in self.branches.objects.items()
        ]
        met = [reader.met_in_gev(reader.met(chunk)[0], "GeV")[:, 0] for chunk in begun]
        return np.concatenate(p4), np.concatenate(met)

    def _refuse_logarithms(self, decision: UnitDecision) -> None:
        if decision.unit != "ln(MeV)":
            return
        for kind, objects in self.branches.objects.items():
            if objects.energy is None or objects.is_cartesian:
                raise ConfigurationError(
                    f"{self.path}: energies are in {decision.why}; an energy cannot be computed"
                    f" from logarithms and a mass, so events.branches.{kind} needs pt and energy"
                )

    @cached_property
    def _processes(self) -> dict[Path, bytes | None]:
        """The process of each file; None where a branch says it.

        Raises:
            ConfigurationError: patterns that fit no file, or a file that fits none or two.
            DataError: two files of one name.
        """
        label = self.branches.label
        if label.branch is not None:
            return dict.fromkeys(self.files)
        names = {file: self._only(file, label.named_by(file)) for file in self.files}
        self._refuse_idle_patterns(names.values())
        self._refuse_twins(names.values())
        return {file: name.encode() for file, name in names.items()}

    def _refuse_idle_patterns(self, found: Collection[str]) -> None:
        label = self.branches.label
        if idle := [name for name in label.files if name not in found]:
            raise ConfigurationError(
                f"events.branches.label.files.{idle[0]}={_listed(label.files[idle[0]])}: fits none"
                f" of the files of events.path={self.path}: {_listed([f.name for f in self.files])}"
            )

    def _refuse_twins(self, names: Collection[str]) -> None:
        """Where files are called as their processes are, two of one name."""
        twice = [name for name, n in Counter(names).items() if n > 1]
        if twice and not self.branches.label.files:
            raise DataError(
                f"{self.path}: several files are called {twice[0]}, and each file is a process;"
                " name processes by the folders of their files,"
                f" events.branches.label.files={{PROCESS: 'FOLDER/{twice[0]}*'}}"
            )

    @staticmethod
    def _only(file: Path, processes: list[str]) -> str:
        if len(processes) == 1:
            return processes[0]
        fits = f"the patterns of {_listed(processes)}" if processes else "no pattern"
        raise ConfigurationError(
            f"{file}: fits {fits} of events.branches.label.files; each file is of one process:"
            " change the patterns, or let events.path leave the file out"
        )

    def _refuse_empty_processes(self, scan: Scan) -> None:
        wanted = [name for name in self.branches.label.files if name not in scan.processes]
        if wanted:
            raise DataError(
                f"{self.path}: the files of {wanted[0]} have no event; leave it out of"
                " events.branches.label.files, or see that they were written to their end"
            )


def _length(columns: Any) -> int:
    """Number of entries of a chunk."""
    column = next(iter(columns.values()))
    return len(column.values) if column.counts is None else len(column.counts)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
