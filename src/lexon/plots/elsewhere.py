"""Figures of a second sample: how classifiers do on it, and how far it is from the first one."""

from __future__ import annotations

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from lexon.plots.style import PALETTE, Figure, empty_figure, padded, styled

MOST_CELLS = 8  # more rows cannot be read
_SAMPLES = {"test": "own test split", "elsewhere": "other sample"}
_LETTERS = 28  # in a line of a label


@styled
def on_both(table: pd.DataFrame) -> Figure:
    """One panel for all events and one for each process, a row a classifier, a point a sample.

    Args:
        table: `kind`, `label`, `against`, and `auroc_test` and `auroc_elsewhere` with their bounds;
            best cells first.
    """
    if table.empty:
        return empty_figure("not scored on another sample: the section says why")
    labels = {kind: list(dict.fromkeys(own["label"])) for kind, own in table.groupby("kind")}
    shown = [*labels.get("cell", [])[:MOST_CELLS], *labels.get("baseline", [])]
    panels = list(dict.fromkeys(table["against"]))
    figure = Figure(
        figsize=(3.2 + 2.3 * len(panels), 1.4 + 0.42 * len(shown)), layout="constrained"
    )
    for axes, against in zip(
        figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels, strict=True
    ):
        own = table[table["against"] == against].set_index("label").reindex(shown)
        _samples(axes, own)
        axes.set_xlabel("AUROC, all" if against == "all" else f"AUROC against {against}")
    first = figure.axes[0]
    first.set_yticks(range(len(shown)), [fill(label, _LETTERS) for label in shown], fontsize=9)
    first.set_ylim(len(shown) - 0.5, -0.5)
    first.yaxis.set_minor_locator(NullLocator())
    figure.legend(*first.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def _samples(axes: Axes, rows: pd.DataFrame) -> None:
    places = np.arange(len(rows))
    for number, (name, words) in enumerate(_SAMPLES.items()):
        value, low, high = (rows[f"auroc_{name}{bound}"] for bound in ("", "_low", "_high"))
        axes.errorbar(
            value,
            places + 0.2 * (number - 0.5),
            xerr=np.nan_to_num(np.maximum([value - low, high - value], 0)),
            fmt="os"[number],
            color=PALETTE[number],
            markersize=4,
            label=words,
        )
    bounds = [rows[f"auroc_{name}_{bound}"] for name in _SAMPLES for bound in ("low", "high")]
    axes.set_xlim(*padded(np.concatenate(bounds).tolist()))


@styled
def apart(shifts: pd.DataFrame, two_samples: pd.DataFrame) -> Figure:
    """Left the quantities that are furthest apart, with their floor; right how well trees tell the
    samples apart, by class and process.

    Args:
        shifts: `kind`, `feature`, `distance`, `floor_all`, largest first.
        two_samples: `group`, `auroc`, `auroc_low`, `auroc_high`.
    """
    rows = shifts[shifts["kind"] == "shown"] if len(shifts) else shifts
    if rows.empty:
        return empty_figure("no distance to another sample: the section says why")
    height = 1.5 + 0.27 * max(len(rows), len(two_samples))
    figure = Figure(figsize=(9.2, height), layout="constrained")
    left, right = figure.subplots(1, 2)
    places = np.arange(len(rows))
    left.barh(places, rows["distance"], 0.7, color=PALETTE[0], label="distance")
    floor = {"linestyle": "none", "marker": "|", "markersize": 11, "markeredgewidth": 1.8}
    left.plot(rows["floor_all"], places, color="black", label="chance stays below", **floor)
    _rows(left, list(rows["feature"]))
    left.set_xlabel("Largest difference of distribution functions")
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper left", ncols=2)
    value = two_samples["auroc"]
    errors = np.maximum([value - two_samples["auroc_low"], two_samples["auroc_high"] - value], 0)
    right.errorbar(value, np.arange(len(value)), xerr=errors, fmt="o", color=PALETTE[0])
    right.axvline(0.5, color="0.6", linewidth=0.8)
    _rows(right, list(two_samples["group"]))
    right.set_xlabel("AUROC of telling the samples apart")
    return figure


def _rows(axes: Axes, names: list[str]) -> None:
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.yaxis.set_minor_locator(NullLocator())
