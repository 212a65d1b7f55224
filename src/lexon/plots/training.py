"""How a training went, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lexon.plots.style import empty_figure, legend_beside, looks, note, styled


@styled
def learning_curves(histories: Mapping[str, pd.DataFrame]) -> Figure:
    """Losses and validation AUROC per epoch; a dot marks the epoch that was kept (best AUROC, then lowest loss).

    Args:
        histories: columns epoch, train_loss, val_loss, val_auroc; one row an epoch; by the name in the legend.
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


def best_row(history: pd.DataFrame) -> pd.Series:
    """The row of the kept epoch: highest validation AUROC, then lowest validation loss."""
    return history.sort_values(["val_auroc", "val_loss"], ascending=[False, True]).iloc[0]


def _draw(losses: Axes, auroc: Axes, name: str, history: pd.DataFrame, style: dict[str, Any]) -> None:
    best = best_row(history)
    marker = "." if len(history) == 1 else ""
    color = style["color"]
    losses.plot(history["epoch"], history["train_loss"], color=color, linestyle=":", linewidth=1.2, marker=marker)
    losses.plot(history["epoch"], history["val_loss"], label=name, marker=marker, **style)
    losses.plot(best["epoch"], best["val_loss"], "o", color=color, markersize=5)
    auroc.plot(history["epoch"], history["val_auroc"], marker=marker, **style)
    auroc.plot(best["epoch"], best["val_auroc"], "o", color=color, markersize=5)
