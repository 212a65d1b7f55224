"""Figures of a simulated sample: what tells the processes apart, and how far it is from a full
chain.
"""

from __future__ import annotations

import mplhep
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator, NullLocator

from lexon.events import Events
from lexon.plots.style import Figure, legend_beside, styled
from lexon.simulation.validation import REFERENCE, observables

COLOURS = {
    "tttt": "#bd1f01",
    "ttH": "#3f90da",
    "ttW": "#ffa90e",
    "ttWW": "#832db6",
    "ttZ": "#717581",
}
NAMES = {
    "tttt": r"$t\bar{t}t\bar{t}$",
    "ttH": r"$t\bar{t}H$",
    "ttW": r"$t\bar{t}W$",
    "ttWW": r"$t\bar{t}WW$",
    "ttZ": r"$t\bar{t}Z$",
}

# Observable -> axis label, unit ("" for counts) and bin edges; the last bin holds everything
# beyond.
PANELS = {
    "n_jets": ("Number of jets", "", np.arange(5.5, 14.6)),
    "n_b_jets": (r"Number of $b$-jets", "", np.arange(1.5, 7.6)),
    "n_leptons": (r"Number of $e$ and $\mu$", "", np.arange(1.5, 5.6)),
    "ht": (r"$H_\mathrm{T}$", "GeV", np.linspace(500, 2000, 26)),
    "met": (r"$E_\mathrm{T}^\mathrm{miss}$", "GeV", np.linspace(0, 500, 26)),
    "pt_jet_1": (r"Leading jet $p_\mathrm{T}$", "GeV", np.linspace(0, 750, 26)),
    "pt_jet_6": (r"Sixth jet $p_\mathrm{T}$", "GeV", np.linspace(20, 120, 26)),
    "pt_lepton_1": (r"Leading lepton $p_\mathrm{T}$", "GeV", np.linspace(0, 400, 26)),
}
LABELS = {quantity: label for quantity, (label, _, _) in PANELS.items()} | {
    "pt_lepton_2": r"Second lepton $p_\mathrm{T}$",
    "same_sign": "Same-sign pair share",
}


@styled
def class_distributions(events: Events) -> Figure:
    """One panel per observable, one normalised histogram per process with its statistical error."""
    table = observables(events)
    figure = Figure(figsize=(15, 7), layout="constrained")
    for axes, quantity in zip(figure.subplots(2, 4).flat, PANELS, strict=True):
        _distribution(axes, table, quantity)
    figure.axes[0].legend()
    figure.suptitle(
        f"lexon simulation, 13 TeV, {len(events):,} selected events; the last bin holds everything"
        " beyond"
    )
    return figure


def _distribution(axes: Axes, table: pd.DataFrame, quantity: str) -> None:
    label, unit, edges = PANELS[quantity]
    for process, colour in COLOURS.items():
        values = table.loc[table["process"] == process, quantity].to_numpy(dtype=float)
        if len(values) == 0:
            continue
        counts, _ = np.histogram(
            np.clip(values, edges[0], np.nextafter(edges[-1], edges[0])), edges
        )
        shares, errors = counts / len(values), np.sqrt(counts) / len(values)
        mplhep.histplot(
            shares, edges, yerr=errors, ax=axes, color=colour, label=NAMES[process], linewidth=1.3
        )
    axes.set_xlabel(f"{label} [{unit}]" if unit else label)
    axes.set_ylabel(
        f"Share of events / {edges[1] - edges[0]:g} {unit}" if unit else "Share of events"
    )
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0)
    if not unit:
        axes.xaxis.set_major_locator(MultipleLocator(1))
        axes.xaxis.set_minor_locator(NullLocator())


@styled
def means_against_reference(comparison: pd.DataFrame) -> Figure:
    """Relative deviation of each mean from the full chain, per process, with statistical errors.

    Args:
        comparison: what `lexon.simulation.validation.compare_means` returns.
    """
    figure = Figure(figsize=(10, 4.8), layout="constrained")
    axes = figure.subplots()
    axes.axhspan(-5, 5, color="0.92", label=r"$\pm$ 5 %")
    axes.axhline(0, color="black", linewidth=1)
    quantities = list(REFERENCE.columns)
    for i, (process, colour) in enumerate(COLOURS.items()):
        part = comparison[comparison["process"] == process].set_index("quantity")
        if len(part) == 0:
            continue
        part = part.loc[quantities]
        place = np.arange(len(quantities)) + 0.13 * (i - (len(COLOURS) - 1) / 2)
        error = 100 * part["error"] / part["reference"]
        axes.errorbar(
            place,
            100 * part["deviation"],
            error,
            fmt="o",
            markersize=4,
            color=colour,
            label=NAMES[process],
        )
    axes.set_xticks(
        range(len(quantities)),
        [LABELS[quantity] for quantity in quantities],
        rotation=30,
        ha="right",
    )
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylabel("Simulated / full chain - 1 [%]")
    legend_beside(figure, axes)
    return figure
