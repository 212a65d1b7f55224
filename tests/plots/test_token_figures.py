"""Figures of two token files: every axis and bin is drawn, and where nothing can be drawn they say
why.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from fabricate import to_png
from matplotlib.figure import Figure

from lexon.plots.tokens import confusion_maps, edge_intervals, occupancy_bars, token_frequencies


def words(figure: Figure) -> str:
    return " ".join(
        text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))
    )


def test_bins_are_as_high_as_their_shares():
    rows = [("ours", "pt", k, 0.2, 0.2) for k in range(1, 6)] + [
        ("reference", "pt", 1, 0.9, 0.5),
        ("reference", "pt", 2, 0.1, 0.5),
    ]
    figure = occupancy_bars(pd.DataFrame(rows, columns=["file", "axis", "bin", "share", "due"]))
    (axes,) = figure.axes
    assert [bar.get_height() for bar in axes.patches] == [0.2] * 5 + [0.9, 0.1]
    assert {line.get_ydata()[0] for line in axes.lines} == {0.2, 0.5}
    assert to_png(figure).startswith(b"\x89PNG")


def test_confusion_shows_the_shares_of_our_bins():
    shares = {(1, 1): 1.0, (2, 1): 0.25, (2, 2): 0.75}
    table = pd.DataFrame(
        [
            {"axis": "eta", "ours": a, "reference": b, "share": share}
            for (a, b), share in shares.items()
        ]
    )
    figure = confusion_maps(table)
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), [[1, 0], [0.25, 0.75]])
    assert "0.75" in words(figure)
    to_png(figure)


def test_edges_are_drawn_where_they_are_known():
    table = pd.DataFrame(
        {
            "axis": "met",
            "edge": [1, 2],
            "ours": [20.0, 40.0],
            "low": [19.0, np.nan],
            "high": [21.0, np.nan],
        }
    )
    figure = edge_intervals(table)
    assert "[GeV]" in figure.axes[0].get_xlabel()
    assert [float(x) for x in figure.axes[0].lines[0].get_xdata()] == [20]
    to_png(figure)


def test_tokens_of_one_file_lie_on_its_axis():
    table = pd.DataFrame(
        {"token": [1, 2, 3], "meaning": "x", "ours": [5, 5, 0], "reference": [10, 0, 10]}
    )
    figure = token_frequencies(table)
    both, alone = figure.axes[0].lines[1:]
    assert (len(both.get_xdata()), len(alone.get_xdata())) == (1, 2)
    assert "1 tokens in both; crosses: 2 in one file only" in words(figure)
    to_png(figure)


def test_nothing_to_draw_is_reported_in_words():
    empty = pd.DataFrame()
    assert "could be linked" in words(confusion_maps(empty))
    assert "could be linked" in words(edge_intervals(empty))
    other = pd.DataFrame({"token": [1], "meaning": "", "ours": [1], "reference": [0]})
    assert "another number of bins" in words(token_frequencies(other))
