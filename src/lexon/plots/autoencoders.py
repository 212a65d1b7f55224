"""Figures of autoencoders: losses per epoch, reconstructions, and the grid of bottlenecks and
weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mplhep
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lexon.events import Events
from lexon.metrics.reconstruction import Quantity
from lexon.physics import delta_phi
from lexon.plots.style import PALETTE, Figure, empty_figure, legend_beside, looks, note, styled
from lexon.statistics import Interval

LOSSES = {
    "total": "Total loss",
    "rec_tokens": "rec_tokens",
    "rec_globals": "rec_globals, unweighted",
}
RESIDUALS = {
    "pt": r"$\ln(p_T^{\,rec} / p_T)$",
    "eta": r"$\eta^{rec} - \eta$",
    "phi": r"$\phi^{rec} - \phi$",
    "energy": r"$\ln(E^{rec} / E)$",
    "met": r"$\ln[(1 + MET^{rec}) / (1 + MET)]$",
    "met_phi": r"$\phi_{MET}^{rec} - \phi_{MET}$",
}
SPAN = 5.0  # a factor within which a linear axis reads better
_LETTER = 0.085  # inches of a label's letter
_BINS, _CENTRAL = 60, (0.01, 0.99)


@dataclass(frozen=True)
class Point:
    """A cell in the plane of its two errors."""

    beta: float
    tokens: Interval
    globals: Interval


def member_losses(history: pd.DataFrame) -> Figure:
    """The losses of one training per epoch."""
    return loss_curves({"": [history]})


@styled
def loss_curves(histories: Mapping[str, Sequence[pd.DataFrame]]) -> Figure:
    """Losses per epoch, one colour a cell, one line a seed; validation thick, training dotted.

    Args:
        histories: of each cell's seeds, by the name in the legend; columns epoch, train_ and val_
            of `LOSSES`.
    """
    drawn = {
        name: [history for history in seeds if len(history)] for name, seeds in histories.items()
    }
    if not any(drawn.values()):
        return empty_figure()
    figure = Figure(figsize=(11.5, 4.0), layout="constrained")
    panels = figure.subplots(1, len(LOSSES))
    for axes, (loss, label) in zip(panels, LOSSES.items(), strict=True):
        for (name, seeds), style in zip(drawn.items(), looks(len(drawn)), strict=True):
            _draw_loss(axes, loss, name, seeds, style)
        axes.set(
            xlabel="Epoch",
            ylabel=label,
            yscale=_scale([float(v) for line in axes.lines for v in np.asarray(line.get_ydata())]),
        )
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    note(panels[0], "thick: validation, dotted: training", "upper right")
    if len(drawn) > 1:
        legend_beside(figure, panels[0])
    return figure


def _draw_loss(
    axes: Axes, loss: str, name: str, seeds: Sequence[pd.DataFrame], style: Mapping[str, Any]
) -> None:
    for i, history in enumerate(seeds):
        marker = "." if len(history) == 1 else ""
        axes.plot(
            history["epoch"],
            history[f"val_{loss}"],
            label=name if i == 0 else None,
            marker=marker,
            **style,
        )
        axes.plot(
            history["epoch"],
            history[f"train_{loss}"],
            color=style["color"],
            linestyle=":",
            linewidth=0.8,
        )


@styled
def residuals(truth: Events, decoded: Events, quantities: Sequence[Quantity]) -> Figure:
    """Reconstructed minus true, of objects and of MET; the root of the mean square and the share
    outside the frame stand in each panel.
    """
    values = _residuals(truth, decoded, quantities)
    figure = Figure(figsize=(2.9 * len(values), 3.1), layout="constrained")
    panels = figure.subplots(1, len(values), squeeze=False)[0]
    for axes, (name, errors) in zip(panels, values.items(), strict=True):
        low, high = np.quantile(errors, _CENTRAL) if len(errors) else (-1, 1)
        edges = np.linspace(low, max(high, low + 1e-6), _BINS + 1)
        mplhep.histplot(np.histogram(errors, edges)[0], edges, ax=axes, color=PALETTE[0])
        axes.set(xlabel=RESIDUALS[name], ylim=(0, None))
        axes.xaxis.set_major_locator(MaxNLocator(4))
        if len(errors):
            note(axes, f"rms {np.sqrt((errors**2).mean()):.3g}")
    panels[0].set_ylabel("Objects or events")
    return figure


@styled
def heat_maps(
    values: Mapping[str, NDArray[np.float64]], lines: Sequence[str], betas: Sequence[float]
) -> Figure:
    """One map a metric, a line for each bottleneck and further setting against the weight; blank
    where no member is finished.

    Args:
        values: by the metric's name, [line, beta].
    """
    shown = {name: grid for name, grid in values.items() if np.isfinite(grid).any()}
    if not shown:
        return empty_figure()
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    longest = max(len(line) for line in lines)
    figure = Figure(
        figsize=(1.6 + (2.6 + _LETTER * longest) * columns, 0.4 + (1.3 + 0.42 * len(lines)) * rows),
        layout="constrained",
    )
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, grid) in zip(panels, shown.items(), strict=False):
        _heat_map(axes, name, grid, lines, betas)
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    return figure


@styled
def trade_off(cells: Mapping[str, Sequence[Point]]) -> Figure:
    """rec_globals against rec_tokens with 95 % intervals; a line joins the weights of one
    bottleneck, lower left is better.

    Args:
        cells: of each bottleneck, by name, in rising order of the weight.
    """
    if not any(cells.values()):
        return empty_figure()
    figure = Figure(figsize=(7.6, 4.8), layout="constrained")
    axes = figure.subplots()
    for (name, points), style in zip(cells.items(), looks(len(cells)), strict=True):
        _draw_points(axes, name, points, style)
    known = [point for points in cells.values() for point in points]
    axes.set(
        xscale=_scale([point.tokens.estimate for point in known]), xlabel="rec_tokens, test split"
    )
    axes.set(
        yscale=_scale([point.globals.estimate for point in known]),
        ylabel="rec_globals, unweighted, test split",
    )
    note(axes, "numbers: globals_beta; lower left is better", "lower right")
    legend_beside(figure, axes)
    return figure


def _draw_points(axes: Axes, name: str, points: Sequence[Point], style: Mapping[str, Any]) -> None:
    tokens, found = [point.tokens for point in points], [point.globals for point in points]
    x, y = ([interval.estimate for interval in side] for side in (tokens, found))
    axes.errorbar(
        x,
        y,
        xerr=_bars(tokens),
        yerr=_bars(found),
        label=name,
        marker="o",
        markersize=4,
        capsize=2,
        **style,
    )
    for point in points:
        where = point.tokens.estimate, point.globals.estimate
        axes.annotate(
            f"{point.beta:g}",
            where,
            xytext=(5, 4),
            textcoords="offset points",
            fontsize=9,
            color=style["color"],
        )


def _residuals(
    truth: Events, decoded: Events, quantities: Sequence[Quantity]
) -> dict[str, NDArray[np.floating]]:
    errors: dict[str, NDArray[np.floating]] = {}
    for name in quantities:
        before, after = (getattr(events, name)[truth.mask] for events in (truth, decoded))
        errors[name] = (
            np.log(after / before)
            if name in ("pt", "energy")
            else delta_phi(after, before)
            if name == "phi"
            else after - before
        )
    errors["met"] = np.log1p(decoded.met) - np.log1p(truth.met)
    errors["met_phi"] = delta_phi(decoded.met_phi, truth.met_phi)
    return errors


def _heat_map(
    axes: Axes, name: str, grid: NDArray[np.float64], lines: Sequence[str], betas: Sequence[float]
) -> None:
    axes.imshow(grid, cmap="Blues", aspect="auto")
    low, high = np.nanmin(grid), np.nanmax(grid)
    for (row, column), value in np.ndenumerate(grid):
        if np.isfinite(value):
            dark = high > low and (value - low) / (high - low) > 0.6
            axes.text(
                column,
                row,
                f"{value:.3g}",
                ha="center",
                va="center",
                fontsize=10,
                color="white" if dark else "black",
            )
    axes.set_xticks(range(len(betas)), [f"{beta:g}" for beta in betas])
    axes.set_yticks(range(len(lines)), lines)
    axes.tick_params(which="both", length=0)
    axes.minorticks_off()
    axes.set_title(name, fontsize=10.5, loc="left")
    axes.set_xlabel("globals_beta", loc="center", fontsize=10)


def _scale(values: Sequence[float]) -> str:
    """Logarithmic where positive values span more than a factor."""
    return "log" if min(values) > 0 and max(values) > SPAN * min(values) else "linear"


def _bars(intervals: Sequence[Interval]) -> NDArray[np.float64]:
    """Lengths below and above the estimates [2, n]; 0 where an interval is unknown."""
    below = [interval.estimate - interval.low for interval in intervals]
    above = [interval.high - interval.estimate for interval in intervals]
    return np.nan_to_num(np.maximum([below, above], 0))
