"""Members put together by cell: what is finished, what is not and why, and what joins the statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lexon.experiments import Member, Result
from lexon.metrics.scores import Scores


@dataclass(frozen=True)
class Cell:
    """One combination of the grid's axes with all its seeds.

    Attributes:
        name: as in members' folders, without the seed.
        label: the same for a reader, e.g. ``direct, mean, no met``.
        axes: value of each axis.
        results: one a seed.
        same_as: name of an earlier cell that is the same model and was trained in its place, or "".
    """

    name: str
    label: str
    axes: dict[str, Any]
    results: tuple[Result, ...]
    same_as: str

    @property
    def finished(self) -> list[Result]:
        """The seeds that statistics may use."""
        return [result for result in self.results if result.status == "done"]

    @property
    def scores(self) -> list[Scores]:
        """Test scores of the finished seeds."""
        return [result.scores for result in self.finished if result.scores is not None]

    @property
    def val_auroc(self) -> float:
        """Validation AUROC, mean over finished seeds: what every choice is made by."""
        values = [result.metrics.get("val", {}).get("auroc", np.nan) for result in self.finished]
        return float(np.mean(values)) if values else np.nan

    @property
    def status(self) -> str:
        """The seeds' common status; ``partial`` where only some are done."""
        statuses = {result.status for result in self.results}
        if len(statuses) == 1:
            return statuses.pop()
        return "partial" if "done" in statuses else next(s for s in ("failed", "running", "stale", "pending") if s in statuses)

    @property
    def notes(self) -> str:
        """Why something is missing, or which model stands here too."""
        same = [f"same model as {self.same_as}: trained once"] if self.same_as else []
        unfinished = Counter(f"{r.status}: {r.notes}" if r.notes else r.status for r in self.results if r.status != "done")
        return "; ".join(
            same + [text if len(self.results) == 1 else f"{n} of {len(self.results)} seeds {text}" for text, n in unfinished.items()]
        )


def collect_cells(results: Sequence[Result]) -> list[Cell]:
    """Cells in the order of the plan."""
    cell_of = {result.member.name: result.member.cell_name for result in results}
    by_cell: dict[str, list[Result]] = {}
    for result in results:
        by_cell.setdefault(result.member.cell_name, []).append(result)
    return [
        Cell(name, label_of(group[0].member.cell), group[0].member.cell, tuple(group), _same_as(group[0].member, cell_of))
        for name, group in by_cell.items()
    ]


def label_of(cell: Mapping[str, Any]) -> str:
    """`{"pool": "mean", "met": False, "vector": 4}` -> ``mean, no met, vector 4``."""
    return ", ".join(_words(axis, value) for axis, value in cell.items()) or "this classifier"


def ranked_by_validation(cells: Sequence[Cell]) -> list[Cell]:
    """Distinct cells with a finished seed, best validation AUROC first; unknown ones last."""
    candidates = [cell for cell in cells if cell.finished and not cell.same_as]
    return sorted(candidates, key=lambda cell: -np.nan_to_num(cell.val_auroc, nan=-1.0))


def set_aside_other_events(results: Sequence[Result], baselines: Mapping[str, Scores]) -> list[Result]:
    """Members that were evaluated on other events than the rest become ``stale``: nothing of theirs can be compared.

    The events that count are those of the baselines, or without baselines those of most members.
    """
    seen = Counter(result.scores.digest for result in results if result.status == "done" and result.scores is not None)
    expected = next((scores.digest for scores in baselines.values()), None) or next((digest for digest, _ in seen.most_common(1)), None)

    def checked(result: Result) -> Result:
        if result.status != "done" or result.scores is None or result.scores.digest == expected:
            return result
        return replace(result, status="stale", notes=f"evaluated on other events (digest {result.scores.digest}, expected {expected})")

    return [checked(result) for result in results]


def _words(axis: str, value: Any) -> str:
    name = axis.rsplit(".", 1)[-1].replace("_", " ")
    if isinstance(value, bool):
        return name if value else f"no {name}"
    return value if isinstance(value, str) else f"{name} {value}"


def _same_as(member: Member, cell_of: Mapping[str, str]) -> str:
    return cell_of.get(member.folder, member.folder) if member.folder != member.name else ""
