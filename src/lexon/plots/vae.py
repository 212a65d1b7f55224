"""Figures of a comparison of variational autoencoders: arrays in, figures out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lexon.plots.style import PALETTE, Figure, empty_figure, legend_beside, looks, note, styled


@styled
def loss_curves(histories: Mapping[str, pd.DataFrame]) -> Figure:
    """Loss and KL per row and epoch; a dot marks the epoch that was kept (lowest validation loss).

    Args:
        histories: columns epoch, train_loss, val_loss, train_kld, val_kld, in nats; one row an
            epoch; by the name in the legend.
    """
    if not any(len(history) for history in histories.values()):
        return empty_figure()
    figure = Figure(figsize=(9.2, 3.9), layout="constrained")
    losses, divergences = figure.subplots(1, 2)
    for (name, history), style in zip(histories.items(), looks(len(histories)), strict=True):
        best = history.iloc[int(history["val_loss"].argmin())]
        for axes, column in ((losses, "loss"), (divergences, "kld")):
            marker = "." if len(history) == 1 else ""
            axes.plot(
                history["epoch"],
                history[f"train_{column}"],
                color=style["color"],
                linestyle=":",
                linewidth=1.2,
                marker=marker,
            )
            axes.plot(
                history["epoch"], history[f"val_{column}"], label=name, marker=marker, **style
            )
            axes.plot(best["epoch"], best[f"val_{column}"], "o", color=style["color"], markersize=5)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_xlabel("Epoch")
    losses.set(ylabel=r"BCE + $\beta$ KL [nats per row]", yscale="log")
    divergences.set_ylabel("KL [nats per row]")
    note(losses, "solid: validation, dotted: training\ndot: epoch that was kept", "upper right")
    if len(histories) > 1:
        legend_beside(figure, losses)
    return figure


@styled
def metric_bars(
    panels: Mapping[str, Mapping[str, Sequence[float]]],
    collapsed: Collection[str],
    anchors: Mapping[str, Mapping[str, float]],
) -> Figure:
    """One panel a metric, one bar a configuration (mean over seeds, a point each); collapsed ones
    hatched, anchors as lines.

    Args:
        panels: values of the seeds by configuration, by metric.
        collapsed: configurations whose numbers say nothing.
        anchors: value by anchor, by metric; NaN where an anchor has none.
    """
    names = list(next(iter(panels.values()), {}))
    if not names:
        return empty_figure()
    columns = 3
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(9.6, rows * (0.9 + 0.28 * len(names)) + 0.5), layout="constrained")
    grid = np.atleast_2d(figure.subplots(rows, columns, sharey=True))
    anchor_names = list(dict.fromkeys(chain.from_iterable(anchors.values())))
    lines = dict(
        zip(anchor_names, looks(len(anchor_names) + 1)[1:], strict=True)
    )  # the first colour is the bars'
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes, (metric, values) in zip(grid.flat, panels.items(), strict=False):
        _bars(axes, values, collapsed)
        for name, value in anchors.get(metric, {}).items():
            if np.isfinite(value):
                axes.axvline(
                    value,
                    label=name.replace("_", " "),
                    color=lines[name]["color"],
                    linestyle="--",
                    linewidth=1.3,
                )
        axes.set_title(metric, loc="left", fontsize=10.5)
        axes.set_yticks(range(len(names)), names, fontsize=9)
        axes.tick_params(axis="y", which="both", length=0)
    grid.flat[0].invert_yaxis()
    handles = {
        label: handle
        for axes in grid.flat
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    if handles:
        figure.legend(
            handles.values(), handles.keys(), loc="outside lower center", ncols=4, fontsize=9
        )
    return figure


def _bars(axes: Axes, values: Mapping[str, Sequence[float]], collapsed: Collection[str]) -> None:
    for place, (name, seeds) in enumerate(values.items()):
        dead = name in collapsed
        if len(seeds):
            look = (
                {"color": "0.88", "edgecolor": "0.6", "hatch": "////"}
                if dead
                else {"color": PALETTE[0], "alpha": 0.55}
            )
            axes.barh(place, np.mean(seeds), height=0.7, **look)
            axes.plot(
                seeds, [place] * len(seeds), ".", color="0.45" if dead else PALETTE[0], markersize=5
            )
    axes.margins(x=0.08)


@styled
def kl_per_unit(units: Mapping[str, NDArray[np.floating]], threshold: float) -> Figure:
    """KL of each latent unit, largest first, one curve a configuration; `threshold` is where a unit
    counts as active.
    """
    if not units:
        return empty_figure()
    figure = Figure(figsize=(9.2, 3.8), layout="constrained")
    axes = figure.subplots()
    for (name, values), style in zip(units.items(), looks(len(units)), strict=True):
        axes.plot(
            np.arange(1, len(values) + 1),
            np.maximum(np.sort(values)[::-1], 1e-6),
            label=name,
            drawstyle="steps-mid",
            **style,
        )
    axes.axhline(threshold, color="0.4", linestyle=":", linewidth=1.2)
    axes.set(yscale="log", xlabel="Latent unit, by its KL", ylabel="KL [nats per row]")
    note(axes, f"dotted: active above {threshold:g} nats", "lower left")
    legend_beside(figure, axes)
    return figure


@styled
def latent_map(
    position: NDArray[np.floating], groups: NDArray[np.integer], names: Sequence[str], title: str
) -> Figure:
    """The two leading principal components of latent means, coloured by group.

    Args:
        position: [row, 2].
        groups: index into `names`, -1 for none.
        names: of the groups; those beyond the first ten in size are drawn in grey.
    """
    figure = Figure(figsize=(7.4, 4.6), layout="constrained")
    axes = figure.subplots()
    sizes = np.bincount(groups[groups >= 0], minlength=len(names))
    largest = [
        int(group) for group in np.argsort(-sizes, kind="stable")[: len(PALETTE)] if sizes[group]
    ]
    rest = ~np.isin(groups, largest)
    axes.plot(
        *position[rest].T,
        ".",
        color="0.8",
        markersize=3,
        label="other" if rest.any() and largest else None,
    )
    for group, style in zip(largest, looks(len(largest)), strict=True):
        axes.plot(
            *position[groups == group].T,
            ".",
            color=style["color"],
            markersize=4,
            alpha=0.7,
            label=names[group],
        )
    axes.set(xlabel="First principal component of the latent mean", ylabel="Second")
    note(axes, title)
    legend_beside(figure, axes)
    return figure


@styled
def cooccurrence_maps(
    data: NDArray[np.floating], models: Mapping[str, NDArray[np.floating]], names: Sequence[str]
) -> Figure:
    """How often two different tags share a row: data, model, and model - data, one line of panels a
    model.

    Args:
        data: share of rows that hold both tags, [tag, tag].
        models: the same of rows that a model made, by what they are.
        names: of the tags.
    """
    if not models:
        return empty_figure()
    figure = Figure(figsize=(10.2, 3.1 * len(models)), layout="constrained")
    grid = np.atleast_2d(figure.subplots(len(models), 3))
    own = np.eye(len(data), dtype=np.bool_)
    data, models = (
        np.where(own, np.nan, data),
        {title: np.where(own, np.nan, model) for title, model in models.items()},
    )
    top = max(float(np.nanmax(values)) for values in (data, *models.values())) or 1.0
    reach = max(float(np.nanmax(np.abs(model - data))) for model in models.values()) or 1.0
    shares = {"cmap": "viridis", "vmin": 0.0, "vmax": top}
    differences = {"cmap": "RdBu_r", "vmin": -reach, "vmax": reach}
    for (left, middle, right), (title, model) in zip(grid, models.items(), strict=True):
        _tag_map(left, "data", data, shares)
        left.set_yticks(range(len(names)), names, fontsize=5.5)
        for axes, image in (
            (middle, _tag_map(middle, title, model, shares)),
            (right, _tag_map(right, f"{title} - data", model - data, differences)),
        ):
            figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02).ax.tick_params(labelsize=8)
    return figure


def _tag_map(
    axes: Axes, heading: str, values: NDArray[np.floating], scale: Mapping[str, Any]
) -> AxesImage:
    """One map [tag, tag], without names at its axes."""
    axes.set_title(heading, loc="left", fontsize=10.5)
    axes.tick_params(which="both", length=0)
    axes.set_xticks([])
    axes.set_yticks([])
    return axes.imshow(values, **scale)


@styled
def rate_distortion(
    points: Mapping[str, tuple[float, NDArray[np.floating], NDArray[np.floating]]], floor: float
) -> Figure:
    """BCE against KL: what a latent code costs and what it buys. Lower left of a dashed line (equal
    BCE + KL) is better.

    Args:
        points: beta, KL and BCE of the seeds [seed], in nats per row, by configuration.
        floor: BCE of independent marginals, which need no code; NaN if unknown.
    """
    if not points:
        return empty_figure()
    figure = Figure(figsize=(8.4, 4.6), layout="constrained")
    axes = figure.subplots()
    for (name, (beta, rate, distortion)), style in zip(
        points.items(), looks(len(points)), strict=True
    ):
        axes.plot(
            rate,
            distortion,
            "o",
            color=style["color"],
            markersize=5,
            alpha=0.8,
            label=rf"{name} ($\beta$ = {beta:g})",
        )
    by_beta = sorted(
        (beta, float(np.mean(rate)), float(np.mean(distortion)))
        for beta, rate, distortion in points.values()
    )
    betas = sorted({beta for beta, _, _ in by_beta})
    curve = np.array(
        [np.mean([point[1:] for point in by_beta if point[0] == beta], axis=0) for beta in betas]
    )
    axes.plot(*curve.T, color="0.6", linewidth=1, zorder=0)
    if np.isfinite(floor):
        reach = np.array([0.0, axes.get_xlim()[1]])
        axes.plot(
            reach,
            floor - reach,
            color="black",
            linestyle="--",
            linewidth=1,
            label="BCE + KL of\nindependent marginals",
        )
    axes.set(xlabel="Rate: KL [nats per row]", ylabel="Distortion: BCE [nats per row]")
    note(axes, "grey: mean of each beta", "upper right")
    legend_beside(figure, axes)
    return figure
