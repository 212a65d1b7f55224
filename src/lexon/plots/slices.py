"""Figure of slices: where one classifier is better than another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from lexon.plots.style import Figure, baseline_looks, empty_figure, looks, padded, styled

_SPREAD = 0.5  # of a slice's width over which the classifiers stand side by side
_GAP = 0.4  # between quantities, in widths of a slice


@styled
def by_slice(slices: pd.DataFrame) -> Figure:
    """One panel for all backgrounds and one for each, quantities side by side; a point a slice and
    classifier.

    Args:
        slices: `quantity`, `slice`, `against`, `kind`, `label`, `drawn`, `auroc`, `auroc_low`,
            `auroc_high`, slices in order.
    """
    rows = slices[slices["drawn"].astype(bool)] if len(slices) else slices
    if rows.empty:
        return empty_figure("no slice with enough events, or nothing finished")
    places = _places(rows)
    rows = rows.assign(x=[places[key] for key in zip(rows["quantity"], rows["slice"], strict=True)])
    backgrounds, styles = list(dict.fromkeys(rows["against"])), _styles(rows)
    figure = Figure(figsize=(9.6, 1.9 + 1.7 * len(backgrounds)), layout="constrained")
    panels = figure.subplots(len(backgrounds), 1, sharex=True, squeeze=False)[:, 0]
    for axes, background in zip(panels, backgrounds, strict=True):
        _panel(axes, rows[rows["against"] == background], styles)
        axes.set_ylabel(f"AUROC\nagainst {background}", loc="center")
    _name_slices(panels[0], panels[-1], places)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure


def _places(rows: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Where each slice stands, by quantity and slice, a gap between quantities."""
    found: dict[tuple[str, str], float] = {}
    place, before = -1.0, None
    for quantity in dict.fromkeys(rows["quantity"]):
        for name in dict.fromkeys(rows.loc[rows["quantity"] == quantity, "slice"]):
            place += 1 if before in (None, quantity) else 1 + _GAP
            before = quantity
            found[quantity, name] = place
    return found


def _styles(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The look of each classifier by its label."""
    labels = {kind: list(dict.fromkeys(own["label"])) for kind, own in rows.groupby("kind")}
    cells, baselines = (labels.get(kind, []) for kind in ("cell", "baseline"))
    marked = [{"marker": "o", **look} for look in looks(len(cells))]
    marked += [{"marker": "s", **look} for look in baseline_looks(len(baselines))]
    return dict(zip([*cells, *baselines], marked, strict=True))


def _panel(axes: Axes, rows: pd.DataFrame, styles: Mapping[str, dict[str, Any]]) -> None:
    """The classifiers side by side in each slice, a line for each quantity."""
    for place, (label, style) in enumerate(styles.items()):
        own = _with_breaks(rows[rows["label"] == label])
        shift = _SPREAD * ((place + 0.5) / len(styles) - 0.5)
        errors = np.maximum([own["auroc"] - own["auroc_low"], own["auroc_high"] - own["auroc"]], 0)
        axes.errorbar(
            own["x"] + shift,
            own["auroc"],
            np.nan_to_num(errors),
            label=label,
            markersize=3.5,
            linewidth=1,
            elinewidth=1.2,
            **style,
        )
    axes.set_ylim(*padded([*rows["auroc_low"], *rows["auroc_high"]]))


def _with_breaks(rows: pd.DataFrame) -> pd.DataFrame:
    """An empty row after each quantity, where its line ends."""
    numbers = rows[["x", "auroc", "auroc_low", "auroc_high"]]
    groups: Sequence[pd.DataFrame] = [
        numbers[rows["quantity"] == quantity].astype(float)
        for quantity in dict.fromkeys(rows["quantity"])
    ]
    return pd.concat([group.reindex([*group.index, -1]) for group in groups])


def _name_slices(top: Axes, bottom: Axes, places: Mapping[tuple[str, str], float]) -> None:
    """Names of slices below the last panel, of quantities above the first, lines between them."""
    bottom.set_xticks(list(places.values()), [name for _, name in places], rotation=90, fontsize=9)
    bottom.set_xlim(-0.6, max(places.values()) + 0.6)
    bottom.xaxis.set_minor_locator(NullLocator())
    for quantity in dict.fromkeys(quantity for quantity, _ in places):
        own = [place for (name, _), place in places.items() if name == quantity]
        top.annotate(
            quantity,
            (np.mean(own), 1.04),
            xycoords=("data", "axes fraction"),
            ha="center",
            fontsize=10.5,
        )
        for axes in top.figure.axes if max(own) < max(places.values()) else ():
            axes.axvline(max(own) + (1 + _GAP) / 2, color="0.8", linewidth=0.8)
