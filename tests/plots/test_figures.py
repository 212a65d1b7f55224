"""Figures show what they were given, with one curve or twelve, and say so when there is nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from fabricate import binary_scores, binormal_scores, history, to_png
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lexon.events import Events
from lexon.plots import classification, grid, training
from lexon.plots.features import feature_distributions
from lexon.plots.style import BASELINE_LOOKS, looks
from lexon.statistics import Interval, Verdict

OBJECT_TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}
BASELINES = {"trees": binormal_scores(0.9, own=99)}


def cells(n: int) -> dict[str, list]:
    return {f"cell {i}": [binormal_scores(1 + 0.02 * i, own=i)] for i in range(n)}


def names(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def words(figure: Figure) -> str:
    return " ".join(
        text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))
    )


def curve(axes: Axes, name: str) -> tuple[np.ndarray, np.ndarray]:
    line = next(line for line in axes.lines if line.get_label() == name)
    return np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)


@pytest.mark.parametrize("n", [1, 12])
def test_every_cell_and_baseline_has_a_look_of_its_own_and_a_name(n: int) -> None:
    for figure in (
        classification.roc(cells(n), BASELINES),
        classification.calibration(cells(n), BASELINES),
    ):
        assert names(figure) == [*cells(n), "trees"]
        assert to_png(figure).startswith(b"\x89PNG")
    styles = {tuple(style.values()) for style in [*looks(n), *BASELINE_LOOKS]}
    assert len(styles) == n + 2


def test_roc_follows_theory_and_stops_where_events_run_out() -> None:
    scores = binormal_scores(1.0, n=4000)
    upper, lower = classification.roc({"one": [scores]}, {"same": scores}).axes
    efficiency, rejection = curve(upper, "one")
    background = (~scores.is_signal).sum()
    at_half = rejection[np.argmin(np.abs(efficiency - 0.5))]
    passing = scores.signal > np.median(scores.signal[scores.is_signal])
    assert at_half == pytest.approx(background / (passing & ~scores.is_signal).sum(), rel=0.03)
    assert np.nanmax(rejection) <= background / 10
    np.testing.assert_allclose(lower.lines[0].get_ydata()[50:], 1)


def test_histograms_are_normalised_and_processes_shown_where_they_are_finer_than_classes() -> None:
    by_class, by_process = classification.score_distributions(binormal_scores(1.0), "one").axes
    heights = by_class.patches[0].get_data().values
    assert heights.sum() / len(heights) == pytest.approx(1)
    assert [text.get_text().split(" ")[0] for text in by_process.get_legend().get_texts()] == [
        "tttt",
        "ttH",
        "ttW",
    ]


def test_confusion_counts_events_by_true_class() -> None:
    is_signal = np.array([True, True, True, False])
    figure = classification.confusion(
        binary_scores(np.array([0.9, 0.8, 0.1, 0.2]), is_signal), "one"
    )
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), [[2 / 3, 1 / 3], [0, 1]])
    assert "0.667\n(2)" in words(figure)


def test_auroc_rows_are_sorted_and_drawn_at_their_values() -> None:
    figure = classification.auroc_bars(
        {"low": Interval(0.7, 0.69, 0.71), "high": Interval(0.9, 0.89, 0.91)},
        {"trees": Interval(0.8, 0.7, 0.9)},
    )
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "high",
        "trees",
        "low",
    ]
    assert "0.900" in words(figure)
    to_png(classification.auroc_bars({"no interval": Interval(0.7, np.nan, np.nan)}, {}))


def test_the_kept_epoch_is_marked() -> None:
    rows = history(5)
    rows.loc[3, "val_auroc"] = 0.99
    _, auroc = training.learning_curves({"one": rows}).axes
    marker = next(line for line in auroc.lines if line.get_marker() == "o")
    assert (marker.get_xdata()[0], marker.get_ydata()[0]) == (4, 0.99)


def test_equal_auroc_keeps_the_epoch_of_lower_loss() -> None:
    assert training.best_row(history(4).assign(val_auroc=0.8))["epoch"] == 4


def test_features_of_each_class_are_shares_of_its_events(
    make_events: Callable[..., Events],
) -> None:
    events = make_events(300)
    figure = feature_distributions(
        events, events.labels, {1: "tttt", 2: "ttH", 3: "absent"}, OBJECT_TYPES, "test"
    )
    assert names(figure) == ["tttt (150)", "ttH (150)"]
    assert figure.axes[0].patches[0].get_data().values.sum() == pytest.approx(1)
    assert "[GeV]" in figure.axes[3].get_xlabel()


def test_cells_of_other_events_are_hollow_and_last() -> None:
    intervals = [Interval(value, value - 0.01, value + 0.01) for value in (0.7, 0.8, 0.9)]
    figure = classification.auroc_bars(
        {"ours": intervals[0]}, {"trees": intervals[1]}, {"reference": intervals[2]}
    )
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "trees",
        "ours",
        "reference",
    ]
    assert [
        line.get_markerfacecolor() for line in figure.axes[0].lines if line.get_marker() == "o"
    ][-1] == "white"
    assert "hollow" in words(figure)


def test_roc_of_a_level_is_that_of_its_classifiers() -> None:
    scores = [binormal_scores(separation, n=4000, own=i) for i, separation in enumerate((1.4, 1.0))]
    figure = classification.roc_by_axis(
        {"pool": {"max": [scores[0]], "mean": [scores[1]]}, "alone": {"one": scores}}
    )
    alone = classification.roc({"max": [scores[0]]}, {})
    np.testing.assert_array_equal(curve(figure.axes[0], "max")[1], curve(alone.axes[0], "max")[1])
    assert np.nanmean(curve(figure.axes[0], "mean")[1] / curve(figure.axes[0], "max")[1]) < 1
    assert len(figure.axes) == 2


def test_trainings_of_one_name_look_the_same_in_every_panel() -> None:
    one, other = history(3), history(4)
    figure = training.validation_curves(
        {"direct": {"max": one, "mean": other}, "binned": {"mean": one}, "vqvae": {}}
    )
    assert [axes.get_title() for axes in figure.axes] == ["direct", "binned"]
    assert names(figure) == ["max", "mean"]
    colours = [
        [line.get_color() for line in axes.lines if len(line.get_xdata()) > 1]
        for axes in figure.axes
    ]
    assert colours[1] == [colours[0][1]]


def means(**missing: float) -> pd.DataFrame:
    rows = [
        {
            "axis": "pool",
            "level": pool,
            "second_axis": "met",
            "second_level": met,
            "auroc": auroc,
            "low": auroc - 0.01,
            "high": auroc + 0.01,
        }
        for (pool, met), auroc in zip(
            [(p, m) for p in ("cls", "max") for m in ("met", "no met")],
            (0.71, 0.72, 0.83, 0.84),
            strict=True,
        )
    ]
    return pd.DataFrame(rows).assign(n_averaged=6, n_settings=6, balanced=True).assign(**missing)


def test_heat_maps_put_each_mean_in_its_place() -> None:
    axes, *_ = grid.heat_maps(means()).axes
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.71, 0.72], [0.83, 0.84]])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cls", "max"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["met", "no met"]
    assert "0.830\n[0.820, 0.840]" in words(axes.figure)
    assert "2 of 6" in words(grid.heat_maps(means(n_averaged=2)))
    assert "each over other settings" in words(grid.heat_maps(means(balanced=False)))
    assert "no finished member" in words(grid.heat_maps(means(auroc=np.nan)))
    one = means(auroc=[0.71, np.nan, np.nan, np.nan])
    assert "no two axes of which several combinations" in words(grid.heat_maps(one))


def effects(n: int, kind: str = "main effect") -> pd.DataFrame:
    size = np.linspace(-0.1, 0.1, n)
    bounds = {
        "low": size - 0.01,
        "high": size + 0.01,
        "low_all": size - 0.02,
        "high_all": size + 0.02,
    }
    verdicts = [Verdict.HIGHER if abs(value) > 0.02 else Verdict.UNDECIDED for value in size]
    levels = {"a": [f"a{i}" for i in range(n)], "b": "b", "with": "c", "less_with": "d"}
    return pd.DataFrame({"kind": kind, **levels, "difference": size, **bounds, "verdict": verdicts})


def test_effects_are_drawn_at_their_values_and_grey_within_noise() -> None:
    figure = grid.effect_intervals(
        pd.concat([effects(3), effects(3, "interaction")], ignore_index=True)
    )
    main, interactions = figure.axes
    points = [line for line in main.lines if line.get_marker() == "o"]
    np.testing.assert_allclose([point.get_xdata()[0] for point in points], [-0.1, 0, 0.1])
    assert points[0].get_color() == points[2].get_color() != points[1].get_color()
    assert main.get_yticklabels()[0].get_text() == "a0 \N{MINUS SIGN} b"
    assert (
        interactions.get_yticklabels()[0].get_text() == "(a0 \N{MINUS SIGN} b): c \N{MINUS SIGN} d"
    )


def test_too_many_effects_are_cut_to_the_largest() -> None:
    axes = grid.effect_intervals(effects(100)).axes[0]
    drawn = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert len(drawn) == grid.MAX_ROWS
    assert min(np.abs(drawn)) > 0.06
    assert "too few cells" in words(grid.effect_intervals(effects(2).assign(difference=np.nan)))


def test_bins_are_shown_as_shares_of_their_entries() -> None:
    counts = {
        "pt": {"signal": np.array([1, 1, 2]), "background": np.array([3, 3, 3])},
        "token": {"signal": np.array([4, 0, 0, 0])},
    }
    figure = grid.bin_occupancy(counts, {"pt": np.array([30.5, 62.0])}, 4)
    np.testing.assert_allclose(figure.axes[0].patches[0].get_data().values, [0.25, 0.25, 0.5])
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["30.5", "62"]
    assert "1 of 4 tokens occur" in words(figure)
    assert names(figure) == ["signal", "background"]


@pytest.mark.parametrize(
    "figure",
    [
        classification.roc({}, {}),
        classification.calibration({}, {}),
        classification.auroc_bars({}, {}),
        training.learning_curves({}),
        training.validation_curves({}),
    ],
)
def test_nothing_finished_is_reported_in_words(figure: Figure) -> None:
    assert "no finished member" in words(figure)
    assert to_png(figure).startswith(b"\x89PNG")


def test_one_class_only_draws_no_roc() -> None:
    scores = binary_scores(np.linspace(0, 1, 20), np.ones(20, dtype=bool))
    assert "one class only" in words(classification.roc({"one": [scores]}, {}))


def test_long_names_are_wrapped_into_the_figure() -> None:
    name = (
        "tokeniser vqvae, pool cls, no MET, vector 5, a very long setting of a learning rate, and"
        " of a batch size"
    )
    for figure in (
        classification.score_distributions(binormal_scores(1.0), name),
        classification.confusion(binormal_scores(1.0), name),
    ):
        figure.canvas.draw()
        titles = (
            [figure._suptitle]
            if figure._suptitle
            else [axes._left_title for axes in figure.axes[:1]]
        )
        for title in titles:
            assert title.get_window_extent().x1 <= figure.bbox.x1


def test_figures_of_weighted_events_say_so_and_bear_negative_weights() -> None:
    rng = np.random.default_rng(0)
    scores = binormal_scores(1.2, n=1000)
    weighted = replace(scores, weights=rng.normal(1, 0.8, 1000))
    for draw in (
        lambda one: classification.score_distributions(one, "cell"),
        lambda one: classification.confusion(one, "cell"),
        lambda one: classification.calibration({"cell": [one]}, {}),
    ):
        assert "weight" in words(draw(weighted))
        assert "weight" not in words(draw(scores))
    _, rejection = curve(classification.roc({"cell": [weighted]}, {}).axes[0], "cell")
    finite = rejection[np.isfinite(rejection)]
    assert len(finite) > 100
    assert (np.diff(finite) <= 0).all()
