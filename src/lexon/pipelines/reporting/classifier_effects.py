"""Cells of classifiers, their AUROCs, and what each axis of a grid does: all numbers of their
report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from itertools import combinations
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon.config import ReportConfig
from lexon.datasets.identity import is_part, part_digest
from lexon.experiments import Result
from lexon.metrics import ranking
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.cells import (
    Cell,
    collect_cells,
    most_common_rows,
    set_aside_other_rows,
)
from lexon.pipelines.reporting.claim_evidence import Evidence, known
from lexon.pipelines.reporting.one_at_a_time import one_at_a_time_labels, plain_cell
from lexon.pipelines.reporting.tables import BOUNDS, Row, difference_row
from lexon.pipelines.reporting.words import axis_words, level_words
from lexon.statistics import (
    ABSENT,
    SEED,
    UNPAIRED,
    Contrast,
    Difference,
    Grid,
    Interval,
    Mean,
    Setting,
    SmallestEffect,
    Trainings,
    Verdict,
    compare,
    contrasts,
    resample,
    score_statistics,
    share_intervals,
)

Baselines = Mapping[str, Scores]

Key = TypeVar("Key", bound=Hashable)
EFFECT_COLUMNS = (
    "run",
    "kind",
    "axis",
    "a",
    "b",
    "second_axis",
    "with",
    "less_with",
    "averaged_over",
    "n_averaged",
    *BOUNDS,
    "relative",
    "verdict",
    "effect",
    "n_resamples",
    "status",
    "notes",
)
MEAN_COLUMNS = (
    "run",
    "axis",
    "level",
    "second_axis",
    "second_level",
    "auroc",
    "low",
    "high",
    "n_averaged",
    "n_settings",
    "balanced",
)
ALONE_IN_THE_GRID = "nothing else varies"
ONE_SETTING = "one setting"
NOT_FINISHED = "not all cells are finished"
OTHER_EVENTS = "evaluated on other test events"


@dataclass(frozen=True, eq=False)
class ClassifierCell(Cell):
    """A cell of classifiers.

    Attributes:
        events: digest of the test events that most of the report is about.
        unnamed: by name of a cell, the axes that its label leaves out.
        labels: by name of a cell, in a grid that changes one parameter at a time.
    """

    events: str | None = None
    unnamed: Mapping[str, Collection[str]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """E.g. ``direct, mean, no MET``."""
        if short := self.labels.get(self.name):
            return short
        named = {
            axis: value
            for axis, value in self.axes.items()
            if axis not in self.unnamed.get(self.name, ())
        }
        return label_of(named) or words_of(self.config)

    @property
    def apart(self) -> bool:
        """Whether it has other test events than the rest, as finished tokens of another analysis
        may.
        """
        return any(_digest(result) not in (None, self.events) for result in self.finished)

    @property
    def scores(self) -> list[Scores]:
        """Test scores of the finished seeds."""
        return [result.scores for result in self.finished if result.scores is not None]

    @property
    def val_auroc(self) -> float:
        """Validation AUROC, mean over finished seeds: what every choice is made by."""
        return self.mean("val", "auroc")


def classifier_cells(
    results: Sequence[Result], baselines: Baselines
) -> tuple[list[ClassifierCell], Baselines]:
    """Cells in the order of the plan, and the baselines, on common events; members of other events
    are set aside.

    The events that count are those of the baselines, or without baselines those of most members.
    Another's token file may hold other events by right: its members stay, in cells that are
    `apart`, if they share them.
    """
    results, baselines = on_common_events(results, baselines)
    expected = _expected_events(results, baselines)
    others = [result for result in results if result.member.config["tokeniser"]["kind"] == "ambre"]
    by_right = (
        {result.member.name for result in others}
        if len({_digest(result) for result in others} - {None}) == 1
        else set()
    )
    checked = set_aside_other_rows(
        results, lambda one: None if one.member.name in by_right else _digest(one), expected
    )
    cells = {result.member.cell_name: result.member.cell for result in checked}
    return (
        collect_cells(
            checked,
            ClassifierCell,
            events=expected,
            unnamed=_unnamed(cells),
            labels=one_at_a_time_labels(cells),
        ),
        baselines,
    )


def _unnamed(cells: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Of each cell of a grid with gaps the axes that do not concern it, as `binning.n_bins` codes:
    no other cell differs in them alone.

    Nothing where two cells would look alike without.
    """
    beside = {
        axis: Counter(_without(cell, [axis]) for cell in cells.values())
        for axis in _spanned(list(cells.values()))
        if axis != "tokeniser"
    }
    alone = {
        name: [axis for axis, others in beside.items() if others[_without(cell, [axis])] == 1]
        for name, cell in cells.items()
    }
    looks = {_without(cell, alone[name]) for name, cell in cells.items()}
    return alone if len(looks) == len(cells) else {}


