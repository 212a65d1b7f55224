"""Classifiers on a second sample: their AUROC there, its difference to that of the own test split,
and how far the two samples are apart.

The samples have no event in common, so each is resampled by itself; a training is the same one on
both, so differences are taken seed by seed, and what a seed does to both cancels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lexon.config import ReportConfig
from lexon.datasets.elsewhere import ElsewhereScores
from lexon.datasets.identity import is_part
from lexon.experiments import Result
from lexon.metrics import ranking
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.asked import (
    BEST,
    REPRESENTATION,
    Asked,
    asked_of,
    compared_on_events,
    in_order,
    known_of,
    shown_rows,
)
from lexon.pipelines.reporting.classifier_effects import (
    Aurocs,
    Baselines,
    ClassifierCell,
    compare_aurocs,
)
from lexon.pipelines.reporting.classifier_weights import by_effective_number
from lexon.pipelines.reporting.tables import (
    BOUNDS,
    COMPARED,
    Row,
    difference_row,
    interval_row,
    rows_of,
)
from lexon.pipelines.reporting.words import bounded, members_without, paired
from lexon.statistics import (
    SEED,
    Contest,
    Interval,
    Trainings,
    contest_trainings,
    resample,
    score_statistics,
    share_intervals,
)
from lexon.weighting import effective_number

ALL = "all"
THERE, CHANGE = "AUROC on the other sample", "change from the own test split"
ELSEWHERE_COLUMNS = (
    "run",
    "kind",
    "cell",
    "label",
    "against",
    "auroc_test",
    "auroc_test_low",
    "auroc_test_high",
    "auroc_elsewhere",
    "auroc_elsewhere_low",
    "auroc_elsewhere_high",
    *BOUNDS,
    "verdict",
    "effect",
    "n_seeds",
)
DIFFERENCE_COLUMNS = (
    "run",
    "statistic",
    "kind",
    *COMPARED,
)
SHIFT_COLUMNS = (
    "run",
    "kind",
    "group",
    "feature",
    "distance",
    "floor",
    "floor_all",
    "median_test",
    "median_elsewhere",
    "n_test",
    "n_elsewhere",
)
TWO_SAMPLE_COLUMNS = ("run", "group", "auroc", "auroc_low", "auroc_high", "n_test", "n_elsewhere")
# Events of either class below which AUROCs against one process are left out.
FEWEST = 50
# Share of the background that a process may have more or less of before the mix is a caveat.
SAME_MIX = 0.02
CHANCE = 3  # standard errors
SHOWN, OTHER = "shown", "other"
MOST_FEATURES = 12  # of a group on the page
_MOST_LISTED = 3


@dataclass(frozen=True)
class LeftElsewhere:
    """What a run has left of a second sample.

    Attributes:
        of_member: a member's scores, if any.
        baselines: scores of the baselines, by kind.
        shift: sample_shift.json.
    """

    of_member: Callable[[Result], ElsewhereScores | None]
    baselines: Baselines
    shift: Mapping[str, Any] | None


class Both(NamedTuple):
    """Trainings by cell and kind of baseline, on the own test split and on the second sample."""

    test: Mapping[str, Trainings]
    elsewhere: Mapping[str, Trainings]

    @property
    def change(self) -> dict[str, Trainings]:
        """Second sample less test split, seed by seed."""
        return {
            name: Trainings(
                there.estimates - self.test[name].estimates,
                there.values - self.test[name].values,
                there.seedless,
            )
            for name, there in self.elsewhere.items()
        }


@dataclass(frozen=True)
class Elsewhere:
    """The second sample in a report.

    Attributes:
        notes: what is compared, what is missing, or why there is nothing.
        run: the label that keeps results apart.
        found: by what the signal is held against, all of it or one process.
        shown: kind, name and label of each cell and baseline, best on validation first.
        asked: differences between them.
        min_effect: smallest change of an AUROC that counts.
        shift: sample_shift.json.
    """

    notes: Sequence[str]
    run: str
    found: Mapping[str, Both] = field(default_factory=dict)
    shown: Sequence[Row] = ()
    asked: Sequence[Asked] = ()
    min_effect: float = 0.0
    shift: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a cell or baseline and process, all of them one family."""
        changes = {
            (against, name): trainings
            for against, both in self.found.items()
            for name, trainings in both.change.items()
        }
        flat = {_key(*key): trainings for key, trainings in changes.items()}
        family = {key: [{_key(*key): 1.0}] for key in changes}
        found = compare_aurocs(flat, family, self.min_effect)
        rows = [
            {"run": self.run}
            | one
            | {"against": against}
            | self._intervals(against, one["cell"])
            | difference_row(found[against, one["cell"]])
            | {"n_seeds": both.test[one["cell"]].n}
            for one in self.shown
            for against, both in self.found.items()
        ]
        return pd.DataFrame(rows, columns=list(ELSEWHERE_COLUMNS))

    @cached_property
    def differences(self) -> pd.DataFrame:
        """One row a difference between classifiers, there and in how they change; those of one
        statistic are one family.
        """
        if ALL not in self.found:
            return pd.DataFrame(columns=list(DIFFERENCE_COLUMNS))
        both = self.found[ALL]
        family = {number: one.settings for number, one in enumerate(self.asked)}
        rows = [
            {"run": self.run, "statistic": statistic}
            | self.asked[number].row
            | difference_row(difference)
            for statistic, trainings in ((THERE, both.elsewhere), (CHANGE, both.change))
            for number, difference in compare_aurocs(trainings, family, self.min_effect).items()
        ]
        return pd.DataFrame(rows, columns=list(DIFFERENCE_COLUMNS))

    @cached_property
    def shifts(self) -> pd.DataFrame:
        """One row a group of events and feature, furthest first; `shown` are those of the page."""
        rows: list[Row] = []
        for group in dict.fromkeys(row["group"] for row in self.shift.get("features", ())):
            own = [row for row in self.shift["features"] if row["group"] == group]
            own.sort(key=lambda row: -row["distance"])
            n_shown = MOST_FEATURES if group == ALL else 0
            rows += [
                {"run": self.run, "kind": SHOWN if place < n_shown else OTHER} | row
                for place, row in enumerate(own)
            ]
        return pd.DataFrame(rows, columns=list(SHIFT_COLUMNS))

    @cached_property
    def two_samples(self) -> pd.DataFrame:
        """One row a group of events: how well the samples are told apart."""
        rows = [{"run": self.run} | row for row in self.shift.get("two_samples", ())]
        return pd.DataFrame(rows, columns=list(TWO_SAMPLE_COLUMNS))

    @cached_property
    def _alone(self) -> dict[tuple[str, str], dict[str, Interval]]:
        return {
            (against, where): share_intervals(
                trainings, {name: {name: 1.0} for name in trainings}, np.random.default_rng(SEED)
            )
            for against, both in self.found.items()
            for where, trainings in both._asdict().items()
        }

    def _intervals(self, against: str, name: str) -> Row:
        row: Row = {}
        for where in Both._fields:
            row |= interval_row(f"auroc_{where}", self._alone[against, where][name])
        return row


