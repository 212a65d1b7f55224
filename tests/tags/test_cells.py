"""Cells of tags in every notation that programs write: understood, or refused with row and cell."""

from __future__ import annotations

import json
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexon.errors import DataError
from lexon.tags.cells import read_cells

ROWS = [["met", "photon"], ["muon"], ["b-jet", "electron (soft)", "met"], [], ["it's", "photon"]]


def read(cells: list[object], **settings: bool) -> list[list[str]]:
    return read_cells(pd.Series(cells, dtype=object), "tags.column=tags", **settings).tolist()


NOTATIONS = {
    "semicolons": ";".join,
    "semicolons and blanks": lambda tags: " ; ".join(tags) + " ;",
    "pipes": "|".join,
    "commas": ",  ".join,
    "lines": "\n".join,
    "quoted": lambda tags: ";".join(f'"{tag}"' for tag in tags),
    "non-breaking blanks": lambda tags: ";".join(
        f"\u00a0{tag.replace(' ', chr(0xA0))}" for tag in tags
    ),
    "byte order mark": lambda tags: "\ufeff" + ";".join(tags),
    "python": repr,
    "tuples": lambda tags: repr(tuple(tags)),
    "sets": lambda tags: repr(set(tags)),
    "frozen sets": lambda tags: repr(frozenset(tags)),
    "json": json.dumps,
    "numpy, printed": lambda tags: str(np.array(tags)),
    "numpy, printed in lines": lambda tags: str(np.array(tags)).replace("' '", "'\n '"),
    "numpy, represented": lambda tags: repr(np.array(tags, dtype=object)),
    "numpy, with a length": lambda tags: repr(np.array(tags, dtype="<U20")),
    "numpy, in a list": lambda tags: repr([np.str_(tag) for tag in tags]),
    "bytes": lambda tags: repr([tag.encode() for tag in tags]),
}


@pytest.mark.parametrize("write", NOTATIONS.values(), ids=NOTATIONS)
def test_all_notations_are_the_same_tags(write):
    assert [sorted(tags) for tags in read([write(tags) for tags in ROWS])] == [
        sorted(tags) for tags in ROWS
    ]


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ("[rock, hip hop]", ["rock", "hip hop"]),
        ("{rock,pop}", ["rock", "pop"]),
        ("(rock, pop)", ["rock", "pop"]),
        ("[1, 2]", ["1", "2"]),
        ("[1 2]", ["1", "2"]),
        ("[np.int64(1), np.int64(2)]", ["1", "2"]),
        ("['a', None, nan]", ["a"]),
        ("[]", []),
        ("set()", []),
        ("array([], dtype=object)", []),
        ("Index(['a', 'b'], dtype='object', name='tags')", ["a", "b"]),
        ('["a\\/b"]', ["a/b"]),
        (3.0, ["3"]),
        (None, []),
        (np.nan, []),
        ("(live), rock", ["(live)", "rock"]),
        ("(np.str_('a'), np.str_('b'))", ["a", "b"]),
        ("rock :), jazz", ["rock :)", "jazz"]),
        ("Paris, France; Rome", ["Paris, France", "Rome"]),
    ],
)
def test_other_lists_and_values(cell, tags):
    assert read([cell]) == [tags]


words = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\u200b'\"\\"),
    min_size=1,
    max_size=8,
)


@given(st.lists(words.filter(lambda word: word == " ".join(word.split())), unique=True, max_size=5))
def test_lists_of_any_texts_come_back(tags):
    expected = list(
        dict.fromkeys(
            pd.Series(tags, dtype=object).map(lambda tag: unicodedata.normalize("NFC", tag))
        )
    )
    assert read([repr(tags)]) == read([json.dumps(tags)]) == [expected]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["a", "['a', 'b' 'c']"], r"row 1: .* is not a list of texts"),
        (["['a'"], "row 0: .* begins like a list and is none"),
        (["[live] rock"], "row 0: .* begins like a list and is none"),
        (["{'a': 1}"], "row 0: .* is not a list of texts"),
        (["[['a'], ['b']]"], "row 0: .* is not a list of texts"),
        (["[rock pop]"], r"row 0: '\[rock pop\]' has neither quotes nor commas"),
        (["['a' ... 'b']"], "row 0: .* was cut when it was printed"),
        (
            ["a;b", "c", "a|b"],
            r"row 0 is 'a;b', row 2 is 'a\|b'; separate tags by ; or by \|, not by both",
        ),
        (
            ["a", "b", "a b", "c", "c a"],
            (
                "row 2 is 'a b': one tag, or several\\? The column's 5 different cells are made of"
                " 3 words"
            ),
        ),
        (["a", "b", "a/b"], "row 2 is 'a/b': one tag, or several"),
        (['c("a", "b")', "a"], r"row 0: 'c\(\"a\", \"b\"\)' has ',' within brackets"),
        (["a", "deque(['a', 'b'])"], r"row 1: .* has ',' within brackets"),
        (
            ["rock (UK, 70s), jazz"],
            r"row 0: 'rock \(UK, 70s\), jazz' has ',' within brackets: one tag, or several",
        ),
        (["0    a\n1    b\ndtype: object"], "row 0: .* is a Series as pandas prints it"),
        (["x;y", "a;R&amp;B"], "row 1: 'a;R&amp;B' has characters as HTML writes them"),
        (
            ["a;b", "c", "a, c"],
            (
                "row 2 has the tag 'a, c', but other rows have its parts as tags of their own: .*"
                " of all rows by ';'"
            ),
        ),
    ],
)
def test_what_is_not_understood_is_refused_with_row_and_cell(cells, message):
    with pytest.raises(DataError, match=f"tags.column=tags: {message}"):
        read(cells)


def test_a_column_of_single_values_may_hold_blanks():
    assert read(["hip hop", "hip", "hop"], several=False) == [["hip hop"], ["hip"], ["hop"]]
    assert read(["slow rock", "hard rock", "drum and bass"]) == [
        ["slow rock"],
        ["hard rock"],
        ["drum and bass"],
    ]
