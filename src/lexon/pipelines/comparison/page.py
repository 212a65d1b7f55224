"""report.html of a comparison of token files: which figures, which columns, in which words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lexon.pipelines.comparison.sentences import name_of
from lexon.plots.page import Section, figures, render_page, table, whole

# Name, heading and what a reader who cannot see the figure should know.
FIGURES = {
    "occupancy": "Share of entries in each bin of each axis in both files, beside the share that is due",
    "edges": "Our edges, and the interval that each of hers lies in, as the linked rows imply",
    "confusion": "For the linked rows, the share of each of our bins that is in each of hers",
    "frequencies": "Share of each token in her file against its share in ours; tokens of one file only as crosses",
}
HEADINGS = {"occupancy": "How bins are filled", "edges": "Edges", "confusion": "Bin against bin", "frequencies": "Token frequencies"}
LINKS = {
    "way": "what had to agree",
    "tried": "rows tried",
    "linked": "linked",
    "accidental": "accidental, expected",
    "evidence": "evidence",
}
AGREEMENT = {"axis": "axis", "compared": "compared", "agreement": "same bin", "by_chance": "by chance", "differ": "differ"}
COLUMNS = {"column": "column", "compared": "compared", "agreement": "same token", "differ": "differ"}
EDGES = {
    "axis": "axis",
    "edge": "edge",
    "ours": "ours",
    "low": "hers above",
    "high": "hers at most",
    "same": "same?",
    "below": "values below",
    "contradictions": "contradictions",
    "basis": "from",
}
DISTANCES = {
    "axis": "axis",
    "entries_ours": "entries, ours",
    "entries_hers": "entries, hers",
    "total_variation": "total variation",
    "tv_floor": "by chance",
    "tv_limit": "95 % limit",
    "jensen_shannon_bits": "Jensen-Shannon [bits]",
    "js_floor": "by chance",
    "js_limit": "95 % limit",
    "differs": "differs",
}
EXAMPLES = {
    "ours_row": "our row",
    "hers_row": "her row",
    "column": "column",
    "ours": "our token",
    "ours_means": "means",
    "hers": "her token",
    "hers_means": "means",
    "values": "values",
}
COUNTS = ("rows", "tried", "linked", "accidental", "compared", "differ", "entries_ours", "entries_hers", "contradictions")
FOOTER = "Rows are linked by what no edge decides; where chance would explain a link, none is claimed."


def comparison_page(
    findings: Mapping[str, Any], tables: Mapping[str, pd.DataFrame], drawn: Mapping[str, bytes | None], title: str, description: str
) -> str:
    """The page as HTML; see `lexon.pipelines.comparison.nodes.write_page`."""
    texts = dict.fromkeys(COUNTS, whole) | {"axis": name_of}
    parts, columns = tables["parts"], tables["columns"]
    sections = [
        Section(
            "Rows",
            tables=[
                table(
                    tables["links"], LINKS, "Ways of linking her rows to ours, in the order they were tried. All columns: links.csv", texts
                ),
                table(parts, {name: name.replace("_", " ") for name in parts.columns}, "Her parts: which of our rows they are", texts),
            ],
        ),
        Section("Figures", figures=figures([(name, HEADINGS[name], alt) for name, alt in FIGURES.items()], drawn)),
        Section(
            "Agreement",
            tables=[
                table(tables["agreement"], AGREEMENT, "Linked rows: objects, or events for MET, in the same bin", texts),
                table(
                    columns[columns["compared"] > 0],
                    COLUMNS,
                    "Linked rows: equal tokens by column of the file, padding in both aside",
                    texts,
                ),
            ],
        ),
        Section("Edges", tables=[table(tables["edges"], EDGES, "Inner edges in GeV and rad; the values of linked rows bound hers", texts)]),
        Section("Distributions", tables=[table(tables["distances"], DISTANCES, "All rows of both files, linked or not", texts)]),
        Section("Examples", tables=[table(tables["examples"], EXAMPLES, "The first linked rows that differ")]),
    ]
    return render_page(title, description, findings, sections, FOOTER)
