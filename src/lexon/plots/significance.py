"""Figure of expected significances: as a function of the cut, and by a fit in bins."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from lexon.plots.style import Figure, baseline_looks, empty_figure, looks, note, padded, styled

MAX_CELLS = 8  # more curves cannot be distinguished: the best on validation are drawn
_LETTERS = 26  # in a line of a label


@styled
def significances(table: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Above, significance against the signal efficiency of a cut, with and without the uncertainty
    of the background; below, of a fit in bins and of the chosen cut, with 95 % intervals.

    Args:
        table: `kind`, `cell`, `label`, `fit`, `cut`, `fit_known`, `cut_known`, each with `_low` and
            `_high`.
        curves: `cell`, `signal_efficiency`, `significance`, `significance_known`.
    """
    cells, baselines = (table[table["kind"] == kind] for kind in ("cell", "baseline"))
    rows = pd.concat([cells.head(MAX_CELLS), baselines])
    if rows.empty:
        return empty_figure("no expected significance: the section says why")
    styles = dict(
        zip(
            rows["cell"],
            [*looks(min(len(cells), MAX_CELLS)), *baseline_looks(len(baselines))],
            strict=True,
        )
    )
    figure = Figure(figsize=(9.2, 4.6 + 0.34 * len(rows)), layout="constrained")
    panels = figure.subplots(2, 2, sharex="row", height_ratios=[3.2, 0.4 + 0.34 * len(rows)])
    for column, (ending, words) in enumerate(
        (("", "background uncertain"), ("_known", "background known"))
    ):
        _curves(panels[0, column], curves, f"significance{ending}", rows, styles)
        note(panels[0, column], words)
        _intervals(panels[1, column], rows, ending, styles)
    panels[0, 0].set_ylabel("Expected significance\nof a cut", loc="center")
    names = [fill(label, _LETTERS) for label in rows["label"]]
    panels[1, 0].set_yticks(range(len(rows)), names, fontsize=9)
    panels[1, 1].set_yticks(range(len(rows)), [])
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure


def _curves(
    axes: Axes,
    curves: pd.DataFrame,
    column: str,
    rows: pd.DataFrame,
    styles: Mapping[str, Mapping[str, Any]],
) -> None:
    for row in rows.to_dict("records"):
        own = curves[curves["cell"] == row["cell"]]
        axes.plot(own["signal_efficiency"], own[column], label=row["label"], **styles[row["cell"]])
    axes.set(xlim=(0, 1), xlabel="Signal efficiency of the cut")
    low, high = padded(curves.loc[curves["cell"].isin(rows["cell"]), column])
    axes.set_ylim(max(low, 0), high + 0.12 * (high - low))


def _intervals(
    axes: Axes, rows: pd.DataFrame, ending: str, styles: Mapping[str, Mapping[str, Any]]
) -> None:
    """Filled: the fit; hollow, a little below: the chosen cut."""
    for place, row in enumerate(rows.to_dict("records")):
        for name, shift, inside in (("fit", -0.13, None), ("cut", 0.13, "white")):
            value, low, high = (row[f"{name}{ending}{bound}"] for bound in ("", "_low", "_high"))
            color = styles[row["cell"]]["color"]
            axes.errorbar(
                value,
                place + shift,
                xerr=np.nan_to_num(np.maximum([[value - low], [high - value]], 0)),
                color=color,
                markerfacecolor=inside or color,
                marker="o",
                markersize=5,
                capsize=2,
            )
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_xlabel("Expected significance: fit (filled), chosen cut (hollow)", fontsize=10)
