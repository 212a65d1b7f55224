"""Compare cells -> draw figures -> write one page, from the members' folders: the report of every
kind.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kedro.pipeline import Node, Pipeline

from lexon.pipelines.node_functions import node_function
from lexon.pipelines.reporting.layout import layout_of


@dataclass(frozen=True)
class Report:
    """What a kind's report is made of.

    Two nodes are in the module of its name here: `compare` reads the members and gives `tables`,
    ``findings`` and `texts` by name, `draw` gives figures by name.

    Attributes:
        kind: whose layout the page has.
        tables: by name, the members' first; ``summary`` is saved as summary.csv.
        texts: what else is saved, by its name in the catalog.
        settings: parameters that `compare` asks for, beside the plan.
        drawn_with: parameters that `draw` asks for, beside the plan.
        drawn_from: tables that `draw` asks for: figures come after them.
        figures: that `draw` gives; all of the layout where none are named.
    """

    kind: str
    tables: Sequence[str]
    texts: Sequence[str] = ()
    settings: Sequence[str] = ()
    drawn_with: Sequence[str] = ()
    drawn_from: Sequence[str] = ("summary",)
    figures: Sequence[str] = ()


class WaitingNode(Node):
    """A node with thousands of inputs: Kedro, which looks it up once for each of them, would hash
    all their names each time.
    """

    @cached_property
    def _hash(self) -> int:
        return super().__hash__()

    def __hash__(self) -> int:
        return self._hash

    def _copy(self, **overwrite_params: Any) -> Node:
        made = super()._copy(**overwrite_params)
        made.__class__ = type(self)
        return made


def report_pipeline(
    report: Report, finished: Iterable[str], more: Sequence[Node] = (), shown: Iterable[str] = ()
) -> Pipeline:
    """The report of an experiment, to be put into its namespace.

    Args:
        finished: datasets that members leave: asked for so that the report runs after them, and
            read from the folders like all else.
        more: nodes that draw further figures of the page.
        shown: further figures that the page shows where they exist, as datasets.
    """
    tables = {name: f"{name}_table" for name in report.tables}
    made = {**tables, "findings": "findings", **{name: name for name in report.texts}}
    figures = {name: f"figure_{name}" for name in report.figures or layout_of(report.kind).figures}
    after = {f"finished_{i}": name for i, name in enumerate(finished)}
    with (
        warnings.catch_warnings()
    ):  # Kedro warns of dots in names that it put there itself, as the members' namespaces
        warnings.simplefilter("ignore", UserWarning)
        comparing = WaitingNode(
            node_function(f"reporting.{report.kind}:compare"),
            {**_asked(report.settings), **after},
            made,
            name="compare",
            tags="report",
        )
    from_tables = {name: tables[name] for name in report.drawn_from}
    drawing = Node(
        node_function(f"reporting.{report.kind}:draw"),
        {**_asked(report.drawn_with), **from_tables},
        figures,
        name="draw_figures",
        tags="report",
    )
    drawn = [*figures.values(), *(name for node in more for name in node.outputs), *shown]
    page = {
        "kind": "params:kind",
        "findings": "findings",
        "title": "params:name",
        "description": "params:description",
        **tables,
    }
    page |= {name: name for name in drawn}
    return Pipeline(
        [
            comparing,
            drawing,
            *more,
            Node(
                node_function("reporting.page:write_page"),
                page,
                "page",
                name="write_page",
                tags="report",
            ),
        ]
    )


def _asked(settings: Iterable[str]) -> dict[str, str]:
    """Members, their plan and parameters, by the argument of a node."""
    return {
        "members": "members",
        "plan": "params:plan",
        **{name: f"params:{name}" for name in settings},
    }
