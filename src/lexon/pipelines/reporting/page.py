"""The page of a report: what a kind's Python makes, in the order and under the captions of its
layout.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lexon.pipelines.reporting.layout import (
    FigureLayout,
    IntervalLayout,
    Layout,
    SectionLayout,
    TableLayout,
    layout_of,
)
from lexon.pipelines.reporting.words import LARGE, number
from lexon.plots.page import UNKNOWN, Block, Section, figure, percent, render_page, table, whole

WEIGHTED = ", weighted"
_WRITERS: dict[str, Callable[[Any], str]] = {
    "whole": whole,
    "percent": percent,
    "short": lambda value: UNKNOWN if pd.isna(value) else f"{value:.3g}",
    "plain": lambda value: UNKNOWN if pd.isna(value) else f"{value:g}",
}


def write_page(
    kind: str,
    findings: Mapping[str, Any],
    title: str,
    description: str,
    **shown: pd.DataFrame | bytes | None,
) -> str:
    """report.html: self-contained, opens offline, begins with the answer.

    Args:
        kind: whose layout.
        findings: `headline`, `sentences`, `caveats`, `record`, and the texts and small tables that
            the layout names; `weighted_by` names the weights of events, where they have some.
        shown: tables by name, and figures as PNG by ``figure_`` and their name; None where a figure
            was not drawn.
    """
    layout = layout_of(kind)
    drawn = {
        name.removeprefix("figure_"): png
        for name, png in shown.items()
        if not isinstance(png, pd.DataFrame)
    }
    names = dict.fromkeys(one.of for section in layout.sections for one in section.tables)
    worded = {
        name: _with_intervals(_frame(name, shown, findings), layout.intervals) for name in names
    }
    sections = [_section(one, findings, drawn, worded, layout) for one in layout.sections]
    return render_page(title, description, findings, sections, layout.footer.format_map(findings))


def _section(
    section: SectionLayout,
    findings: Mapping[str, Any],
    drawn: Mapping[str, bytes | None],
    worded: Mapping[str, pd.DataFrame],
    layout: Layout,
) -> Section:
    by = str(findings.get("weighted_by", ""))
    return Section(
        section.heading,
        text=findings[section.text] if section.text else (),
        figures=[
            figure(name, one.heading + (WEIGHTED if one.weighted and by else ""), one.alt, png)
            for name, one, png in _drawn(section.figures, drawn)
        ],
        tables=[
            _table(one, worded[one.of], layout.formats, by if one.weighted else "")
            for one in section.tables
        ],
    )


def _frame(name: str, shown: Mapping[str, Any], findings: Mapping[str, Any]) -> pd.DataFrame:
    return shown[name] if name in shown else pd.DataFrame(findings[name])


def _drawn(
    known: Mapping[str, FigureLayout], drawn: Mapping[str, bytes | None]
) -> list[tuple[str, FigureLayout, bytes]]:
    found = []
    for pattern, one in known.items():
        for name in drawn:
            rest, png = _rest(pattern, name), drawn[name]
            if rest is not None and png is not None:
                words = FigureLayout(
                    heading=one.heading.replace("*", rest),
                    alt=one.alt.replace("*", rest),
                    weighted=one.weighted,
                )
                found.append((name, words, png))
    return found


def _says_nothing(layout: TableLayout, frame: pd.DataFrame) -> bool:
    """Whether the frame has no column of several but the first, which only names its rows."""
    return len(layout.columns) > 1 and len(_columns(layout.columns, list(frame.columns))) == 1


def _table(
    layout: TableLayout,
    frame: pd.DataFrame,
    formats: Mapping[str, Sequence[str]],
    weighted_by: str,
) -> Block:
    if _says_nothing(layout, frame):
        frame = frame.iloc[:0]
    for column, kept in (("kind", layout.kinds), ("status", layout.statuses)):
        if kept and not frame.empty:
            frame = frame[frame[column].isin(kept)]
    columns = _columns(layout.columns, list(frame.columns))
    if layout.only_measured:
        frame = frame[
            ~frame["kind"].isin(layout.only_measured)
            | frame[list(columns)].select_dtypes("number").notna().any(axis=1)
        ]
    caption = layout.caption + (f". Events are weighted by {weighted_by}" if weighted_by else "")
    return table(frame, columns, caption, _written_as(columns, [formats, layout.formats]))


def _written_as(
    columns: Iterable[str], formats: Iterable[Mapping[str, Sequence[str]]]
) -> dict[str, Callable[[Any], str]]:
    """How the values of each column are written, where the formats name it."""
    patterns = [
        (pattern, how) for one in formats for how, names in one.items() for pattern in names
    ]
    return {
        name: _writer(how)
        for pattern, how in patterns
        for name in columns
        if _rest(pattern, name) is not None
    }


def _with_intervals(frame: pd.DataFrame, intervals: Mapping[str, IntervalLayout]) -> pd.DataFrame:
    """The frame with its intervals in words; a column that has no number in any row is left out."""
    made: dict[str, Any] = {}
    for name, one in intervals.items():
        for column in map(str, frame.columns):
            rest = _rest(one.low, column)
            if rest is not None and frame[column].notna().any():
                high, of = one.high.replace("*", rest), (one.of or "").replace("*", rest)
                made[name.replace("*", rest)] = [
                    _bounds(row.get(of), row[column], row[high], one.digits)
                    for _, row in frame.iterrows()
                ]
    return frame.assign(**made)


def _bounds(estimate: float | None, low: float, high: float, digits: str) -> str | None:
    if not np.isfinite(low):
        return None if estimate is None or not np.isfinite(estimate) else _written(estimate, digits)
    text = f"[{_written(low, digits)},\N{NO-BREAK SPACE}{_written(high, digits)}]"
    return text if estimate is None else f"{_written(estimate, digits)} {text}"


def _written(value: float, digits: str) -> str:
    """A bound; of what has diverged, digits after the point say nothing."""
    return f"{value:{digits}}" if abs(value) < LARGE else f"{value:{digits[:-3]}.2g}"


def _columns(known: Mapping[str, str], existing: Sequence[str]) -> dict[str, str]:
    """Heading by existing column, wildcards written out."""
    found: dict[str, str] = {}
    for pattern, heading in known.items():
        for name in existing:
            rest = _rest(pattern, name)
            if rest is not None:
                found.setdefault(
                    name, heading.replace("*", rest.replace("_", " ") if pattern == "*" else rest)
                )
    return found


def _rest(pattern: str, name: str) -> str | None:
    """What `*` stands for in a name; empty where the pattern has none, None where the name does not
    fit.
    """
    match = re.fullmatch(re.escape(pattern).replace(r"\*", "(.*)"), name)
    return None if match is None else "".join(match.groups())


def _writer(how: str) -> Callable[[Any], str]:
    """A format by name; `short` has three digits, because losses span many powers of ten."""
    if how in _WRITERS:
        return _WRITERS[how]
    name, _, digits = how.partition("_")
    sign = "+" if name == "signed" else ""
    return lambda value: UNKNOWN if pd.isna(value) else number(value, int(digits), sign)
