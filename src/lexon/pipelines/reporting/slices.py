"""Where classifiers win and lose: AUROC in slices of the test events, against all backgrounds and
against each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil, inf
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon.config import ReportConfig, SlicesConfig
from lexon.datasets.evaluated_events import EvaluatedEvents
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.asked import (
    BEST,
    REPRESENTATION,
    Asked,
    asked_of,
    compared_on_events,
    in_order,
    shown_rows,
)
from lexon.pipelines.reporting.cells import grouped
from lexon.pipelines.reporting.classifier_effects import (
    Aurocs,
    Baselines,
    ClassifierCell,
    compare_aurocs,
)
from lexon.pipelines.reporting.classifier_weights import by_effective_number
from lexon.pipelines.reporting.tables import COMPARED, Row, difference_row, interval_row, rows_of
from lexon.pipelines.reporting.words import counted, listing, paired
from lexon.statistics import (
    CERTAIN,
    SEED,
    Contest,
    Trainings,
    Verdict,
    contest_trainings,
    share_intervals,
)

ALL = "all"  # backgrounds
EACH = ", each background"
UNITS = {"n_jets": "jets", "n_b_jets": "b-jets", "n_leptons": "leptons", "ht": "HT", "met": "MET"}
SLICE_COLUMNS = (
    "run",
    "quantity",
    "slice",
    "from",
    "below",
    "against",
    "n_signal",
    "n_background",
    "kind",
    "cell",
    "label",
    "auroc",
    "auroc_low",
    "auroc_high",
    "n_seeds",
    "drawn",
)
DIFFERENCE_COLUMNS = (
    "run",
    "kind",
    "quantity",
    "slice",
    "against",
    *COMPARED,
)
_MOST_LISTED = 3


class Slice(NamedTuple):
    """Events between two values of a quantity, the upper one excluded."""

    quantity: str
    low: float
    high: float
    rows: NDArray[np.intp]

    @property
    def values(self) -> str:
        """``6``, ``up to 3``, ``2 to 3`` of numbers of objects, else ``500 to 720 GeV``."""
        if not self.quantity.startswith("n_"):
            return f"{_between(f'{self.low:g}', f'{self.high:g}', self)} GeV"
        first, last = (
            ceil(value) if np.isfinite(value) else 0 for value in (self.low, self.high - 1)
        )
        if np.isfinite(self.high) and first == last:
            return f"{first}"
        return _between(f"{first}", f"{last}", self, "up to")

    @property
    def words(self) -> str:
        """``6 jets``, ``HT 500 to 720 GeV``."""
        unit = UNITS[self.quantity]
        return (
            f"{self.values} {unit}" if self.quantity.startswith("n_") else f"{unit} {self.values}"
        )


def _between(low: str, high: str, one: Slice, below: str = "below") -> str:
    if not np.isfinite(one.high):
        return f"{low} or more"
    return f"{low} to {high}" if np.isfinite(one.low) else f"{below} {high}"


class Place(NamedTuple):
    """A slice and what the signal in it is told from."""

    slice: Slice
    against: str
    contest: Contest

    @property
    def words(self) -> str:
        """``6 jets, against ttW``."""
        return self.slice.words + ("" if self.against == ALL else f", against {self.against}")


def slices_of(quantities: Mapping[str, NDArray[np.float32]], config: SlicesConfig) -> list[Slice]:
    """The slices that hold any event, of each quantity of which there are several."""
    found = []
    for name, asked in config.quantities.items():
        values = quantities[name].astype(np.float64)
        edges = [-inf, *_edges(values, asked, name.startswith("n_")), inf]
        part = np.digitize(values, edges[1:-1])
        rows = [np.flatnonzero(part == number) for number in range(len(edges) - 1)]
        own = [
            Slice(name, low, high, inside)
            for (low, high), inside in zip(pairwise(edges), rows, strict=True)
            if len(inside)
        ]
        found += own if len(own) > 1 else []
    return found


def _edges(values: NDArray[np.float64], asked: int | tuple[float, ...], whole: bool) -> list[float]:
    """Those asked for, or whole numbers near the quantiles of as many equal parts."""
    if isinstance(asked, tuple):
        return list(asked)
    shares = np.arange(1, asked) / asked
    edges = np.unique(np.quantile(values, shares, method="inverted_cdf" if whole else "linear"))
    return [float(edge) for edge in np.unique(np.round(edges)) if edge > values.min()]


@dataclass(frozen=True)
class Slices:
    """AUROCs of a report in slices.

    Attributes:
        places: slices and backgrounds with enough events.
        trainings: for each place, of every cell and baseline by name.
        cells: finished distinct cells on common events, best on validation first.
        baselines: their names in words, by kind.
        asked: differences, in each place.
        notes: what was left out, or why there are no slices at all.
        min_effect: smallest difference in AUROC that counts.
        run: the label that keeps results apart.
    """

    places: Sequence[Place]
    trainings: Sequence[Mapping[str, Trainings]]
    cells: Sequence[ClassifierCell]
    baselines: Mapping[str, str]
    asked: Sequence[Asked]
    notes: Sequence[str]
    min_effect: float
    run: str

    @classmethod
    def none(cls, reason: str, run: str) -> Slices:
        """Of a report that has no slices, because of this."""
        return cls([], [], [], {}, [], [reason], 0.0, run)

    @property
    def best(self) -> ClassifierCell | None:
        """The cell that is best on validation."""
        return next(iter(self.cells), None)

    @cached_property
    def _flat(self) -> dict[str, Trainings]:
        """All trainings by place and name, for one family."""
        return {
            _key(number, name): trainings
            for number, found in enumerate(self.trainings)
            for name, trainings in found.items()
        }

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a place and cell or baseline, each with an interval of its own."""
        intervals = share_intervals(
            self._flat, {key: {key: 1.0} for key in self._flat}, np.random.default_rng(SEED)
        )
        drawn = self._drawn
        rows = []
        for number, place in enumerate(self.places):
            for shown in shown_rows(self.cells, self.baselines):
                name = shown["cell"]
                rows.append(
                    self._place_row(place)
                    | shown
                    | interval_row("auroc", intervals[_key(number, name)])
                    | {"n_seeds": self.trainings[number][name].n, "drawn": name in drawn}
                )
        return pd.DataFrame(rows, columns=list(SLICE_COLUMNS))

    @property
    def _drawn(self) -> set[str]:
        """The best cell of each tokeniser, by validation, and the baselines."""
        of_tokenisers = grouped(self.cells, lambda cell: str(cell.level("tokeniser")))
        return {cells[0].name for cells in of_tokenisers.values()} | set(self.baselines)

    def _place_row(self, place: Place) -> Row:
        one = place.slice
        return {
            "run": self.run,
            "quantity": UNITS[one.quantity],
            "slice": one.values,
            "from": one.low if np.isfinite(one.low) else None,
            "below": one.high if np.isfinite(one.high) else None,
            "against": place.against,
            "n_signal": len(place.contest.positives),
            "n_background": len(place.contest.negatives),
        }

    @cached_property
    def differences(self) -> pd.DataFrame:
        """One row a difference and place; those of the best network are one family, those between
        levels of axes another.
        """
        families = [
            [asked for asked in self.asked if (asked.row["kind"] == BEST) is best]
            for best in (True, False)
        ]
        rows = [row for asked in families for row in self._family(asked)]
        return pd.DataFrame(rows, columns=list(DIFFERENCE_COLUMNS))

    def _family(self, asked: Sequence[Asked]) -> Iterator[Row]:
        wanted = {
            (which, number): [
                {_key(number, name): weight for name, weight in setting.items()}
                for setting in one.settings
            ]
            for which, one in enumerate(asked)
            for number in range(len(self.places))
        }
        found = compare_aurocs(self._flat, wanted, self.min_effect)
        for (which, number), difference in found.items():
            place, row = self.places[number], asked[which].row
            kind = row["kind"] + ("" if place.against == ALL else EACH)
            yield (self._place_row(place) | row | {"kind": kind} | difference_row(difference))


