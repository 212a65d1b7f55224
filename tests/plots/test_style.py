"""Figures look the same under any matplotlibrc, show any name, and never cost a result."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import pytest
from fabricate import binormal_scores, to_png

import lexon.plots
from lexon.datasets.atomic import FigureDataset
from lexon.metrics.scores import Scores
from lexon.plots import classification
from lexon.plots.style import Figure, empty_figure, styled
from lexon.plots.text import NAME, TICK_PER_INCH, shortened
from lexon.statistics import Interval

AWKWARD = [
    r"$\ttbar$",
    r"$t\bar{t}$",
    "$a_{b$",
    "a_{b",
    "$5 and 100 %",
    r"\frac{",
    "<b>bold</b> & <script>",
    "\u0635\u0644\u064a\u0628",
    "\N{GRINNING FACE}",
    "x" * 400,
    "tab\tnull\0",
    "$" * 7,
    r"$\frac{1}$",
]
FOREIGN = {
    "text.usetex": True,
    "font.family": ["monospace"],
    "font.size": 30.0,
    "mathtext.fontset": "stix",
    "figure.dpi": 20,
    "savefig.dpi": 20,
    "savefig.format": "pdf",
    "savefig.bbox": "tight",
    "savefig.facecolor": "black",
    "axes.facecolor": "black",
    "lines.marker": "x",
    "axes.formatter.use_locale": True,
}


def scores_of(name: str) -> Scores:
    return replace(binormal_scores(1.0), class_names=(name, "rest"))


@styled
def plain() -> Figure:
    figure = Figure(figsize=(3, 2), layout="constrained")
    figure.subplots().plot([1, 2, 30], label=r"$\alpha$ 1")
    figure.axes[0].set(xlabel=r"$p_T$ [GeV]", yscale="log", title="A title")
    figure.axes[0].legend()
    return figure


def test_a_personal_matplotlibrc_changes_no_pixel() -> None:
    expected = to_png(plain())
    with mpl.rc_context(FOREIGN):
        drawn = plain()
        assert to_png(drawn) == expected
    with mpl.rc_context(
        FOREIGN | {"savefig.bbox": None}
    ):  # drawn before, saved under other settings, as a notebook does
        buffer = io.BytesIO()
        drawn.canvas.print_figure(
            buffer,
            format="png",
            dpi=drawn.dpi,
            facecolor="white",
            edgecolor="white",
            bbox_inches=None,
        )
    assert buffer.getvalue() == expected


@pytest.mark.parametrize("name", AWKWARD)
def test_any_name_of_a_process_can_be_drawn(name: str, caplog: pytest.LogCaptureFixture) -> None:
    figures = [
        classification.confusion(scores_of(name), name),
        classification.roc(
            {name: [scores_of(name)]}, {name + " trees": binormal_scores(0.9, own=1)}
        ),
        classification.score_distributions(scores_of(name), name),
    ]
    for figure in figures:
        assert len(to_png(figure)) > 10_000  # a sentence in a figure's place is smaller
    assert "could not be drawn" not in caplog.text


def test_formulae_that_are_right_stay_formulae_and_others_are_written_as_they_are() -> None:
    figure = empty_figure("")
    right, wrong = figure.text(0, 0, r"$t\bar{t}$"), figure.text(0, 0, r"$\ttbar$")
    to_png(figure)
    assert right.get_parse_math()
    assert not wrong.get_parse_math()
    assert wrong.get_text() == r"$\ttbar$"


def test_long_names_leave_room_for_the_axes() -> None:
    figure = classification.auroc_bars({}, {"a" * 400: _interval(), "b": _interval()})
    to_png(figure)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert max(map(len, labels)) == round(TICK_PER_INCH * 9.2)
    assert shortened("short\nlines", NAME) == "short\nlines"
    assert figure.axes[0].get_position().width > 0.2


@pytest.mark.parametrize("fails", ["while it is made", "while it is saved"])
def test_a_figure_that_fails_is_replaced_by_the_reason(
    fails: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    @styled
    def broken_curve() -> Figure:
        if fails == "while it is made":
            raise RuntimeError("no such curve")
        return plain()

    drawn = broken_curve()
    if fails == "while it is saved":
        monkeypatch.setattr(drawn.axes[0], "draw", _fail)
    with caplog.at_level(logging.WARNING):
        FigureDataset(filepath=str(tmp_path / "figure.png")).save(drawn)
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert "could not be drawn (no such curve)" in caplog.text


def test_a_full_disk_is_not_taken_for_a_figure_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mpl.figure.Figure, "savefig", full)
    with pytest.raises(OSError, match="No space"):
        plain().savefig(io.BytesIO())


def _fail(*_: object, **__: object) -> None:
    raise RuntimeError("no such curve")


def _interval() -> Interval:
    return Interval(0.7, 0.6, 0.8)


def test_every_function_that_draws_makes_a_figure_of_this_style() -> None:
    """matplotlib's own would take the user's settings."""
    for path in Path(lexon.plots.__path__[0]).glob("*.py"):
        assert (
            path.name in ("style.py", "text.py")
            or "from matplotlib.figure import Figure" not in path.read_text()
        ), path.name