def _key(against: str, name: str) -> str:
    return f"{against}:{name}"


def elsewhere_of_report(
    cells: Sequence[ClassifierCell],
    baselines: Baselines,
    aurocs: Aurocs,
    left: LeftElsewhere,
    labels: Mapping[str, str],
    report: ReportConfig,
    run: str,
) -> Elsewhere:
    """What a report says of a second sample, or the reason why it says nothing.

    Args:
        labels: of the baselines, by kind.
    """
    if left.shift is None:
        return Elsewhere(["The second sample (evaluation.path) was not compared yet."], run)
    ranked, test = compared_on_events(cells, baselines)
    reasons: dict[str, list[str]] = {}
    there = dict(_scored(ranked, baselines, left, reasons))
    notes = [*map(str, left.shift["notes"]), *members_without("Not in it", reasons, _MOST_LISTED)]
    if not there:
        return Elsewhere([*notes, "Nothing is scored on it yet."], run, shift=left.shift)
    own = {name: test[name] for name in there}
    found = dict(_found(own, there, aurocs, report.n_bootstrap, baselines))
    one, other = _first(own), _first(there)
    return Elsewhere(
        [
            *_method(found),
            *_not_against(one, other),
            *_mix(one, other, list(found)),
            *_weights(one, other),
            *_of_other_events(one, left.shift),
            *notes,
        ],
        run,
        found,
        [row for row in shown_rows(ranked, labels) if row["cell"] in there],
        known_of(asked_of(cells, ranked, aurocs, labels), there),
        report.min_effect.score,
        left.shift,
    )


def _scored(
    ranked: Sequence[ClassifierCell],
    baselines: Baselines,
    left: LeftElsewhere,
    reasons: dict[str, list[str]],
) -> Iterator[tuple[str, Sequence[Scores]]]:
    """Scores of the second sample of each cell that has them of every seed, and of baselines."""
    for cell in ranked:
        seeds = [_usable(result, left, reasons) for result in cell.finished]
        if None not in seeds:
            yield cell.name, [one for one in seeds if one is not None]
    for kind, scores in left.baselines.items():
        if kind in baselines and left.shift and scores.digest == left.shift["digest"]:
            yield kind, [scores]


