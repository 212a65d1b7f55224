"""Figures of what tokens cost: AUROC against training events, and against bits of an object's
token.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from lexon.plots.style import PALETTE, Figure, empty_figure, legend_beside, note, padded, styled

DIRECT, TABLE = "direct", "table"
# Factor between neighbouring points of one number of events: their intervals stay readable.
_APART = 0.012
_AUROC = "AUROC on the test split, 95 % interval"


@styled
def by_training_events(representations: pd.DataFrame) -> Figure:
    """One line a representation: solid, or dashed where each token has a row of a table.

    Args:
        representations: `representation`, `tokens`, `embedding`, `n_train`, `auroc`, `auroc_low`,
            `auroc_high`; a row for each number of training events.
    """
    rows = representations[np.isfinite(representations["auroc"])]
    if rows.empty:
        return empty_figure()
    names = list(dict.fromkeys(rows["representation"]))
    colors = _colors(rows, "tokens")
    figure = Figure(figsize=(9.2, 5.0), layout="constrained")
    axes = figure.subplots()
    for place, name in enumerate(names):
        line = rows[rows["representation"] == name].sort_values("n_train")
        x = line["n_train"] * (1 + _APART * (place - (len(names) - 1) / 2))
        first = line.iloc[0]
        dashed = first["embedding"] == TABLE and first["tokens"] != DIRECT
        style: dict[str, Any] = {
            "color": colors[first["tokens"]],
            "linestyle": "--" if dashed else "-",
            "marker": "s" if dashed else "o",
        }
        axes.errorbar(x, line["auroc"], _errors(line), label=name, markersize=4, capsize=2, **style)
    axes.set(xscale="log", xlabel="Training events", ylabel=_AUROC)
    sizes = sorted(set(rows["n_train"]))
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.xaxis.set_minor_formatter(NullFormatter())
    legend_beside(figure, axes)
    return figure


@styled
def by_bits(representations: pd.DataFrame) -> Figure:
    """AUROC with most training events against log2 of the number of object tokens; a line leads to
    the entropy of their use.

    Args:
        representations: as of `by_training_events`, with `family`, `bits` and `entropy`.
    """
    rows = representations[representations["n_train"] == representations["n_train"].max()]
    tokens = rows[np.isfinite(rows["bits"]) & np.isfinite(rows["auroc"])]
    if tokens.empty:
        return empty_figure("no finished tokens of which the number is recorded")
    colors = _colors(tokens, "family")
    figure = Figure(figsize=(9.2, 5.0), layout="constrained")
    axes = figure.subplots()
    for (family, is_table), group in tokens.groupby(
        ["family", tokens["embedding"] == TABLE], sort=False
    ):
        fill = "white" if is_table else colors[str(family)]
        look: dict[str, Any] = {
            "color": colors[str(family)],
            "markerfacecolor": fill,
            "linestyle": "none",
            "marker": "o",
            "capsize": 2,
        }
        axes.hlines(
            group["auroc"],
            group["entropy"],
            group["bits"],
            color=colors[str(family)],
            linewidth=0.8,
            alpha=0.6,
        )
        axes.errorbar(
            group["bits"],
            group["auroc"],
            _errors(group),
            label=f"{family}, {', '.join(dict.fromkeys(group['embedding']))}",
            **look,
        )
        _names(axes, group)
    direct = rows[rows["family"] == DIRECT]
    for row in direct.to_dict("records"):
        axes.axhspan(row["auroc_low"], row["auroc_high"], color="0.88", zorder=0)
        axes.axhline(row["auroc"], color="black", linewidth=1, label=DIRECT, zorder=0)
    axes.set(xlabel=r"Bits per object, $\log_2$ of the number of tokens", ylabel=_AUROC)
    shown = pd.concat([tokens, direct])
    axes.set_xlim(*padded([*tokens["bits"], *tokens["entropy"]], 0.15))
    axes.set_ylim(*padded([*shown["auroc_low"], *shown["auroc_high"]], 0.12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda bits, _: f"{bits:g}"))
    note(
        axes,
        f"{rows['n_train'].max():,} training events; thin line: to the entropy of the tokens' use",
        "lower right",
    )
    legend_beside(figure, axes)
    return figure


def _names(axes: Axes, group: pd.DataFrame) -> None:
    """What tells tokens of one family apart: the legend names the family."""
    for row in group.to_dict("records"):
        name = row["tokens"].replace(row["family"], "").strip()
        axes.annotate(
            name,
            (row["bits"], row["auroc"]),
            xytext=(5, 5),
            textcoords="offset points",
            fontsize=8.5,
        )


def _colors(rows: pd.DataFrame, column: str) -> dict[str, str]:
    """A colour for each value, black for direct."""
    values = [value for value in dict.fromkeys(rows[column]) if value != DIRECT]
    return {
        DIRECT: "black",
        **{value: PALETTE[place % len(PALETTE)] for place, value in enumerate(values)},
    }


def _errors(rows: pd.DataFrame) -> Any:
    return np.maximum(
        np.nan_to_num([rows["auroc"] - rows["auroc_low"], rows["auroc_high"] - rows["auroc"]]), 0
    )
