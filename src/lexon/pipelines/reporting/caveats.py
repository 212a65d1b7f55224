"""What a reader must know before believing a report; what only one kind has to say stands with that
kind.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from lexon.config import ReportConfig
from lexon.datasets.members import MemberFolders
from lexon.experiments import Member, Result
from lexon.pipelines.reporting.cells import Cell
from lexon.pipelines.reporting.words import listing
from lexon.statistics.differences import MIN_SETTINGS

logger = logging.getLogger(__name__)

SMALL_TRAINING = 50_000  # the published study of tokenisers trained on 241,658 events
_LISTED = 6

Plan = list[dict[str, Any]]


def of_the_folder(members: MemberFolders, plan: Plan, report: ReportConfig) -> list[str]:
    """Where the members are not this run's own, or are not what the present parameters ask for, or
    where a file beside them could not be used; remarks are logged too."""
    elsewhere = (
        [f"Read from {report.source} (report.source), not from this run's own members."]
        if report.source
        else []
    )
    remarks = list(members.plan(Member(**member) for member in plan).remarks)
    for remark in remarks:
        logger.warning("%s", remark)
    return [*elsewhere, *remarks, *members.left_out]


def incomplete(cells: Sequence[Cell]) -> list[str]:
    """Members that have no numbers, by what became of them."""
    statuses = [result.status for cell in cells for result in cell.results]
    counts = Counter(status for status in statuses if status != "done")
    if not counts:
        return []
    listed = ", ".join(f"{n} {status}" for status, n in counts.items())
    return [
        f"Incomplete: of {len(statuses)} members of the grid, {listed}. They are rows of the tables"
        " and in no statistics."
    ]


def seeds(cells: Sequence[Cell], rows: str = "test events") -> list[str]:
    """What intervals hold, by the number of finished seeds; `rows` are what is resampled."""
    numbers = sorted({len(cell.finished) for cell in cells if cell.finished})
    if not numbers:
        return []
    if numbers == [1]:
        return [
            f"One seed: the seed spread is unknown, so intervals of single trainings hold {rows}"
            " only, and differences between them are undecided (n_seeds=3 shows it). Averages over"
            f" {MIN_SETTINGS} settings or more hold how far they vary from one to the next."
        ]
    single = [cell.label for cell in cells if len(cell.finished) == 1]
    without = (
        f" Of {'; '.join(single)} one seed is finished: the interval there holds {rows} only."
        if single
        else ""
    )
    several = " to ".join(str(n) for n in dict.fromkeys((max(numbers[0], 2), numbers[-1])))
    return [
        f"Intervals hold the {rows} and {several} seeds; a difference has the seed spread of the"
        f" cells that it compares.{without}"
    ]


def copies(cells: Sequence[Cell]) -> list[str]:
    """Cells that are one training."""
    found = [f"{cell.label} = {cell.original.label}" for cell in cells if cell.original]
    shared = "The same configuration under two names, trained once, shown twice and compared once"
    return [f"{shared}: {listing(found, _LISTED)}."] if found else []


def small_sample(
    data: Sequence[Mapping[str, Any]], split: str, enough: int, rows: str
) -> list[str]:
    """Few rows in a split that matters."""
    sizes = {
        name: sorted({one[f"n_{name}"] for one in data if f"n_{name}" in one})
        for name in ("train", "val", "test")
    }
    if not sizes[split] or sizes[split][0] >= enough:
        return []
    counted = ", ".join(f"{_range(found)} {name}" for name, found in sizes.items() if found)
    return [
        f"Small sample: {counted} {rows}. Numbers and their order can change with more of them."
    ]


def data_of(finished: Sequence[Result]) -> list[dict[str, Any]]:
    """What the run records say of the data."""
    return [result.record["data"] for result in finished if result.record.get("data")]


def of_the_data(finished: Sequence[Result]) -> list[str]:
    """Simulated events, different files, and what was decided or ignored when the data were
    read.
    """
    data = data_of(finished)
    sentences = []
    if any(one.get("generator") for one in data):
        sentences.append(
            "Simulated events: leading-order shapes, a toy shower and a toy detector. Good for"
            " learning the tool, not for a physics claim. Test events that share a hard event"
            " resemble each other: in samples far above 20,000 events the intervals are too narrow."
        )
    if len({one.get("digest") for one in data}) > 1:
        sentences.append(
            "Members were trained on different files: what differs between them may be the data."
        )
    notes = dict.fromkeys(str(note) for one in data for note in one.get("notes") or [])
    return sentences + [f"Data: {note}" for note in notes]


def not_converged(finished: Sequence[Result]) -> list[str]:
    """Members whose last epoch was their best."""
    known = [
        (one.record["best_epoch"], one.history["epoch"])
        for one in finished
        if one.history is not None and _has_best_epoch(one)
    ]
    several = [(best, epochs.max()) for best, epochs in known if len(epochs) > 1]
    n = sum(best == last for best, last in several)
    return (
        [
            f"Not converged: {n} of {len(several)} finished members were best in their last epoch;"
            " more epochs may help them."
        ]
        if n
        else []
    )


def verdicts(compared: Mapping[str, int], smallest: str) -> list[str]:
    """By which intervals differences are judged.

    Args:
        compared: number of differences by what they are.
        smallest: the smallest effect in words, with its parameter.
    """
    listed = " and ".join(f"{n} {words}" for words, n in compared.items() if n)
    if not listed:
        return []
    return [
        f"{listed}: verdicts use the intervals that hold 95 % for all of a table together (max-t"
        " over the shared resamples, which allows for their number). An effect is an interval"
        f" without 0 and {smallest}; a certain difference below that is called small, and same has"
        " its whole interval within it."
    ]


def mixed_code(finished: Sequence[Result]) -> list[str]:
    """Whether no commit is the code that these members ran, or no single one is."""
    versions = [result.record.get("code_version") for result in finished]
    known = [version for version in versions if isinstance(version, dict)]
    commits = {version["commit"] for version in known if "commit" in version}
    changed = sum(bool(version.get("dirty")) for version in known)
    mixed = [f"Code: members come from {len(commits)} commits."] if len(commits) > 1 else []
    return mixed + (
        [f"Code: {changed} of {len(finished)} members ran with uncommitted changes."]
        if changed
        else []
    )


def _has_best_epoch(result: Result) -> bool:
    return result.record.get("best_epoch") is not None


def _range(sizes: Sequence[int]) -> str:
    return f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
