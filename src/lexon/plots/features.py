"""What the events look like, class by class: the quantities that a physicist checks first."""

from __future__ import annotations

from collections.abc import Mapping

import mplhep
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from lexon.events import Events
from lexon.features import event_features
from lexon.plots.style import Figure, looks, styled
from lexon.weighting import effective_number

# Column, axis label, and whether the values are whole numbers.
PANELS = (
    ("n_objects", "Objects", True),
    ("n_jets", "Jets, b-jets included", True),
    ("n_leptons", "Charged leptons", True),
    ("ht", r"$H_T$ of the jets [GeV]", False),
    ("met", r"$E_T^{miss}$ [GeV]", False),
    ("pt_1", r"Leading $p_T$ [GeV]", False),
    ("mass", "Mass of all objects [GeV]", False),
)


@styled
def feature_distributions(
    events: Events,
    groups: NDArray[np.int64],
    names: Mapping[int, str],
    object_types: Mapping[int, str],
    split: str,
) -> Figure:
    """Seven event-level quantities and the mean number of objects of each type, per group.

    Args:
        events: of one split.
        groups: class index or process label, [event].
        names: name of each group, in the order to draw.
        object_types: name of each type id.
        split: where the events come from, for the title.
    """
    features = event_features(events, object_types)
    present = {name: groups == group for group, name in names.items() if (groups == group).any()}
    weighted = "" if events.weights is None else ", weighted"
    figure = Figure(figsize=(9.2, 9.6), layout="constrained")
    panels = figure.subplots(4, 2).ravel()
    for axes, (column, label, whole) in zip(panels, PANELS, strict=False):
        _histogram(axes, features[column], events.weights, present, whole)
        axes.set_xlabel(label)
        axes.set_ylabel("Share of events" if events.weights is None else "Share of weight")
    _types(panels[-1], events, present, object_types)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=min(len(labels), 5),
        title=f"{split} split, shares of all events{weighted}; the last bin holds the overflow",
    )
    return figure


def _histogram(
    axes: Axes,
    values: pd.Series,
    weights: NDArray[np.float64] | None,
    groups: Mapping[str, NDArray[np.bool_]],
    whole: bool,
) -> None:
    """One panel: steps with statistical errors; the last bin of a continuous quantity holds the
    overflow. The legend counts events, whatever their weights.
    """
    array = values.to_numpy(dtype=float)
    finite = array[np.isfinite(array)]
    if not len(finite):
        axes.text(
            0.5, 0.5, "not in these events", transform=axes.transAxes, ha="center", color="0.35"
        )
        return
    top = finite.max() if whole else np.quantile(finite, 0.99)
    edges = np.arange(-0.5, top + 1) if whole else np.linspace(0, top or 1, 31)
    for (name, chosen), style in zip(groups.items(), looks(len(groups)), strict=True):
        known = chosen & np.isfinite(array)
        inside = np.clip(array[known], edges[0], edges[-1])
        own = np.ones(len(array)) if weights is None else weights
        counts, squares = (
            np.histogram(inside, edges, weights=power[known])[0] for power in (own, own**2)
        )
        total = own[chosen].sum()
        if not total > 0:
            continue
        mplhep.histplot(
            counts / total,
            edges,
            yerr=np.sqrt(squares) / total,
            ax=axes,
            label=f"{name} ({chosen.sum():,})",
            linewidth=1.3,
            **style,
        )
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, None)


def _types(
    axes: Axes,
    events: Events,
    groups: Mapping[str, NDArray[np.bool_]],
    object_types: Mapping[int, str],
) -> None:
    """Mean number of objects of each type, a marker a group, side by side."""
    positions = np.arange(len(object_types))
    counts = np.stack([(events.ids == label).sum(1) for label in object_types], axis=1)
    offsets = np.linspace(-0.25, 0.25, len(groups)) if len(groups) > 1 else [0.0]
    for offset, chosen, style in zip(offsets, groups.values(), looks(len(groups)), strict=True):
        own = np.ones(len(events)) if events.weights is None else events.weights
        own = own[chosen]
        if not own.sum() > 0:
            continue
        mean = np.average(counts[chosen], axis=0, weights=own)
        spread = np.average((counts[chosen] - mean) ** 2, axis=0, weights=own)
        error = np.sqrt(np.maximum(spread, 0) / effective_number(own))
        axes.errorbar(
            positions + offset,
            mean,
            error,
            linestyle="none",
            marker="o",
            markersize=4,
            color=style["color"],
        )
    axes.set_xticks(positions, list(object_types.values()))
    axes.tick_params(axis="x", which="minor", length=0)
    axes.set_ylim(0, None)
    axes.set_ylabel("Mean per event")
    axes.set_xlabel("Object type")
