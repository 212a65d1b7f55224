"""What others import: each name has an example that is true, comes lazily, and refuses what cannot
be right.
"""

from __future__ import annotations

import doctest
import subprocess
import sys

import numpy as np
import pytest

import lexon
from lexon.errors import DataError
from lexon.tokenisers import restore

HEAVY = ("torch", "sklearn", "matplotlib", "scipy", "pandas", "numpy", "kedro", "pydantic")


@pytest.mark.parametrize("name", lexon.__all__)
def test_the_example_of_each_public_name_is_true(name):
    thing = getattr(lexon, name)
    found = [one for one in doctest.DocTestFinder(recurse=True).find(thing, name) if one.examples]
    assert found, f"{name} has no example"
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for example in found:
        assert runner.run(example).failed == 0, example.name


def test_importing_lexon_loads_nothing_behind_it():
    code = f"import lexon, sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8"
    )
    assert done.stdout.strip() == "[]"


def test_a_name_that_is_not_public_is_refused_with_those_that_are():
    with pytest.raises(AttributeError, match="BinnedTokeniser"):
        lexon.Tokenizer  # noqa: B018
    assert set(lexon.__all__) <= set(dir(lexon))


def arrays(events, n):
    """As another program would have them: n objects each, plain arrays."""
    return {
        "ids": events.ids[:, :n],
        "p4": events.p4[:, :n],
        "met": events.met,
        "met_phi": events.met_phi,
        "labels": events.labels,
    }


def test_events_from_arrays_are_the_events(make_events):
    events = make_events(50)
    assert lexon.Events.from_arrays(**arrays(events, 18)).digest() == events.digest()


def test_a_turn_of_all_azimuths_changes_nothing(make_events):
    given = arrays(make_events(50), 18)
    real = given["ids"] > 0
    turned = given["p4"].astype(np.float64)
    turned[..., 3] += np.where(real, 2 * np.pi, 0)
    other = lexon.Events.from_arrays(**given | {"p4": turned})
    np.testing.assert_allclose(other.p4, given["p4"], atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"p4": np.zeros((5, 18, 3))}, r"p4 has the shape \(5, 18, 3\)"),
        ({"met": np.zeros(4)}, r"met has the shape \(4,\)"),
        ({"labels": np.full(5, 0.5)}, "labels holds 0.5"),
        ({"ids": np.full((5, 18), 300)}, "unknown object type"),
        ({"ids": np.zeros((5, 19)), "p4": np.zeros((5, 19, 4))}, "at most 18"),
        ({"ids": np.zeros(5)}, "ids has the shape"),
        ({"met": np.full(5, np.nan)}, "non-finite MET"),
        ({"met_phi": np.full(5, np.inf)}, "non-finite azimuth"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_arrays_that_cannot_be_events_are_refused(make_events, change, message):
    with pytest.raises(DataError, match=message):
        lexon.Events.from_arrays(**arrays(make_events(5), 18) | change)


def test_a_tokeniser_of_the_library_is_restored_by_the_project(make_events):
    events = make_events(200)
    for made in (lexon.BinnedTokeniser(5, "correct", True), lexon.DirectTokeniser(5, True)):
        fitted = made.fit(events)
        again = restore(fitted.state()).encode(events)
        np.testing.assert_array_equal(again.values, fitted.encode(events).values)


def test_a_verdict_uses_the_thresholds_of_the_project():
    target = np.random.default_rng(0).normal(size=1000)
    assert lexon.collapse_verdict(target, np.sqrt(0.19) * target) == "collapsed"
    assert lexon.collapse_verdict(target, np.sqrt(0.21) * target) == "under_dispersed"
    assert lexon.collapse_verdict(target, np.zeros(1000)) == "constant"


def test_a_model_is_no_better_than_itself():
    rng = np.random.default_rng(0)
    signal, scores = rng.random(500) < 0.5, rng.normal(size=(3, 500))
    same = lexon.paired_difference(scores, scores, signal)
    assert same.alone.estimate == 0
    assert not same.is_effect


def test_a_difference_changes_sign_with_its_models():
    rng = np.random.default_rng(0)
    signal = rng.random(500) < 0.5
    one, other = signal + rng.normal(size=(3, 500)), rng.normal(size=(3, 500))
    there, back = (lexon.paired_difference(*pair, signal) for pair in ((one, other), (other, one)))
    assert there.alone.estimate == pytest.approx(-back.alone.estimate)
    assert (there.verdict, back.verdict) == ("higher", "lower")


@pytest.mark.parametrize(
    ("first", "second", "signal", "message"),
    [
        (np.zeros(5), np.zeros(4), None, "first has 5 events and second 4"),
        (np.zeros((2, 2, 2)), np.zeros(4), None, "first has the shape"),
        (np.zeros(2), [0, np.nan], None, "second: seed 0, event 1: nan"),
        (np.zeros(2), np.zeros(2), [1, 0], "bool"),
        (np.zeros(2), np.zeros(2), [True, True], "one class"),
    ],
)
def test_what_cannot_be_compared_is_refused(first, second, signal, message):
    with pytest.raises(DataError, match=message):
        lexon.paired_difference(first, second, signal)
