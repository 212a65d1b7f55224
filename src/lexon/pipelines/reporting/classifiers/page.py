"""report.html of classifiers: the answer, then figures, then every number that was measured."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from lexon.pipelines.reporting.classifiers.wording import (
    BEST,
    CAPTIONS,
    CHANGES,
    CODES,
    COMPARISONS,
    FIGURES,
    INTERACTIONS,
    MAIN,
    MEMBERS,
    METRICS,
    OCCUPANCY,
    SUMMARY,
    TEXTS,
    TRAININGS,
)
from lexon.plots.page import Section, figures, render_page, table, with_interval

FINISHED = ("done", "partial")


def classifier_page(
    tables: Mapping[str, pd.DataFrame],
    findings: Mapping[str, Any],
    drawn: Mapping[str, bytes | None],
    title: str,
    description: str,
) -> str:
    """The page as HTML; see `lexon.pipelines.reporting.classifiers.nodes.write_page`."""
    summary, comparisons, effects = (tables[name] for name in ("summary", "comparisons", "effects"))
    write = partial(table, texts=TEXTS)
    compared = table(_both_intervals(comparisons), COMPARISONS, CAPTIONS["comparisons"], CHANGES)
    sections = [
        Section("Figures", figures=figures([*FIGURES, *_of_tokenisers(drawn)], drawn)),
        Section("Results", tables=_results(summary, tables["best_models"])),
        Section("Effects", tables=_effects(effects)),
        Section("Comparisons", text=[] if len(comparisons) else ["Nothing to compare yet."], tables=[compared]),
        Section("Trainings", tables=[write(_of_kind(summary, "cell", "other events"), TRAININGS, CAPTIONS["trainings"])]),
        Section("Members", tables=[write(tables["members"], MEMBERS, CAPTIONS["members"])]),
    ]
    footer = f"Choices use the validation split ({findings['selected_by']}); the test split was evaluated once per member."
    return render_page(title, description, findings, sections, footer)


def _of_tokenisers(drawn: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, heading and words of the figures that a tokeniser has."""
    known = []
    for name in drawn:
        if name.startswith(OCCUPANCY):
            tokeniser = name.removeprefix(OCCUPANCY)
            words = (
                "Share of each bin by quantity and class, dotted where bins would be filled evenly, and use of the tokens; training events"
            )
            known.append((name, f"How the bins of {tokeniser} are filled", words))
        elif name.startswith(CODES):
            words = "Losses and codes in use per epoch, use of each code, and what comes back of an object; computed over whole splits"
            known.append((name, f"The codes of {name.removeprefix('figure_')}", words))
    return known


def _results(summary: pd.DataFrame, best_models: pd.DataFrame) -> list[dict[str, Any]]:
    """Everything that was measured, cells on other events in a block of their own."""
    write = partial(table, texts=TEXTS)
    together, apart = _of_kind(summary, "cell", "baseline"), _of_kind(summary, "other events")
    finished = summary if summary.empty else summary[summary["status"].isin(FINISHED)]
    return [
        write(with_interval(together, "auroc_low", "auroc_high"), SUMMARY, CAPTIONS["summary"]),
        write(with_interval(apart, "auroc_low", "auroc_high"), SUMMARY, CAPTIONS["apart"]),
        write(with_interval(best_models, "auroc_low", "auroc_high"), BEST, CAPTIONS["best"]),
        write(finished, METRICS, CAPTIONS["metrics"]),
        *_by_prefix(finished, "auroc_against_", "AUROC against ", CAPTIONS["processes"]),
        *_by_prefix(_measured(finished), "signal_efficiency_at_rejection_", "rejection ", CAPTIONS["efficiencies"]),
    ]


def _effects(effects: pd.DataFrame) -> list[dict[str, Any]]:
    words = _both_intervals(effects).assign(of=effects["a"].astype(str).str.cat(effects["b"].astype(str), " less "))
    return [
        table(_of_kind(words, "main effect"), MAIN, CAPTIONS["main"], CHANGES),
        table(_of_kind(words, "interaction"), INTERACTIONS, CAPTIONS["interactions"], CHANGES),
    ]


def _both_intervals(frame: pd.DataFrame) -> pd.DataFrame:
    """Each interval alone, and as part of its family."""
    together = with_interval(frame, "low_all", "high_all", sign="+")
    return with_interval(together.rename(columns={"interval": "interval_all"}), "low", "high", sign="+")


def _of_kind(frame: pd.DataFrame, *kinds: str) -> pd.DataFrame:
    return frame if frame.empty else frame[frame["kind"].isin(kinds)]


def _by_prefix(frame: pd.DataFrame, prefix: str, words: str, caption: str) -> list[dict[str, Any]]:
    columns = {column: words + column.removeprefix(prefix) for column in frame.columns if column.startswith(prefix)}
    return [table(frame, {"label": "cell"} | columns, caption)] if columns else []


def _measured(finished: pd.DataFrame) -> pd.DataFrame:
    """Efficiencies in words where there is none: too few background events passed."""
    columns = [name for name in finished.columns if name.startswith("signal_efficiency")]
    return finished.assign(**{name: finished[name].astype(object).where(finished[name].notna(), "too few events") for name in columns})
