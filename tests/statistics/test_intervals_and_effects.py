"""Intervals cover what they should, pairing helps, and what cannot be compared is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fabricate import binormal_scores
from scipy.stats import norm, t

from lexon.errors import DataError
from lexon.metrics import ranking
from lexon.statistics import (
    Grid,
    Interval,
    Replicates,
    Verdict,
    bootstrap_interval,
    bootstrap_statistics,
    contrasts,
    expected_by_chance,
    is_effect,
    paired_difference,
    pooled_seed_spread,
    seed_spread,
    simultaneous_intervals,
    weighted_sum,
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def width(interval: Interval) -> float:
    return interval.high - interval.low


def test_ninety_five_percent_intervals_cover_the_truth_about_that_often() -> None:
    truth = norm.cdf(1 / np.sqrt(2))
    intervals = [bootstrap_interval([binormal_scores(1.0, n=300, events=i, own=i)], ranking.auroc, 300, rng(i)) for i in range(200)]
    coverage = np.mean([interval.low <= truth <= interval.high for interval in intervals])
    assert 0.89 <= coverage <= 0.99


def test_pairing_narrows_the_interval_of_a_difference() -> None:
    a, b = (binormal_scores(separation, own=own, noise=0.3) for separation, own in ((1.1, 1), (1.0, 2)))
    paired = paired_difference([a], [b], ranking.auroc, 500, rng())
    unpaired = np.hypot(*(width(bootstrap_interval([scores], ranking.auroc, 500, rng(i))) for i, scores in enumerate((a, b))))
    assert paired.low < paired.estimate < paired.high
    assert width(paired) < 0.7 * unpaired


def test_equal_scores_differ_by_exactly_nothing() -> None:
    a = binormal_scores(1.0)
    assert paired_difference([a], [a], ranking.auroc, 100, rng()) == Interval(0.0, 0.0, 0.0)


def test_a_difference_of_nothing_excludes_zero_in_few_of_many_trials() -> None:
    found = 0
    for trial in range(100):
        a, b = (binormal_scores(1.0, n=300, events=trial, own=2 * trial + k, noise=0.5) for k in (0, 1))
        found += paired_difference([a], [b], ranking.auroc, 200, rng(trial)).excludes_zero
    assert found <= 12


def test_events_are_matched_by_index_and_not_by_row() -> None:
    a, b = binormal_scores(1.1, own=1, noise=0.3), binormal_scores(1.0, own=2, noise=0.3)
    order = rng(3).permutation(len(b))
    shuffled = replace(b, **{name: getattr(b, name)[order] for name in ("probabilities", "target", "labels", "index")})
    assert paired_difference([a], [b], ranking.auroc, 100, rng()) == paired_difference([a], [shuffled], ranking.auroc, 100, rng())


def test_different_events_are_never_paired() -> None:
    a = binormal_scores(1.0)
    with pytest.raises(DataError, match="digests same and other"):
        paired_difference([a], [replace(a, digest="other")], ranking.auroc, 100, rng())
    with pytest.raises(DataError, match="index differs"):
        paired_difference([a], [replace(a, index=a.index + 1)], ranking.auroc, 100, rng())
    with pytest.raises(DataError, match="target differs"):
        paired_difference([a], [replace(a, target=1 - a.target)], ranking.auroc, 100, rng())


def test_seeds_that_disagree_widen_the_interval() -> None:
    alike = [binormal_scores(1.0, own=seed, noise=0.05) for seed in range(3)]
    apart = [binormal_scores(separation, own=seed, noise=0.05) for seed, separation in enumerate((0.6, 1.0, 1.4))]
    assert width(bootstrap_interval(apart, ranking.auroc, 500, rng())) > 3 * width(bootstrap_interval(alike, ranking.auroc, 500, rng()))


def test_a_group_takes_the_mean_of_its_seeds() -> None:
    seeds = [binormal_scores(1.0, own=seed) for seed in range(3)]
    alone = [bootstrap_interval([scores], ranking.auroc, 100, rng()).estimate for scores in seeds]
    assert bootstrap_interval(seeds, ranking.auroc, 100, rng()).estimate == pytest.approx(np.mean(alone))


def test_spread_pools_groups_and_is_unknown_with_one_seed_each() -> None:
    assert pooled_seed_spread([np.array([1.0, 3.0]), np.array([5.0, 7.0, 9.0]), np.array([4.0])]) == (pytest.approx(np.sqrt(10 / 3)), 3)
    spread, freedom = pooled_seed_spread([np.array([1.0]), np.array([2.0])])
    assert np.isnan(spread)
    assert freedom == 0
    assert str(seed_spread([0.8])) == "unknown (1 seed)"
    assert str(seed_spread([0.80, 0.82])) == "0.0141 (2 seeds)"


def test_same_generator_same_interval() -> None:
    seeds = [binormal_scores(1.0, own=seed) for seed in range(2)]
    assert bootstrap_interval(seeds, ranking.auroc, 100, rng(5)) == bootstrap_interval(seeds, ranking.auroc, 100, rng(5))


def test_one_class_only_gives_no_interval() -> None:
    scores = binormal_scores(1.0)
    signal = scores.is_signal
    only = replace(scores, **{name: getattr(scores, name)[signal] for name in ("probabilities", "target", "labels", "index")})
    interval = bootstrap_interval([only], ranking.auroc, 100, rng())
    assert np.isnan([interval.estimate, interval.low, interval.high]).all()
    assert not interval.excludes_zero


def test_an_effect_is_certain_and_large_enough() -> None:
    clear = Interval(0.03, 0.02, 0.04)
    assert is_effect(clear, 0.06, 0.05)
    assert is_effect(Interval(-0.03, -0.04, -0.02), -0.06, 0.05)
    assert not is_effect(clear, 0.04, 0.05)
    assert not is_effect(Interval(0.03, -0.01, 0.07), 0.06, 0.05)
    assert not is_effect(Interval(np.nan, np.nan, np.nan), np.nan, 0.05)
    assert expected_by_chance(40) == pytest.approx(2)


def test_a_sum_of_means_over_few_seeds_follows_student() -> None:
    """The spread is estimated once for all groups, so its uncertainty does not average out in a sum of them."""
    groups = {str(i): [lambda w, v=v: np.full(len(w), v) for v in (float(i), i + 1.0)] for i in range(2)}
    replicates = bootstrap_statistics(groups, 3, 40_000, rng())
    difference = (replicates["1"] - replicates["0"]).interval()
    half = t.ppf(0.975, 2) * np.sqrt(0.5)  # s^2 = 1/2 with 2 degrees of freedom; two means of two seeds each
    assert difference.estimate == 1
    np.testing.assert_allclose([difference.low, difference.high], [1 - half, 1 + half], atol=0.1)


def normal(estimate: float, noise: np.ndarray) -> Replicates:
    return Replicates(estimate, estimate + noise)


def test_intervals_for_a_family_are_wider_and_as_wide_as_they_must_be() -> None:
    noise = rng().normal(size=(20, 20_000))
    independent = simultaneous_intervals([normal(0.5, row) for row in noise])
    expected = norm.ppf(0.5 + 0.5 * 0.95 ** (1 / 20))  # Sidak: exact for independent ones
    np.testing.assert_allclose([interval.high - 0.5 for interval in independent], expected, rtol=0.05)
    same = simultaneous_intervals([normal(0.5, noise[0])] * 20)
    alone = normal(0.5, noise[0]).interval()
    assert (same[0].low, same[0].high) == pytest.approx((alone.low, alone.high), abs=0.03)


def test_a_family_holds_what_is_certain_and_leaves_out_what_is_undefined() -> None:
    noise = rng().normal(size=1000)
    certain, uncertain = simultaneous_intervals([normal(0.3, 0 * noise), normal(0.0, noise)])
    assert (certain.low, certain.high) == (0.3, 0.3)
    assert uncertain.low < -1.8
    holes = np.where(np.arange(1000) % 2, noise, np.nan)
    assert np.isfinite([vars(interval)["low"] for interval in simultaneous_intervals([normal(0.0, holes), normal(0.0, noise)])]).all()
    assert np.isnan(simultaneous_intervals([normal(0.0, np.full(10, np.nan))])[0].low)
    assert simultaneous_intervals([]) == []


@pytest.mark.parametrize(
    ("interval", "verdict", "opposite"),
    [
        (Interval(0.3, 0.2, 0.4), "higher", "lower"),
        (Interval(0.004, 0.001, 0.007), "higher, small", "lower, small"),
        (Interval(0.001, -0.002, 0.004), "same", "same"),
        (Interval(0.001, -0.02, 0.02), "undecided", "undecided"),
        (Interval(np.nan, np.nan, np.nan), "undecided", "undecided"),
    ],
)
def test_a_verdict_says_whether_a_change_is_certain_and_large_enough(interval: Interval, verdict: str, opposite: str) -> None:
    turned = Interval(-interval.estimate, -interval.high, -interval.low)
    assert [Verdict.of(one, 0.005) for one in (interval, turned)] == [verdict, opposite]
    assert Verdict.of(interval, 0.005).certain == interval.excludes_zero
    assert Verdict.of(interval, 0.005).is_effect == (verdict == "higher")


def test_a_setting_is_left_out_for_the_reason_that_is_true() -> None:
    cells = {f"{x}{y}": {"x": x, "y": y} for x in "ab" for y in range(5)} | {"b9": {"x": "b", "y": 9}}
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
    assert set(contrast.weights) == {"a0", "b0", "a4", "b4"}


def factorial(finished: set[str] | None = None, **copies: str) -> Grid:
    """Cells xy: x of three levels a, b, c; y of 1 and 2."""
    cells = {f"{x}{y}": {"x": x, "y": y, "fixed": 0} for x in "abc" for y in (1, 2)}
    return Grid(cells, {name: copies.get(name, name) for name in cells}, cells.keys() if finished is None else finished)


def additive(**values: float) -> dict[str, Replicates]:
    return {name: Replicates(value, np.full(10, value)) for name, value in values.items()}


def test_contrasts_recover_what_a_table_was_made_of() -> None:
    grid = factorial()
    cells = additive(
        **{f"{x}{y}": {"a": 0, "b": 3, "c": 5}[x] + {1: 0, 2: 10}[y] + 7 * (x + str(y) == "b2") for x in "abc" for y in (1, 2)}
    )
    found = {tuple(contrast.levels.items()): weighted_sum(cells, contrast.weights).estimate for contrast in contrasts(grid)}
    assert found[(("x", ("a", "b")),)] == -3 - 7 / 2
    assert found[(("x", ("a", "c")),)] == -5
    assert found[(("y", (2, 1)),)] == pytest.approx(10 + 7 / 3)
    assert found[("x", ("a", "b")), ("y", (2, 1))] == -7
    assert found[("x", ("a", "c")), ("y", (2, 1))] == 0
    assert len(found) == 3 + 1 + 3


def test_every_contrast_compares_like_with_like() -> None:
    partial = factorial(finished={"a1", "a2", "b1", "c2"})
    for contrast in contrasts(partial):
        assert sum(contrast.weights.values()) == pytest.approx(0)
        for axis in ("x", "y"):
            if axis not in contrast.levels:
                by_setting: dict[object, float] = {}
                for name, weight in contrast.weights.items():
                    level = partial.cells[name][axis]
                    by_setting[level] = by_setting.get(level, 0) + weight
                assert list(by_setting.values()) == pytest.approx([0] * len(by_setting))
    used = {tuple(c.levels.values()): c.n_used for c in contrasts(partial) if not c.is_interaction}
    assert used == {(("a", "b"),): 1, (("a", "c"),): 1, (("b", "c"),): 0, ((2, 1),): 1}


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
