"""What a report shows, in which order and under which captions: one YAML file a kind,
`layouts/<kind>.yml`.

A kind's Python makes tables, figures and sentences; the layout names those that the page shows. A
column is a heading by column name, and `*` stands for the rest of a name: `auroc_against_*: AUROC
against *` is one column for each background.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Annotated

import yaml
from pydantic import Field

from lexon.config.base import Config

Format = Annotated[str, Field(pattern=r"^(whole|percent|short|plain|signed_\d|fixed_\d)$")]


class FigureLayout(Config):
    """A figure: its heading, and what a reader who cannot see it should know. A `*` in its name
    also stands for figures of one each. `weighted`: it counts events, by their weights where they
    have some, and its heading then says so.
    """

    heading: str
    alt: str
    weighted: bool = False


class IntervalLayout(Config):
    """A column in words, `[low, high]`, or `of [low, high]` where it names the estimate; `*` as in
    columns.
    """

    of: str | None = None
    low: str
    high: str
    digits: str = "+.3f"


class TableLayout(Config):
    """A table.

    Attributes:
        of: its name among the tables of the report.
        caption: above it.
        columns: heading by column, in order; those that the table does not have are left out.
        kinds, statuses: rows to keep, by the columns of these names; all where none are named.
        only_measured: kinds of which only those rows are kept that have a number in any of its
            columns.
        formats: how its columns are written, where that differs from the formats of the page.
        weighted: its numbers count events, by their weights where they have some; its caption then
            says so.
    """

    of: str
    caption: str
    columns: dict[str, str]
    kinds: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    only_measured: tuple[str, ...] = ()
    formats: dict[Format, tuple[str, ...]] = Field(default_factory=dict)
    weighted: bool = False


class SectionLayout(Config):
    """A section: paragraphs by the name of a text, then figures, then tables."""

    heading: str
    text: str | None = None
    figures: dict[str, FigureLayout] = Field(default_factory=dict)
    tables: tuple[TableLayout, ...] = ()


class Layout(Config):
    """A page.

    Attributes:
        footer: how choices were made; `{selected_by}` is the finding of that name.
        formats: columns by how they are written, wherever they stand; `*` as in columns, and the
            last that fits counts.
        intervals: columns that are made of others, wherever these stand.
        sections: in order.
    """

    footer: str
    intervals: dict[str, IntervalLayout] = Field(default_factory=dict)
    formats: dict[Format, tuple[str, ...]] = Field(default_factory=dict)
    sections: tuple[SectionLayout, ...]

    @property
    def figures(self) -> list[str]:
        """Names of all figures, in order."""
        return [name for section in self.sections for name in section.figures]


@cache
def layout_of(kind: str) -> Layout:
    """The layout of a kind's page."""
    path = resources.files("lexon.pipelines.reporting") / "layouts" / f"{kind}.yml"
    return Layout.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