def _first(groups: Mapping[str, Sequence[Scores]]) -> Scores:
    """Of any classifier: what all have in common is the events."""
    return in_order(next(iter(groups.values()))[0])


def _usable(result: Result, left: LeftElsewhere, reasons: dict[str, list[str]]) -> Scores | None:
    """A member's scores of the second sample; where there are none, the reason is noted."""
    found = left.of_member(result)
    assert left.shift is not None
    if found is None:
        reason = "which did not score it (it reads finished tokens of others, or was not run yet)"
    elif found.training != result.record.get("started"):
        reason = "whose scores of it are of another training (run the experiment again)"
    elif found.scores.digest != left.shift["digest"]:
        reason = "whose scores are of another second sample (run the experiment again)"
    else:
        return found.scores
    reasons.setdefault(reason, []).append(result.member.folder)
    return None


def _found(
    test: Mapping[str, Sequence[Scores]],
    there: Mapping[str, Sequence[Scores]],
    aurocs: Aurocs,
    n: int,
    seedless: Mapping[str, Any],
) -> Iterator[tuple[str, Both]]:
    """The AUROC of all events as in the rest of the report, and that against each process of one
    name in both samples.
    """
    one, other = _first(test), _first(there)
    if len(np.unique(other.target)) == len(other.class_names):
        statistics, n_events = score_statistics(there, ranking.auroc)
        resampled = resample(statistics, n_events, n, _of_second(), seedless=seedless)
        yield ALL, Both({name: aurocs.paired[name] for name in there}, resampled)
    contests = _contests(one, other)
    enough = {name: both for name, both in contests.items() if not _too_few(one, other, both)}
    if not enough:
        return
    own, second = zip(*enough.values(), strict=True)
    first = contest_trainings(test, own, n, np.random.default_rng(SEED), seedless)
    elsewhere = contest_trainings(there, second, n, _of_second(), seedless)
    for name, of_test, of_other in zip(enough, first, elsewhere, strict=True):
        yield name, Both(of_test, of_other)


def _of_second() -> np.random.Generator:
    """Draws the second sample's events, apart from those of the first."""
    return np.random.default_rng([SEED, 1])


def _contests(one: Scores, other: Scores) -> dict[str, list[Contest]]:
    """In both samples the signal against each process of one name; none where either has a single
    background, as that is against all.
    """
    if {len(one.backgrounds), len(other.backgrounds)} == {1}:
        return {}
    names = [name for name in one.backgrounds if name in other.backgrounds]
    return {name: [_contest(scores, name) for scores in (one, other)] for name in names}


def _contest(scores: Scores, name: str) -> Contest:
    """The signal against one process; events by their index."""
    background = ~scores.is_signal & (scores.labels == scores.backgrounds[name])
    return Contest(np.flatnonzero(scores.is_signal), np.flatnonzero(background))


def _too_few(one: Scores, other: Scores, both: Sequence[Contest]) -> bool:
    worth = (contest.worth(own.weights) for contest, own in zip(both, (one, other), strict=True))
    return min(worth) < FEWEST


def _not_against(one: Scores, other: Scores) -> list[str]:
    """Processes that the signal is not held against, a sentence each."""
    weighted = next((own for own in (one, other) if own.weights is not None), one)
    return [
        f"No AUROC against {name}: {len(own.positives):,} events of the signal and"
        f" {len(own.negatives):,} of it in the own test split, {len(second.positives):,} and"
        f" {len(second.negatives):,} in the second sample; {FEWEST} of each are"
        f" needed{by_effective_number(weighted)}."
        for name, (own, second) in _contests(one, other).items()
        if _too_few(one, other, (own, second))
    ]


def _method(found: Mapping[str, Both]) -> list[str]:
    return [
        *(
            []
            if ALL in found
            else ["No AUROC of all of it: an event of each class is needed, and one is missing."]
        ),
        "All that is fitted or trained is that of the own training split; the second sample is"
        " scored and nothing else. Differences are its AUROC less that of the own test split:"
        " each sample is resampled by itself, since they share no event, and the seeds are paired.",
        "Distances are those of distribution functions (Kolmogorov and Smirnov); the floor is what"
        " 95 % of random divisions of the same events into two parts of these sizes stay below. The"
        " classifier of samples is boosted trees on the same quantities, each event scored by trees"
        " that have not seen it: 0.5 is not told apart.",
    ]


