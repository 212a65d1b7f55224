"""Cuts: what they select, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexon.cuts import LONGEST, Cut
from lexon.errors import ConfigurationError

QUANTITIES = ("pt", "eta", "phi", "energy")
VALUES = {
    "pt": np.array([10.0, 25.0, 40.0, np.nan]),
    "eta": np.array([0.1, -3.0, 1.0, 0.0]),
    "energy": np.array([10.1, 250.0, 62.0, 1.0]),
    "Jet_jetId": np.array([6, 2, 4, 0]),
    "Jet.Tag": np.array([True, False, True, False]),
}


def passes(text: str) -> list[bool]:
    return Cut(text, QUANTITIES).passes(VALUES).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pt > 20 and abs(eta) < 2.5", [False, False, True, False]),
        ("pt > 20 or eta < 0", [False, True, True, False]),
        ("not pt > 20", [True, False, False, True]),
        ("20 <= pt < 40", [False, True, False, False]),
        ("energy / pt >= 1.5", [False, True, True, False]),
        ("-eta + 2 * 1 > 2", [False, True, False, False]),
        ("Jet_jetId & 2", [True, True, False, False]),
        ("(Jet_jetId & 6) == 6 and pt < 20", [True, False, False, False]),
        ("Jet.Tag and Jet_jetId != 4", [True, False, False, False]),
        ("  pt>20  ", [False, True, True, False]),
    ],
)
def test_a_cut_selects_what_it_says(text, expected):
    assert passes(text) == expected


def test_a_cut_names_what_it_asks_for():
    cut = Cut("abs(eta) < 2.5 and Jet.Tag and eta > -1 and Jet_jetId & 2", QUANTITIES)
    assert cut.names == ("eta", "Jet.Tag", "Jet_jetId")


@given(st.floats(-50, 50), st.floats(0, 5))
def test_bounds_are_those_of_numpy(low, size):
    values = np.linspace(-60, 60, 25)
    found = Cut(f"pt > {low} and abs(pt) >= {size}", ["pt"]).passes({"pt": values})
    np.testing.assert_array_equal(found, (values > low) & (np.abs(values) >= size))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cannot be parsed"),
        ("pt >", "cannot be parsed"),
        ("pt = 20", "cannot be parsed"),
        ("pt + 20", "is no condition"),
        ("pt > 20 and eta", "eta is no condition; compare it"),
        ("(pt > 20) > 1", "pt > 20 is no number"),
        ("pt > 20 & abs(eta) < 2.5", "join conditions with and"),
        ("(pt > 20) & (eta < 1)", "join conditions with and"),
        ("pt & 2", "no bits of a branch of flags"),
        ("pt > '20'", "'20' is no number"),
        ("pt > True", "True is no number"),
        ("pt ** 2 > 4", "is no number"),
        ("sqrt(pt) > 4", "is no number"),
        ("abs(pt, 2) > 4", "is no number"),
        ("pt in (1, 2)", "is no comparison"),
        ("pt is None", "is no comparison"),
        ("[x for x in pt]", "is no condition"),
        ("pt > 1 if eta else 2", "is no condition"),
        ("(lambda: 1)() > 0", "is no number"),
        ("__import__('os').system('true') == 0", "is no number"),
        ("pt.__class__.__mro__[1] > 0", "is no number"),
        ("().__class__ > 0", "is no name"),
        ("pt > " + "(" * 300 + "1" + ")" * 300, "more than 500 characters"),
        ("(" * 240 + "pt" + ")" * 240, "cannot be parsed"),
    ],
)
def test_what_is_no_cut_is_refused_with_the_grammar(text, reason):
    with pytest.raises(ConfigurationError, match="a cut is made of numbers, names") as refused:
        Cut(text, QUANTITIES)
    assert reason in str(refused.value)


def test_the_longest_cuts_are_parsed():
    terms = " or ".join(["pt > 20"] * ((LONGEST + 4) // 11))
    assert passes(terms) == [False, True, True, False]