def _spanned(cells: Sequence[Mapping[str, Any]]) -> list[str]:
    """The axes that have several levels."""
    axes = cells[0] if cells else {}
    return [axis for axis in axes if len({repr(cell[axis]) for cell in cells}) > 1]


def _without(cell: Mapping[str, Any], axes: Collection[str]) -> str:
    return repr({axis: value for axis, value in cell.items() if axis not in axes})


def label_of(cell: Mapping[str, Any]) -> str:
    """`{"pool": "mean", "met": False, "vector": 4}` -> ``mean, no MET, vector 4``."""
    return ", ".join(level_words(axis, value) for axis, value in cell.items())


def words_of(config: Mapping[str, Any]) -> str:
    """A classifier that is no cell of a grid by what it is shown: ``direct, mean, MET,
    vector 4``.
    """
    shown = {
        "tokeniser": config["tokeniser"]["kind"],
        **{axis: config.get("classifier", {}).get(axis) for axis in ("pool", "met")},
    }
    shown["vector"] = config["tokeniser"].get("vector")
    return label_of({axis: value for axis, value in shown.items() if value is not None})


def comparable(cells: Sequence[ClassifierCell]) -> list[ClassifierCell]:
    """The cells that were evaluated on the same events: all that may be compared."""
    return [cell for cell in cells if not cell.apart]


def ranked_by_validation(cells: Sequence[ClassifierCell]) -> list[ClassifierCell]:
    """Distinct cells with a finished seed, best validation AUROC first; unknown ones last."""
    candidates = [cell for cell in cells if cell.finished and not cell.original]
    return sorted(candidates, key=lambda cell: -np.nan_to_num(cell.val_auroc, nan=-1.0))


def on_common_events(
    results: Sequence[Result], baselines: Baselines
) -> tuple[list[Result], dict[str, Scores]]:
    """Scores of the events that all have, where another's token file lacks a few of them; otherwise
    all as they are.
    """
    whole = _expected_events(results, baselines)
    every = [
        *(result.scores for result in results if result.scores is not None),
        *baselines.values(),
    ]
    if whole is None or not _has_part(every, whole):
        return list(results), dict(baselines)
    common = reduce(np.intersect1d, [scores.index for scores in every if _is_of(scores, whole)])
    chosen = [
        replace(result, scores=result.scores and _reduced(result.scores, common, whole))
        for result in results
    ]
    return chosen, {kind: _reduced(scores, common, whole) for kind, scores in baselines.items()}


def _has_part(every: Sequence[Scores], whole: str) -> bool:
    return any(is_part(scores.digest, whole) for scores in every)


def _is_of(scores: Scores, whole: str) -> bool:
    return scores.digest == whole or is_part(scores.digest, whole)


def _reduced(scores: Scores, common: NDArray[np.integer], whole: str) -> Scores:
    """The scores of the common events; as they are where they are of other events altogether."""
    if not _is_of(scores, whole):
        return scores
    chosen = scores[np.isin(scores.index, common)]
    return replace(chosen, digest=part_digest(whole, f"{len(common)} common"))


def _expected_events(results: Sequence[Result], baselines: Baselines) -> str | None:
    """Digest of the test events that most of a report is about."""
    return next((scores.digest for scores in baselines.values()), None) or most_common_rows(
        results, _digest
    )


def _digest(result: Result) -> str | None:
    """Of the test events of a finished member."""
    return result.scores.digest if result.status == "done" and result.scores is not None else None


