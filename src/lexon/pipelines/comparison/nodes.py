"""The nodes of a comparison: two token files in, tables, the answer in words, figures and one page
out.
"""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from lexon.datasets.events import EventSource
from lexon.datasets.foreign_tokens import ForeignTokens
from lexon.datasets.tokens import TokenSource
from lexon.pipelines.comparison.sides import compared
from lexon.pipelines.comparison.tables import tables
from lexon.pipelines.comparison.words import findings
from lexon.pipelines.reporting.page import write_page
from lexon.plots.tokens import confusion_maps, edge_intervals, occupancy_bars, token_frequencies

logger = logging.getLogger(__name__)


def compare_tokens(
    tokens: TokenSource,
    ambre: ForeignTokens,
    classes: dict[str, Any],
    events: EventSource | None = None,
) -> dict[str, Any]:
    """Tables by name, and the findings in words.

    Args:
        tokens: a token file of ours.
        ambre: the other one.
        classes: tell signal from background, to find out which of them edges were fitted on.
        events: what ours was made from; without them, edges are known no better than our bins are
            wide.
    """
    both = compared(tokens, ambre, events, classes)
    made = tables(both)
    record = [
        ("Our file", f"{tokens.path} ({len(both.ours.rows):,} rows, SHA-256 {tokens.digest[:12]})"),
        (
            "The reference file",
            f"{ambre.path} ({len(both.reference.rows):,} rows, SHA-256 {ambre.digest[:12]})",
        ),
        *((f"Reference: {name}", str(value)) for name, value in ambre.attributes.items()),
    ]
    words = findings(both, made, [*tokens.notes, *ambre.notes], record)
    for sentence in [words["headline"], words["sentences"][0]]:
        logger.info("%s", sentence)
    return {**made, "findings": words}


def draw_figures(
    occupancy: pd.DataFrame, confusion: pd.DataFrame, edges: pd.DataFrame, frequencies: pd.DataFrame
) -> dict[str, Figure]:
    """The figures of the comparison, by name."""
    return {
        "occupancy": occupancy_bars(occupancy),
        "confusion": confusion_maps(confusion),
        "edges": edge_intervals(edges),
        "frequencies": token_frequencies(frequencies),
    }


def write_tokens_page(
    findings: dict[str, Any], title: str, description: str, **shown: pd.DataFrame | bytes | None
) -> str:
    """report.html: begins with the answer. `shown` are tables, and figures as PNG."""
    return write_page("tokens", findings, title, description, **shown)