def _key(number: int, name: str) -> str:
    return f"{number}:{name}"


def slices_of_report(
    cells: Sequence[ClassifierCell],
    baselines: Baselines,
    aurocs: Aurocs,
    events: EvaluatedEvents | None,
    config: SlicesConfig,
    labels: Mapping[str, str],
    report: ReportConfig,
    run: str,
) -> Slices:
    """The slices of a report, or the reason why it has none.

    Args:
        events: the test events, where they were described.
        labels: of the baselines, by kind.
    """
    ranked, groups = compared_on_events(cells, baselines)
    if not groups:
        return Slices.none("Nothing to slice yet.", run)
    one = in_order(next(iter(groups.values()))[0])
    quantities = events.of(one.digest, one.index) if events is not None else None
    if quantities is None:
        return Slices.none(_why_not(events), run)
    every = _places(slices_of(quantities, config), one)
    enough = [place for place in every if place.contest.worth(one.weights) >= config.min_events]
    trainings = contest_trainings(
        groups,
        [place.contest for place in enough],
        report.n_bootstrap,
        np.random.default_rng(SEED),
        baselines,
    )
    return Slices(
        enough,
        trainings,
        ranked,
        {kind: labels[kind] for kind in baselines},
        asked_of(cells, ranked, aurocs, labels),
        _notes(every, enough, config.min_events, one),
        report.min_effect.score,
        run,
    )