def compare_aurocs(
    trainings: Mapping[str, Trainings], family: Mapping[Key, Sequence[Setting]], min_effect: float
) -> dict[Key, Difference]:
    """The differences in AUROC of one table, which are one family.

    Args:
        trainings: by name, all on the same resamples.
        family: for each difference its settings, as `statistics.compare` takes them.
        min_effect: smallest change of an AUROC that counts.
    """
    if not family:
        return {}
    smallest = SmallestEffect(min_effect, "absolute")
    return compare(trainings, family, smallest, np.random.default_rng(SEED))


@dataclass(frozen=True)
class Aurocs:
    """AUROC of the cells and baselines of a report.

    Attributes:
        paired: trainings by name of the model or kind of the baseline, all on the same resamples; a
            copy has its model's.
        intervals: of every cell that has scores, copies included, and of every baseline.
    """

    paired: dict[str, Trainings]
    intervals: dict[str, Interval]

    def compare(
        self, family: Mapping[Key, Sequence[Setting]], min_effect: float
    ) -> dict[Key, Difference]:
        """The differences of one table."""
        return compare_aurocs(self.paired, family, min_effect)

    def means(self, sums: Mapping[Key, Setting]) -> dict[Key, Interval]:
        """Weighted means of models, each by itself."""
        return share_intervals(self.paired, sums, np.random.default_rng(SEED))

    def row(self, difference: Difference, settings: Sequence[Setting]) -> dict[str, Any]:
        """A difference as columns; the verdict follows from the interval that holds for all of the
        table together.
        """
        subtracted = [
            self.paired[name].estimates.mean()
            for setting in settings
            for name, weight in setting.items()
            if weight < 0
        ]
        reference = float(np.mean(subtracted))
        relative = difference.alone.estimate / reference if reference else np.nan
        return difference_row(difference) | {
            "relative": relative,
            "n_resamples": len(difference.replicates.values),
        }


def measure(cells: Sequence[ClassifierCell], baselines: Baselines, n: int) -> Aurocs:
    """Resample the events `n` times; cells that are `apart` have resamples of their own events,
    those of one file the same ones.
    """
    paired = _trainings(comparable(cells), baselines, n)
    others: dict[str, list[ClassifierCell]] = {}
    for cell in cells:
        if cell.apart:
            others.setdefault(cell.scores[0].digest, []).append(cell)
    found = _alone(paired)
    for group in others.values():
        found |= _alone(_trainings(group, {}, n))
    return Aurocs(
        paired,
        {
            **found,
            **{cell.name: found[cell.trained.name] for cell in cells if cell.trained.name in found},
        },
    )


def evidence_of(cells: Sequence[ClassifierCell], aurocs: Aurocs, report: ReportConfig) -> Evidence:
    """What claims about classifiers may name: the AUROC of cells that were evaluated on the same
    events.
    """
    trainings = {f"auroc:{name}": found for name, found in aurocs.paired.items()}
    smallest = {"auroc": SmallestEffect(report.min_effect.score, "absolute")}
    found = partial(known, trainings)
    return Evidence(comparable(cells), found, smallest, level_words, shares={"auroc"})


def _trainings(
    cells: Sequence[ClassifierCell], baselines: Baselines, n: int
) -> dict[str, Trainings]:
    groups = {cell.name: cell.scores for cell in cells if cell.scores and not cell.original}
    groups |= {kind: [scores] for kind, scores in baselines.items()}
    if not groups:
        return {}
    statistics, n_events = score_statistics(groups, ranking.auroc)
    return resample(statistics, n_events, n, np.random.default_rng(SEED), seedless=baselines)


def _alone(trainings: Mapping[str, Trainings]) -> dict[str, Interval]:
    return share_intervals(
        trainings, {name: {name: 1.0} for name in trainings}, np.random.default_rng(SEED)
    )


def grid_of(cells: Sequence[ClassifierCell], finished: Collection[str]) -> Grid:
    """The plan of these cells; `finished` are the names of those with a result."""
    models = {cell.name: cell.trained.name for cell in cells}
    axes = {cell.name: cell.axes for cell in cells}
    return Grid(
        axes,
        models,
        finished,
        {cell.name for cell in cells if cell.apart},
        cells[0].unnamed if cells else {},
        axes.get(plain_cell(axes), {}),
    )


