"""How a training went, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from lexon.plots.style import Figure, empty_figure, legend_beside, looks, note, styled


@styled
def learning_curves(histories: Mapping[str, pd.DataFrame]) -> Figure:
    """Losses and validation AUROC per epoch; a dot marks the epoch that was kept (best AUROC, then
    lowest loss).

    Args:
        histories: columns epoch, train_loss, val_loss, val_auroc; one row an epoch; by the name in
            the legend.
    """
    if not any(len(history) for history in histories.values()):
        return empty_figure()
    figure = Figure(figsize=(9.2, 3.9 if len(histories) < 10 else 4.6), layout="constrained")
    losses, auroc = figure.subplots(1, 2)
    for (name, history), style in zip(histories.items(), looks(len(histories)), strict=True):
        if len(history):
            _draw(losses, auroc, name, history, style)
    losses.set_ylabel("Loss")
    auroc.set_ylabel("Validation AUROC")
    for axes in (losses, auroc):
        axes.set_xlabel("Epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    note(losses, "thick: validation, dotted: training", "upper right")
    note(auroc, "dot: epoch that was kept", "lower right")
    if len(histories) > 1:
        legend_beside(figure, losses)
    return figure


@styled
def validation_curves(groups: Mapping[str, Mapping[str, pd.DataFrame]]) -> Figure:
    """Validation AUROC per epoch, one panel a group, the same look for the same name in each; a dot
    marks the kept epoch.

    Args:
        groups: histories by name, see `learning_curves`, by title of the panel.
    """
    drawn = _with_epochs(groups)
    if not drawn:
        return empty_figure()
    names = list(dict.fromkeys(chain.from_iterable(drawn.values())))
    style = dict(zip(names, looks(len(names)), strict=True))
    columns = min(len(drawn), 3)
    figure = Figure(figsize=(9.2, 3.9 * -(-len(drawn) // columns)), layout="constrained")
    panels = figure.subplots(
        -(-len(drawn) // columns), columns, sharex=True, sharey=True, squeeze=False
    ).ravel()
    for axes, (title, group) in zip(panels, drawn.items(), strict=False):
        for name, rows in group.items():
            _auroc(axes, rows, style[name])
        axes.set(xlabel="Epoch", title=title)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for spare in panels[len(drawn) :]:
        spare.remove()
    panels[0].set_ylabel("Validation AUROC")
    figure.legend(
        handles=[Line2D([], [], label=name, **style[name]) for name in names],
        loc="outside lower center",
        ncols=3,
        fontsize=9,
    )
    return figure


def _with_epochs(
    groups: Mapping[str, Mapping[str, pd.DataFrame]],
) -> dict[str, dict[str, pd.DataFrame]]:
    """The histories that have an epoch, in the groups that have such a history."""
    found = {
        title: {name: rows for name, rows in group.items() if len(rows)}
        for title, group in groups.items()
    }
    return {title: group for title, group in found.items() if group}


def best_row(history: pd.DataFrame) -> pd.Series:
    """The row of the kept epoch: highest validation AUROC, then lowest validation loss."""
    return history.sort_values(["val_auroc", "val_loss"], ascending=[False, True]).iloc[0]


def _draw(
    losses: Axes, auroc: Axes, name: str, history: pd.DataFrame, style: dict[str, Any]
) -> None:
    best = best_row(history)
    marker = "." if len(history) == 1 else ""
    color = style["color"]
    losses.plot(
        history["epoch"],
        history["train_loss"],
        color=color,
        linestyle=":",
        linewidth=1.2,
        marker=marker,
    )
    losses.plot(history["epoch"], history["val_loss"], label=name, marker=marker, **style)
    losses.plot(best["epoch"], best["val_loss"], "o", color=color, markersize=5)
    _auroc(auroc, history, style)


def _auroc(axes: Axes, history: pd.DataFrame, style: Mapping[str, Any]) -> None:
    best = best_row(history)
    axes.plot(
        history["epoch"], history["val_auroc"], marker="." if len(history) == 1 else "", **style
    )
    axes.plot(best["epoch"], best["val_auroc"], "o", color=style["color"], markersize=5)
