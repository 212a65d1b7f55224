from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lexon.plots import vae as plots


def history(scale: float) -> pd.DataFrame:
    epochs = np.arange(1, 6)
    columns = {
        f"{split}_{name}": scale / epochs for split in ("train", "val") for name in ("loss", "kld")
    }
    return pd.DataFrame({"epoch": epochs, **columns})


def test_loss_curves_mark_the_lowest_validation_loss():
    figure = plots.loss_curves({"a": history(3.0), "b": history(5.0)})
    losses = figure.axes[0]
    dots = [line.get_xydata()[0] for line in losses.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots, [[5, 0.6], [5, 1.0]])


def test_bars_show_the_mean_and_every_seed_and_hatch_what_collapsed():
    figure = plots.metric_bars(
        {"KL": {"a": [1.0, 3.0], "b": [0.0, 0.0], "c": []}}, {"b"}, {"KL": {"all_zero": 0.5}}
    )
    axes = figure.axes[0]
    assert [bar.get_width() for bar in axes.patches] == [2.0, 0.0]
    assert [bool(bar.get_hatch()) for bar in axes.patches] == [False, True]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["all zero"]


def test_units_are_drawn_largest_first():
    line, *_ = plots.kl_per_unit({"a": np.array([0.1, 2.0, 0.5])}, 0.01).axes[0].lines
    np.testing.assert_allclose(line.get_ydata(), [2.0, 0.5, 0.1])


def test_the_map_draws_each_row_once_and_rows_without_group_grey():
    position, groups = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 3 - 1
    axes = plots.latent_map(position, groups, ["x", "y"], "a").axes[0]
    assert sum(len(line.get_xdata()) for line in axes.lines) == 30
    assert [line.get_label() for line in axes.lines] == ["other", "x", "y"]


def test_heat_maps_leave_out_the_diagonal_and_show_the_difference():
    data, model = np.array([[9.0, 0.2], [0.2, 9.0]]), np.array([[1.0, 0.5], [0.5, 1.0]])
    figure = plots.cooccurrence_maps(data, {"m": model}, ["x", "y"])
    images = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert len(images) == 3
    np.testing.assert_allclose(images[2][0, 1], 0.3)
    assert np.ma.getmaskarray(images[0])[0, 0]
    assert figure.axes[0].images[0].get_clim() == (0.0, 0.5)


@pytest.mark.parametrize("floor", [5.0, np.nan])
def test_the_curve_of_beta_needs_no_floor(floor):
    points = {
        "a": (1.0, np.array([1.0, 1.2]), np.array([4.0, 4.1])),
        "b": (4.0, np.array([0.0]), np.array([5.0])),
    }
    axes = plots.rate_distortion(points, floor).axes[0]
    dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert len(dashed) == np.isfinite(floor)
    for line in dashed:
        np.testing.assert_allclose(line.get_xdata() + line.get_ydata(), floor)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.loss_curves({}),
        lambda: plots.metric_bars({}, set(), {}),
        lambda: plots.kl_per_unit({}, 0.01),
        lambda: plots.rate_distortion({}, np.nan),
        lambda: plots.cooccurrence_maps(np.zeros((2, 2)), {}, ["x", "y"]),
    ],
)
def test_nothing_to_draw_says_so(draw):
    assert [text.get_text() for text in draw().texts] == ["no finished member yet"]
