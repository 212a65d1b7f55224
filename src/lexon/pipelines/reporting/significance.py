"""The expected significance of a discovery of the signal: what the AUROC is worth in an
experiment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from lexon.config import ReportConfig, SignificanceConfig
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
from lexon.pipelines.reporting.classifier_effects import (
    Aurocs,
    Baselines,
    ClassifierCell,
)
from lexon.pipelines.reporting.classifier_weights import by_effective_number
from lexon.pipelines.reporting.tables import COMPARED, Row, difference_row, interval_row, rows_of
from lexon.pipelines.reporting.words import capital, paired, with_interval
from lexon.statistics import (
    CERTAIN,
    CUT,
    CUT_KNOWN,
    EFFICIENCIES,
    FIT,
    FIT_KNOWN,
    SEED,
    STATISTICS,
    Discovery,
    Interval,
    Sample,
    SmallestEffect,
    Verdict,
    compare,
    discovery,
    weighted_intervals,
)

IN_WORDS = {
    FIT: "fit in bins",
    FIT_KNOWN: "fit in bins, background known",
    CUT: "best cut",
    CUT_KNOWN: "best cut, background known",
}
SIGNIFICANCE_COLUMNS = (
    "run",
    "kind",
    "cell",
    "label",
    "n_seeds",
    *(f"{name}{bound}" for name in STATISTICS for bound in ("", "_low", "_high")),
    "signal_events",
    "background_events",
    "signal_events_error",
    "background_events_error",
)
CURVE_COLUMNS = (
    "run",
    "kind",
    "cell",
    "label",
    "signal_efficiency",
    "score",
    "significance",
    "significance_known",
)
DIFFERENCE_COLUMNS = (
    "run",
    "statistic",
    "kind",
    *COMPARED,
)


@dataclass(frozen=True)
class Significances:
    """Expected significances of a report.

    Attributes:
        notes: what is assumed, or why there are none.
        run: the label that keeps results apart.
        found: of all cells and baselines; None where there are none.
        cells: finished distinct cells on common events, best on validation first.
        baselines: their names in words, by kind.
        asked: differences.
        smallest: relative change of a significance that counts.
        conditions: luminosity and uncertainty in words.
    """

    notes: Sequence[str]
    run: str
    found: Discovery | None = None
    cells: Sequence[ClassifierCell] = ()
    baselines: Mapping[str, str] = field(default_factory=dict)
    asked: Sequence[Asked] = ()
    smallest: float = 0.0
    conditions: str = ""

    @property
    def _shown(self) -> list[Row]:
        return [] if self.found is None else shown_rows(self.cells, self.baselines)

    @cached_property
    def intervals(self) -> dict[str, dict[str, Interval]]:
        """Of each statistic, by cell or kind of baseline."""
        found = self.found.found if self.found else {}
        return {
            statistic: weighted_intervals(
                trainings, {name: {name: 1.0} for name in trainings}, np.random.default_rng(SEED)
            )
            for statistic, trainings in found.items()
        }

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a cell or baseline."""
        rows = [{"run": self.run} | row | self._numbers(row["cell"]) for row in self._shown]
        return pd.DataFrame(rows, columns=list(SIGNIFICANCE_COLUMNS))

    def _numbers(self, name: str) -> Row:
        assert self.found is not None
        row: Row = {"n_seeds": self.found.found[FIT][name].n}
        for statistic in STATISTICS:
            row |= interval_row(statistic, self.intervals[statistic][name])
        return row | dict(zip(SIGNIFICANCE_COLUMNS[-4:], self.found.events[name], strict=True))

    @cached_property
    def curves(self) -> pd.DataFrame:
        """One row a cell or baseline and signal efficiency of a cut, on all test events."""
        rows = [
            {"run": self.run}
            | row
            | {
                "signal_efficiency": efficiency,
                "score": score,
                "significance": found,
                "significance_known": known,
            }
            for row in self._shown
            for efficiency, found, known, score in zip(
                EFFICIENCIES, *self._curve(row["cell"]), strict=True
            )
        ]
        return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))

    def _curve(self, name: str) -> Any:
        assert self.found is not None
        return self.found.curves[name].tolist()

    @cached_property
    def differences(self) -> pd.DataFrame:
        """One row a statistic and difference; those of one statistic are one family."""
        rows = [
            {"run": self.run, "statistic": IN_WORDS[statistic]}
            | one.row
            | difference_row(difference)
            for statistic in (STATISTICS if self.found and self.asked else ())
            for one, difference in self._compared(statistic)
        ]
        return pd.DataFrame(rows, columns=list(DIFFERENCE_COLUMNS))

    def _compared(self, statistic: str) -> Any:
        assert self.found is not None
        found = compare(
            self.found.found[statistic],
            {number: one.settings for number, one in enumerate(self.asked)},
            SmallestEffect(self.smallest, "relative"),
            np.random.default_rng(SEED),
        )
        return zip(self.asked, found.values(), strict=True)


