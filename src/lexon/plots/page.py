"""One page that holds a whole report: words first, then figures, tables and where it all came from.

A report hands over `Section`s of `figure`s and `table`s; the page looks the same whatever was
studied.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jinja2
import numpy as np
import pandas as pd

PIXEL_RATIO = 1.5  # pixels of a figure per CSS pixel: sharp on a dense screen and on paper
UNKNOWN = "\N{EN DASH}"
_PERCENT = re.compile(r"(?<=\d)[ \N{NO-BREAK SPACE}]?%(?!\w)")
_INTERVAL = re.compile(
    r"(\[[+-]?[\d.]+[^\s,\]]*(?:\N{NO-BREAK SPACE}%)?),"
    r" ([+-]?[\d.]+[^\s,\]]*(?:\N{NO-BREAK SPACE}%)?\])"
)

Block = dict[str, Any]
Texts = Mapping[str, Callable[[Any], str]]


@dataclass(frozen=True)
class Section:
    """A part of a page, in the order text, figures, tables; empty ones are left out."""

    heading: str
    text: Sequence[str] = ()
    figures: Sequence[Block] = ()
    tables: Sequence[Block] = ()
    anchor: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "anchor", self.heading.lower().replace(" ", "-"))


def render_page(
    title: str, description: str, words: Mapping[str, Any], sections: Sequence[Section], footer: str
) -> str:
    """The page as HTML, self-contained.

    Args:
        words: ``headline`` (the answer in one sentence), ``sentences``, ``caveats``, and
            ``record``: rows of key and value.
        footer: how choices were made.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lexon.plots"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=typeset,
    )
    filled = [
        section
        for section in sections
        if section.text or section.figures or any(table["rows"] for table in section.tables)
    ]
    return environment.get_template("report.html").render(
        title=title, description=description, words=words, sections=filled, footer=footer
    )


def typeset(value: Any) -> Any:
    """A text with percentages and intervals in one notation, which no line break divides.

    Anything else is returned as it is.

    >>> typeset("14% of 3, +4.0 % [+1.0%, 7.5 %]").replace("\N{NO-BREAK SPACE}", "_")
    '14_% of 3, +4.0_% [+1.0_%,_7.5_%]'
    """
    if type(value) is not str:  # what is marked as HTML is a class of its own
        return value
    return _INTERVAL.sub("\\1,\N{NO-BREAK SPACE}\\2", _PERCENT.sub("\N{NO-BREAK SPACE}%", value))


def figure(name: str, heading: str, alt: str, png: bytes) -> Block:
    """A figure with what a reader who cannot see it should know; its width comes from the file's
    header (PNG, 11.2.2).
    """
    pixels = int.from_bytes(png[16:20], "big")
    return {
        "name": name,
        "heading": heading,
        "alt": alt,
        "data": base64.b64encode(png).decode(),
        "width": round(pixels / PIXEL_RATIO),
    }


def table(
    frame: pd.DataFrame, columns: Mapping[str, str], caption: str, texts: Texts | None = None
) -> Block:
    """The columns of a frame that exist, under a reader's names, as text.

    Args:
        columns: heading by column, in order.
        texts: how the values of a column are written, where it is not by their type alone.
    """
    names = [name for name in columns if name in frame.columns]
    return {
        "caption": caption,
        "header": [columns[name] for name in names],
        "numeric": [
            pd.api.types.is_numeric_dtype(frame[name]) and frame[name].dtype != bool
            for name in names
        ],
        "rows": [_row(row, names, texts or {}) for row in frame.to_dict("records")],
    }


def whole(value: Any) -> str:
    """A count."""
    return UNKNOWN if _is_unknown(value) else f"{value:,.0f}"


def signed(digits: int) -> Callable[[Any], str]:
    """A difference."""
    return lambda value: UNKNOWN if _is_unknown(value) else f"{value:+.{digits}f}"


def percent(value: Any) -> str:
    """A relative change."""
    return UNKNOWN if _is_unknown(value) else f"{value:+.1%}"


def _row(row: Mapping[Any, Any], names: Sequence[str], texts: Texts) -> Block:
    return {
        "status": str(row.get("status", "done")),
        "kind": str(row.get("kind", "")),
        "cells": [texts.get(name, _text)(row[name]) for name in names],
    }


def _text(value: Any) -> str:
    if _is_unknown(value):
        return UNKNOWN
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _is_unknown(value: Any) -> bool:
    return value is None or (isinstance(value, float) and bool(np.isnan(value)))
