"""What each feature of events is worth to each classifier, networks and boosted trees: by how much
its AUROC falls when the feature is exchanged between test events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lexon.config import ReportConfig
from lexon.datasets.arrays import Arrays
from lexon.exchange import FEATURES
from lexon.experiments import Result
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.asked import BEST, REPRESENTATION, Asked, asked_of, known_of
from lexon.pipelines.reporting.cells import grouped
from lexon.pipelines.reporting.classifier_effects import (
    Aurocs,
    Baselines,
    ClassifierCell,
    comparable,
    compare_aurocs,
    ranked_by_validation,
)
from lexon.pipelines.reporting.tables import COMPARED, difference_row, rows_of
from lexon.pipelines.reporting.words import bounded, counted, members_without, paired
from lexon.statistics import (
    CERTAIN,
    SEED,
    ExchangedScores,
    Trainings,
    draw_counts,
    falls,
)

SHOWN, OTHER = "shown", "other"
MAX_SHOWN = 8  # more groups of bars cannot be read
IMPORTANCE_COLUMNS = (
    "run",
    "kind",
    "cell",
    "label",
    "feature",
    "importance",
    "low",
    "high",
    "low_all",
    "high_all",
    "verdict",
    "effect",
    "n_seeds",
    "n_permutations",
)
DIFFERENCE_COLUMNS = (
    "run",
    "kind",
    "feature",
    *COMPARED,
)
# What two machines may differ in a probability; two trainings differ in some event by far more.
_SAME_MODEL = 0.01
_MOST_LISTED = 3
_NOT_MEASURED = (
    "where it was not measured (importance.permutations is 0, events are read as finished tokens,"
    " or an earlier version evaluated it)"
)
# Names of what cannot be used, by the reason.
Reasons = dict[str, list[str]]


@dataclass(frozen=True)
class Importances:
    """Importances of a report.

    Attributes:
        notes: what is measured and what is missing, or why there are none.
        run: the label that keeps results apart.
        falls: in AUROC, by the name of the cell or kind of the baseline, and by feature.
        cells: those in `falls`, best on validation first.
        baselines: those in `falls`, in words, by kind.
        asked: differences between them.
        min_effect: smallest change of an AUROC that counts.
        n_permutations: of each feature.
    """

    notes: Sequence[str]
    run: str
    falls: Mapping[str, Mapping[str, Trainings]] = field(default_factory=dict)
    cells: Sequence[ClassifierCell] = ()
    baselines: Mapping[str, str] = field(default_factory=dict)
    asked: Sequence[Asked] = ()
    min_effect: float = 0.0
    n_permutations: int = 0

    @cached_property
    def _flat(self) -> dict[str, Trainings]:
        """All by feature and cell, for one family."""
        return {
            _key(feature, name): trainings
            for name, found in self.falls.items()
            for feature, trainings in found.items()
        }

    @property
    def _shown(self) -> set[str]:
        """The baselines, and the best cells by validation, that of each tokeniser among them."""
        of_tokenisers = grouped(self.cells, lambda cell: str(cell.level("tokeniser")))
        first = [cells[0].name for cells in of_tokenisers.values()]
        others = [cell.name for cell in self.cells if cell.name not in first]
        return {*[*first, *others][:MAX_SHOWN], *self.baselines}

    @property
    def _labels(self) -> dict[str, str]:
        """Of cells and baselines, by name."""
        return {cell.name: cell.label for cell in self.cells} | dict(self.baselines)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a cell or baseline and feature, all of them one family."""
        family = {
            (name, feature): [{_key(feature, name): 1.0}]
            for name in self._labels
            for feature in FEATURES
        }
        found, shown = compare_aurocs(self._flat, family, self.min_effect), self._shown
        rows = []
        for name, label in self._labels.items():
            for feature, words in FEATURES.items():
                fall = difference_row(found[name, feature])
                rows.append(
                    {
                        "run": self.run,
                        "kind": SHOWN if name in shown else OTHER,
                        "cell": name,
                        "label": label,
                        "feature": words,
                        "importance": fall.pop("difference"),
                    }
                    | fall
                    | {
                        "n_seeds": self.falls[name][feature].n,
                        "n_permutations": self.n_permutations,
                    }
                )
        return pd.DataFrame(rows, columns=list(IMPORTANCE_COLUMNS))

    @cached_property
    def differences(self) -> pd.DataFrame:
        """One row a difference between levels of an axis and feature, all of them one family."""
        family = {
            (number, feature): [
                {_key(feature, name): weight for name, weight in setting.items()}
                for setting in one.settings
            ]
            for number, one in enumerate(self.asked)
            for feature in FEATURES
        }
        rows = [
            {"run": self.run, "feature": FEATURES[feature]}
            | self.asked[number].row
            | difference_row(difference)
            for (number, feature), difference in compare_aurocs(
                self._flat, family, self.min_effect
            ).items()
        ]
        return pd.DataFrame(rows, columns=list(DIFFERENCE_COLUMNS))


