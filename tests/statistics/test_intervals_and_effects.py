"""Intervals cover what they should, pairing helps, and what cannot be compared is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from fabricate import binormal_scores
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t

from lexon.errors import DataError
from lexon.metrics import ranking
from lexon.metrics.scores import Scores
from lexon.statistics import (
    Grid,
    Interval,
    Replicates,
    Setting,
    SmallestEffect,
    Trainings,
    compare,
    contrasts,
    resample,
    score_statistics,
    seed_spread,
    share_intervals,
    simultaneous_intervals,
    weighted_intervals,
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def auroc_trainings(n: int, number: int = 0, **groups: list[Scores]) -> dict[str, Trainings]:
    statistics, n_events = score_statistics(groups, ranking.auroc)
    return resample(statistics, n_events, n, rng(number), groups)


def interval_of(seeds: list[Scores], n: int, number: int = 0) -> Interval:
    statistics, n_events = score_statistics({"": seeds}, ranking.auroc)
    return weighted_intervals(
        resample(statistics, n_events, n, rng(number)), {"": {"": 1.0}}, rng(number)
    )[""]


def paired_difference(a: Scores, b: Scores, n: int, number: int = 0) -> Interval:
    """Of trainings that no seed moves."""
    cells = auroc_trainings(n, number, a=[a], b=[b])
    return compare(
        cells, {"": [{"a": 1, "b": -1}]}, SmallestEffect(0.005, "absolute"), rng(number)
    )[""].alone


def width(interval: Interval) -> float:
    return interval.high - interval.low


def test_ninety_five_percent_intervals_cover_the_truth_about_that_often() -> None:
    truth = norm.cdf(1 / np.sqrt(2))
    intervals = [
        interval_of([binormal_scores(1.0, n=300, events=i, own=i)], 300, i) for i in range(200)
    ]
    coverage = np.mean([interval.low <= truth <= interval.high for interval in intervals])
    assert 0.89 <= coverage <= 0.99


def test_pairing_narrows_the_interval_of_a_difference() -> None:
    a, b = (
        binormal_scores(separation, own=own, noise=0.3) for separation, own in ((1.1, 1), (1.0, 2))
    )
    paired = paired_difference(a, b, 500)
    unpaired = np.hypot(*(width(interval_of([scores], 500, i)) for i, scores in enumerate((a, b))))
    assert paired.low < paired.estimate < paired.high
    assert width(paired) < 0.7 * unpaired


def test_equal_scores_differ_by_exactly_nothing() -> None:
    a = binormal_scores(1.0)
    assert paired_difference(a, a, 100) == Interval(0.0, 0.0, 0.0)


def test_a_difference_of_nothing_excludes_zero_in_few_of_many_trials() -> None:
    found = 0
    for trial in range(100):
        a, b = (
            binormal_scores(1.0, n=300, events=trial, own=2 * trial + k, noise=0.5) for k in (0, 1)
        )
        found += paired_difference(a, b, 200, trial).excludes_zero
    assert found <= 12


def test_events_are_matched_by_index_and_not_by_row() -> None:
    a, b = binormal_scores(1.1, own=1, noise=0.3), binormal_scores(1.0, own=2, noise=0.3)
    order = rng(3).permutation(len(b))
    shuffled = replace(
        b,
        **{
            name: getattr(b, name)[order] for name in ("probabilities", "target", "labels", "index")
        },
    )
    assert paired_difference(a, b, 100) == paired_difference(a, shuffled, 100)


def test_different_events_are_never_paired() -> None:
    a = binormal_scores(1.0)
    with pytest.raises(DataError, match="digests same and other"):
        paired_difference(a, replace(a, digest="other"), 100)
    with pytest.raises(DataError, match="index differs"):
        paired_difference(a, replace(a, index=a.index + 1), 100)
    with pytest.raises(DataError, match="target differs"):
        paired_difference(a, replace(a, target=1 - a.target), 100)


def test_seeds_that_disagree_widen_the_interval() -> None:
    alike = [binormal_scores(1.0, own=seed, noise=0.05) for seed in range(3)]
    apart = [
        binormal_scores(separation, own=seed, noise=0.05)
        for seed, separation in enumerate((0.6, 1.0, 1.4))
    ]
    assert width(interval_of(apart, 500)) > 3 * width(interval_of(alike, 500))


def test_a_group_takes_the_mean_of_its_seeds() -> None:
    seeds = [binormal_scores(1.0, own=seed) for seed in range(3)]
    alone = [interval_of([scores], 100).estimate for scores in seeds]
    assert interval_of(seeds, 100).estimate == pytest.approx(np.mean(alone))


def test_a_spread_is_unknown_with_one_seed() -> None:
    assert str(seed_spread([0.8])) == "unknown (1 seed)"
    assert str(seed_spread([0.80, 0.82])) == "0.0141 (2 seeds)"


def test_same_generator_same_interval() -> None:
    seeds = [binormal_scores(1.0, own=seed) for seed in range(2)]
    assert interval_of(seeds, 100, 5) == interval_of(seeds, 100, 5)


def test_one_class_only_gives_no_interval() -> None:
    scores = binormal_scores(1.0)
    signal = scores.is_signal
    only = replace(
        scores,
        **{
            name: getattr(scores, name)[signal]
            for name in ("probabilities", "target", "labels", "index")
        },
    )
    interval = interval_of([only], 100)
    assert np.isnan([interval.estimate, interval.low, interval.high]).all()
    assert not interval.excludes_zero


def test_a_difference_of_means_over_few_seeds_is_as_wide_as_students() -> None:
    groups = {
        name: [lambda w, v=v: np.full(len(w), v) for v in (start, start + 1.0)]
        for name, start in (("a", 0.0), ("b", 1.0))
    }
    cells = resample(groups, 3, 40_000, rng())
    difference = compare(
        cells, {"": [{"b": 1, "a": -1}]}, SmallestEffect(0.005, "absolute"), rng()
    )[""].alone
    assert difference.estimate == 1
    half = np.array([difference.high - 1, 1 - difference.low]) / np.sqrt(
        0.5
    )  # s^2 = 1/2; two means of two seeds each
    assert (half > t.ppf(0.975, 2)).all(), (
        "two degrees of freedom if both cells surely had one variance"
    )
    assert (half < t.ppf(0.975, 1)).all(), "one if they were independent"


def normal(estimate: float, noise: np.ndarray) -> Replicates:
    return Replicates(estimate, estimate + noise)


def test_intervals_for_a_family_are_wider_and_as_wide_as_they_must_be() -> None:
    noise = rng().normal(size=(20, 20_000))
    independent = simultaneous_intervals([normal(0.5, row) for row in noise])
    expected = norm.ppf(0.5 + 0.5 * 0.95 ** (1 / 20))  # Sidak: exact for independent ones
    np.testing.assert_allclose(
        [interval.high - 0.5 for interval in independent], expected, rtol=0.05
    )
    same = simultaneous_intervals([normal(0.5, noise[0])] * 20)
    alone = normal(0.5, noise[0]).interval()
    assert (same[0].low, same[0].high) == pytest.approx((alone.low, alone.high), abs=0.03)


def test_a_family_holds_what_is_certain_and_leaves_out_what_is_undefined() -> None:
    noise = rng().normal(size=1000)
    certain, uncertain = simultaneous_intervals([normal(0.3, 0 * noise), normal(0.0, noise)])
    assert (certain.low, certain.high) == (0.3, 0.3)
    assert uncertain.low < -1.8
    holes = np.where(np.arange(1000) % 2, noise, np.nan)
    assert np.isfinite(
        [
            vars(interval)["low"]
            for interval in simultaneous_intervals([normal(0.0, holes), normal(0.0, noise)])
        ]
    ).all()
    assert np.isnan(simultaneous_intervals([normal(0.0, np.full(10, np.nan))])[0].low)
    assert simultaneous_intervals([]) == []


def test_a_setting_is_left_out_for_the_reason_that_is_true() -> None:
    cells = {f"{x}{y}": {"x": x, "y": y} for x in "ab" for y in range(5)} | {
        "b9": {"x": "b", "y": 9}
    }
    models = {name: name for name in cells} | {"b1": "a1"}
    grid = Grid(cells, models, cells.keys() - {"a2"}, unpaired={"b3"})
    contrast = grid.contrast({"x": ("a", "b")})
    assert contrast.left_out == {
        "have one model on both sides": 1,
        "are not finished": 1,
        "were evaluated on other test events": 1,
        "are no part of the grid": 1,
    }
    assert (contrast.n_used, contrast.n_compared, contrast.n_settings) == (2, 4, 6)
    assert contrast.settings == [{"a4": 1, "b4": -1}, {"a0": 1, "b0": -1}]


def factorial(finished: set[str] | None = None, **copies: str) -> Grid:
    """Cells xy: x of three levels a, b, c; y of 1 and 2."""
    cells = {f"{x}{y}": {"x": x, "y": y, "fixed": 0} for x in "abc" for y in (1, 2)}
    return Grid(
        cells,
        {name: copies.get(name, name) for name in cells},
        cells.keys() if finished is None else finished,
    )


def mean_over_settings(values: Mapping[str, float], settings: Sequence[Setting]) -> float:
    return float(
        np.mean(
            [sum(weight * values[name] for name, weight in setting.items()) for setting in settings]
        )
    )


def test_contrasts_recover_what_a_table_was_made_of() -> None:
    grid = factorial()
    cells = {
        f"{x}{y}": {"a": 0, "b": 3, "c": 5}[x] + {1: 0, 2: 10}[y] + 7 * (x + str(y) == "b2")
        for x in "abc"
        for y in (1, 2)
    }
    found = {
        tuple(contrast.levels.items()): mean_over_settings(cells, contrast.settings)
        for contrast in contrasts(grid)
    }
    assert found[(("x", ("a", "b")),)] == -3 - 7 / 2
    assert found[(("x", ("a", "c")),)] == -5
    assert found[(("y", (2, 1)),)] == pytest.approx(10 + 7 / 3)
    assert found[("x", ("a", "b")), ("y", (2, 1))] == -7
    assert found[("x", ("a", "c")), ("y", (2, 1))] == 0
    assert len(found) == 3 + 1 + 3


def test_every_contrast_compares_like_with_like() -> None:
    partial = factorial(finished={"a1", "a2", "b1", "c2"})
    for contrast in contrasts(partial):
        for setting in contrast.settings:
            assert sum(setting.values()) == 0
            fixed = [axis for axis in ("x", "y") if axis not in contrast.levels]
            assert all(len({partial.cells[name][axis] for name in setting}) == 1 for axis in fixed)
    used = {tuple(c.levels.values()): c.n_used for c in contrasts(partial) if not c.is_interaction}
    assert used == {(("a", "b"),): 1, (("a", "c"),): 1, (("b", "c"),): 0, ((2, 1),): 1}


def test_a_contrast_names_the_model_that_stands_in_a_cell() -> None:
    (levels,) = (c for c in contrasts(factorial(b2="b1")) if c.levels == {"x": ("a", "b")})
    assert levels.settings == [{"a2": 1, "b1": -1}, {"a1": 1, "b1": -1}]


def test_cells_of_one_model_are_compared_with_nothing() -> None:
    grid = factorial(b2="b1")
    effects = {tuple(c.levels.values()): (c.n_used, c.n_settings) for c in contrasts(grid)}
    assert effects[((2, 1),)] == (2, 3)
    assert effects[(("a", "b"),)] == (2, 2)
    assert (("a", "b"), (2, 1)) not in effects
    assert [set(mean.weights) for mean in grid.means("y")] == [{"a2", "c2"}, {"a1", "c1"}]


def test_means_share_their_settings_where_they_can() -> None:
    first, second = factorial(finished={"a1", "a2", "b1"}).means("y")
    assert (first.levels, set(first.weights), first.balanced) == ({"y": 2}, {"a2"}, True)
    assert (set(second.weights), second.n_used, second.n_settings) == ({"a1"}, 1, 3)
    apart = factorial(finished={"a1", "b2"}).means("y")
    assert [mean.balanced for mean in apart] == [False, False]
    assert [set(mean.weights) for mean in apart] == [{"b2"}, {"a1"}]


def test_a_cell_is_in_no_mean_of_an_axis_that_does_not_concern_it() -> None:
    whole = factorial()
    grid = replace(whole, cells={**whole.cells}, idle={"a1": ["y"]})
    assert [set(mean.weights) for mean in grid.means("y")] == [{"b2", "c2"}, {"b1", "c1"}]
    assert {name for mean in grid.means("x", "y") for name in mean.weights} == {*grid.cells} - {
        "a1"
    }
    assert [set(mean.weights) for mean in grid.means("x")] == [
        set(mean.weights) for mean in whole.means("x")
    ]


def shares(estimates: Sequence[float], spread: float = 0.01, n: int = 400) -> Trainings:
    """Trainings whose resampled values stay between 0 and 1."""
    logits = np.log(np.array(estimates) / (1 - np.array(estimates)))
    moves = spread * rng().normal(size=(n, 1)) / (np.array(estimates) * (1 - np.array(estimates)))
    return Trainings(np.array(estimates), 1 / (1 + np.exp(-(logits + moves))))


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.floats(0.02, 0.9999), min_size=2, max_size=4),
    st.lists(st.floats(0.02, 0.9999), min_size=2, max_size=4),
)
def test_the_interval_of_a_share_lies_between_0_and_1(one: list[float], other: list[float]) -> None:
    cells = {"a": shares(one), "b": shares(other)}
    means: dict[str, Setting] = {"a": {"a": 1.0}, "both": {"a": 0.5, "b": 0.5}}
    for interval in share_intervals(cells, means, rng()).values():
        assert 0 <= interval.low <= interval.high <= 1
        assert interval.low <= interval.estimate + 0.05
        assert interval.high >= interval.estimate - 0.05


def test_far_from_0_and_1_a_share_has_the_interval_of_any_number() -> None:
    cells = {"a": shares([0.80, 0.81, 0.805], 0.002), "b": shares([0.7, 0.702], 0.002)}
    means = {"a": {"a": 1.0}, "mean": {"a": 0.5, "b": 0.5}}
    bounded = share_intervals(cells, means, rng())
    for name, plain in weighted_intervals(cells, means, rng()).items():
        assert bounded[name].estimate == plain.estimate
        assert bounded[name].low == pytest.approx(plain.low, abs=0.1 * width(plain))
        assert bounded[name].high == pytest.approx(plain.high, abs=0.1 * width(plain))


def test_near_1_seeds_move_a_share_down_more_than_up() -> None:
    """Where the same seeds, added, would end above 1."""
    cells = {"a": shares([0.999, 0.97], 0.001)}
    plain = weighted_intervals(cells, {"a": {"a": 1.0}}, rng())["a"]
    interval = share_intervals(cells, {"a": {"a": 1.0}}, rng())["a"]
    assert plain.high > 1 > interval.high
    assert interval.estimate - interval.low > interval.high - interval.estimate


def test_perfect_shares_stay_and_negative_weights_make_no_shares() -> None:
    for estimates in ([1.0, 1.0], [0.0, 0.0], [1.02, 1.01]):
        values = np.repeat(np.array(estimates)[None], 400, axis=0)
        cells = {"a": Trainings(np.array(estimates), values), "b": shares([0.8, 0.9])}
        interval = share_intervals(cells, {"a": {"a": 1.0}}, rng())["a"]
        if estimates[0] > 1:
            assert interval == weighted_intervals(cells, {"a": {"a": 1.0}}, rng())["a"]
        else:
            assert interval.low == interval.high == estimates[0]
