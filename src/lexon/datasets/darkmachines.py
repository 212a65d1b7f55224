"""DarkMachines text as a source of events: read twice, first to count, name and split the events,
then to hand them out.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lexon.config import EnergyUnit
from lexon.datasets.darkmachines_lines import LAYOUT, first_lines, other_order
from lexon.datasets.darkmachines_scan import REPEATED, Scan, assign_splits, scan_files
from lexon.datasets.darkmachines_text import FAULTS, Block, read_blocks, to_events, type_table
from lexon.datasets.files import file_digest, matching_files
from lexon.datasets.kinds import in_words, is_darkmachines, is_hdf5, read_head
from lexon.datasets.labelled import LabelledSource
from lexon.datasets.units import UnitDecision, decide_unit, possible_units
from lexon.errors import ConfigurationError, DataError
from lexon.events import MAX_OBJECTS, SPLITS, Events
from lexon.simulation.shares import checked_shares

MOST_DIGITS = 18  # of a label, which is an int64


def is_text(path: Path) -> bool:
    """Whether the first of the files is DarkMachines text, compressed or not."""
    files = matching_files(path)
    return (
        bool(files)
        and files[0].is_file()
        and is_darkmachines(read_head(files[0]))
        and not is_hdf5(files[0])
    )


@dataclass(frozen=True)
class DarkMachinesSource(LabelledSource):
    """One file, or all that match a pattern. Identical events are kept once, so no split holds an
    event of another.

    Attributes:
        split: share of each split, exact for each process.
        split_seed: which events go where.
        max_bad_lines: share of lines that make no sense above which the files are refused.
        object_types: what each object type is called.
        declared_unit: of energies; ``auto`` is MeV, as the format has it, where the numbers do not
            contradict it.
    """

    split: Mapping[str, float] = field(kw_only=True)
    split_seed: int = field(kw_only=True)
    max_bad_lines: float = field(kw_only=True)
    object_types: Mapping[int, str] = field(kw_only=True)
    declared_unit: Literal["auto"] | EnergyUnit = field(default="auto", kw_only=True)

    @cached_property
    def files(self) -> list[Path]:
        """The files, each of them DarkMachines text.

        Raises:
            DataError: one is not, or its header names the fields in another order.
        """
        files = matching_files(self.path)
        for file in files:
            head = read_head(file)
            if not is_darkmachines(head):
                kind = in_words(file, head)
                raise DataError(
                    f"{file}: {kind}, not DarkMachines text as {files[0].name};"
                    f" events.path={self.path} must not match it"
                )
            if header := other_order(first_lines(head)):
                raise DataError(
                    f"{file}: the header {header!r} has another order of fields than {LAYOUT};"
                    " write the file in that order"
                )
        return files

    @property
    def digest(self) -> str:
        """SHA-256 of the content of a single file, or of the digests of several."""
        digests = [file_digest(file) for file in self.files]
        return (
            digests[0]
            if len(digests) == 1
            else hashlib.sha256("".join(digests).encode()).hexdigest()
        )

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """Names by label: process IDs are numbered from 1 by sorted name; where all are numbers,
        they are the labels.
        """
        names = self._scan.processes
        return {} if _numbered(names) else {"label_names": dict(enumerate(sorted(names), 1))}

    @cached_property
    def _similar(self) -> list[str]:
        """Process IDs that differ only in case or blanks, or are the same number, as one sentence
        for each group.
        """
        names = sorted(self._scan.processes)
        key = (
            (lambda name: str(int(name)))
            if _numbered(names)
            else (lambda name: re.sub(r"[\s_]+", "", name.casefold()))
        )
        groups = [
            [name for name in names if key(name) == common]
            for common in dict.fromkeys(map(key, names))
        ]
        warning = (
            "are the same number and one process"
            if _numbered(names)
            else "differ only in case or blanks and are kept apart; one process?"
        )
        return [
            f"Processes {', '.join(map(repr, group))} {warning}"
            for group in groups
            if len(group) > 1
        ]

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
            raise DataError(
                f"{first}: {decision.why}; DarkMachines text holds energies, not logarithms: write"
                " them in MeV"
            )
        for file in others:
            block = self._sample(file)
            decide_unit(block.p4, block.met[:, 0], decision.unit, str(file))
        return decision

    def label_counts(self, split: str) -> dict[int, int]:
        labels = self._labels[self._splits == SPLITS.index(split)]
        return dict(
            zip(*(column.tolist() for column in np.unique(labels, return_counts=True)), strict=True)
        )

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Notes on decisions, omissions and cuts, one sentence each, for a log and a report."""
        counts, repeated = self._scan.counts, int((self._splits == REPEATED).sum())
        shares = ", ".join(f"{split} {self.n(split):,}" for split in SPLITS)
        names = ", ".join(file.name for file in self.files)
        seed = f"events.split_seed={self.split_seed}"
        repeat = "repeat another to the last digit are left out"
        crowded = f"more than {MAX_OBJECTS} objects: the leading {MAX_OBJECTS} by pT are kept"
        sentences = {
            f"Energies are in {self.energy_unit.why}.": True,
            f"{len(self.files)} files were read: {names}.": len(self.files) > 1,
            f"Split at random within each process ({seed}): {shares}.": True,
            f"{self._scan.sentence}.": self._scan.faults.total(),
            f"Header or comment lines that are left out: {counts['remarks']:,}.": counts["remarks"],
            **{f"{sentence.rstrip('.')}.": True for sentence in self._similar},
            f"{repeated:,} events that {repeat}{self._relabelled()}.": repeated,
            f"{counts['crowded']:,} events have {crowded}.": counts["crowded"],
            f"{counts['empty']:,} events without any object are kept.": counts["empty"],
            "Event IDs and weights are not used.": True,
        }
        return tuple(sentence for sentence, holds in sentences.items() if holds)

    def parts(self, n: int) -> Iterator[tuple[str, Events]]:
        """Every event once: (split, up to n events in GeV), in the order of the files; splits take
        turns.
        """
        unit, start = self.energy_unit.unit, 0
        for block in self._scan.blocks:
            here = slice(start, start + len(block))
            events, splits = to_events(block, self._labels[here], unit), self._splits[here]
            start = here.stop
            for index, split in enumerate(SPLITS):
                chosen = events[splits == index]
                yield from ((split, chosen[i : i + n]) for i in range(0, len(chosen), n))

    @property
    def _remedy_for_one_label(self) -> str:
        return (
            "add a file of another process (a pattern reads several, e.g."
            " events.path='data/*.csv'), or"
        )

    @cached_property
    def _types(self) -> dict[str, int]:
        return type_table(self.object_types)

    def _sample(self, file: Path) -> Block:
        """The first events of a file.

        Raises:
            DataError: it has none.
        """
        faults: Counter[str] = Counter()
        for block in read_blocks(file, self._types):
            if len(block):
                return block
            faults.update(FAULTS[fault - 1] for fault in block.faults[0].tolist())
        why = "; ".join(f"{n:,} lines: {fault}" for fault, n in faults.most_common())
        raise DataError(f"{file}: no line is an event ({why}); a line is {LAYOUT}")

    @cached_property
    def _scan(self) -> Scan:
        """The scan of all files.

        Raises:
            DataError: too many bad lines.
        """
        scan = scan_files(self.files, self._types, self.energy_unit.unit)
        if scan.bad_share > self.max_bad_lines:
            limit = (
                f"more than events.max_bad_lines={self.max_bad_lines:g} allows; repair them, or"
                " allow more"
            )
            raise DataError(f"{self.path}: {scan.sentence}; {scan.bad_share:.2%} is {limit}")
        if _numbered(scan.processes) and (
            long := [name for name in scan.processes if len(name) > MOST_DIGITS]
        ):
            raise DataError(
                f"{self.path}: the process ID {long[0]} has more than {MOST_DIGITS} digits; give"
                " the process a name or a shorter number"
            )
        return scan

    @cached_property
    def _labels(self) -> NDArray[np.int64]:
        """Label of each event."""
        return np.array(_labels_of(self._scan.processes), np.int64)[self._scan.process]

    @cached_property
    def _splits(self) -> NDArray[np.int8]:
        """Index into `SPLITS` of each event, or `REPEATED`.

        Raises:
            ConfigurationError: shares that make no sense.
            DataError: a process has too few events for every split to get one.
        """
        shares = checked_shares(
            {str(name): share for name, share in self.split.items()}, "events.split", SPLITS
        )
        if len(shares) < len(SPLITS):
            raise ConfigurationError(
                f"events.split={dict(self.split)}: give {', '.join(SPLITS)} a share each"
            )
        splits = assign_splits(
            self._scan, self._labels, np.array(list(shares.values())), self.split_seed
        )
        for label, name in zip(_labels_of(self._scan.processes), self._scan.processes, strict=True):
            n = [int(((splits == i) & (self._labels == label)).sum()) for i in range(len(SPLITS))]
            if not all(n):
                raise DataError(
                    f"{self.path}: {sum(n)} events of {name} are too few for every split to get"
                    " one; add some, or leave it out"
                )
        return splits

    def _relabelled(self) -> str:
        """Number of repeated events whose process differs from that of the event that is kept."""
        n = int((self._labels != self._labels[self._scan.repeated()]).sum())
        return f", {n:,} of them under another process" if n else ""


def _numbered(names: list[str]) -> bool:
    """Whether all process IDs are whole numbers, which then are the labels."""
    return all(re.fullmatch(r"-?[0-9]+", name) for name in names)


def _labels_of(names: list[str]) -> list[int]:
    """The label of each process ID: itself, where all are numbers, or else its place among them."""
    if _numbered(names):
        return [int(name) for name in names]
    label = {name: number for number, name in enumerate(sorted(names), 1)}
    return [label[name] for name in names]


def _usual(block: Block) -> EnergyUnit | None:
    """MeV where the numbers leave it open."""
    possible, _ = possible_units(block.p4)
    return "MeV" if len(possible) > 1 and "MeV" in possible else None