def significances_of_report(
    cells: Sequence[ClassifierCell],
    baselines: Baselines,
    aurocs: Aurocs,
    events: EvaluatedEvents | None,
    config: SignificanceConfig,
    labels: Mapping[str, str],
    report: ReportConfig,
    run: str,
) -> Significances:
    """The significances of a report, or the reason why it has none.

    Args:
        events: the test events, where they were described.
        labels: of the baselines, by kind.
    """
    ranked, groups = compared_on_events(cells, baselines)
    if not groups:
        return Significances(["Nothing to turn into a significance yet."], run)
    one = in_order(next(iter(groups.values()))[0])
    simulated = dict(events.efficiencies) if events is not None else {}
    if reason := _why_not(one, config, simulated):
        return Significances([reason], run)
    expected = _expected(one, config, simulated | config.efficiencies)
    rng = np.random.default_rng(SEED)
    sample = Sample.of(one, expected, config.background_uncertainty, config.fit_bins, rng)
    shown = {kind: labels[kind] for kind in baselines}
    return Significances(
        _notes(one, expected, config),
        run,
        discovery(groups, sample, report.n_bootstrap, np.random.default_rng(SEED), baselines),
        ranked,
        shown,
        asked_of(cells, ranked, aurocs, shown),
        report.min_effect.loss,
        f"in {config.luminosity:g}/fb, with a background known to"
        f" {config.background_uncertainty:.0%}",
    )


def _processes(scores: Scores) -> dict[int, str]:
    return {
        int(label): scores.label_names.get(int(label), str(label))
        for label in np.unique(scores.labels)
    }


def _why_not(scores: Scores, config: SignificanceConfig, simulated: dict[str, float]) -> str:
    if scores.is_signal.all() or not scores.is_signal.any():
        return "No significance: the test events are of one class only."
    names = list(_processes(scores).values())
    for key, known, what in (
        ("cross_sections", config.cross_sections, "cross section in fb"),
        ("efficiencies", simulated | config.efficiencies, "selected share of all produced events"),
    ):
        if missing := [name for name in names if name not in known]:
            return (
                f"No significance: no {what} of {', '.join(missing)} is known; give it as"
                f" significance.{key}.{missing[0]}."
            )
    return _why_not_weighted(scores)


def _why_not_weighted(scores: Scores) -> str:
    """Why the weights of a process do not share out what is expected of it."""
    if scores.weights is None:
        return ""
    for label, name in _processes(scores).items():
        own = scores.weights[scores.labels == label]
        if not own.sum() > 0:
            return (
                f"No significance: the weights (events.weight) of the {len(own):,} test events of"
                f" {name} sum to {own.sum():g}, so they cannot stand for a number of events."
            )
    return ""


def _expected(
    scores: Scores, config: SignificanceConfig, efficiencies: Mapping[str, float]
) -> dict[int, float]:
    """Selected events of each process, by label."""
    return {
        label: config.luminosity * config.cross_sections[name] * efficiencies[name]
        for label, name in _processes(scores).items()
    }


def _notes(
    scores: Scores,
    expected: Mapping[int, float],
    config: SignificanceConfig,
) -> list[str]:
    names = _processes(scores)
    listed = ", ".join(f"{names[label]} {number:.1f}" for label, number in expected.items())
    own = [name for name in names.values() if name not in config.efficiencies]
    source = (
        f"selected shares are those of the simulation for {', '.join(own)}"
        if own
        else "selected shares are those of significance.efficiencies"
    )
    return [
        f"Expected after the selection in {config.luminosity:g}/fb: {listed} (luminosity x cross"
        f" section x selected share; {source}). Each test event counts for its process's share of"
        f" that{_by_weight(scores)}.",
        "Assumed: no other backgrounds than these (no misidentified leptons, no wrong charges from"
        " other processes, no dibosons), one common uncertainty of"
        f" {config.background_uncertainty:.0%} on their sum, none on their shapes or on the signal."
        " Real significances are lower; differences between classifiers are what this is for.",
        "Members keep no scores of validation events, so cut and bins are chosen on one half of the"
        " test events and used on the other, both ways; each holds at least 10 background events"
        f" where it is chosen{by_effective_number(scores)}.",
    ]


def _by_weight(scores: Scores) -> str:
    return "" if scores.weights is None else ", by its weight (events.weight)"


def significance_sentences(found: Significances) -> list[str]:
    """What the best network promises, and how it stands to baselines and representations."""
    if found.found is None or not found.cells:
        return []
    best = found.cells[0]
    fit, fit_known, cut = (found.intervals[name][best.name] for name in (FIT, FIT_KNOWN, CUT))
    head = (
        f"Expected significance {found.conditions}: {best.label} {_value(fit)} by a fit in bins of"
        f" the score, {_value(cut)} by the best cut; {_value(fit_known)} by the fit if the"
        " background were known."
    )
    table = found.differences
    rows = rows_of(
        table[(table["statistic"] == IN_WORDS[FIT]) & table["kind"].isin([BEST, REPRESENTATION])]
    )
    return [head, *([_compared_in_words(rows, found.smallest)] if rows else [])]


def _value(interval: Interval) -> str:
    if not np.isfinite(interval.estimate):
        return "unknown (too few background events)"
    return with_interval(interval, ".2f")


def _compared_in_words(rows: Sequence[Mapping[str, Any]], smallest: float) -> str:
    parts = [
        f"{row['a']} less {row['b']} {paired(row, 2)}, {_verdict(row, smallest)}" for row in rows
    ]
    return capital(f"by the fit, {'; '.join(parts)}.")


def _verdict(row: Mapping[str, Any], smallest: float) -> str:
    if row["verdict"] in CERTAIN or row["verdict"] != Verdict.SAME:
        return str(row["verdict"])
    return f"the same within {smallest:.0%}"
