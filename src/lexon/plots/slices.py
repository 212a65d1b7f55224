"""Figure of slices: where one classifier is better than another."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from lexon.plots.style import (
    Figure,
    baseline_looks,
    empty_figure,
    looks,
    padded,
    styled,
)

_SPREAD = 0.5  # of a slice's width over which the classifiers stand side by side


@styled
def by_slice(slices: pd.DataFrame) -> Figure:
    """One column of panels a quantity, one row for all backgrounds and one for each; a point a
    slice and classifier.

    Args:
        slices: `quantity`, `slice`, `against`, `kind`, `label`, `drawn`, `auroc`, `auroc_low`,
            `auroc_high`, slices in order.
    """
    rows = slices[slices["drawn"].astype(bool)] if len(slices) else slices
    if rows.empty:
        return empty_figure("no slice with enough events, or nothing finished")
    quantities, backgrounds = (list(dict.fromkeys(rows[name])) for name in ("quantity", "against"))
    names = {
        name: list(dict.fromkeys(rows.loc[rows["quantity"] == name, "slice"]))
        for name in quantities
    }
    figure = Figure(figsize=(9.6, 1.9 + 1.9 * len(backgrounds)), layout="constrained")
    panels = figure.subplots(
        len(backgrounds),
        len(quantities),
        sharex="col",
        sharey="row",
        squeeze=False,
        width_ratios=[1 + len(names[name]) for name in quantities],
    )
    for line, background in enumerate(backgrounds):
        for column, quantity in enumerate(quantities):
            axes = panels[line, column]
            chosen = rows[(rows["against"] == background) & (rows["quantity"] == quantity)]
            _panel(axes, chosen, rows, names[quantity])
            if not line:
                axes.set_title(quantity, fontsize=10.5)
        shown = rows[rows["against"] == background]
        panels[line, 0].set_ylim(*padded([*shown["auroc_low"], *shown["auroc_high"]]))
        panels[line, 0].set_ylabel(f"AUROC\nagainst {background}", loc="center")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure


def _panel(axes: Axes, chosen: pd.DataFrame, rows: pd.DataFrame, names: list[str]) -> None:
    """The classifiers of one panel side by side in each slice."""
    kinds = {
        kind: list(dict.fromkeys(rows.loc[rows["kind"] == kind, "label"]))
        for kind in ("cell", "baseline")
    }
    styles = [*looks(len(kinds["cell"])), *baseline_looks(len(kinds["baseline"]))]
    labels = [*kinds["cell"], *kinds["baseline"]]
    for place, (label, style) in enumerate(zip(labels, styles, strict=True)):
        own = chosen[chosen["label"] == label]
        shift = _SPREAD * ((place + 0.5) / len(labels) - 0.5)
        axes.errorbar(
            [names.index(name) + shift for name in own["slice"]],
            own["auroc"],
            np.nan_to_num(
                np.maximum([own["auroc"] - own["auroc_low"], own["auroc_high"] - own["auroc"]], 0)
            ),
            label=label,
            marker="s" if label in kinds["baseline"] else "o",
            markersize=3.5,
            linewidth=1,
            elinewidth=1.2,
            **style,
        )
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=8.5)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(-0.6, len(names) - 0.4)
