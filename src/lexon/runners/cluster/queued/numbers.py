"""Numbers that submitted jobs were given, in one file: a line for each part of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from lexon.runners.cluster.engine import text_of
from lexon.runners.cluster.queued.batches import Batch

NUMBERS = "numbers.txt"  # lines: batch, number, first and last place in it


class Number(NamedTuple):
    """Of a job in the queue.

    Attributes:
        array: what the batch system called the array, or the job alone, when it was submitted.
        place: in the array; None for a job alone.
    """

    array: str
    place: int | None = None


DROPPED = Number("-")  # these jobs will not be submitted


def add(folder: Path, batch: Batch, places: Sequence[int], array: str) -> None:
    """Note a part of a batch."""
    with (folder / NUMBERS).open("a", encoding="utf-8") as file:
        file.writelines(f"{batch.name} {array} {run[0]} {run[-1]}\n" for run in runs(places))


def runs(places: Sequence[int]) -> list[list[int]]:
    """Places that rise, in parts that follow one another without a gap."""
    found: list[list[int]] = []
    for place in places:
        if found and found[-1][-1] == place - 1:
            found[-1].append(place)
        else:
            found.append([place])
    return found


def read(folder: Path, batches: Iterable[Batch]) -> dict[str, Number]:
    """The number of each job that was submitted or dropped, by its name."""
    named = {batch.name: batch for batch in batches}
    found: dict[str, Number] = {}
    for line in text_of(folder / NUMBERS).splitlines():
        name, array, *ends = line.split()
        batch = named[name]
        # A version before this one submitted whole batches and wrote no places.
        first, last = map(int, ends) if ends else (0, len(batch.jobs) - 1)
        found |= of_jobs(batch, range(first, last + 1), array)
    return found


def of_jobs(batch: Batch, places: Iterable[int], array: str) -> dict[str, Number]:
    """The number of each job, by its name, from that of its array."""
    alone = len(batch.jobs) == 1 or array == DROPPED.array
    return {batch.jobs[place]: Number(array, None if alone else place) for place in places}


def arrays(numbers: Iterable[Number]) -> list[str]:
    """The whole arrays, and the jobs that are in none, which these belong to."""
    return sorted({number.array for number in numbers} - {DROPPED.array})
