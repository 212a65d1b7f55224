"""Submission of the jobs of a workflow, as many as a site allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lexon.runners.cluster.queued import numbers
from lexon.runners.cluster.queued.batches import Batch
from lexon.runners.cluster.queued.numbers import Number
from lexon.runners.cluster.queued.system import BatchSystem


class Filling:
    """Submits until nothing is left or the site allows no more: whole batches at first, half as
    many jobs after each refusal; in a later call one job, and twice as many each time.

    Attributes:
        in_queue: the number of each job that is in the queue, by name.
        begun: jobs may run already; else those that wait for no other are held.
        held: the arrays of these.
        size: of the next part, 0 where the site allows no more.
        factor: by which the part after it is larger.
    """

    def __init__(
        self, system: BatchSystem, folder: Path, in_queue: Mapping[str, Number], begun: bool
    ) -> None:
        self.system, self.folder, self.begun = system, folder, begun
        self.in_queue, self.held = dict(in_queue), list[str]()

    def fill(self, batches: Sequence[Batch], left: set[str]) -> None:
        """Submit these jobs, each after those that it waits for."""
        self.size, self.factor = (1, 2) if self.begun else (len(left), 1)
        for batch in batches:
            places = batch.places(left)
            while places and self.size:
                # A command names a part by its first and last place: it must have no gap.
                part = numbers.runs(places[: self.size])[0]
                places = places[self._submit(batch, part) :]

    def _submit(self, batch: Batch, places: Sequence[int]) -> int:
        """Submit a part of a batch, and note its number; how many jobs were submitted."""
        waits = self._waits(batch)
        hold = not self.begun and not waits
        array = None
        if self._below_max_jobs(batch, places):
            array = self.system.submit(self.folder, batch, places, waits, hold)
        if array is None:
            self.size, self.factor = len(places) // 2, 1
            return 0
        numbers.add(self.folder, batch, places, array)
        self.in_queue |= numbers.of_jobs(batch, places, array)
        self.held += [array] if hold else []
        self.size *= self.factor
        return len(places)

    def _waits(self, batch: Batch) -> list[Number]:
        """The jobs in the queue that these wait for; those that have left it are done."""
        if batch.last:
            return [Number(array) for array in numbers.arrays(self.in_queue.values())]
        return [self.in_queue[name] for name in batch.after if name in self.in_queue]

    def _below_max_jobs(self, batch: Batch, places: Sequence[int]) -> bool:
        """The throttle of an array holds for it alone: parts of one are kept below it together."""
        most, whole = self.system.settings.max_jobs, len(places) == len(batch.jobs)
        return whole or most is None or len(self.in_queue) + len(places) <= most
