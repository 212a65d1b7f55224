"""Figures of a sweep show what they are given, and survive what a sweep can hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fabricate import to_png
from matplotlib.figure import Figure

from lexon.plots.regression import distributions, r2_against_ratio, training_curves

TARGET = np.random.default_rng(0).normal(size=300)


def history(ratio: float = 0.9, n: int = 3) -> pd.DataFrame:
    columns = {"val_base_loss": 0.5, "val_r2": 0.4, "val_variance_ratio": ratio}
    return pd.DataFrame({"epoch": range(1, n + 1), **columns})


def words(figure: Figure) -> str:
    return " ".join(
        text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))
    )


@pytest.mark.parametrize(
    "figure",
    [
        training_curves({}),
        distributions(None, {"lambda 0": ("", [])}),
        r2_against_ratio({"lambda 0": ([], [])}, {}),
    ],
)
def test_nothing_finished_is_reported(figure: Figure) -> None:
    assert "no finished member yet" in words(figure)


def test_seeds_become_a_median_with_a_band_from_lowest_to_highest() -> None:
    figure = training_curves({"lambda 1": [history(0.5), history(0.8), history(0.9)]})
    ratio = figure.axes[-1]
    assert ratio.lines[0].get_ydata() == pytest.approx([0.8] * 3)
    band = ratio.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0.5, 0.9))


def test_diverging_and_short_trainings_leave_the_axes_readable() -> None:
    figure = training_curves(
        {"lambda 0": [history()], "lambda 10": [history(1e6, 1), history(np.inf, 2)]}
    )
    assert figure.axes[-1].get_ylim()[1] <= 3
    assert to_png(figure)


def test_histograms_share_their_axes_and_keep_every_row() -> None:
    shown = {f"lambda {i}": (f"ratio {i}", [TARGET * i, TARGET * 100]) for i in range(4)}
    figure = distributions(TARGET, shown)
    used = [axes for axes in figure.axes if axes.axison]
    assert len(used) == 4
    assert len({axes.get_xlim() for axes in used}) == len({axes.get_ylim() for axes in used}) == 1
    assert "ratio 3" in words(figure)
    wide = used[0].patches[-1].get_path().vertices
    edges, heights = np.unique(wide[:, 0]), wide[:, 1]
    assert heights.max() * np.diff(edges)[0] == pytest.approx(
        0.5, abs=0.1
    )  # what lies beyond is in the outermost bins


def test_the_lowest_panel_of_each_column_has_numbers_on_its_axis() -> None:
    figure = distributions(TARGET, {f"lambda {i}": ("", [TARGET]) for i in range(5)})
    figure.draw_without_rendering()
    labelled = [
        any(label.get_visible() and label.get_text() for label in axes.get_xticklabels())
        for axes in figure.axes[:5]
    ]
    assert labelled == [False, False, True, True, True]


@pytest.mark.parametrize("spread", [0.0, 0.05, 0.9])
def test_panels_are_filled_whatever_spikes_there_are(spread: float) -> None:
    """The target's own histogram is never lower than half of its panel."""
    figure = distributions(
        TARGET, {"lambda 0": ("", [spread * TARGET]), "lambda 2": ("", [TARGET + 0.1])}
    )
    axes = figure.axes[0]
    target = max(patch.get_height() for patch in axes.patches if hasattr(patch, "get_height"))
    assert target > 0.5 * axes.get_ylim()[1]
    assert target < axes.get_ylim()[1]


def test_the_line_of_calibrated_models_is_the_diagonal() -> None:
    figure = r2_against_ratio(
        {"lambda 0": ([0.4, np.nan], [0.4, -7.0])}, {"train mean": (0.0, -0.01)}
    )
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    calibrated = next(line for label, line in lines.items() if str(label).startswith("calibrated"))
    np.testing.assert_array_equal(calibrated.get_xdata(), calibrated.get_ydata())
    assert lines["lambda 0"].get_ydata()[1] == -1  # at the frame
    assert "train mean" in lines
