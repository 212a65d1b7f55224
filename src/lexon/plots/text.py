"""Text in figures: names come from files and may be no valid formula, very long, or hold characters
that no font has.
"""

from __future__ import annotations

from functools import cache

from matplotlib.axis import Axis
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.mathtext import MathTextParser
from matplotlib.text import Text

NAME = 60  # characters of a legend's entry
# Characters of a tick's label by width of the figure, beyond which nothing would be left of the
# axes.
TICK_PER_INCH = 6.5
SENTENCE_PER_INCH = 11  # of a line of any other text, likewise


def make_readable(figure: Figure) -> None:
    """Write every text of a figure so that it can be drawn: formulae that cannot be parsed as plain
    text, long names shortened.
    """
    for axis in figure.findobj(Axis):
        _shorten_ticks(axis, round(TICK_PER_INCH * figure.get_figwidth()))
    for legend in figure.findobj(Legend):
        for text in legend.get_texts():
            text.set_text(shortened(text.get_text(), NAME))
    sentence = round(SENTENCE_PER_INCH * figure.get_figwidth())
    for text in figure.findobj(Text):
        text.set_text(shortened(text.get_text(), sentence))
        if text.get_parse_math() and not is_drawable_formula(text.get_text()):
            text.set_parse_math(False)


@cache
def is_drawable_formula(text: str) -> bool:
    r"""Whether matplotlib can draw a text; one without formulae always can be.

    >>> [is_drawable_formula(text) for text in (r"$t\bar{t}$", r"$\ttbar$", "100 %")]
    [True, False, True]
    """
    if not any(is_math_text(line) for line in text.split("\n")):
        return True
    try:
        for line in text.split("\n"):
            MathTextParser("path").parse(line)
    except ValueError:
        return False
    return True


def shortened(text: str, limit: int) -> str:
    """Each line with at most `limit` characters, the middle left out, and without characters that
    cannot be printed.
    """
    return "\n".join(_line(line, limit) for line in text.split("\n"))


def _line(line: str, limit: int) -> str:
    printable = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line
    )
    if len(printable) <= limit or ("$" in printable and len(printable) <= 2 * limit):
        return printable
    tail = limit // 3
    return f"{printable[: limit - tail - 1]}\N{HORIZONTAL ELLIPSIS}{printable[-tail:]}"


def _shorten_ticks(axis: Axis, limit: int) -> None:
    labels = [label.get_text() for label in axis.get_ticklabels()]
    short = [shortened(label, limit) for label in labels]
    if short != labels:
        axis.set_ticks(axis.get_majorticklocs(), labels=short)
