"""The look of every figure: ticks inside on all sides, as mplhep has it for LHC papers, sized for a report's column.

Figures are made without pyplot, so drawing leaves no state behind. Colours are those of Petroff (arXiv:2107.02270),
chosen to be told apart by colour-blind readers; beyond ten curves the line style changes too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import matplotlib as mpl
import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnchoredText

_TICKS = {key: value for key, value in mplhep.style.ATLAS.items() if key.startswith(("xtick", "ytick")) and not key.endswith("labelsize")}
STYLE: dict[str, Any] = _TICKS | {
    "figure.dpi": 160,
    "font.size": 11,
    "axes.labelsize": 12,
    "axes.titlesize": 12,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "xtick.major.size": 6,
    "ytick.major.size": 6,
    "xtick.minor.size": 3,
    "ytick.minor.size": 3,
    "xaxis.labellocation": "right",
    "yaxis.labellocation": "top",
    "legend.fontsize": 10,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
}
PALETTE = ("#3f90da", "#e76300", "#bd1f01", "#832db6", "#717581", "#a96b59", "#b9ac70", "#92dadd", "#94a4a2", "#ffa90e")
BASELINE_LOOKS = ({"color": "black", "linestyle": "--"}, {"color": "#8a8a8a", "linestyle": ":"})
NOTHING = "no finished member yet"

styled = mpl.rc_context(STYLE)  # type: ignore[arg-type]  # keys are from mplhep


def looks(n: int) -> list[dict[str, Any]]:
    """Colour and line style of `n` curves."""
    dashes = ("-", "--", "-.", ":")
    return [{"color": PALETTE[i % len(PALETTE)], "linestyle": dashes[i // len(PALETTE) % len(dashes)]} for i in range(n)]


def baseline_looks(n: int) -> list[dict[str, Any]]:
    """Grey and black, dashed: a baseline never looks like a network."""
    return [BASELINE_LOOKS[i % len(BASELINE_LOOKS)] for i in range(n)]


@styled
def empty_figure(message: str = NOTHING) -> Figure:
    """A figure that says why there is nothing to see."""
    figure = Figure(figsize=(7.2, 0.8))
    figure.text(0.5, 0.5, message, ha="center", va="center", color="0.35")
    return figure


def legend_beside(figure: Figure, axes: Axes, title: str | None = None) -> None:
    """A legend to the right of the axes, where long names and twelve rows do no harm; needs constrained layout."""
    handles, names = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, names, loc="outside right upper", title=title, alignment="left", fontsize=9)


def note(axes: Axes, text: str, loc: str = "upper left") -> None:
    """A few words inside the axes."""
    axes.add_artist(AnchoredText(text, loc=loc, frameon=False, prop={"size": 9.5, "color": "0.25"}, borderpad=0.3))


def padded(values: Iterable[float], share: float = 0.06) -> tuple[float, float]:
    """Axis limits around the finite values, with some air; (0, 1) where there are none."""
    array = np.array([value for value in values if np.isfinite(value)])
    if not len(array):
        return 0.0, 1.0
    air = share * (np.ptp(array) or 0.01)
    return float(array.min() - air), float(array.max() + air)
