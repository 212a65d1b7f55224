"""What a sweep of the variance penalty looks like: curves, distributions, and R2 against the
variance ratio.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lexon.plots.style import PALETTE, Figure, empty_figure, legend_beside, looks, styled

Values = NDArray[np.floating[Any]]

_PANELS = {
    "val_base_loss": "Validation Huber loss",
    "val_r2": r"Validation $R^2$",
    "val_variance_ratio": r"Var($p$) / Var($y$), validation",
}
_LARGEST = 3.0  # R2 and ratios beyond are no predictions; the axes stay readable
_SHARE = 0.005  # of the target's rows at either end that the histograms' axis leaves out
_MOST_BINS = 40
_AIR = 1.08  # room above the highest density
_HIGHEST = 1.6  # of the target's own, beyond which a prediction's density is cut
_COLUMNS = 3


@styled
def training_curves(histories: Mapping[str, Sequence[pd.DataFrame]]) -> Figure:
    """Huber loss, R2 and variance ratio per epoch on validation: the median of the seeds, and a
    band from lowest to highest.

    Args:
        histories: by the name in the legend, one for each seed: epoch, val_base_loss, val_r2,
            val_variance_ratio.
    """
    shown = {name: list(seeds) for name, seeds in histories.items() if seeds}
    if not shown:
        return empty_figure()
    figure = Figure(figsize=(12.0, 3.9), layout="constrained")
    panels = figure.subplots(1, len(_PANELS))
    for axes, (column, label) in zip(panels, _PANELS.items(), strict=True):
        for (name, seeds), style in zip(shown.items(), looks(len(shown)), strict=True):
            _band(axes, name, seeds, column, style)
        axes.set_xlabel("Epoch")
        axes.set_ylabel(label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        bottom, top = axes.get_ylim()
        axes.set_ylim(max(bottom, -_LARGEST), min(top, _LARGEST))
    panels[-1].axhline(1, color="0.6", linewidth=0.9, zorder=0)
    panels[1].axhline(0, color="0.6", linewidth=0.9, zorder=0)
    if len(shown) > 1:
        legend_beside(figure, panels[0])
    return figure


@styled
def distributions(
    target: Values | None, predictions: Mapping[str, tuple[str, Sequence[Values]]]
) -> Figure:
    """Figure 2: histograms of each lambda's predictions, one line a seed, against the target's, all
    on the same axes.

    Args:
        target: of the validation rows [row]; None where no member is finished.
        predictions: by title, a remark and one array [row] for each seed; no array says that there
            is nothing yet.
    """
    if target is None:
        return empty_figure()
    rows = -(-len(predictions) // _COLUMNS)
    figure = Figure(figsize=(10.5, 0.8 + 2.7 * rows), layout="constrained")
    panels = figure.subplots(
        rows, min(_COLUMNS, len(predictions)), sharex=True, sharey=True, squeeze=False
    ).ravel()
    bins = min(_MOST_BINS, round(2 * len(target) ** (1 / 3)))  # Rice's rule
    edges = np.linspace(*_range(target), bins + 1)
    for axes in panels[len(predictions) :]:
        axes.set_axis_off()
    for axes in panels[max(0, len(predictions) - _COLUMNS) : len(predictions)]:
        axes.tick_params(
            labelbottom=True
        )  # the lowest panel of each column, also where the last row is not full
    for axes, (title, (remark, seeds)) in zip(panels, predictions.items(), strict=False):
        axes.hist(target, edges, density=True, color="0.85", label="target")
        for values in seeds:
            inside = np.clip(values[np.isfinite(values)], edges[0], edges[-1])
            axes.hist(
                inside,
                edges,
                density=True,
                histtype="step",
                color=PALETTE[0],
                alpha=0.75,
                linewidth=1.1,
            )
        axes.set_title(": ".join(filter(None, (title, remark))), fontsize=10.5)
    panels[0].set_ylim(
        0, _height(target, [values for _, seeds in predictions.values() for values in seeds], edges)
    )
    panels[0].set_ylabel("Density")
    figure.supxlabel(
        "Target (grey) and prediction (lines, one a seed); the outermost bins hold what lies"
        " beyond, the highest spikes are cut",
        fontsize=10,
    )
    return figure


@styled
def r2_against_ratio(
    cells: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    baselines: Mapping[str, tuple[float, float]],
) -> Figure:
    """R2 against variance ratio, a dot a seed; on the line R2 = ratio a model is calibrated. Dots
    at the frame lie beyond it.

    Grey curves are what a correlation rho can reach at best for each spread: R2 = 2 rho s - s^2,
    s^2 the ratio.

    Args:
        cells: by the name in the legend, ratios and R2 of the seeds.
        baselines: by name, ratio and R2.
    """
    known = {name: np.array(pair, dtype=float) for name, pair in cells.items() if len(pair[0])}
    if not known:
        return empty_figure()
    figure = Figure(figsize=(8.2, 5.0), layout="constrained")
    axes = figure.subplots()
    spread = np.linspace(0, np.sqrt(2), 200)
    for rho in (0.2, 0.4, 0.6, 0.8):
        axes.plot(spread**2, 2 * rho * spread - spread**2, color="0.8", linewidth=0.8, zorder=0)
        axes.annotate(
            rf"$\rho$ = {rho}",
            (1.19, 2 * rho * 1.19**0.5 - 1.19),
            fontsize=8.5,
            color="0.45",
            ha="right",
            xytext=(0, 3),
            textcoords="offset points",
            annotation_clip=True,
        )
    axes.plot(
        [0, 1],
        [0, 1],
        color="0.3",
        linestyle="--",
        linewidth=1.2,
        label=r"calibrated: $R^2$ = ratio",
    )
    axes.axvspan(0.8, 1.2, color="0.95", zorder=-1)
    for (name, (ratios, r2)), style in zip(known.items(), looks(len(known)), strict=True):
        axes.plot(
            np.clip(ratios, 0, 2),
            np.clip(r2, -1, 1),
            "o",
            color=style["color"],
            label=name,
            alpha=0.8,
            markersize=6,
        )
    for (name, (ratio, value)), marker in zip(baselines.items(), "s^D", strict=False):
        axes.plot(
            ratio, value, marker, color="black", markerfacecolor="none", label=name, markersize=7
        )
    axes.axhline(0, color="0.6", linewidth=0.9, zorder=0)
    everything = np.concatenate([np.clip(r2, -1, 1) for _, r2 in known.values()])
    axes.set(
        xlabel=r"Var($p$) / Var($y$), validation",
        ylabel=r"$R^2$, validation",
        ylim=(min(-0.15, np.nanmin(everything) - 0.05), 1),
    )
    axes.set_xlim(
        -0.03,
        max(
            1.35, *(float(np.nanmax(np.clip(ratios, 0, 2))) + 0.05 for ratios, _ in known.values())
        ),
    )
    legend_beside(figure, axes)
    return figure


def _band(
    axes: Axes, name: str, seeds: Sequence[pd.DataFrame], column: str, style: dict[str, Any]
) -> None:
    """The median over seeds of each epoch that any of them reached."""
    values = pd.concat([seed.set_index("epoch")[column] for seed in seeds], axis=1).replace(
        [np.inf, -np.inf], np.nan
    )
    marker = "." if len(values) == 1 else ""
    axes.plot(values.index, values.median(axis=1), label=name, marker=marker, **style)
    if values.shape[1] > 1:
        axes.fill_between(
            values.index,
            values.min(axis=1),
            values.max(axis=1),
            color=style["color"],
            alpha=0.12,
            linewidth=0,
        )


def _height(target: Values, predictions: Sequence[Values], edges: Values) -> float:
    """Top of the densities' axis: of the highest one, unless a spike at the mean would flatten all
    others.
    """
    shown = [np.clip(values[np.isfinite(values)], edges[0], edges[-1]) for values in predictions]
    highest = [
        np.histogram(values, edges, density=True)[0].max()
        for values in (target, *shown)
        if len(values)
    ]
    return float(min(_HIGHEST * highest[0], _AIR * max(highest)))


def _range(target: Values) -> tuple[float, float]:
    low, high = np.quantile(target, [_SHARE, 1 - _SHARE])
    air = 0.1 * ((high - low) or 1.0)
    return float(low - air), float(high + air)
