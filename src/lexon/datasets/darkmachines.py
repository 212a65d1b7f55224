"""DarkMachines text as a source of events: read twice, first to count, name and split the events, then to hand them out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lexon.config import EnergyUnit
from lexon.datasets.darkmachines_scan import REPEATED, Scan, assign_splits, scan_files
from lexon.datasets.darkmachines_text import Block, read_blocks, to_events, type_table
from lexon.datasets.files import file_digest, matching_files
from lexon.datasets.labelled import LabelledSource
from lexon.datasets.split_layout import is_darkmachines, read_head
from lexon.datasets.units import UnitDecision, decide_unit, energy_deficits, possible_units, to_gev
from lexon.errors import ConfigurationError, DataError
from lexon.events import MAX_OBJECTS, SPLITS, Events
from lexon.simulation.shares import checked_shares


def is_text(path: Path) -> bool:
    """Whether the first of the files is DarkMachines text."""
    files = matching_files(path)
    return bool(files) and files[0].is_file() and is_darkmachines(read_head(files[0]))


@dataclass(frozen=True)
class DarkMachinesSource(LabelledSource):
    """One file, or all that match a pattern. Identical events are kept once, so no split holds an event of another.

    Attributes:
        split: share of each split, exact for each process.
        split_seed: which events go where.
        max_bad_lines: share of lines that make no sense above which the files are refused.
        object_types: what each object type is called.
        declared_unit: of energies; ``auto`` is MeV, as the format has it, where the numbers do not contradict it.
    """

    split: Mapping[str, float] = field(kw_only=True)
    split_seed: int = field(kw_only=True)
    max_bad_lines: float = field(kw_only=True)
    object_types: Mapping[int, str] = field(kw_only=True)
    declared_unit: Literal["auto"] | EnergyUnit = field(default="auto", kw_only=True)

    @cached_property
    def files(self) -> list[Path]:
        """The files, each of them DarkMachines text."""
        files = matching_files(self.path)
        for file in files:
            if not is_darkmachines(read_head(file)):
                raise DataError(f"{file}: is not DarkMachines text, as {files[0].name} is; events.path={self.path} must not match it")
        return files

    @property
    def digest(self) -> str:
        """SHA-256 of the content of a single file, or of the digests of several."""
        digests = [file_digest(file) for file in self.files]
        return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """Names by label: process IDs are numbered from 1 by sorted name; where all are numbers, they are the labels."""
        names = self._scan.processes
        return {} if _numbered(names) else {"label_names": dict(enumerate(sorted(names), 1))}

    @cached_property
    def energy_unit(self) -> UnitDecision:
        """The unit of the energies, and why: of the first file; the others are held against it.

        Raises:
            DataError: the numbers fit no linear unit, or not the declared one.
        """
        first, *others = self.files
        block = self._sample(first)
        declared = _usual(block) if self.declared_unit == "auto" else self.declared_unit
        decision = decide_unit(block.p4, block.met[:, 0], declared, str(first))
        if decision.unit == "ln(MeV)":
            raise DataError(f"{first}: {decision.why}; DarkMachines text holds energies, not logarithms: write them in MeV")
        for file in others:
            block = self._sample(file)
            decide_unit(block.p4, block.met[:, 0], decision.unit, str(file))
        return decision

    def label_counts(self, split: str) -> dict[int, int]:
        labels = self._labels[self._splits == SPLITS.index(split)]
        return dict(zip(*(column.tolist() for column in np.unique(labels, return_counts=True)), strict=True))

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What was decided, left out or cut, one sentence each, for a log and a report."""
        counts, repeated, sample = self._scan.counts, int((self._splits == REPEATED).sum()), self._sample(self.files[0]).p4
        low = energy_deficits(np.concatenate([to_gev(sample[:, :2], self.energy_unit.unit), sample[:, 2:]], axis=1))
        shares = ", ".join(f"{split} {self.n(split):,}" for split in SPLITS)
        sentences = {
            f"Energies are in {self.energy_unit.why}.": True,
            f"{len(self.files)} files were read: {', '.join(file.name for file in self.files)}.": len(self.files) > 1,
            f"Split at random within each process (events.split_seed={self.split_seed}): {shares}.": True,
            f"{self._scan.sentence}.": self._scan.faults.total(),
            f"{repeated:,} events that repeat another to the last digit are left out{self._relabelled()}.": repeated,
            f"{counts['crowded']:,} events have more than {MAX_OBJECTS} objects: the leading {MAX_OBJECTS} by pT are kept.": counts[
                "crowded"
            ],
            f"{counts['empty']:,} events without any object are kept.": counts["empty"],
            f"{low:,} of {len(sample):,} sampled objects have an energy below pT cosh(eta) by more than 0.1 %.": low,
            "Event IDs and weights are not used.": True,
        }
        return tuple(sentence for sentence, holds in sentences.items() if holds)

    def parts(self, n: int) -> Iterator[tuple[str, Events]]:
        """Every event once: (split, up to n events in GeV), in the order of the files; splits take turns."""
        unit, start = self.energy_unit.unit, 0
        for block in self._scan.blocks:
            here = slice(start, start + len(block))
            events, splits = to_events(block, self._labels[here], unit), self._splits[here]
            start = here.stop
            for index, split in enumerate(SPLITS):
                chosen = events[splits == index]
                yield from ((split, chosen[i : i + n]) for i in range(0, len(chosen), n))

    @cached_property
    def _types(self) -> dict[str, int]:
        return type_table(self.object_types)

    def _sample(self, file: Path) -> Block:
        """The first events of a file."""
        return next(read_blocks(file, self._types))

    @cached_property
    def _scan(self) -> Scan:
        """What the files hold.

        Raises:
            DataError: too many bad lines, or a single process.
        """
        scan = scan_files(self.files, self._types, self.energy_unit.unit)
        if scan.bad_share > self.max_bad_lines:
            limit = f"more than events.max_bad_lines={self.max_bad_lines:g} allows; repair them, or allow more"
            raise DataError(f"{self.path}: {scan.sentence}; {scan.bad_share:.2%} is {limit}")
        if len(scan.processes) == 1:
            add = "add a file of another process: a pattern reads several, e.g. events.path='data/*.csv'"
            raise DataError(f"{self.path}: every event is of the process {scan.processes[0]}, so there is nothing to tell apart; {add}")
        return scan

    @cached_property
    def _labels(self) -> NDArray[np.int64]:
        """Label of each event."""
        names = self._scan.processes
        label = {name: int(name) for name in names} if _numbered(names) else {name: i for i, name in enumerate(sorted(names), 1)}
        return np.array([label[name] for name in names], np.int64)[self._scan.process]

    @cached_property
    def _splits(self) -> NDArray[np.int8]:
        """Index into `SPLITS` of each event, or `REPEATED`.

        Raises:
            ConfigurationError: shares that make no sense.
            DataError: a process has too few events for every split to get one.
        """
        shares = checked_shares({str(name): share for name, share in self.split.items()}, "events.split", SPLITS)
        if len(shares) < len(SPLITS):
            raise ConfigurationError(f"events.split={dict(self.split)}: give {', '.join(SPLITS)} a share each")
        splits = assign_splits(self._scan, self._labels, np.array(list(shares.values())), self.split_seed)
        for number, name in enumerate(self._scan.processes):
            n = [int(((splits == i) & (self._scan.process == number)).sum()) for i in range(len(SPLITS))]
            if not all(n):
                raise DataError(f"{self.path}: {sum(n)} events of {name} are too few for every split to get one; add some, or leave it out")
        return splits

    def _relabelled(self) -> str:
        """How many of the repeated events are of another process than the one that is kept."""
        n = int((self._labels != self._labels[self._scan.repeated()]).sum())
        return f", {n:,} of them under another process" if n else ""


def _numbered(names: list[str]) -> bool:
    return all(name.lstrip("-").isdecimal() for name in names)


def _usual(block: Block) -> EnergyUnit | None:
    """MeV where the numbers leave it open."""
    possible, _ = possible_units(block.p4)
    return "MeV" if len(possible) > 1 and "MeV" in possible else None
