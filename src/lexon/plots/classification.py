"""Figures of classifiers from their test scores: ROC, score distributions, confusion, calibration,
AUROC with intervals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import mplhep
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from lexon.metrics.calibration import reliability
from lexon.metrics.ranking import MIN_PASSING_BACKGROUND
from lexon.metrics.scores import Scores
from lexon.plots.style import (
    PALETTE,
    Figure,
    baseline_looks,
    empty_figure,
    legend_beside,
    looks,
    note,
    padded,
    styled,
    wrapped,
)
from lexon.statistics import Interval
from lexon.weighting import effective_number

Seeds = Sequence[Scores]
_EFFICIENCIES = np.linspace(0.01, 1, 199)


@styled
def roc(cells: Mapping[str, Seeds], baselines: Mapping[str, Scores]) -> Figure:
    """Background rejection against signal efficiency; below, each curve over that of the first
    baseline.

    A curve is the mean over a cell's seeds, and ends where fewer than `MIN_PASSING_BACKGROUND`
    background events pass.

    Args:
        cells: scores of the seeds of each cell, by the name in the legend.
        baselines: scores by name.
    """
    curves = {name: _rejection(seeds) for name, seeds in cells.items()}
    reference = {name: _rejection([scores]) for name, scores in baselines.items()}
    drawn = [*curves.values(), *reference.values()]
    if not any(np.isfinite(curve).any() for curve in drawn):
        return empty_figure(
            "no ROC curve: no finished member, one class only, or too few background events"
        )
    figure = Figure(figsize=(9.2, 5.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    styles = [*looks(len(curves)), *baseline_looks(len(reference))]
    divisor = drawn[-len(reference)] if reference else drawn[0]
    for (name, curve), style in zip((curves | reference).items(), styles, strict=True):
        upper.plot(_EFFICIENCIES, curve, label=name, **style)
        lower.plot(_EFFICIENCIES, curve / divisor, **style)
    first = next(iter([*cells.values(), *([scores] for scores in baselines.values())]))[0]
    upper.plot(_EFFICIENCIES, 1 / _EFFICIENCIES, color="0.8", linewidth=1, zorder=0)
    upper.set(yscale="log", ylim=(0.9, None), ylabel=r"Background rejection $1/\epsilon_B$")
    weighted = "" if first.weights is None else ", weighted"
    lower.set(
        xlim=(0, 1), xlabel=rf"Signal efficiency $\epsilon_S$ ({first.class_names[0]}){weighted}"
    )
    lower.set_ylabel("Ratio to first\nbaseline" if reference else "Ratio to\nfirst", loc="center")
    lower.set_ylim(*_ratio_limits([curve / divisor for curve in drawn]))
    legend_beside(figure, upper)
    return figure


@styled
def roc_by_axis(axes: Mapping[str, Mapping[str, Seeds]]) -> Figure:
    """Background rejection of each level of each axis, one block an axis; below, each curve over
    that of the first level.

    A curve is the mean background efficiency over all classifiers of the level.

    Args:
        axes: by axis and level, the scores of all cells and seeds that stand for it.
    """
    curves = {
        axis: {level: _rejection(scores) for level, scores in levels.items() if scores}
        for axis, levels in axes.items()
    }
    curves = {axis: levels for axis, levels in curves.items() if len(levels) > 1}
    if not curves:
        return empty_figure("no axis with two finished levels")
    n_rows = -(-len(curves) // 2)
    figure = Figure(figsize=(9.2, 4.1 * n_rows), layout="constrained")
    blocks = figure.subplots(
        2 * n_rows, 2, sharex=True, squeeze=False, height_ratios=[3, 1] * n_rows
    )
    for place, (axis, levels) in enumerate(curves.items()):
        row, column = divmod(place, 2)
        _block(blocks[2 * row, column], blocks[2 * row + 1, column], axis, levels)
    for spare in blocks[-2:, 1] if len(curves) % 2 else ():
        spare.remove()
    return figure


@styled
def score_distributions(scores: Scores, name: str) -> Figure:
    """Signal probability per class and per process, each normalised to unit area, with statistical
    errors.
    """
    classes = {class_name: scores.target == c for c, class_name in enumerate(scores.class_names)}
    processes = {
        scores.label_names.get(int(label), str(label)): scores.labels == label
        for label in np.unique(scores.labels)
    }
    finer = len(processes) > len(classes)
    groups = {"by class": classes} | ({"by process": processes} if finer else {})
    figure = Figure(figsize=(9.2 if finer else 5.6, 3.9), layout="constrained")
    panels = figure.subplots(1, len(groups), sharey=True, squeeze=False)[0]
    for axes, (title, group) in zip(panels, groups.items(), strict=True):
        _histograms(axes, scores.signal, scores.weights, group)
        axes.set(yscale="log", xlim=(0, 1), xlabel=f"P({scores.class_names[0]})")
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, 5e-3), high * 4)
        axes.legend(
            ncols=2 if len(axes.get_legend_handles_labels()[1]) > 3 else 1,
            loc="upper right",
            fontsize=9,
        )
        note(axes, title)
    weighted = "" if scores.weights is None else ", weighted"
    panels[0].set_ylabel(f"Events{weighted}, normalised to 1")
    figure.suptitle(
        wrapped(f"{name}, test split", figure.get_figwidth()), fontsize=10.5, x=0.01, ha="left"
    )
    return figure


@styled
def confusion(scores: Scores, name: str) -> Figure:
    """Share of each true class (rows, sum 1) that is given to each class (most probable one), by
    weights where events have some, with event counts.
    """
    n = len(scores.class_names)
    counts, sums = np.zeros((n, n), dtype=int), np.zeros((n, n))
    given = scores.target, scores.probabilities.argmax(1)
    np.add.at(counts, given, 1)
    np.add.at(sums, given, scores.counted)
    totals = sums.sum(1, keepdims=True)
    shares = np.divide(sums, totals, out=np.zeros_like(sums), where=totals > 0)
    weighted = "" if scores.weights is None else ", weighted"
    size = 2.6 + 0.85 * n
    figure = Figure(figsize=(size + 2.4, size), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        text = f"{share:.3f}\n({counts[row, column]:,})"
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=10,
            color="white" if share > 0.55 else "black",
        )
    axes.set_xticks(range(n), scores.class_names, rotation=30 if n > 3 else 0)
    axes.set_yticks(range(n), scores.class_names)
    axes.tick_params(which="both", length=0)
    axes.minorticks_off()
    axes.set_xlabel("Most probable class", loc="center")
    axes.set_ylabel("True class", loc="center")
    axes.set_title(wrapped(f"{name}, test split", size), fontsize=10.5, loc="left")
    figure.colorbar(image, ax=axes, label=f"Share of the true class{weighted}", shrink=0.85)
    return figure


@styled
def calibration(cells: Mapping[str, Seeds], baselines: Mapping[str, Scores]) -> Figure:
    """Reliability of the signal probability, first seed of each cell; below, events per bin."""
    first_seeds = {name: seeds[0] for name, seeds in cells.items()} | dict(baselines)
    if not first_seeds:
        return empty_figure()
    figure = Figure(figsize=(9.2, 5.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    upper.plot([0, 1], [0, 1], color="0.75", linewidth=1, zorder=0)
    styles = [*looks(len(cells)), *baseline_looks(len(baselines))]
    few = len(first_seeds) <= 4
    for (name, scores), style in zip(first_seeds.items(), styles, strict=True):
        curve = reliability(scores.signal, scores.is_signal, scores.weights)
        spread = np.clip(curve.fraction * (1 - curve.fraction), 0, None)
        errors = np.sqrt(spread / np.maximum(curve.worth, 1))
        upper.errorbar(
            curve.probability,
            curve.fraction,
            errors if few else None,
            label=name,
            marker="o",
            markersize=3.5,
            capsize=0,
            **style,
        )
        lower.stairs(curve.count, curve.edges, **style)
    signal = next(iter(first_seeds.values())).class_names[0]
    upper.set(ylim=(-0.02, 1.02), ylabel=f"Observed share of {signal}")
    lower.set(xlim=(0, 1), ylim=(0, None), xlabel=f"Predicted P({signal}), mean of the bin")
    weighted = any(scores.weights is not None for scores in first_seeds.values())
    lower.set_ylabel("Sum of weights" if weighted else "Events", loc="center")
    note(upper, "grey: perfectly calibrated")
    legend_beside(figure, upper)
    return figure


@styled
def auroc_bars(
    cells: Mapping[str, Interval],
    baselines: Mapping[str, Interval],
    others: Mapping[str, Interval] | None = None,
    *,
    weighted: bool = False,
) -> Figure:
    """AUROC with 95 % interval, one row a cell, best on top; baselines in black with a line through
    the best one.

    Args:
        others: cells on other test events: hollow, below the rest.
        weighted: whether events count by their weights.
    """
    others = others or {}
    rows = {**cells, **baselines, **others}
    if not rows:
        return empty_figure()
    names = sorted(rows, key=lambda name: (name in others, -np.nan_to_num(rows[name].estimate)))
    figure = Figure(figsize=(9.2, 1.3 + 0.32 * len(names)), layout="constrained")
    axes = figure.subplots()
    for position, name in enumerate(names):
        interval = rows[name]
        style: dict[str, Any] = (
            {"color": "black", "marker": "s"}
            if name in baselines
            else {"color": PALETTE[0], "marker": "o"}
        )
        style |= {"markerfacecolor": "white"} if name in others else {}
        errors = [[interval.estimate - interval.low], [interval.high - interval.estimate]]
        axes.errorbar(
            interval.estimate,
            position,
            xerr=np.nan_to_num(np.maximum(errors, 0)),
            capsize=3,
            linestyle="none",
            **style,
        )
        axes.annotate(
            f"{interval.estimate:.3f}",
            (1.01, position),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9.5,
        )
    best = max((interval.estimate for interval in baselines.values()), default=np.nan)
    axes.axvline(best, color="0.75", linewidth=1, zorder=0)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(
        *padded(
            value
            for interval in rows.values()
            for value in (interval.estimate, interval.low, interval.high)
        )
    )
    axes.set_xlabel(
        f"{'Weighted ' * weighted}AUROC on the test split, 95 % interval"
        + ("; hollow: of other test events" if others else "")
    )
    return figure


def _block(upper: Axes, lower: Axes, title: str, curves: Mapping[str, NDArray[np.float64]]) -> None:
    """Rejections of one axis and their ratios."""
    first = next(iter(curves.values()))
    for (name, curve), style in zip(curves.items(), looks(len(curves)), strict=True):
        upper.plot(_EFFICIENCIES, curve, label=name, **style)
        lower.plot(_EFFICIENCIES, curve / first, **style)
    upper.plot(_EFFICIENCIES, 1 / _EFFICIENCIES, color="0.8", linewidth=1, zorder=0)
    upper.set(yscale="log", ylim=(0.9, None), ylabel=r"Rejection $1/\epsilon_B$")
    upper.legend(title=title, alignment="left", title_fontsize=10.5)
    lower.set(xlim=(0, 1), xlabel=r"Signal efficiency $\epsilon_S$")
    lower.set_ylabel("Ratio to\nfirst", loc="center")
    lower.set_ylim(*_ratio_limits([curve / first for curve in curves.values()]))


def _rejection(seeds: Seeds) -> NDArray[np.float64]:
    """1 / (background efficiency, mean over seeds) at `_EFFICIENCIES`; NaN where too few background
    events pass. Where negative weights make a curve fall, the largest efficiency so far stands.
    """
    scores = seeds[0]
    if not 0 < scores.is_signal.sum() < len(scores):
        return np.full(len(_EFFICIENCIES), np.nan)
    n_background = effective_number(scores.counted[~scores.is_signal])
    rates = [[np.maximum.accumulate(rate) for rate in _rates(one)[:2]] for one in seeds]
    passing = np.mean(
        [np.interp(_EFFICIENCIES, signal, background) for background, signal in rates], axis=0
    )
    return 1 / np.where(passing * n_background >= MIN_PASSING_BACKGROUND, passing, np.nan)


def _rates(scores: Scores) -> tuple[NDArray[np.float64], ...]:
    """Efficiencies of background and signal at falling thresholds."""
    from sklearn.metrics import roc_curve  # a second of import that the command line need not pay

    return roc_curve(scores.is_signal, scores.signal, sample_weight=scores.weights)


def _ratio_limits(ratios: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """Limits that a noisy end of one curve cannot blow up: the central 96 % of all points."""
    finite = np.concatenate([ratio[np.isfinite(ratio)] for ratio in ratios])
    return (
        padded([0.95, 1.05, *np.quantile(finite, [0.02, 0.98])], 0.1) if len(finite) else (0.5, 1.5)
    )


def _histograms(
    axes: Axes,
    values: NDArray[np.floating],
    weights: NDArray[np.float64] | None,
    groups: Mapping[str, NDArray[np.bool_]],
    n_bins: int = 25,
) -> None:
    """Normalised step histograms with the square root of the counts, or of the sum of squared
    weights, as error, one a group; the legend counts events.
    """
    edges = np.linspace(0, 1, n_bins + 1)
    widths = np.array([high - low for low, high in pairwise(edges)])
    for (name, chosen), style in zip(groups.items(), looks(len(groups)), strict=True):
        if not chosen.any():
            continue
        own = np.ones(chosen.sum()) if weights is None else weights[chosen]
        counts, squares = (
            np.histogram(values[chosen], edges, weights=power)[0] for power in (own, own**2)
        )
        if not counts.sum() > 0:
            continue
        scale = 1 / (counts.sum() * widths)
        mplhep.histplot(
            counts * scale,
            edges,
            yerr=np.sqrt(squares) * scale,
            ax=axes,
            label=f"{name} ({chosen.sum():,})",
            **style,
        )
