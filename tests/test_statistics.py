"""Intervals cover what they should, pairing helps, and what cannot be compared is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fabricate import binormal_scores
from scipy.stats import norm

from lexon.errors import DataError
from lexon.metrics import ranking
from lexon.statistics import (
    Interval,
    bootstrap_interval,
    expected_by_chance,
    is_effect,
    paired_difference,
    pooled_seed_spread,
    seed_spread,
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
