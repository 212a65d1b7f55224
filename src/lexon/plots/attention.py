"""Figure of attention: which object of an event looks at which, block by block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from lexon.plots.style import Figure, empty_figure, styled


@styled
def attention(events: Mapping[str, tuple[Sequence[str], NDArray[Any]]]) -> Figure:
    """One row of panels an event, one column a block; a row of a panel says where a token looks.

    Args:
        events: by title the names of the tokens and the weights [block, token, token], rows of
            sum 1.
    """
    if not events:
        return empty_figure("no event to draw attention of")
    n_blocks = max(len(weights) for _, weights in events.values())
    largest = max(float(np.max(weights)) for _, weights in events.values())
    side = 0.16 * max(len(names) for names, _ in events.values())
    figure = Figure(
        figsize=(1.6 + (side + 0.1) * n_blocks, (side + 1.2) * len(events)), layout="constrained"
    )
    panels = figure.subplots(len(events), n_blocks, squeeze=False)
    for line, (title, (names, weights)) in enumerate(events.items()):
        places = range(len(names))
        for block, axes in enumerate(panels[line]):
            image = axes.imshow(weights[block], vmin=0, vmax=largest, cmap="Blues")
            axes.set_title(f"block {block + 1}", fontsize=9)
            axes.set_xticks(places, names, rotation=90, fontsize=6.5)
            axes.set_yticks(places, names if not block else [], fontsize=6.5)
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_minor_locator(NullLocator())
            axes.tick_params(which="both", length=0)
        panels[line, 0].set_ylabel(title, loc="center", fontsize=9)
    bar = figure.colorbar(image, ax=panels.ravel().tolist(), shrink=0.5, aspect=30)
    bar.set_label("Weight, mean over heads", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    return figure
