"""Figure of importances: what each feature is worth to each classifier."""

from __future__ import annotations

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.ticker import NullLocator

from lexon.plots.style import PALETTE, Figure, empty_figure, styled

_GROUP = 0.8  # of the space of a classifier that its bars fill
_LETTERS = 26  # in a line of a label


@styled
def importances(table: pd.DataFrame) -> Figure:
    """One group of bars a classifier, one bar a feature, with 95 % intervals of all together.

    Args:
        table: `kind`, `label`, `feature`, `importance`, `low_all`, `high_all`; features in order.
    """
    rows = table[table["kind"] == "shown"] if len(table) else table
    if rows.empty:
        return empty_figure("no importance: the section says why")
    labels, features = (list(dict.fromkeys(rows[name])) for name in ("label", "feature"))
    figure = Figure(figsize=(7.8, 1.3 + 1.15 * len(labels)), layout="constrained")
    axes = figure.subplots()
    width = _GROUP / len(features)
    for place, feature in enumerate(features):
        own = rows[rows["feature"] == feature].set_index("label").loc[labels]
        values = own["importance"]
        axes.barh(
            np.arange(len(labels)) + width * (place + 0.5) - _GROUP / 2,
            values,
            0.85 * width,
            xerr=np.nan_to_num(np.maximum([values - own["low_all"], own["high_all"] - values], 0)),
            error_kw={"elinewidth": 1, "capsize": 2},
            color=PALETTE[place],
            label=feature,
        )
    axes.axvline(0, color="0.4", linewidth=0.8)
    axes.set_yticks(range(len(labels)), [fill(label, _LETTERS) for label in labels], fontsize=9)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_xlabel("Fall in AUROC when a feature is exchanged between events")
    figure.legend(loc="outside upper center", ncols=len(features))
    return figure
