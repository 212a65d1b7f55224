"""Figures of two token files beside each other: how bins are filled, where the same object falls,
edges, token frequencies.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator, PercentFormatter

from lexon.plots.style import PALETTE, Figure, empty_figure, note, styled

AXES = {
    "pt": r"$p_T$",
    "eta": r"$\eta$",
    "phi": r"$\phi$",
    "met": r"$E_T^{miss}$",
    "met_phi": r"$\phi(E_T^{miss})$",
    "type": "object type",
}
UNITS = {"pt": "GeV", "eta": "", "phi": "rad", "met": "GeV", "met_phi": "rad"}
FILES = {"ours": PALETTE[0], "reference": PALETTE[1]}
NOT_LINKED = "no row of the two files could be linked: nothing to compare one by one"
WRITTEN_IN = 10  # bins up to which a cell of a confusion holds its share as text


@styled
def occupancy_bars(occupancy: pd.DataFrame) -> Figure:
    """Share of each bin in both files, one panel an axis, with the share that is due as a line.

    Args:
        occupancy: columns file (ours, reference), axis, bin, share, due.
    """
    names = [axis for axis in AXES if axis in set(occupancy["axis"])]
    figure = Figure(figsize=(9.2, 2.9 * -(-len(names) // 3)), layout="constrained")
    for axes, name in _panels(figure, names, 3):
        rows = occupancy[occupancy["axis"] == name]
        for place, (file, colour) in enumerate(FILES.items()):
            own = rows[rows["file"] == file]
            if own.empty:
                continue
            axes.bar(own["bin"] + 0.4 * place - 0.2, own["share"], 0.38, color=colour, label=file)
            dashes = "-" if file == "ours" else "--"
            axes.axhline(
                own["due"].iloc[0],
                color="black",
                linewidth=1,
                linestyle=dashes,
                label="due" if file == "ours" else None,
            )
        axes.set_xlabel(f"Bin of {AXES[name]}")
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_ylim(0, 1.15 * rows["share"].max())
    figure.axes[0].set_ylabel("Share of entries")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    return figure


@styled
def confusion_maps(confusion: pd.DataFrame) -> Figure:
    """Where the entries of each of our bins are in the reference file, one panel an axis.

    Args:
        confusion: columns axis, ours, reference, share (of our bin).
    """
    if confusion.empty:
        return empty_figure(NOT_LINKED)
    names = [axis for axis in AXES if axis in set(confusion["axis"])]
    figure = Figure(figsize=(9.2, 3.1 * -(-len(names) // 3)), layout="constrained")
    for axes, name in _panels(figure, names, 3):
        table = confusion[confusion["axis"] == name].pivot_table(
            index="ours", columns="reference", values="share", fill_value=0
        )
        shares = table.to_numpy()
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for (row, column), share in (
            np.ndenumerate(shares) if max(shares.shape) <= WRITTEN_IN else ()
        ):
            if share > 0:
                axes.text(
                    column,
                    row,
                    _share(share),
                    ha="center",
                    va="center",
                    fontsize=7.5,
                    color="white" if share > 0.55 else "black",
                )
        axes.set_xticks(range(len(table.columns)), table.columns)
        axes.set_yticks(range(len(table.index)), table.index)
        axes.tick_params(which="both", length=0)
        axes.minorticks_off()
        axes.set_xlabel("The reference's bin", loc="center")
        axes.set_ylabel("Our bin", loc="center")
        axes.set_title(AXES[name], loc="left")
    figure.colorbar(image, ax=figure.axes, label="Share of our bin", shrink=0.7)
    return figure


@styled
def edge_intervals(edges: pd.DataFrame) -> Figure:
    """Our edges, and the interval that each edge of the reference lies in, one panel an axis.

    Args:
        edges: columns axis, ours, low, high (NaN where unknown).
    """
    known = edges[edges["low"].notna() | edges["ours"].notna()] if len(edges) else edges
    if known.empty:
        return empty_figure(NOT_LINKED)
    names = [axis for axis in AXES if axis in set(known["axis"])]
    figure = Figure(figsize=(9.2, 0.4 + 1.25 * len(names)), layout="constrained")
    for axes, name in _panels(figure, names, 1):
        rows = known[known["axis"] == name]
        found = rows[rows["low"].notna()]
        axes.vlines(rows["ours"].dropna(), 0.6, 1.4, color=FILES["ours"], linewidth=2)
        middle = (found["low"] + found["high"]) / 2
        axes.errorbar(
            middle,
            np.zeros(len(found)),
            xerr=(found["high"] - found["low"]) / 2,
            fmt="o",
            markersize=5,
            capsize=5,
            color=FILES["reference"],
        )
        axes.set_yticks([0, 1], ["reference", "ours"])
        axes.set_ylim(-0.7, 1.7)
        axes.tick_params(axis="y", which="both", length=0)
        axes.set_xlabel(f"Edges in {AXES[name]}" + (f" [{UNITS[name]}]" if UNITS[name] else ""))
    return figure


@styled
def token_frequencies(tokens: pd.DataFrame) -> Figure:
    """How often each token occurs in both files; those that one file never uses lie on its axis.

    Args:
        tokens: columns token, ours, reference (counts).
    """
    if tokens.empty or (tokens["meaning"] == "").all():
        return empty_figure(
            "the files have another number of bins each: a token means another thing in either"
        )
    shares = tokens[["ours", "reference"]] / tokens[["ours", "reference"]].sum().clip(lower=1)
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axes = figure.subplots()
    used = (shares > 0).all(axis=1)
    low = 0.3 * shares.to_numpy()[shares.to_numpy() > 0].min()
    top = 2 * float(shares.to_numpy().max())
    axes.plot([low, top], [low, top], color="0.75", linewidth=1, zorder=0)
    axes.plot(
        shares["ours"][used],
        shares["reference"][used],
        linestyle="none",
        marker="o",
        markersize=3,
        alpha=0.6,
        color=PALETTE[0],
    )
    alone = shares[~used].clip(lower=low)
    axes.plot(
        alone["ours"],
        alone["reference"],
        linestyle="none",
        marker="x",
        markersize=5,
        color=PALETTE[2],
        clip_on=False,
    )
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(low, top),
        ylim=(low, top),
        xlabel="Share of our tokens",
        ylabel="Share of the reference's tokens",
    )
    note(axes, f"{used.sum():,} tokens in both; crosses: {(~used).sum():,} in one file only")
    return figure


def _panels(figure: Figure, names: list[str], columns: int) -> Iterator[tuple[Axes, str]]:
    """One panel for each name, empty ones removed."""
    panels = figure.subplots(-(-len(names) // columns), columns, squeeze=False).ravel()
    for spare in panels[len(names) :]:
        spare.remove()
    yield from zip(panels, names, strict=False)


def _share(share: float) -> str:
    return "1" if share == 1 else f"{share:.2f}" if share >= 0.005 else "<.01"
