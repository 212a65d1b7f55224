"""Numbers of the jobs that `sbatch` was given, in one file: a line for each part of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lexon.runners.cluster.engine import text_of
from lexon.runners.slurm.batches import Batch

NUMBERS = "numbers.txt"  # lines: batch, number, first and last place in it
DROPPED = "-"  # instead of a number: these jobs will not be submitted


def add(folder: Path, batch: Batch, places: Sequence[int], number: str) -> None:
    """Note a part of a batch."""
    with (folder / NUMBERS).open("a", encoding="utf-8") as file:
        file.write(f"{batch.name} {number} {places[0]} {places[-1]}\n")


def read(folder: Path, batches: Iterable[Batch]) -> dict[str, str]:
    """The number of each job that was submitted or dropped, by its name."""
    named = {batch.name: batch for batch in batches}
    found: dict[str, str] = {}
    for line in text_of(folder / NUMBERS).splitlines():
        name, number, *ends = line.split()
        batch = named[name]
        # A version before this one submitted whole batches and wrote no places.
        first, last = map(int, ends) if ends else (0, len(batch.jobs) - 1)
        found |= of_jobs(batch, range(first, last + 1), number)
    return found


def of_jobs(batch: Batch, places: Iterable[int], number: str) -> dict[str, str]:
    """The number of each job, by its name, from that of its array."""
    alone = len(batch.jobs) == 1 or number == DROPPED
    return {batch.jobs[place]: number if alone else f"{number}_{place}" for place in places}


def arrays(numbers: Iterable[str]) -> list[str]:
    """The whole arrays, and the jobs that are in none, which these belong to."""
    return sorted({number.partition("_")[0] for number in numbers} - {DROPPED})
