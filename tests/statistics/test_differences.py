"""A difference is one number whatever the report: calibrated, paired, and with one vocabulary of
verdicts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from lexon.metrics.ranking import Statistic, auroc_of
from lexon.statistics.bootstrap import resamples, weighted_mean
from lexon.statistics.differences import (
    Difference,
    Setting,
    SmallestEffect,
    Verdict,
    compare,
    resample,
)
from lexon.statistics.intervals import Interval

SMALLEST = SmallestEffect(0.05, "relative")
N_ROWS, N_RESAMPLES = 300, 400


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def trainings(
    mean: float, n_seeds: int, events: np.ndarray, own: np.random.Generator, seed_sd: float = 0.01
) -> list[Statistic]:
    """Mean losses of trainings on the same events, each with noise of its own on events and as a
    whole.
    """
    return [
        weighted_mean(mean + events + 0.2 * own.normal(size=len(events)) + seed_sd * own.normal())
        for _ in range(n_seeds)
    ]


def differences(
    means: dict[str, float],
    n_seeds: int,
    number: int = 0,
    smallest: SmallestEffect = SMALLEST,
    **options: float,
) -> dict[str, Difference]:
    """Each cell against the first one."""
    own = rng(number)
    events = 0.5 * own.normal(size=N_ROWS)
    cells = resample(
        {name: trainings(mean, n_seeds, events, own, **options) for name, mean in means.items()},
        N_ROWS,
        N_RESAMPLES,
        own,
    )
    first, *others = means
    family: dict[str, Sequence[Setting]] = {name: [{name: 1, first: -1}] for name in others}
    return compare(cells, family, smallest, own)


@pytest.mark.parametrize("n_seeds", [3, 5])
def test_a_family_without_a_difference_finds_one_in_five_percent_of_studies(n_seeds: int) -> None:
    found = [
        any(
            one.family.excludes_zero
            for one in differences(dict.fromkeys("abc", 1.0), n_seeds, number).values()
        )
        for number in range(200)
    ]
    assert 0.01 <= np.mean(found) <= 0.10


def test_an_interval_holds_a_planted_difference_in_95_percent_of_studies() -> None:
    intervals = [differences({"a": 1.0, "b": 1.1}, 3, number)["b"].alone for number in range(200)]
    assert 0.90 <= np.mean([interval.low <= 0.1 <= interval.high for interval in intervals]) <= 0.99


def test_pairing_cancels_what_the_events_have_in_common() -> None:
    paired = differences({"a": 1.0, "b": 1.1}, 3)["b"].alone
    assert paired.high - paired.low < 4 * 0.5 / np.sqrt(N_ROWS), (
        "narrower than the interval of one cell alone"
    )


def test_more_seeds_narrow_an_interval() -> None:
    few, many = (differences({"a": 1.0, "b": 1.1}, n, seed_sd=0.1)["b"].alone for n in (2, 10))
    assert many.high - many.low < 0.5 * (few.high - few.low)


def test_a_cell_that_hardly_moves_with_the_seed_does_not_inherit_the_spread_of_another() -> None:
    own = rng(1)
    events = np.zeros(N_ROWS)
    statistics = {
        name: trainings(1.0 + 0.1 * (name == "b"), 3, events, own, 0.001) for name in "ab"
    }
    statistics["wild"] = trainings(1.0, 3, events, own, 1.0)
    cells = resample(statistics, N_ROWS, N_RESAMPLES, own)
    found = compare(
        cells, {"calm": [{"b": 1, "a": -1}], "wild": [{"wild": 1, "a": -1}]}, SMALLEST, own
    )
    assert found["calm"].verdict == "higher"
    assert found["wild"].alone.high - found["wild"].alone.low > 1


def test_one_training_a_cell_decides_nothing() -> None:
    one = differences({"a": 1.0, "b": 2.0}, 1)["b"]
    assert one.verdict == "undecided (1 seed)"
    assert one.n_seeds == 1
    assert not one.is_effect


def test_settings_of_a_grid_take_the_place_of_seeds() -> None:
    own = rng(2)
    events = 0.5 * own.normal(size=N_ROWS)
    levels = {"a": 1.0, "b": 1.2}
    cells = resample(
        {
            f"{name}{i}": trainings(mean + 0.1 * i, 1, events, own, 0.02)
            for name, mean in levels.items()
            for i in range(6)
        },
        N_ROWS,
        400,
        own,
    )

    def verdict(n_settings: int) -> str:
        return compare(
            cells, {"b - a": [{f"b{i}": 1, f"a{i}": -1} for i in range(n_settings)]}, SMALLEST, own
        )["b - a"].verdict

    assert verdict(6) == "higher"
    assert verdict(2) == "undecided (1 seed)"


def test_settings_that_share_a_training_are_no_more_than_one() -> None:
    """Twelve settings in which four trainings stand three times each vary no more independently
    than four.
    """
    own = rng(6)
    events = 0.5 * own.normal(size=N_ROWS)
    statistics = {f"a{i}": trainings(1.2, 1, events, own, 0.05) for i in range(4)} | {
        f"b{i}": trainings(1.0, 1, events, own) for i in range(4)
    }
    cells = resample(statistics, N_ROWS, 400, own)

    def interval(settings: list[Setting]) -> Interval:
        return compare(cells, {"": settings}, SMALLEST, rng())[""].alone

    each = [{f"a{i}": 1.0, f"b{i}": -1.0} for i in range(4)]
    assert vars(interval(each * 3)) == pytest.approx(vars(interval(each)))
    assert (
        compare(cells, {"": [{"a0": 1, f"b{i}": -1} for i in range(4)]}, SMALLEST, rng())[
            ""
        ].verdict
        == "undecided (1 seed)"
    )


def test_a_baseline_without_a_seed_needs_none() -> None:
    own = rng(3)
    events = own.normal(size=N_ROWS)
    cells = resample(
        {"trees": trainings(1.0, 1, events, own), "ridge": trainings(1.5, 1, events, own)},
        N_ROWS,
        400,
        own,
        ("trees", "ridge"),
    )
    one = compare(cells, {"": [{"ridge": 1, "trees": -1}]}, SMALLEST, own)[""]
    assert (one.verdict, one.n_seeds) == ("higher", 0)


def test_equal_cells_differ_by_nothing() -> None:
    same = [weighted_mean(np.arange(10.0))] * 3
    one = compare(
        resample({"a": same, "b": same}, 10, 100, rng()), {"": [{"a": 1, "b": -1}]}, SMALLEST, rng()
    )[""]
    assert (one.alone, one.family, one.verdict) == (Interval(0, 0, 0), Interval(0, 0, 0), "same")


def test_events_that_move_two_cells_alike_leave_the_seeds_alone() -> None:
    events = rng(6).normal(size=N_ROWS)
    cells = {name: [weighted_mean(events + 0.1 * seed) for seed in range(3)] for name in "ab"}
    one = compare(resample(cells, N_ROWS, 400, rng()), {"": [{"a": 1, "b": -1}]}, SMALLEST, rng())[
        ""
    ]
    assert one.alone.estimate == pytest.approx(0, abs=1e-9)
    assert one.alone.low < 0 < one.alone.high


def test_an_undefined_statistic_is_undecided_and_costs_the_others_nothing() -> None:
    own = rng(4)
    events = own.normal(size=N_ROWS)
    statistics = {name: trainings(1.0 + (name == "b"), 3, events, own) for name in "ab"}
    statistics["nan"] = [weighted_mean(np.full(N_ROWS, np.nan))] * 3
    cells = resample(statistics, N_ROWS, 400, own)
    found = compare(cells, {"b": [{"b": 1, "a": -1}], "nan": [{"nan": 1, "a": -1}]}, SMALLEST, own)
    assert (found["b"].verdict, found["nan"].verdict) == ("higher", "undecided")


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (Interval(0.10, 0.01, 0.19), Verdict.HIGHER),
        (Interval(-0.10, -0.19, -0.01), Verdict.LOWER),
        (Interval(0.03, 0.02, 0.04), Verdict.HIGHER_SMALL),
        (Interval(-0.03, -0.04, -0.02), Verdict.LOWER_SMALL),
        (Interval(0.01, -0.02, 0.04), Verdict.SAME),
        (Interval(0.01, -0.06, 0.08), Verdict.UNDECIDED),
        (Interval(0.10, -0.06, 0.26), Verdict.UNDECIDED),
        (Interval(np.nan, np.nan, np.nan), Verdict.UNDECIDED),
    ],
)
def test_a_verdict_is_certain_and_large_enough_or_says_what_it_is(
    change: Interval, verdict: Verdict
) -> None:
    assert Verdict.of(change, 0.05) == verdict


def test_the_smallest_effect_has_the_scale_of_its_statistic() -> None:
    interval = Interval(0.02, 0.01, 0.03)
    assert SmallestEffect(0.005, "absolute").change(interval, 0.8) == interval
    assert SmallestEffect(0.05, "relative").change(interval, -0.5) == Interval(0.04, 0.02, 0.06)
    assert SmallestEffect(0.05, "log").change(interval, 0.8).estimate == pytest.approx(
        np.expm1(0.02)
    )
    assert np.isnan(SmallestEffect(0.05, "relative").change(interval, 0.0).estimate)


def test_rows_of_one_group_are_drawn_together_and_widen_an_interval() -> None:
    groups = np.repeat(np.arange(60) * 7, 5)
    for weights in resamples(300, 50, rng(), groups):
        by_group = weights.reshape(len(weights), 60, 5)
        assert (by_group == by_group[:, :, :1]).all()
        assert (weights.sum(1) == 300).all()
    values = np.repeat(
        rng(5).normal(size=60), 5
    )  # equal within a group: as if there were only 60 rows
    cells = {"a": [weighted_mean(values)], "b": [weighted_mean(0 * values)]}
    whole, each = (
        compare(
            resample(cells, 300, 1000, rng(), "ab", one), {"": [{"a": 1, "b": -1}]}, SMALLEST, rng()
        )[""].alone
        for one in (groups, None)
    )
    assert (whole.high - whole.low) / (each.high - each.low) == pytest.approx(np.sqrt(5), rel=0.15)


def test_same_generator_same_verdicts() -> None:
    assert [one.family for one in differences(dict.fromkeys("abc", 1.0), 3).values()] == [
        one.family for one in differences(dict.fromkeys("abc", 1.0), 3).values()
    ]


def test_resamples_are_the_same_to_the_last_bit_for_any_number_of_threads(monkeypatch):
    """Statistics that sort, that multiply matrices, and of weights that are no whole numbers."""
    own = rng(7)
    losses, weights = own.normal(size=(2, N_ROWS))
    ranks = auroc_of(losses, weights > 0)
    cells = {
        "ranks": [ranks, lambda counts: ranks(counts * weights**2)],
        "means": [weighted_mean(losses), weighted_mean(weights), weighted_mean(losses * weights)],
    }
    found = []
    for threads in "12":
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        found.append(resample(cells, N_ROWS, N_RESAMPLES, rng(1)))
    for name in cells:
        assert found[0][name].values.std() > 0
        assert np.array_equal(found[0][name].values, found[1][name].values)
        assert np.array_equal(found[0][name].estimates, found[1][name].estimates)