def _mix(test: Scores, other: Scores, against: Sequence[str]) -> list[str]:
    """The backgrounds of both, where they are not the same mix."""
    shares, sizes = zip(*map(_backgrounds, (test, other)), strict=True)
    names = dict.fromkeys(name for one in shares for name in one)
    if not any(_differs(*(one.get(name, 0.0) for one in shares), *sizes) for name in names):
        return []
    listed = [", ".join(f"{name} {share:.0%}" for name, share in one.items()) for one in shares]
    apart = "; those against one process do not" if set(against) - {ALL} else ""
    return [
        f"Other background: {listed[0]} of the own test split, {listed[1] or 'nothing'} of the"
        f" second sample. Differences of all hold this too{apart}."
    ]


def _backgrounds(scores: Scores) -> tuple[dict[str, float], float]:
    """Share of each process in the background, by weight, and how many events of equal weight that
    is worth.
    """
    labels, weights = scores.labels[~scores.is_signal], scores.counted[~scores.is_signal]
    total = float(weights.sum())
    if not total > 0:
        return {}, 0.0
    shares = {
        name: float(weights[labels == label].sum()) / total
        for name, label in scores.backgrounds.items()
    }
    return shares, effective_number(weights)


def _differs(one: float, other: float, n: float, m: float) -> bool:
    """Whether a share differs by enough to matter, and by more than chance."""
    error = (one * (1 - one) / max(n, 1) + other * (1 - other) / max(m, 1)) ** 0.5
    return abs(one - other) > max(SAME_MIX, CHANCE * error)


def _weights(test: Scores, other: Scores) -> list[str]:
    if (test.weights is None) == (other.weights is None):
        return []
    weighted, plain = ("own test split", "second sample")[:: 1 if other.weights is None else -1]
    return [f"Events of the {weighted} are weighted, those of the {plain} are not."]


def _of_other_events(test: Scores, shift: Mapping[str, Any]) -> list[str]:
    """A report that is made alone may find a comparison with events that were replaced since."""
    whole = str(shift["test_digest"])
    if test.digest == whole or is_part(test.digest, whole):
        return []
    return [
        "Distances, and the AUROC of telling the samples apart, are of another test split than that"
        " of the members (run the experiment again)."
    ]


def elsewhere_sentences(found: Elsewhere) -> list[str]:
    """How the best network does there, how that compares, and how far the samples are apart."""
    return [*_there(found), *_compared_there(found), *_apart(found)] if found.shift else []


def _there(found: Elsewhere) -> list[str]:
    """The best network and each baseline."""
    rows = [row for row in rows_of(found.table) if row["against"] == ALL]
    cells = [row for row in rows if row["kind"] == "cell"][:1]
    baselines = [row for row in rows if row["kind"] == "baseline"]
    listed = "; ".join(_in_words(row) for row in [*cells, *baselines])
    return [f"On another sample ({found.shift['path']}): {listed}."] if rows else []


def _compared_there(found: Elsewhere) -> list[str]:
    compared = [
        f"{row['a']} less {row['b']} {paired(row)} there, {row['verdict']}"
        for row in rows_of(found.differences)
        if row["statistic"] == THERE and row["kind"] in (BEST, REPRESENTATION)
    ]
    return [f"On the other sample {'; '.join(compared)}."] if compared else []


def _in_words(row: Row) -> str:
    there = bounded(
        row["auroc_elsewhere"], row["auroc_elsewhere_low"], row["auroc_elsewhere_high"], 3
    )
    return (
        f"{row['label']} AUROC {there}, {paired(row)} against its own test split, {row['verdict']}"
    )


def _apart(found: Elsewhere) -> list[str]:
    told = [row for row in rows_of(found.two_samples) if row["group"] == ALL]
    if not told:
        return []
    far = [
        row
        for row in rows_of(found.shifts)
        if row["group"] == ALL and row["distance"] > row["floor_all"]
    ]
    listed = ", ".join(
        f"{row['feature']} {row['distance']:.2f} (floor {row['floor_all']:.2f})"
        for row in far[:_MOST_LISTED]
    )
    apart = bounded(told[0]["auroc"], told[0]["auroc_low"], told[0]["auroc_high"], 3)
    return [
        f"Trees tell the two samples apart with AUROC {apart} (0.5: not at all);"
        f" {len(far)} of {len(found.shifts[found.shifts['group'] == ALL])} quantities are further"
        f" apart than chance{f', furthest {listed}' if listed else ''}."
    ]
