"""A sample of simulated events: how many of each process in each split, drawn from which hard
events, in which order.

Every (split, process) pair has a stream of its own with its own random numbers and its own hard
events. A chunk takes from the streams what its shuffled labels ask for, so that memory holds one
batch per stream whatever the sample's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon import __version__
from lexon.config import SimulationConfig
from lexon.errors import ConfigurationError
from lexon.events import SPLITS, Events
from lexon.simulation.chain import simulate
from lexon.simulation.channels import channel_table
from lexon.simulation.hard_events import PROCESSES, HardEvents, load_table
from lexon.simulation.shares import PARAMETERS, apportion_table, checked_shares, split_pools

MAX_EVENTS = 5_000_000
CHUNK = 4096
# Hard events per batch: enough to spend the time in numpy, few enough to stay in the processor's
# cache.
BATCH = (256, 2048)
FIRST_GUESS = (
    0.15  # share of accepted channels that pass the selection, before the first batch tells
)
GENERATOR = (
    "Sherpa 3.0.3 LO hard events (NNPDF3.1, 13 TeV), natural decays, toy shower, parametrised"
    " detector"
)

Progress = Callable[[int], None]


class Stream:
    """Endless selected events of one process from one pool of hard events, which is walked through
    again and again.
    """

    def __init__(
        self, hard: HardEvents, label: int, n_events: int, rng: np.random.Generator
    ) -> None:
        self._hard, self._label, self._rng = hard, label, rng
        self._missing = n_events
        self._stored: list[Events] = []
        self.generated = 0
        self.selected = 0

    def take(self, n: int, progress: Progress | None = None) -> Events:
        """The next `n` events; `progress` hears of each batch's."""
        while sum(map(len, self._stored)) < n:
            batch = self._batch()
            self._stored.append(batch)
            if progress:
                progress(min(len(batch), self._missing))
            self._missing = max(self._missing - len(batch), 0)
        stored = Events.concatenate(self._stored)
        self._stored = [stored[n:]]
        return stored[:n]

    def _batch(self) -> Events:
        share = (self.selected + 1) / (self.generated + 1 / FIRST_GUESS)
        size = int(np.clip(1.1 * self._missing / share, *BATCH))
        rows = (self.generated + np.arange(size)) % len(self._hard)
        events = simulate(self._hard[rows], self._label, self._rng)
        self.generated += size
        self.selected += len(events)
        return events


class Simulation:
    """Selected tttt, ttH, ttW, ttWW and ttZ events at 13 TeV, split by hard event, in bounded
    memory.

    Raises:
        ConfigurationError: an unknown process, a number of events or shares that make no sense, or
            so few events that a process would be absent from a split.
    """

    def __init__(self, config: SimulationConfig, n_events: int) -> None:
        self._config = config
        self._mix = checked_shares(config.mix, "simulation.mix", tuple(PROCESSES.values()))
        self._split = checked_shares(
            {str(name): share for name, share in config.split.items()}, "simulation.split", SPLITS
        )
        if len(self._split) < len(SPLITS):
            raise ConfigurationError(
                f"simulation.split: {dict(config.split)}; give {', '.join(SPLITS)} a share each"
                f" ({PARAMETERS})"
            )
        self.counts = self._count(n_events)
        self._table = load_table()
        self._selected_share: dict[str, float] = {}

    def _count(self, n_events: int) -> dict[str, dict[str, int]]:
        """Number of events of each process in each split."""
        if not 1 <= n_events <= MAX_EVENTS:
            raise ConfigurationError(
                f"events.n={n_events}: simulate between 1 and {MAX_EVENTS:,} events ({PARAMETERS})"
            )
        table = apportion_table(
            n_events, np.array(list(self._split.values())), np.array(list(self._mix.values()))
        )
        counts = {
            split: dict(zip(self._mix, map(int, row), strict=True))
            for split, row in zip(self._split, table, strict=True)
        }
        for split, processes in counts.items():
            if absent := [process for process, n in processes.items() if n == 0]:
                raise ConfigurationError(
                    f"events.n={n_events}: no {', '.join(absent)} event in split {split}; simulate"
                    f" more ({PARAMETERS})"
                )
        return counts

    def pools(self) -> dict[str, dict[str, NDArray[np.int64]]]:
        """Per split and process: the rows of the table of hard events that feed it."""
        sizes = {process: len(self._table.events[process]) for process in self._mix}
        return split_pools(sizes, self._split, self._config.seed)

    def chunks(self, progress: Progress | None = None) -> Iterator[tuple[str, Events]]:
        """(split, events) in the order of the splits: shuffled, in GeV, with labels; the same at
        every call.

        Args:
            progress: called with the number of selected events that each batch adds; the calls sum
                to the number of events.
        """
        self._selected_share = {}
        streams = {split: self._streams(split, pool) for split, pool in self.pools().items()}
        for split, of_split in streams.items():
            labels = np.repeat(list(of_split), list(self.counts[split].values()))
            self._rng(split, 0).shuffle(labels)
            for start in range(0, len(labels), CHUNK):
                yield (
                    split,
                    _assemble(labels[start : start + CHUNK], of_split, progress).validate(
                        f"simulated events, {split}"
                    ),
                )
        for label in streams["train"]:
            used = [of_split[label] for of_split in streams.values()]
            self._selected_share[PROCESSES[label]] = sum(s.selected for s in used) / sum(
                s.generated for s in used
            )

    def _streams(self, split: str, pool: dict[str, NDArray[np.int64]]) -> dict[int, Stream]:
        """The streams of a split by label, in the order of the mix."""
        labels = {process: label for label, process in PROCESSES.items()}
        return {
            labels[process]: Stream(
                self._table.events[process][rows],
                labels[process],
                self.counts[split][process],
                self._rng(split, labels[process]),
            )
            for process, rows in pool.items()
        }

    def _rng(self, split: str, label: int) -> np.random.Generator:
        return np.random.default_rng(
            np.random.SeedSequence(self._config.seed, spawn_key=(SPLITS.index(split), label))
        )

    def attributes(self) -> dict[str, Any]:
        """Attributes of the sample's file that describe its making, as plain data.

        ``efficiencies`` holds per process the accepted channels' share of all decays, the selected
        share of those, and the product.

        Raises:
            RuntimeError: `chunks` has not been consumed to its end.
        """
        if not self._selected_share:
            raise RuntimeError(
                "efficiencies are known after the last chunk: consume chunks() first"
            )
        channels = {
            p: channel_table(tuple(self._table.events[p].pdg[0].tolist())).accepted
            for p in self._selected_share
        }
        return {
            "seed": self._config.seed,
            "mix": dict(self._config.mix),
            "split": dict(self._config.split),
            "counts": self.counts,
            "efficiencies": {
                p: {"channels": channels[p], "selection": share, "total": channels[p] * share}
                for p, share in self._selected_share.items()
            },
            "label_names": {
                label: process for label, process in PROCESSES.items() if process in self._mix
            },
            "generator": GENERATOR,
            "hard_events_sha256": self._table.digest,
            "lexon_version": __version__,
        }


def _assemble(
    labels: NDArray[np.int64], streams: dict[int, Stream], progress: Progress | None
) -> Events:
    """The next events of the streams, in the order of `labels`."""
    present = [(label, int((labels == label).sum())) for label in streams]
    taken = Events.concatenate([streams[label].take(n, progress) for label, n in present if n])
    place = np.concatenate([np.flatnonzero(labels == label) for label in streams])
    return taken[np.argsort(place)]