def _why_not(events: EvaluatedEvents | None) -> str:
    return (
        "No slices: the quantities of the test events are not beside the members"
        " (evaluated_events.h5; a run that starts from events writes it)."
        if events is None
        else "No slices: evaluated_events.h5 beside the members is of other test events than their"
        " scores; run the experiment again."
    )


def _places(found: Sequence[Slice], scores: Scores) -> list[Place]:
    """All backgrounds together first, then each, if there are several."""
    backgrounds: dict[str, NDArray[np.bool_]] = {ALL: ~scores.is_signal}
    if len(scores.backgrounds) > 1:
        backgrounds |= {
            name: ~scores.is_signal & (scores.labels == label)
            for name, label in scores.backgrounds.items()
        }
    return [
        Place(
            one,
            name,
            Contest(one.rows[scores.is_signal[one.rows]], one.rows[background[one.rows]]),
        )
        for one in found
        for name, background in backgrounds.items()
    ]


def _notes(
    every: Sequence[Place], enough: Sequence[Place], least: int, scores: Scores
) -> list[str]:
    signal = scores.class_names[0]
    what = [
        f"AUROC by the probability of {signal}, against all other events of a slice and against"
        " each background there: how well events are told apart that are alike in one quantity."
    ]
    kept = {id(place) for place in enough}
    left = [place for place in every if id(place) not in kept]
    if not every:
        return ["No slices: the test events are all alike in the quantities of slices."]
    if not left:
        return what
    whole = [place.contest for place in left if place.against == ALL]
    n_events = sum(len(one.positives) + len(one.negatives) for one in whole)
    events = f" {len(whole)} of these are whole slices, of {n_events:,} events." if whole else ""
    listed = listing([place.words for place in left], _MOST_LISTED)
    return [
        *what,
        f"Left out: {len(left)} of {len(every)} slices and backgrounds with fewer than"
        f" {least} events of {signal} or of the background"
        f" (slices.min_events{by_effective_number(scores)}): {listed}.{events}",
    ]


def slice_sentences(found: Slices) -> list[str]:
    """Where the best network loses to each baseline, and where one representation loses to
    another.
    """
    table = found.differences
    if table.empty:
        return []
    rows = rows_of(table.assign(where=_where(found, table)))
    best = [row for row in rows if row["kind"].removesuffix(EACH) == BEST]
    shown = [row for row in rows if row["kind"].removesuffix(EACH) == REPRESENTATION]
    return [
        *(_against(group) for group in grouped(best, lambda row: row["b"]).values()),
        *(_spread(group) for group in grouped(shown, _pair).values()),
    ]


def _where(found: Slices, table: pd.DataFrame) -> list[str]:
    words = {
        (UNITS[place.slice.quantity], place.slice.values, place.against): place.words
        for place in found.places
    }
    keys = zip(table["quantity"], table["slice"], table["against"], strict=True)
    return [words[key] for key in keys]


def _pair(row: Mapping[str, Any]) -> str:
    return f"{row['a']} less {row['b']}"


def _against(rows: Sequence[Mapping[str, Any]]) -> str:
    """The best network against one baseline."""
    head = f"In {counted(len(rows), 'slice')} and backgrounds {rows[0]['a']} against {rows[0]['b']}"
    certain = sorted(
        (row for row in rows if row["verdict"] in CERTAIN), key=lambda row: row["difference"]
    )
    if not certain:
        return f"{head}: {_nowhere(rows)}."
    sides = {
        "worse": [row for row in certain if row["difference"] < 0],
        "better": [row for row in reversed(certain) if row["difference"] > 0],
    }
    parts = [
        f"{how} in {len(some)} ({listing([_at(row) for row in some], _MOST_LISTED)})"
        for how, some in sides.items()
        if some
    ]
    return f"{head}: {'; '.join(parts)}; not certain in {len(rows) - len(certain)}."


def _nowhere(rows: Sequence[Mapping[str, Any]]) -> str:
    """What is said where no difference is certain: also why, where none can be (one seed)."""
    lowest = min(rows, key=lambda row: row["difference"])
    unknown = [str(row["verdict"]) for row in rows if str(row["verdict"]) not in set(Verdict)]
    verdict = unknown[0] if unknown else "nowhere certainly worse or better"
    return f"{verdict}; lowest {_at(lowest)}"


def _spread(rows: Sequence[Mapping[str, Any]]) -> str:
    """The difference of two representations where it is largest and where it is smallest."""
    ordered = sorted(rows, key=lambda row: row["difference"])
    certain = sum(row["verdict"] in CERTAIN for row in rows)
    return (
        f"By slice and background, {_pair(rows[0])} is highest for {_at(ordered[-1])} and lowest"
        f" for {_at(ordered[0])}; certain in {certain} of {len(rows)}."
    )


def _at(row: Mapping[str, Any]) -> str:
    return f"{row['where']}: {paired(row)}"
