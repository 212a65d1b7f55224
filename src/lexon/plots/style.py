"""The look of every figure: ticks inside on all sides, as mplhep has it for LHC papers, sized for a
report's column.

Figures are made without pyplot, so drawing leaves no state behind, and start from matplotlib's
defaults: a personal matplotlibrc changes none. Colours are those of Petroff (arXiv:2107.02270),
chosen to be distinguished by colour-blind readers; beyond ten curves the line style changes too.

`Figure` and `styled` belong together: a function that draws is `styled` and makes a `Figure`.
"""

from __future__ import annotations

import logging
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
import matplotlib.figure
import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.offsetbox import AnchoredText

from lexon.plots.text import make_readable

logger = logging.getLogger(__name__)
P = ParamSpec("P")

_TICKS = {
    key: value
    for key, value in mplhep.style.ATLAS.items()
    if key.startswith(("xtick", "ytick")) and not key.endswith("labelsize")
}
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
PALETTE = (
    "#3f90da",
    "#e76300",
    "#bd1f01",
    "#832db6",
    "#717581",
    "#a96b59",
    "#b9ac70",
    "#92dadd",
    "#94a4a2",
    "#ffa90e",
)
BASELINE_LOOKS = ({"color": "black", "linestyle": "--"}, {"color": "#8a8a8a", "linestyle": ":"})
NOTHING = "no finished member yet"

# What belongs to a process rather than to the look of its figures.
_OF_THE_PROCESS = {
    "backend",
    "backend_fallback",
    "interactive",
    "toolbar",
    "timezone",
    "date.epoch",
}
_DEFAULTS: dict[Any, Any] = {
    name: value for name, value in mpl.rcParamsDefault.items() if name not in _OF_THE_PROCESS
}


@contextmanager
def lexon_style() -> Iterator[None]:
    """matplotlib's defaults and `STYLE`, whatever the user's matplotlibrc or notebook has set."""
    with mpl.rc_context(_DEFAULTS | STYLE), warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "Glyph .* missing from"
        )  # an emoji in a name is drawn as a box
        yield


class Figure(matplotlib.figure.Figure):
    """matplotlib's figure, drawn and saved in lexon's style; names that are no valid formulae are
    written as they are.
    """

    def draw(self, renderer: Any) -> None:
        with lexon_style():
            make_readable(self)
            super().draw(renderer)

    def savefig(self, *args: Any, **kwargs: Any) -> None:
        """Save the figure; one that cannot be drawn is replaced by a sentence that says why."""
        with lexon_style():
            try:
                super().savefig(*args, **kwargs)
            except OSError:  # a fault of the disk
                raise
            except Exception as error:  # noqa: BLE001  # whatever a figure fails of, the results that it shows are not lost
                undrawn("a figure", error).savefig(*args, **kwargs)


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in lexon's style; where it fails, the figure is a sentence that says why, and a warning
    is logged.
    """

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with lexon_style():
            try:
                return draw(*args, **kwargs)
            except Exception as error:  # noqa: BLE001  # whatever a figure fails of, the results that it shows are not lost
                return undrawn(draw.__name__.replace("_", " "), error)

    return drawn


def undrawn(name: str, error: Exception) -> Figure:
    """What stands in the place of a figure that could not be drawn; the warning has the
    traceback.
    """
    reason = str(error).strip() or type(error).__name__
    logger.warning(
        "%s could not be drawn (%s); the numbers that it shows are not affected",
        name,
        reason.splitlines()[0],
        exc_info=error,
    )
    return empty_figure(f"This figure could not be drawn: {reason.splitlines()[0][:80]}")


_LETTERS_PER_INCH = 12  # of a title


def looks(n: int) -> list[dict[str, Any]]:
    """Colour and line style of `n` curves."""
    dashes = ("-", "--", "-.", ":")
    return [
        {"color": PALETTE[i % len(PALETTE)], "linestyle": dashes[i // len(PALETTE) % len(dashes)]}
        for i in range(n)
    ]


def baseline_looks(n: int) -> list[dict[str, Any]]:
    """Grey and black, dashed: a baseline never looks like a network."""
    return [BASELINE_LOOKS[i % len(BASELINE_LOOKS)] for i in range(n)]


def empty_figure(message: str = NOTHING) -> Figure:
    """A figure that says why there is nothing to see."""
    with lexon_style():
        figure = Figure(figsize=(7.2, 0.8))
        figure.text(0.5, 0.5, message, ha="center", va="center", color="0.35", parse_math=False)
    return figure


def legend_beside(figure: matplotlib.figure.Figure, axes: Axes, title: str | None = None) -> None:
    """A legend to the right of the axes, where long names and twelve rows do no harm; needs
    constrained layout.
    """
    handles, names = axes.get_legend_handles_labels()
    if handles:
        figure.legend(
            handles, names, loc="outside right upper", title=title, alignment="left", fontsize=9
        )


def note(axes: Axes, text: str, loc: str = "upper left") -> None:
    """A few words inside the axes."""
    axes.add_artist(
        AnchoredText(
            text, loc=loc, frameon=False, prop={"size": 9.5, "color": "0.25"}, borderpad=0.3
        )
    )


def wrapped(text: str, inches: float) -> str:
    """A title in as many lines as a width has room for."""
    return textwrap.fill(text, max(20, int(_LETTERS_PER_INCH * inches)))


def padded(values: Iterable[float], share: float = 0.06) -> tuple[float, float]:
    """Axis limits around the finite values, with some air; (0, 1) where there are none."""
    array = np.array([value for value in values if np.isfinite(value)])
    if not len(array):
        return 0.0, 1.0
    air = share * (np.ptp(array) or 0.01)
    return float(array.min() - air), float(array.max() + air)
