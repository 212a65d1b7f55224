"""What a codebook does: how it was learnt, how evenly it is used, what comes back from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.ticker import MaxNLocator

from lexon.plots.style import PALETTE, Figure, looks, styled

TERMS = {"rec_continuous": "features", "rec_type": "type"}
ERRORS = {
    "type_accuracy": "Type accuracy",
    "pt_mae": r"$|\Delta p_T|$ [GeV]",
    "energy_mae": r"$|\Delta E|$ [GeV]",
    "eta_mae": r"$|\Delta\eta|$",
    "phi_mae": r"$|\Delta\phi|$ [rad]",
}


@styled
def codebook_diagnostics(history: pd.DataFrame, splits: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Losses and perplexity per epoch, how often each code occurs, and what comes back of the last
    split's objects.

    Args:
        history: columns epoch, train_ and val_ of `TERMS`, val_perplexity; one row an epoch.
        splits: by name: counts [K], usage, perplexity and reconstruction
            (`lexon.metrics.reconstruction`), and for codes of several parts the usage and
            perplexity of each part by name, as `parts`.
    """
    figure = Figure(figsize=(11.0, 6.6), layout="constrained")
    grid = figure.add_gridspec(2, 1, height_ratios=[1, 0.9])
    upper, lower = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
    losses, diversity, use = upper.subplots(1, 3)
    _losses(losses, history)
    _diversity(diversity, history, len(next(iter(splits.values()))["counts"]))
    _use(use, splits)
    _use_of_parts(use, list(splits.values())[-1].get("parts", {}))
    last = list(splits)[-1]
    _errors(lower, splits[last]["reconstruction"], last)
    return figure


def _losses(axes: Axes, history: pd.DataFrame) -> None:
    for (term, name), style in zip(TERMS.items(), looks(len(TERMS)), strict=True):
        axes.plot(history["epoch"], history[f"val_{term}"], label=name, **style)
        axes.plot(
            history["epoch"],
            history[f"train_{term}"],
            color=style["color"],
            linestyle=":",
            linewidth=1.2,
        )
    axes.set(yscale="log", ylabel="Reconstruction loss")
    axes.legend(title="solid: validation, dotted: training", title_fontsize=9)
    _epochs(axes)


def _diversity(axes: Axes, history: pd.DataFrame, codebook_size: int) -> None:
    axes.plot(history["epoch"], history["val_perplexity"], color=PALETTE[0], label="perplexity")
    axes.plot(
        history["epoch"],
        codebook_size * history["val_usage"],
        color=PALETTE[1],
        label="codes in use",
    )
    axes.axhline(codebook_size, color="0.5", linestyle=":", linewidth=1)
    axes.set(ylim=(0, 1.08 * codebook_size), ylabel="Codes (validation)")
    axes.legend(loc="lower right")
    _epochs(axes)


def _use(axes: Axes, splits: Mapping[str, Mapping[str, Any]]) -> None:
    for (name, split), style in zip(splits.items(), looks(len(splits)), strict=True):
        counts = np.sort(split["counts"])[::-1]
        label = f"{name}: {100 * split['usage']:.0f} % used, perplexity {split['perplexity']:.0f}"
        axes.plot(
            np.arange(1, len(counts) + 1),
            counts * len(counts) / max(counts.sum(), 1),
            label=label,
            **style,
        )
    axes.axhline(1, color="0.5", linestyle=":", linewidth=1)
    axes.set(ylim=(0, None), xlabel="Codes by falling use", ylabel="Use / even use")
    axes.legend(fontsize=8.5, loc="upper right")


def _use_of_parts(axes: Axes, parts: Mapping[str, Mapping[str, float]]) -> None:
    """The use of each part of a code on the last split, in words."""
    lines = [
        f"{name}: {100 * use['usage']:.0f} %, perplexity {use['perplexity']:.1f}"
        for name, use in parts.items()
    ]
    axes.text(
        0.97, 0.6, "\n".join(lines), transform=axes.transAxes, ha="right", va="top", fontsize=8.5
    )


def _errors(
    figure: SubFigure, reconstruction: Mapping[str, Mapping[str, float]], split: str
) -> None:
    """One panel for each quantity, one bar for each object type: means over the objects of
    a split.
    """
    table = pd.DataFrame(reconstruction).T
    shown = [key for key in ERRORS if key in table]
    rows = np.arange(len(table))
    panels = figure.subplots(1, len(shown), sharey=True)
    for axes, key in zip(panels, shown, strict=True):
        bars = axes.barh(
            rows, table[key], height=0.6, color=["0.35", *[PALETTE[0]] * (len(table) - 1)]
        )
        axes.bar_label(bars, fmt="%.3g", padding=3, fontsize=9)
        axes.set(xlabel=ERRORS[key], xlim=(0, 1.35 * table[key].max() or 1))
        axes.tick_params(axis="y", which="both", left=False, right=False)
    panels[0].set_yticks(rows, [f"{name} ({n:,.0f})" for name, n in table["n"].items()])
    panels[0].invert_yaxis()
    figure.suptitle(f"Means over the objects of the {split} split, by true type", fontsize=11)


def _epochs(axes: Axes) -> None:
    axes.set_xlabel("Epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
