"""Figures of a grid: means of its levels, what its axes do, and how the bins of its tokens are
filled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import NDArray

from lexon.plots.style import PALETTE, Figure, empty_figure, looks, note, padded, styled
from lexon.statistics import CERTAIN

MAX_ROWS = 36  # more effects of a kind than this are not readable: the largest are drawn
NAMES = {
    "pt": r"$p_T$ [GeV]",
    "eta": r"$\eta$",
    "phi": r"$\phi$ [rad]",
    "met": r"$E_T^{miss}$ [GeV]",
    "met_phi": r"$\phi(E_T^{miss})$ [rad]",
}
_WRITTEN = 12  # bins up to which their limits are written below them


@styled
def heat_maps(means: pd.DataFrame) -> Figure:
    """Mean test AUROC of each pair of levels, one panel for each two axes with two means or more,
    one colour scale for all.

    Args:
        means: rows of pairs of axes: axis, level, second_axis, second_level, auroc, low, high,
            n_averaged, n_settings, balanced.
    """
    pairs = [
        rows
        for _, rows in means.groupby(["axis", "second_axis"], sort=False)
        if rows["auroc"].notna().sum() > 1
    ]
    if not pairs and means["auroc"].notna().any():
        return empty_figure("no two axes of which several combinations are finished")
    if not pairs:
        return empty_figure()
    limits = padded(means["auroc"])
    figure = Figure(
        figsize=(9.2, 0.4 + sum(_height(group) for group in _in_rows(pairs))), layout="constrained"
    )
    rows = -(-len(pairs) // 2)
    panels = figure.subplots(
        rows, 2, squeeze=False, height_ratios=[_height(group) for group in _in_rows(pairs)]
    ).ravel()
    for axes, table in zip(panels, pairs, strict=False):
        image = _heat_map(axes, table, limits)
    for spare in panels[len(pairs) :]:
        spare.remove()
    figure.colorbar(
        image, ax=figure.axes, label="Mean AUROC on the test split", shrink=0.6, aspect=30
    )
    return figure


@styled
def effect_intervals(effects: pd.DataFrame) -> Figure:
    """Each difference with its 95 % interval alone (thick) and together with all others (thin),
    grey where within noise.

    Args:
        effects: kind, a, b, with, less_with, difference, low, high, low_all, high_all, verdict; NaN
            where undecided.
    """
    known = effects[effects["difference"].notna()]
    kinds = {str(kind): _largest(rows) for kind, rows in known.groupby("kind", sort=False)}
    if not kinds:
        return empty_figure("no effect to show: too few cells are finished")
    heights = [len(rows) + 1.0 for rows in kinds.values()]
    figure = Figure(figsize=(9.2, 1.2 + 0.25 * sum(heights)), layout="constrained")
    panels = figure.subplots(len(kinds), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (kind, rows) in zip(panels, kinds.items(), strict=True):
        _intervals(axes, rows)
        axes.set_title(
            f"{kind.capitalize()}s"
            + (f", the largest {MAX_ROWS}" if len(rows) == MAX_ROWS else ""),
            loc="left",
            fontsize=10.5,
        )
    panels[-1].set_xlabel("Difference in AUROC (interaction: of differences)")
    return figure


@styled
def bin_occupancy(
    counts: Mapping[str, Mapping[str, NDArray[np.integer]]],
    limits: Mapping[str, NDArray[np.floating]],
    n_tokens: int,
) -> Figure:
    """How often each bin is filled, for each quantity and class, and how often each object token
    occurs.

    Args:
        counts: entries of the bins [n] by class, by quantity of `NAMES`; and those of the object
            tokens [n_tokens] as ``token``.
        limits: inner limits of the bins [n - 1] by quantity.
        n_tokens: that an object can have.
    """
    shown = [name for name in NAMES if name in counts]
    figure = Figure(figsize=(9.2, 2.5 * -(-(len(shown) + 1) // 2)), layout="constrained")
    panels = figure.subplots(-(-(len(shown) + 1) // 2), 2).ravel()
    for axes, name in zip(panels, shown, strict=False):
        _bins(axes, counts[name])
        _limits(axes, limits[name])
        axes.set(xlabel=f"Bin of {NAMES[name]}", ylabel="Share of entries")
    _tokens(panels[len(shown)], counts["token"], n_tokens)
    for spare in panels[len(shown) + 1 :]:
        spare.remove()
    handles, classes = panels[0].get_legend_handles_labels()
    figure.legend(handles, classes, loc="outside upper center", ncols=len(classes))
    return figure


def _in_rows(pairs: Sequence[pd.DataFrame]) -> list[Sequence[pd.DataFrame]]:
    return [pairs[start : start + 2] for start in range(0, len(pairs), 2)]


def _height(group: Sequence[pd.DataFrame]) -> float:
    """Inches of a row of panels: half an inch a level, and room for title and names."""
    return 1.1 + 0.5 * max(table["level"].nunique() for table in group)


def _heat_map(axes: Axes, table: pd.DataFrame, limits: tuple[float, float]) -> Any:
    levels, second = (list(dict.fromkeys(table[column])) for column in ("level", "second_level"))
    values = table["auroc"].to_numpy(float).reshape(len(levels), len(second))
    image = axes.imshow(values, cmap="Blues", vmin=limits[0], vmax=limits[1], aspect="auto")
    for place, row in enumerate(table.to_dict("records")):
        dark = (row["auroc"] - limits[0]) > 0.55 * (limits[1] - limits[0])
        axes.text(
            place % len(second),
            place // len(second),
            _entry(row),
            ha="center",
            va="center",
            fontsize=8,
            color="white" if dark else "black",
        )
    unlike = "" if table["balanced"].all() else ",\neach over other settings"
    axes.set_title(
        f"{table['axis'].iloc[0]} and {table['second_axis'].iloc[0]}{unlike}",
        loc="left",
        fontsize=10.5,
    )
    axes.set_xticks(range(len(second)), [fill(label, 36 // len(second)) for label in second])
    axes.set_yticks(range(len(levels)), levels)
    axes.tick_params(which="both", length=0)
    axes.minorticks_off()
    return image


def _entry(row: Mapping[Any, Any]) -> str:
    """A mean with its interval, and the number of settings where they are not all there."""
    if not row["n_averaged"]:
        return "missing"
    part = (
        ""
        if row["n_averaged"] == row["n_settings"]
        else f"\n{row['n_averaged']} of {row['n_settings']}"
    )
    return f"{row['auroc']:.3f}\n[{row['low']:.3f}, {row['high']:.3f}]{part}"


def _largest(rows: pd.DataFrame) -> pd.DataFrame:
    return (
        rows.loc[rows["difference"].abs().nlargest(MAX_ROWS).index.sort_values()]
        if len(rows) > MAX_ROWS
        else rows
    )


def _intervals(axes: Axes, rows: pd.DataFrame) -> None:
    for place, row in enumerate(rows.to_dict("records")):
        color = PALETTE[0] if row["verdict"] in CERTAIN else "0.55"
        axes.plot([row["low_all"], row["high_all"]], [place, place], color=color, linewidth=1)
        axes.plot(
            [row["low"], row["high"]],
            [place, place],
            color=color,
            linewidth=3.5,
            solid_capstyle="butt",
        )
        axes.plot(row["difference"], place, "o", color=color, markeredgecolor="white", markersize=6)
        axes.annotate(
            f"{row['difference']:+z.3f}",
            (1.01, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9,
        )
    axes.axvline(0, color="black", linewidth=0.8, zorder=0)
    axes.set_yticks(
        range(len(rows)), [_difference(row) for row in rows.to_dict("records")], fontsize=9
    )
    axes.yaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)


def _difference(row: Mapping[Any, Any]) -> str:
    main = f"{row['a']} \N{MINUS SIGN} {row['b']}"
    return (
        f"({main}): {row['with']} \N{MINUS SIGN} {row['less_with']}"
        if row["kind"] == "interaction"
        else main
    )


def _bins(axes: Axes, counts: Mapping[str, NDArray[np.integer]]) -> None:
    for (name, entries), style in zip(counts.items(), looks(len(counts)), strict=True):
        axes.stairs(
            entries / max(entries.sum(), 1),
            np.arange(len(entries) + 1) + 0.5,
            label=f"{name}",
            baseline=None,
            **style,
        )
    n = len(entries)
    axes.axhline(1 / n, color="0.6", linewidth=1, linestyle=":", zorder=0)
    axes.set(xlim=(0.5, n + 0.5), ylim=(0, 1.25 * axes.dataLim.ymax))
    axes.xaxis.set_minor_locator(NullLocator())


def _limits(axes: Axes, limits: NDArray[np.floating]) -> None:
    if len(limits) < _WRITTEN:
        axes.set_xticks(
            np.arange(len(limits)) + 1.5,
            [f"{limit:.3g}" for limit in limits],
            fontsize=9 if len(limits) > 5 else None,
        )
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _tokens(axes: Axes, counts: Mapping[str, NDArray[np.integer]], n_tokens: int) -> None:
    """Tokens by falling use: what part of the vocabulary an event sample really speaks."""
    for (name, entries), style in zip(counts.items(), looks(len(counts)), strict=True):
        falling = np.sort(entries)[::-1]
        axes.plot(
            np.arange(1, len(falling) + 1), falling / max(falling.sum(), 1), label=name, **style
        )
    used = int((np.sum(list(counts.values()), axis=0) > 0).sum())
    axes.set(
        yscale="log",
        xlim=(0, min(n_tokens, 2 * used)),
        xlabel="Object tokens by falling use",
        ylabel="Share of objects",
    )
    note(axes, f"{used:,} of {n_tokens:,} tokens occur", "upper right")
