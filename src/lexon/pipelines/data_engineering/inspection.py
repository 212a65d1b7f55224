"""Events that cannot be right, counted as they pass: empty ones, and impossible objects.

A few are kept and named, as a detector or a converter leaves some; more than
`events.max_bad_events` mean that the file is not what it claims to be: rows of another unit,
columns in another order, rows that were never written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.config import EventChecks
from lexon.datasets.identity import row_hashes
from lexon.datasets.units import DEFICIT, RESOLUTION
from lexon.errors import DataError
from lexon.events import SPLITS, Events
from lexon.physics import massless_energy
from lexon.pipelines.data_engineering.copies import Copies

MAX_ETA = 10.0  # a particle of 14 TeV with a pT of 1 GeV has |eta| = 10.2
MIN_LEADING_PT = 1.0  # GeV; no experiment triggers on less
DEFICIENT = f"with an energy below pT cosh(eta) by more than {DEFICIT:.1%}"


class Inspection:
    """Walks through events once.

    Args:
        where: file, for messages.
        total: events of all splits.
        checks: what counts as impossible, and how much of it is allowed.
    """

    def __init__(self, where: str, total: int, checks: EventChecks) -> None:
        self._where, self._total, self._checks = where, total, checks
        self._copies = Copies()
        self._rows: Counter[str] = Counter()
        self._bad = 0
        self._found: Counter[tuple[str, str]] = Counter()
        self._first: dict[str, str] = {}

    def passed(self, parts: Iterator[tuple[str, Events]]) -> Iterator[tuple[str, Events]]:
        """The same (split, events), without copies where they are to be dropped.

        Raises:
            DataError: too many bad events.
        """
        for split, events in parts:
            self._inspect(split, events)
            copied = self._copies.mark(split, row_hashes(events))
            kept = events[~copied] if self._checks.duplicates == "drop" and copied.any() else events
            if len(kept):
                yield split, kept

    @property
    def notes(self) -> list[str]:
        """What was found, one sentence each; complete after the last event."""
        return [*self._sentences(), *self._copies.sentences(self._checks.duplicates == "drop")]

    def _inspect(self, split: str, events: Events) -> None:
        bad = np.zeros(len(events), np.bool_)
        for fault, marked, values in self._faults(events):
            if marked.any():
                self._record(fault, split, marked, values)
                if fault != DEFICIENT:
                    bad |= marked.reshape(len(events), -1).any(1)
        self._rows[split] += len(events)
        self._bad += int(bad.sum())
        if self._bad > self._checks.max_bad_events * self._total:
            raise DataError(
                f"{self._where}: {self._bad:,} of the first {self._rows.total():,} events cannot be"
                f" right: {' '.join(self._sentences())} More than"
                f" events.max_bad_events={self._checks.max_bad_events:g} of {self._total:,} events"
                " are refused: are some rows in another unit, or were they never written? Repair"
                " the file, or allow more"
            )

    def _faults(self, events: Events) -> Iterator[tuple[str, NDArray[np.bool_], NDArray[Any]]]:
        """(what is wrong, bool [N] or [N, object], what to show of it)."""
        real, beam = events.mask, self._checks.beam_energy
        least, energy = _least_energy(events), events.energy
        leading = events.pt.max(1)
        yield "with neither objects nor MET", ~real.any(1) & (events.met == 0), events.met
        yield f"with a pT above the beam energy of {beam:g} GeV", events.pt > beam, events.pt
        yield f"with MET above the beam energy of {beam:g} GeV", events.met > beam, events.met
        yield f"with |eta| above {MAX_ETA:g}", np.abs(events.eta) > MAX_ETA, events.eta
        yield (
            f"with an energy below pT cosh(eta) by more than {1 - RESOLUTION:.0%}",
            energy < np.float32(RESOLUTION) * least,
            energy,
        )
        yield (
            f"without any object above {MIN_LEADING_PT:g} GeV of pT",
            real.any(1) & (leading < MIN_LEADING_PT),
            leading,
        )
        yield DEFICIENT, energy < np.float32(1 - DEFICIT) * least, energy

    def _record(
        self, fault: str, split: str, marked: NDArray[np.bool_], values: NDArray[Any]
    ) -> None:
        self._found[fault, split] += int(marked.sum())
        if fault not in self._first:
            place = tuple(int(i) for i in np.argwhere(marked)[0])
            slot = f", object {place[1]}" if len(place) > 1 else ""
            self._first[fault] = (
                f"first: {split} row {self._rows[split] + place[0]}{slot}: {values[place]:.4g}"
            )

    def _sentences(self) -> list[str]:
        sentences = []
        for fault, first in self._first.items():
            counts = [f"{n:,} in {split}" for split in SPLITS if (n := self._found[fault, split])]
            what = "Objects" if ", object" in first else "Events"
            sentences.append(f"{what} {fault}: {', '.join(counts)} ({first}).")
        return sentences


def _least_energy(events: Events) -> NDArray[np.float32]:
    """pT cosh(eta), [N, object]; infinite for an absurd eta, and 0 for padding."""
    with np.errstate(over="ignore", invalid="ignore"):
        return massless_energy(events.pt, events.eta)
