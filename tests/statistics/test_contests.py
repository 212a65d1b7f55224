"""AUROCs in parts of a sample: exact on the events as they are, and resampled like the exact
bootstrap.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fabricate import binormal_scores
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from lexon.errors import DataError
from lexon.metrics import ranking
from lexon.statistics import Contest, contest_trainings, resample, score_statistics, taken
from lexon.statistics.contests import placements

N = 1200


def rows_of(part: slice = slice(None)) -> Contest:
    scores = binormal_scores(1.0, N)
    rows = np.arange(N)[part]
    return Contest(rows[scores.is_signal[rows]], rows[~scores.is_signal[rows]])


def trainings(contest: Contest, n: int = 400, **groups):
    (found,) = contest_trainings(groups, [contest], n, np.random.default_rng(1), {})
    return found


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=30),
    st.lists(st.integers(0, 6), min_size=1, max_size=30),
)
def test_mean_placements_of_either_class_are_the_auroc_ties_counted_half(positives, negatives):
    won, lost = placements(np.array(positives), np.array(negatives), 7)
    truth = np.repeat([1, 0], [len(positives), len(negatives)])
    auroc = roc_auc_score(truth, [*positives, *negatives])
    assert won.mean() == pytest.approx(auroc, abs=1e-6)
    assert lost.mean() == pytest.approx(auroc, abs=1e-6)


def test_resamples_are_those_of_the_exact_bootstrap_to_first_order():
    seeds = [binormal_scores(1.0, N, own=own, noise=0.5) for own in (1, 2)]
    statistics, n_events = score_statistics({"a": seeds}, ranking.auroc)
    exact = resample(statistics, n_events, 400, np.random.default_rng(1))["a"]
    found = trainings(rows_of(), a=seeds)["a"]
    np.testing.assert_allclose(found.estimates, exact.estimates, atol=1e-6)
    for own, other in zip(found.values.T, exact.values.T, strict=True):
        assert np.corrcoef(own, other)[0, 1] > 0.999
        assert own.std() == pytest.approx(other.std(), rel=0.02)


@pytest.mark.parametrize("n", [100, 200])
def test_small_parts_have_the_width_of_the_exact_bootstrap(n):
    part = slice(0, n)
    one = binormal_scores(1.5, N, own=3)
    found = trainings(rows_of(part), n=1000, a=[one])["a"]
    small = taken(one, np.arange(N)[part])
    statistics, n_events = score_statistics({"a": [small]}, ranking.auroc)
    exact = resample(statistics, n_events, 1000, np.random.default_rng(2))["a"]
    assert found.values.std() == pytest.approx(exact.values.std(), rel=0.12)


@pytest.mark.parametrize("separation", [2.5, 4.0])
def test_no_resampled_auroc_is_above_1(separation):
    one = binormal_scores(separation, N, own=3)
    rows = np.arange(60)
    part = Contest(rows[one.is_signal[rows]], rows[~one.is_signal[rows]])
    found = trainings(part, n=1000, a=[one])["a"]
    assert found.estimates[0] > 0.95
    assert found.values.max() <= 1


def test_events_outside_a_part_do_not_count():
    one = binormal_scores(1.0, N, own=3)
    changed = one.probabilities.copy()
    changed[N // 2 :] = changed[N // 2 :][::-1]
    other = replace(one, probabilities=changed)
    found = trainings(rows_of(slice(0, N // 2)), a=[one], b=[other])
    np.testing.assert_array_equal(found["a"].values, found["b"].values)


def test_a_contest_is_worth_as_many_events_as_its_smaller_side():
    contest = Contest(np.arange(40), np.arange(40, 100))
    assert contest.worth(None) == contest.worth(np.full(100, 3.0)) == 40
    weights = np.ones(100)
    weights[40:69] = -1  # 31 less 29 of 60
    assert contest.worth(weights) == pytest.approx(4 / 60)
    weights[40:71] = -1
    assert contest.worth(weights) == 0


def test_the_order_of_events_makes_no_difference_and_other_events_are_refused():
    one = binormal_scores(1.0, N, own=3)
    shuffled = taken(one, np.random.default_rng(0).permutation(N))
    found = trainings(rows_of(), a=[one], b=[shuffled])
    np.testing.assert_allclose(found["a"].values, found["b"].values, rtol=1e-6)
    with pytest.raises(DataError, match="cannot pair"):
        trainings(rows_of(), a=[one], b=[replace(one, digest="other")])
