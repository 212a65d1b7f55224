"""Cuts and bins that are chosen on one half and used on the other, and what they promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fabricate import binormal_scores
from hypothesis import given, settings
from hypothesis import strategies as st

from lexon.metrics.ranking import MIN_PASSING_BACKGROUND
from lexon.metrics.scores import Scores
from lexon.metrics.significance import asimov, binned_asimov
from lexon.statistics import CUT, CUT_KNOWN, EFFICIENCIES, FIT, FIT_KNOWN, Sample, discovery
from lexon.statistics.discovery import best_cut, bins
from lexon.weighting import effective_number

EXPECTED = {1: 50.0, 2: 300.0, 3: 100.0}
N = 4000


def sample(scores: Scores, uncertainty: float = 0.2, n_bins: int = 6) -> Sample:
    return Sample.of(scores, EXPECTED, uncertainty, n_bins, np.random.default_rng(0))


def found(n: int = 100, n_bins: int = 6, **groups: list[Scores]):
    first = next(iter(groups.values()))[0]
    return discovery(groups, sample(first, n_bins=n_bins), n, np.random.default_rng(1), ())


def test_events_stand_for_what_is_expected_whatever_their_shares():
    scores = binormal_scores(1.0, N)
    made = sample(scores)
    for label, expected in EXPECTED.items():
        assert made.weights[scores.labels == label].sum() == pytest.approx(expected)
        inside = made.half[scores.labels == label]
        assert abs(inside.mean() - 0.5) < 0.01


def test_the_best_cut_is_the_best_of_all_cuts_with_enough_background():
    scores = binormal_scores(1.0, N, own=3)
    made = sample(scores)
    cut = best_cut(scores.signal, made.weights, scores.is_signal, 0.2)

    def at(value: float) -> float:
        passing = scores.signal >= value
        s, b = (made.weights[passing & own].sum() for own in (scores.is_signal, ~scores.is_signal))
        return float(asimov(s, b, 0.2))

    background = np.sort(scores.signal[~scores.is_signal])[::-1]
    assert cut <= background[MIN_PASSING_BACKGROUND - 1]
    tried = [
        at(value) for value in scores.signal if value <= background[MIN_PASSING_BACKGROUND - 1]
    ]
    assert at(cut) == pytest.approx(max(tried))


def test_equal_scores_pass_together():
    score = np.repeat([0.9, 0.5, 0.1], 20)
    is_signal = np.tile([True, True, False, False], 15)
    assert best_cut(score, np.ones(60), is_signal, 0.0) in (0.9, 0.5, 0.1)


def test_bins_hold_enough_background_and_high_scores_come_first():
    scores = binormal_scores(2.0, N, own=3)
    made = sample(scores, n_bins=20)
    found = bins(scores.signal, made)
    order = np.array([scores.signal[found == number].mean() for number in np.unique(found)])
    assert (np.diff(order) < 0).all()
    assert (np.unique(found) == np.arange(found.max() + 1)).all()
    filled = np.bincount(found[~scores.is_signal])
    assert filled.min() >= MIN_PASSING_BACKGROUND


def test_without_separation_nothing_is_gained_by_bins():
    """The score says nothing: a fit is worth what counting all events is."""
    one = binormal_scores(0.0, N, own=1)
    everything = asimov(50.0, 400.0, 0.2)
    known = asimov(50.0, 400.0)
    result = found(one=[one]).found
    assert result[FIT_KNOWN]["one"].estimates[0] == pytest.approx(known, abs=0.3)
    assert result[CUT_KNOWN]["one"].estimates[0] == pytest.approx(known, abs=0.3)
    assert result[CUT]["one"].estimates[0] == pytest.approx(everything, abs=0.3)


def test_better_scores_promise_more_and_a_fit_more_than_a_cut():
    result = found(good=[binormal_scores(2.0, N, own=1)], poor=[binormal_scores(1.0, N, own=1)])
    for statistic in (FIT, FIT_KNOWN, CUT, CUT_KNOWN):
        numbers = result.found[statistic]
        assert numbers["good"].estimates[0] > numbers["poor"].estimates[0]
    for name in ("good", "poor"):
        assert result.found[FIT][name].estimates[0] > result.found[CUT][name].estimates[0]
        assert result.found[FIT_KNOWN][name].estimates[0] > result.found[FIT][name].estimates[0]


def test_one_bin_is_counting_all_events():
    result = found(n_bins=1, one=[binormal_scores(1.0, N, own=1)])
    assert result.found[FIT]["one"].estimates[0] == pytest.approx(asimov(50.0, 400.0, 0.2))
    np.testing.assert_allclose(result.found[FIT]["one"].values, asimov(50.0, 400.0, 0.2), rtol=1e-5)


def test_the_numbers_are_those_of_the_cut_and_the_bins():
    one = binormal_scores(1.0, N, own=1)
    made, result = sample(one), found(one=[one])
    number = bins(one.signal, made)
    s, b = (
        np.bincount(number[own], made.weights[own], minlength=6)
        for own in (one.is_signal, ~one.is_signal)
    )
    assert result.found[FIT]["one"].estimates[0] == pytest.approx(binned_asimov(s, b, 0.2))
    signal, background, *errors = result.events["one"]
    assert errors[0] < signal
    assert errors[1] < background
    assert result.found[CUT]["one"].estimates[0] == pytest.approx(asimov(signal, background, 0.2))


def test_many_trainings_are_each_on_their_own_and_do_not_depend_on_the_others():
    seeds = [binormal_scores(1.0, N, own=own) for own in range(20)]
    together, alone = found(all=seeds), found(one=seeds[17:18])
    assert together.found[FIT]["all"].n == 20
    np.testing.assert_allclose(
        together.found[FIT]["all"].values[:, 17], alone.found[FIT]["one"].values[:, 0], rtol=1e-5
    )


def test_intervals_have_the_width_of_new_samples():
    """Resamples of one sample vary as samples of new events do."""
    drawn = [
        found(n=100, one=[binormal_scores(1.0, N, events=events, own=events)]).found[FIT]["one"]
        for events in range(30)
    ]
    spread = np.std([one.estimates[0] for one in drawn], ddof=1)
    width = np.mean([one.values.std() for one in drawn])
    assert 0.6 < width / spread < 1.6


def test_curves_fall_to_counting_all_events():
    one = binormal_scores(1.0, N, own=1)
    curve = found(one=[one]).curves["one"]
    assert curve.shape == (3, len(EFFICIENCIES))
    assert curve[0, -1] <= asimov(50.0, 400.0, 0.2) * 1.2
    assert np.nanmax(curve[0]) > asimov(50.0, 400.0, 0.2)
    known = np.isfinite(curve[2])
    assert (np.diff(curve[2, known]) <= 0).all()


def weighted(scores: Scores, heavy: float = 1.0, seed: int = 0) -> Scores:
    """The same scores of events with weights; those of background spread by `heavy`."""
    weights = np.exp(heavy * np.random.default_rng(seed).normal(size=len(scores)))
    return replace(scores, weights=np.where(scores.is_signal, 1.0, weights))


@settings(deadline=None, max_examples=5)
@given(factor=st.floats(1e-6, 1e6))
def test_equal_weights_change_nothing(factor):
    one = binormal_scores(1.0, 1000, own=1)
    plain = found(one=[one])
    alike = found(one=[replace(one, weights=np.full(len(one), factor))])
    for statistic in (FIT, CUT):
        np.testing.assert_allclose(
            alike.found[statistic]["one"].values, plain.found[statistic]["one"].values, rtol=1e-4
        )
    np.testing.assert_allclose(alike.events["one"], plain.events["one"])
    np.testing.assert_allclose(alike.curves["one"], plain.curves["one"])


def test_weighted_events_share_out_what_is_expected_and_know_its_error():
    scores = weighted(binormal_scores(1.0, N))
    made = sample(scores)
    for label, expected in EXPECTED.items():
        rows = scores.labels == label
        assert made.weights[rows].sum() == pytest.approx(expected)
        assert made.relative[rows].mean() == pytest.approx(1)
        np.testing.assert_allclose(
            made.weights[rows] / made.weights[rows].sum(),
            scores.weights[rows] / scores.weights[rows].sum(),
        )
    signal, background, *errors = found(n_bins=1, one=[scores]).events["one"]
    assert (errors[1] / background) ** 2 > 1 / N, "as if there were fewer events than there are"
    assert errors[0] < 0.2 * signal


def test_events_that_are_repeated_are_events_with_the_weight_of_their_number():
    """Where both have enough background events, the best cut is the same one."""
    one = binormal_scores(1.0, N, own=1)
    times = np.random.default_rng(2).integers(1, 5, len(one))
    many = np.repeat(np.arange(len(one)), times)
    cut = best_cut(one.signal, times.astype(float), one.is_signal, 0.0, times / times.mean())
    again = best_cut(one.signal[many], np.ones(len(many)), one.is_signal[many], 0.0)
    assert cut == again


@pytest.mark.parametrize("heavy", [0.5, 2.0])
def test_weighted_bins_hold_as_much_as_enough_equal_events_would(heavy):
    scores = weighted(binormal_scores(2.0, N, own=3), heavy)
    made = sample(scores, n_bins=20)
    number = bins(scores.signal, made)
    background = ~scores.is_signal
    worth = [
        effective_number(made.relative[background & (number == one)]) for one in np.unique(number)
    ]
    assert min(worth) > MIN_PASSING_BACKGROUND / 2, "of both halves, each chosen on the other"
    plain = bins(scores.signal, sample(replace(scores, weights=None), n_bins=20))
    assert number.max() <= plain.max()


def test_few_heavy_events_make_wide_intervals():
    one = binormal_scores(1.0, N, own=1)
    every = [found(one=[weighted(one, heavy)]).found[FIT]["one"] for heavy in (0.01, 2.0)]
    light, heavy = (one.values.std() / one.estimates[0] for one in every)
    assert heavy > 1.5 * light


def test_negative_weights_are_subtracted():
    one = binormal_scores(1.5, N, own=1)
    rng = np.random.default_rng(4)
    signs = np.where(rng.random(N) < 0.1, -1.0, 1.0)
    made = sample(replace(one, weights=signs))
    for label, expected in EXPECTED.items():
        assert made.weights[one.labels == label].sum() == pytest.approx(expected)
    result = found(one=[replace(one, weights=signs)]).found[FIT]["one"]
    plain = found(one=[one]).found[FIT]["one"]
    assert result.estimates[0] == pytest.approx(plain.estimates[0], rel=0.2)
    assert result.values.std() > plain.values.std()
