"""Members put together by cell: what is finished, what is not and why, and what joins the statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np

from lexon.datasets.identity import is_part, part_digest
from lexon.experiments import Member, Result
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.status import common_status, unfinished_notes


@dataclass(frozen=True)
class Cell:
    """One combination of the grid's axes with all its seeds.

    Attributes:
        name: as in members' folders, without the seed.
        label: the same for a reader, e.g. ``direct, mean, no MET``.
        axes: value of each axis.
        results: one a seed.
        same_as: name of an earlier cell that is the same model and was trained in its place, or "".
        apart: evaluated on other test events than the rest, as finished tokens of another analysis may be: comparable with no other cell.
        original: label of the cell in whose place it stands, or "".
    """

    name: str
    label: str
    axes: dict[str, Any]
    results: tuple[Result, ...]
    same_as: str
    apart: bool
    original: str

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
        return common_status(self.results)

    @property
    def notes(self) -> str:
        """Why something is missing, or which model stands here too."""
        same = [f"same model as {self.original}: trained once"] if self.same_as else []
        same += ["evaluated on other test events: unpaired, in no comparison"] if self.apart else []
        return "; ".join(same + unfinished_notes(self.results))


def collect_cells(results: Sequence[Result], baselines: Mapping[str, Scores]) -> list[Cell]:
    """Cells in the order of the plan; `results` are those that `set_aside_other_events` left."""
    members = {result.member.name: result.member for result in results}
    expected = _expected_events(results, baselines)
    by_cell: dict[str, list[Result]] = {}
    for result in results:
        by_cell.setdefault(result.member.cell_name, []).append(result)
    return [_cell(group, members, expected) for group in by_cell.values()]


def _cell(seeds: Sequence[Result], members: Mapping[str, Member], expected: str | None) -> Cell:
    first = seeds[0].member
    original = members.get(first.folder, first)
    return Cell(
        name=first.cell_name,
        label=label_of(first.cell) or words_of(first.config),
        axes=first.cell,
        results=tuple(seeds),
        same_as=original.cell_name if original is not first else "",
        apart=bool(_digests(seeds) - {expected}),
        original=(label_of(original.cell) or words_of(original.config)) if original is not first else "",
    )


def label_of(cell: Mapping[str, Any]) -> str:
    """`{"pool": "mean", "met": False, "vector": 4}` -> ``mean, no MET, vector 4``."""
    return ", ".join(level_words(axis, value) for axis, value in cell.items())


def words_of(config: Mapping[str, Any]) -> str:
    """A classifier that is no cell of a grid by what it is shown: ``direct, mean, MET, vector 4``."""
    shown = {"tokeniser": config["tokeniser"]["kind"], **{axis: config.get("classifier", {}).get(axis) for axis in ("pool", "met")}}
    shown["vector"] = config["tokeniser"].get("vector")
    return label_of({axis: value for axis, value in shown.items() if value is not None})


def level_words(axis: str, value: Any) -> str:
    """A level of an axis where the axis goes without saying: ``max``, ``no MET``, ``vector 4``."""
    name = axis_words(axis)
    if value is None:
        return f"all {name}" if axis == "n_train" else f"no {name}"
    if isinstance(value, bool):
        return name if value else f"no {name}"
    return value if isinstance(value, str) else f"{name} {value}"


def axis_words(axis: str) -> str:
    """``training.lr`` -> ``lr``, ``met`` -> ``MET``."""
    return {"met": "MET", "n_train": "training events"}.get(axis, axis.rsplit(".", 1)[-1].replace("_", " "))


def comparable(cells: Sequence[Cell]) -> list[Cell]:
    """The cells that were evaluated on the same events: all that may be compared."""
    return [cell for cell in cells if not cell.apart]


def ranked_by_validation(cells: Sequence[Cell]) -> list[Cell]:
    """Distinct cells with a finished seed, best validation AUROC first; unknown ones last."""
    candidates = [cell for cell in cells if cell.finished and not cell.same_as]
    return sorted(candidates, key=lambda cell: -np.nan_to_num(cell.val_auroc, nan=-1.0))


def on_common_events(results: Sequence[Result], baselines: Mapping[str, Scores]) -> tuple[list[Result], dict[str, Scores]]:
    """Scores of the events that all have, where another's token file lacks a few of them; otherwise all as they are."""
    whole = _expected_events(results, baselines)
    known = [result for result in results if result.status == "done" and result.scores is not None]
    every = [*(result.scores for result in known if result.scores is not None), *baselines.values()]
    if whole is None or not any(is_part(scores.digest, whole) for scores in every):
        return list(results), dict(baselines)
    paired = [scores for scores in every if scores.digest == whole or is_part(scores.digest, whole)]
    common = reduce(np.intersect1d, [scores.index for scores in paired])

    def reduced(scores: Scores) -> Scores:
        if not (scores.digest == whole or is_part(scores.digest, whole)):
            return scores
        rows = np.isin(scores.index, common)
        arrays = {name: getattr(scores, name)[rows] for name in ("probabilities", "target", "labels", "index")}
        return replace(scores, **arrays, digest=part_digest(whole, f"{len(common)} common"))

    chosen = [replace(one, scores=reduced(one.scores)) if one.status == "done" and one.scores is not None else one for one in results]
    return chosen, {kind: reduced(scores) for kind, scores in baselines.items()}


def set_aside_other_events(results: Sequence[Result], baselines: Mapping[str, Scores]) -> list[Result]:
    """Members that were evaluated on other events than the rest become ``stale``: nothing of theirs can be compared.

    The events that count are those of the baselines, or without baselines those of most members. Another's token file may
    hold other events by right: its members stay, in cells that are `apart`, if they share them.
    """
    expected = _expected_events(results, baselines)
    others = [result for result in results if result.member.config["tokeniser"]["kind"] == "ambre"]
    apart = {result.member.name for result in others} if len(_digests(others)) == 1 else set()

    def checked(result: Result) -> Result:
        found = _digests([result])
        if found <= {expected} or result.member.name in apart:
            return result
        return replace(result, status="stale", notes=f"evaluated on other events (digest {found.pop()}, expected {expected})")

    return [checked(result) for result in results]


def _expected_events(results: Sequence[Result], baselines: Mapping[str, Scores]) -> str | None:
    """Digest of the test events that most of a report is about."""
    seen = Counter(digest for result in results for digest in _digests([result]))
    return next((scores.digest for scores in baselines.values()), None) or next((digest for digest, _ in seen.most_common(1)), None)


def _digests(results: Sequence[Result]) -> set[str]:
    """Of the test events of finished members."""
    return {result.scores.digest for result in results if result.status == "done" and result.scores is not None}
