"""Figures of autoencoders draw what they are given, and say so where that is nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from lexon.events import Events
from lexon.plots.autoencoders import (
    Point,
    heat_maps,
    loss_curves,
    member_losses,
    residuals,
    trade_off,
)
from lexon.plots.style import NOTHING
from lexon.statistics import Interval


def history(n: int = 3, start: float = 1.0) -> pd.DataFrame:
    epochs = np.arange(1, n + 1)
    names = [
        f"{side}_{loss}"
        for side in ("train", "val")
        for loss in ("total", "rec_tokens", "rec_globals")
    ]
    return pd.DataFrame({"epoch": epochs} | dict.fromkeys(names, start / epochs))


def texts(figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts] + [
        text.get_text() for text in figure.texts
    ]


def test_every_seed_has_its_line_and_every_cell_one_entry() -> None:
    figure = loss_curves({"none": [history(), history()], "vq": [history(start=100.0)]})
    assert [len(axes.lines) for axes in figure.axes] == [6, 6, 6]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["none", "vq"]
    assert figure.axes[0].get_yscale() == "log", "losses of 0.3 to 100 in one panel"
    assert member_losses(history()).axes[0].get_yscale() == "linear"
    assert NOTHING in texts(loss_curves({"none": []}))


def test_residuals_are_decoded_minus_true(make_events: Callable[..., Events]) -> None:
    events = make_events(100)
    other = Events(events.ids, events.p4.copy(), events.met, events.met_phi, events.labels)
    other.p4[..., 1] *= 2
    figure = residuals(events, other, ["pt", "eta", "phi", "energy"])
    notes = [axes.artists[0].txt.get_text() for axes in figure.axes]
    assert notes == [f"rms {np.log(2):.3g}", *["rms 0"] * 5]


def test_a_map_is_blank_where_nothing_is_finished() -> None:
    values = {"rec_tokens": np.array([[1.0, 2.0], [3.0, np.nan]]), "usage": np.full((2, 2), np.nan)}
    figure = heat_maps(values, ["none", "vq"], [0.0, 1.0])
    assert len([axes for axes in figure.axes if axes.axison]) == 1
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["1", "2", "3"]
    assert NOTHING in texts(heat_maps({"usage": np.full((1, 1), np.nan)}, ["vq"], [0.0]))


@pytest.mark.parametrize("known", [True, False])
def test_the_trade_off_joins_the_weights_of_a_bottleneck(known: bool) -> None:
    side = 0.1 if known else np.nan
    points = [
        Point(
            beta,
            Interval(1 + beta, 1 + beta - side, 1 + beta + side),
            Interval(2, 2 - side, 2 + side),
        )
        for beta in (0.0, 1.0)
    ]
    figure = trade_off({"none": points})
    (axes,) = figure.axes
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [[1, 2], [2, 2]])
    assert [text.get_text() for text in axes.texts] == ["0", "1"]
    assert NOTHING in texts(trade_off({}))