def _key(feature: str, name: str) -> str:
    return f"{feature}:{name}"


class LeftExchanged(NamedTuple):
    """What a run has left of exchanged features, if anything: of a member, and of a baseline by
    its kind.
    """

    of_member: Callable[[Result], Arrays | None]
    of_baseline: Callable[[str], Arrays | None]


def importances_of_report(
    cells: Sequence[ClassifierCell],
    baselines: Baselines,
    aurocs: Aurocs,
    left: LeftExchanged,
    labels: Mapping[str, str],
    report: ReportConfig,
    run: str,
) -> Importances:
    """The importances of a report, or the reason why it has none.

    Args:
        labels: of the baselines, by kind.
    """
    ranked = [cell for cell in ranked_by_validation(comparable(cells)) if cell.scores]
    of_members: Reasons = {}
    of_baselines: Reasons = {}
    trained = chain(
        _trained_cells(ranked, left.of_member, of_members),
        _trained_baselines(baselines, left.of_baseline, labels, of_baselines),
    )
    measured = list(_measured(trained, report.n_bootstrap))
    missing = [
        *members_without("Without importance", of_members, _MOST_LISTED),
        *(
            f"Without importance: {' and '.join(names)}, {reason}."
            for reason, names in of_baselines.items()
        ),
    ]
    if not measured:
        return Importances(missing or ["No importance: nothing is finished."], run)
    found = {one.name: one.falls for one in measured}
    shown = [cell for cell in ranked if cell.name in found]
    known = {kind: words for kind, words in labels.items() if kind in found}
    n_permutations = min(one.n_permutations for one in measured)
    return Importances(
        [*_notes(n_permutations), *missing],
        run,
        found,
        shown,
        known,
        known_of(asked_of(cells, shown, aurocs, known), found),
        report.min_effect.score,
        n_permutations,
    )


class _Measured(NamedTuple):
    name: str
    falls: Mapping[str, Trainings]
    n_permutations: int


class _Trained(NamedTuple):
    """The trainings of a cell that have importances, or a baseline."""

    name: str
    seeds: Sequence[ExchangedScores]
    seedless: bool


def _measured(trained: Iterable[_Trained], n_bootstrap: int) -> Iterator[_Measured]:
    """Cells and baselines with importances, one by one: the exchanged scores of all fill a
    memory.
    """
    counts = None
    for name, seeds, seedless in trained:
        if counts is None:  # drawn once: all are of the same events
            counts = draw_counts(len(seeds[0].plain), n_bootstrap, np.random.default_rng(SEED))
        fewest = min(len(one) for training in seeds for one in training.exchanged.values())
        found = {
            feature: replace(fall, seedless=seedless)
            for feature, fall in falls(seeds, counts).items()
        }
        yield _Measured(name, found, fewest)


def _trained_cells(
    ranked: Sequence[ClassifierCell],
    left: Callable[[Result], Arrays | None],
    reasons: Reasons,
) -> Iterator[_Trained]:
    """The cells with trainings that have importances; of the other trainings, the reason is
    noted.
    """
    for cell in ranked:
        seeds = []
        for result in cell.finished:
            assert result.scores is not None
            found = _exchanged(result.scores, left(result))
            if isinstance(found, str):
                reasons.setdefault(found, []).append(result.member.folder)
            else:
                seeds.append(found)
        if seeds:
            yield _Trained(cell.name, seeds, seedless=False)


