"""Files of events without splits, of any format: read once to count, name and split the events,
then handed out from a temporary file.
"""

from __future__ import annotations

import hashlib
import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lexon.config import EnergyUnit
from lexon.datasets.blocks import to_events
from lexon.datasets.files import file_digest
from lexon.datasets.labelled import LabelledSource
from lexon.datasets.scan import REPEATED, Scan, assign_splits
from lexon.datasets.units import UnitDecision
from lexon.errors import ConfigurationError, DataError
from lexon.events import MAX_OBJECTS, SPLITS, Events
from lexon.simulation.shares import checked_shares

MOST_DIGITS = 18  # of a label, which is an int64


@dataclass(frozen=True)
class UnsplitSource(LabelledSource):
    """One file, or all that match a pattern. Identical events are kept once, so no split holds an
    event of another.

    Attributes:
        split: share of each split, exact for each process.
        split_seed: which events go where.
        max_bad_lines: share of rows that make no sense above which the files are refused.
        object_types: what each object type is called.
        declared_unit: of energies; ``auto`` decides from the numbers.
        weight: what the file calls the weights of the events; None: they have none.
        max_objects: places for objects of each event.
    """

    split: Mapping[str, float] = field(kw_only=True)
    split_seed: int = field(kw_only=True)
    max_bad_lines: float = field(kw_only=True)
    object_types: Mapping[int, str] = field(kw_only=True)
    declared_unit: Literal["auto"] | EnergyUnit = field(default="auto", kw_only=True)
    weight: str | None = field(default=None, kw_only=True)
    max_objects: int = field(default=MAX_OBJECTS, kw_only=True)

    @property
    def weighted(self) -> bool:
        """Whether its events have weights."""
        return self.weight is not None

    @property
    @abstractmethod
    def files(self) -> list[Path]:
        """The files, each of them of the format."""

    @property
    @abstractmethod
    def energy_unit(self) -> UnitDecision:
        """The unit of the files' energies, and why."""

    @abstractmethod
    def scanned(self) -> Scan:
        """The scan of all files, whatever it found."""

    @abstractmethod
    def remarks(self, scan: Scan) -> Iterator[str]:
        """What this format has to say beside what every one says, one sentence each."""

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
        """Names by label: processes are numbered from 1 by sorted name; where all are numbers,
        they are the labels.
        """
        names = self._scan.processes
        return {} if _numbered(names) else {"label_names": dict(enumerate(sorted(names), 1))}

    def label_counts(self, split: str) -> dict[int, int]:
        return self._counts[split]

    @cached_property
    def _counts(self) -> dict[str, dict[int, int]]:
        labels, place = np.unique(_labels_of(self._scan.processes), return_inverse=True)
        label = place[self._scan.process]
        return {
            split: dict(
                zip(
                    labels.tolist(),
                    np.bincount(label[self._splits == index], minlength=len(labels)).tolist(),
                    strict=True,
                )
            )
            for index, split in enumerate(SPLITS)
        }

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Notes on decisions, omissions and cuts, one sentence each, for a log and a report."""
        counts, repeated = self._scan.counts, int((self._splits == REPEATED).sum())
        shares = ", ".join(f"{split} {self.n(split):,}" for split in SPLITS)
        names = ", ".join(file.name for file in self.files)
        seed = f"events.split_seed={self.split_seed}"
        repeat = "repeat another to the last digit are left out"
        most = self.max_objects
        crowded = f"more than {most} objects: the leading {most} by pT are kept"
        sentences = {
            f"Energies are in {self.energy_unit.why}.": True,
            f"{len(self.files)} files were read: {names}.": len(self.files) > 1,
            f"Split at random within each process ({seed}): {shares}.": True,
            f"{self._scan.sentence}.": self._scan.faults.total(),
            **{f"{sentence.rstrip('.')}.": True for sentence in self._similar},
            f"{repeated:,} events that {repeat}{self._relabelled() if repeated else ''}.": repeated,
            f"{counts['crowded']:,} events have {crowded}.": counts["crowded"],
            f"{counts['empty']:,} events without any object are kept.": counts["empty"],
            **dict.fromkeys(self.remarks(self._scan), True),
        }
        return tuple(sentence for sentence, holds in sentences.items() if holds)

    def parts(self, n: int) -> Iterator[tuple[str, Events]]:
        """Every event once: (split, up to n events in GeV), in the order of the files; splits take
        turns.
        """
        start = 0
        for block in self._scan.blocks:
            here = slice(start, start + len(block))
            splits = self._splits[here]
            order = np.argsort(splits, kind="stable")
            labels = self._labels[here]
            events = to_events(block, labels, self.max_objects, order, weighted=self.weighted)
            ends = np.searchsorted(splits[order], np.arange(len(SPLITS)), side="right")
            first = int((splits == REPEATED).sum())
            for split, last in zip(SPLITS, ends.tolist(), strict=True):
                yield from ((split, events[i : min(i + n, last)]) for i in range(first, last, n))
                first = last
            start = here.stop

    def places(self, split: str) -> NDArray[np.int64]:
        """Where each event of a split is in the files: its number, from 0, among the events of all
        files in their order, repeated ones counted and rows that are no events not.
        """
        return np.flatnonzero(self._splits == SPLITS.index(split))

    @cached_property
    def _similar(self) -> list[str]:
        """Processes that differ only in case or blanks, or are the same number, as one sentence
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
    def _scan(self) -> Scan:
        """The scan of all files.

        Raises:
            DataError: too many bad rows.
        """
        scan = self.scanned()
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
        for place, name in enumerate(self._scan.processes):
            own = splits[self._scan.process == place]
            if not all((own == index).any() for index in range(len(SPLITS))):
                raise DataError(
                    f"{self.path}: {(own != REPEATED).sum()} events of {name} are too few for every"
                    " split to get one; add some, or leave it out"
                )
        return splits

    def _relabelled(self) -> str:
        """Number of repeated events whose process differs from that of the event that is kept."""
        n = int((self._labels != self._labels[self._scan.repeated()]).sum())
        return f", {n:,} of them under another process" if n else ""


def _numbered(names: list[str]) -> bool:
    """Whether all processes are whole numbers, which then are the labels."""
    return all(re.fullmatch(r"-?[0-9]+", name) for name in names)


def _labels_of(names: list[str]) -> list[int]:
    """The label of each process: itself, where all are numbers, or else its place among them."""
    if _numbered(names):
        return [int(name) for name in names]
    label = {name: number for number, name in enumerate(sorted(names), 1)}
    return [label[name] for name in names]
