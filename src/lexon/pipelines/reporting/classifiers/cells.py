"""Cells of classifiers: what they are called, which test events they share, and how they rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.datasets.identity import is_part, part_digest
from lexon.experiments import Result
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.cells import Cell, collect_cells, most_common_rows, set_aside_other_rows
from lexon.pipelines.reporting.words import axis_words

Baselines = Mapping[str, Scores]


@dataclass(frozen=True, eq=False)
class ClassifierCell(Cell):
    """A cell of classifiers; `events` is the digest of the test events that most of the report is about."""

    events: str | None = None

    @property
    def label(self) -> str:
        """E.g. ``direct, mean, no MET``."""
        return label_of(self.axes) or words_of(self.config)

    @property
    def apart(self) -> bool:
        """Whether it has other test events than the rest, as finished tokens of another analysis may."""
        return any(_digest(result) not in (None, self.events) for result in self.finished)

    @property
    def scores(self) -> list[Scores]:
        """Test scores of the finished seeds."""
        return [result.scores for result in self.finished if result.scores is not None]

    @property
    def val_auroc(self) -> float:
        """Validation AUROC, mean over finished seeds: what every choice is made by."""
        return self.mean("val", "auroc")


def classifier_cells(results: Sequence[Result], baselines: Baselines) -> tuple[list[ClassifierCell], Baselines]:
    """Cells in the order of the plan, and the baselines, on common events; members of other events are set aside.

    The events that count are those of the baselines, or without baselines those of most members. Another's token file may
    hold other events by right: its members stay, in cells that are `apart`, if they share them.
    """
    results, baselines = on_common_events(results, baselines)
    expected = _expected_events(results, baselines)
    others = [result for result in results if result.member.config["tokeniser"]["kind"] == "ambre"]
    by_right = {result.member.name for result in others} if len({_digest(result) for result in others} - {None}) == 1 else set()
    checked = set_aside_other_rows(results, lambda one: None if one.member.name in by_right else _digest(one), expected)
    return collect_cells(checked, ClassifierCell, events=expected), baselines


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


def comparable(cells: Sequence[ClassifierCell]) -> list[ClassifierCell]:
    """The cells that were evaluated on the same events: all that may be compared."""
    return [cell for cell in cells if not cell.apart]


def ranked_by_validation(cells: Sequence[ClassifierCell]) -> list[ClassifierCell]:
    """Distinct cells with a finished seed, best validation AUROC first; unknown ones last."""
    candidates = [cell for cell in cells if cell.finished and not cell.original]
    return sorted(candidates, key=lambda cell: -np.nan_to_num(cell.val_auroc, nan=-1.0))


def on_common_events(results: Sequence[Result], baselines: Baselines) -> tuple[list[Result], dict[str, Scores]]:
    """Scores of the events that all have, where another's token file lacks a few of them; otherwise all as they are."""
    whole = _expected_events(results, baselines)
    every = [*(result.scores for result in results if result.scores is not None), *baselines.values()]
    if whole is None or not any(is_part(scores.digest, whole) for scores in every):
        return list(results), dict(baselines)
    paired = [scores for scores in every if _is_of(scores, whole)]
    common = reduce(np.intersect1d, [scores.index for scores in paired])
    chosen = [result if result.scores is None else replace(result, scores=_reduced(result.scores, common, whole)) for result in results]
    return chosen, {kind: _reduced(scores, common, whole) for kind, scores in baselines.items()}


def _is_of(scores: Scores, whole: str) -> bool:
    return scores.digest == whole or is_part(scores.digest, whole)


def _reduced(scores: Scores, common: NDArray[np.integer], whole: str) -> Scores:
    """The scores of the common events; as they are where they are of other events altogether."""
    if not _is_of(scores, whole):
        return scores
    rows = np.isin(scores.index, common)
    arrays = {name: getattr(scores, name)[rows] for name in ("probabilities", "target", "labels", "index")}
    return replace(scores, **arrays, digest=part_digest(whole, f"{len(common)} common"))


def _expected_events(results: Sequence[Result], baselines: Baselines) -> str | None:
    """Digest of the test events that most of a report is about."""
    return next((scores.digest for scores in baselines.values()), None) or most_common_rows(results, _digest)


def _digest(result: Result) -> str | None:
    """Of the test events of a finished member."""
    return result.scores.digest if result.status == "done" and result.scores is not None else None