def effects_table(grid: Grid, aurocs: Aurocs, min_effect: float, run: str) -> pd.DataFrame:
    """One row a main effect or two-way interaction, all of them one family."""
    planned = contrasts(grid)
    found = aurocs.compare(
        {i: contrast.settings for i, contrast in enumerate(planned) if contrast.settings},
        min_effect,
    )
    rows = [
        {"run": run}
        | contrast_row(contrast, grid)
        | (
            aurocs.row(found[i], contrast.settings) | {"status": "done", "notes": ""}
            if i in found
            else _not_compared(contrast)
        )
        for i, contrast in enumerate(planned)
    ]
    return pd.DataFrame(rows, columns=list(EFFECT_COLUMNS))


def means_table(grid: Grid, aurocs: Aurocs, run: str) -> pd.DataFrame:
    """One row a level of each axis, then one row a pair of levels of each two axes: mean AUROC over
    the settings of the others.
    """
    chosen = [(axis,) for axis in grid.axes] + list(combinations(grid.axes, 2))
    means = [mean for axes in chosen for mean in grid.means(*axes)]
    found = aurocs.means(
        {i: _of_models(mean, grid) for i, mean in enumerate(means) if mean.weights}
    )
    unknown = Interval(np.nan, np.nan, np.nan)
    rows = [{"run": run} | _mean_row(mean, found.get(i, unknown)) for i, mean in enumerate(means)]
    return pd.DataFrame(rows, columns=list(MEAN_COLUMNS))


def _of_models(mean: Mean, grid: Grid) -> Setting:
    """Weights of models: one that stands in several cells has the weight of all."""
    weights: dict[str, float] = {}
    for name, weight in mean.weights.items():
        weights[grid.models[name]] = weights.get(grid.models[name], 0.0) + weight
    return weights


def contrast_row(contrast: Contrast, grid: Grid) -> Row:
    """What is compared, as columns."""
    (axis, (a, b)), *second = contrast.levels.items()
    row: Row = {
        "kind": "main effect",
        "axis": axis,
        "a": level_words(axis, a),
        "b": level_words(axis, b),
    }
    row |= {
        "second_axis": "",
        "with": "",
        "less_with": "",
        "averaged_over": _settings(contrast, grid),
        "n_averaged": contrast.n_used,
    }
    for other, (one, less) in second:
        row |= {
            "kind": "interaction",
            "second_axis": other,
            "with": level_words(other, one),
            "less_with": level_words(other, less),
        }
    return row


def _settings(contrast: Contrast, grid: Grid) -> str:
    """Which settings of the other axes an effect is averaged over, and why not over the rest."""
    others = ", ".join(axis_words(axis) for axis in grid.axes if axis not in contrast.levels)
    if not others:
        return ALONE_IN_THE_GRID
    if contrast.n_used == 1 and contrast.left_out == {ABSENT: contrast.n_settings - 1}:
        return f"{ONE_SETTING} of {others}"
    reasons = [f"{n} {reason}" for reason, n in contrast.left_out.items()]
    number = f"{contrast.n_used} of {contrast.n_settings}" if reasons else f"{contrast.n_used}"
    return f"{number} settings of {others}" + (f": {', '.join(reasons)}" if reasons else "")


def _not_compared(contrast: Contrast) -> Row:
    unpaired = contrast.left_out.get(UNPAIRED, 0) == contrast.n_compared
    status, notes = ("done", OTHER_EVENTS) if unpaired else ("pending", NOT_FINISHED)
    numbers = dict.fromkeys((*BOUNDS, "relative"), np.nan)
    return numbers | {
        "verdict": str(Verdict.UNDECIDED),
        "effect": False,
        "n_resamples": 0,
        "status": status,
        "notes": notes,
    }


def _mean_row(mean: Mean, interval: Interval) -> Row:
    (axis, level), *second = mean.levels.items()
    row: Row = {
        "axis": axis,
        "level": level_words(axis, level),
        "second_axis": "",
        "second_level": "",
    }
    for other, value in second:
        row |= {"second_axis": other, "second_level": level_words(other, value)}
    numbers = {"auroc": interval.estimate, "low": interval.low, "high": interval.high}
    return (
        row
        | numbers
        | {
            "n_averaged": mean.n_used,
            "n_settings": mean.n_settings,
            "balanced": mean.balanced,
        }
    )