def _trained_baselines(
    baselines: Baselines,
    left: Callable[[str], Arrays | None],
    labels: Mapping[str, str],
    reasons: Reasons,
) -> Iterator[_Trained]:
    """The baselines that have importances; of the others, the reason is noted."""
    for kind, scores in baselines.items():
        found = _exchanged(scores, left(kind))
        if isinstance(found, str):
            reasons.setdefault(found, []).append(labels[kind])
        else:
            yield _Trained(kind, [found], seedless=True)


def _exchanged(scores: Scores, arrays: Arrays | None) -> ExchangedScores | str:
    """What is left of exchanged features, for the events of these scores; or why it cannot be
    used.
    """
    if arrays is None:
        return _NOT_MEASURED
    if not {"index", "plain", *FEATURES} <= arrays.keys():
        return "whose importance.h5 holds something else (delete it and run again)"
    order = np.argsort(arrays["index"])
    sorted_index = arrays["index"][order]
    rows = order[np.clip(np.searchsorted(sorted_index, scores.index), 0, len(order) - 1)]
    if not np.array_equal(arrays["index"][rows], scores.index):
        return "whose importance.h5 is of other test events (run the experiment again)"
    plain = arrays["plain"][rows]
    if np.abs(plain - scores.signal).max() > _SAME_MODEL:
        return "whose importance.h5 is of another training (run the experiment again)"
    # As scored by the process that scored the permuted events too: what a model ignores changes
    # not a digit.
    own = replace(scores, probabilities=plain[:, None])
    return ExchangedScores(own, {name: arrays[name][:, rows] for name in FEATURES})


def _notes(n_permutations: int) -> list[str]:
    return [
        "By how much the AUROC of the test events falls when one feature is exchanged between them"
        f" before they are encoded, mean of {counted(n_permutations, 'permutation')}. An object"
        " takes the value of the object in the same place of another event, as the second b-jet"
        " that of the second b-jet; a type that of the type in the same position; MET is exchanged"
        " with its azimuth. The energy follows pT and eta: E / |p| is what it says beside them.",
        "What two features both say, each of them can say alone: both may look unimportant. How"
        " many objects an event has, and their order, are in no feature.",
    ]


def importance_sentences(found: Importances) -> list[str]:
    """What matters most to the best network, and what matters more to it than to trees, or to one
    representation than to another.
    """
    if not found.cells:
        return []
    rows = [row for row in rows_of(found.table) if row["cell"] == found.cells[0].name]
    in_words = (BEST, REPRESENTATION)
    differences = [row for row in rows_of(found.differences) if row["kind"] in in_words]
    pairs = grouped(differences, lambda row: f"{row['a']} less {row['b']}").values()
    return [_of_the_best(rows), *filter(None, map(_of_a_pair, pairs))]


def _of_the_best(rows: Sequence[Mapping[str, Any]]) -> str:
    ordered = sorted(rows, key=lambda row: -row["importance"])
    certain = [row for row in ordered if row["low_all"] > 0]
    rest = [row["feature"] for row in ordered if row["low_all"] <= 0]
    label, n_seeds = rows[0]["label"], rows[0]["n_seeds"]
    end = f"; nothing certain by {', '.join(rest)}" if rest else ""
    end += "; one seed, so these are intervals over test events only" if n_seeds == 1 else ""
    listed = ", ".join(_worth(row) for row in certain) or "none certainly"
    return f"Exchanged between events, features cost {label} in AUROC: {listed}{end}."


def _worth(row: Mapping[str, Any]) -> str:
    return f"{row['feature']} {bounded(row['importance'], row['low_all'], row['high_all'], 3)}"


def _of_a_pair(rows: Sequence[Mapping[str, Any]]) -> str:
    """Empty where no feature is certainly worth more to one."""
    certain = sorted(
        (row for row in rows if row["verdict"] in CERTAIN), key=lambda row: -abs(row["difference"])
    )
    if not certain:
        return ""
    listed = ", ".join(f"{row['feature']} {paired(row)}" for row in certain)
    return f"Importance of features, {rows[0]['a']} less {rows[0]['b']}: {listed}."
