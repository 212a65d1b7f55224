from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lexon.errors import DataError
from lexon.tags import tag_table


def table(cells: list[object], vocabulary: list[str] | None = None, **columns: list[object]):
    frame = pd.DataFrame({"tags": cells, **columns})
    return tag_table(frame, "tags", next(iter(columns), None), vocabulary)


@pytest.mark.parametrize(
    "cells",
    [
        ["b, a", "c", "a,, a "],
        ["b; a", "c", "a; a"],
        ["['b', 'a']", '["c"]', "['a']"],
        ["b, a", "['c']", "a"],
    ],
)
def test_all_ways_of_writing_tags_are_the_same_rows(cells):
    rows = table(cells)
    assert rows.names == ("a", "b", "c")
    np.testing.assert_array_equal(rows.rows, [[1, 1, 0], [0, 0, 1], [1, 0, 0]])


def test_a_comma_is_part_of_a_tag_where_semicolons_separate():
    assert table(["rock, soft; slow", "slow"]).names == ("rock, soft", "slow")


def test_empty_rows_are_left_out_counted_and_the_index_remembers():
    rows = table(["a, b", "", None, "[]", "b"])
    np.testing.assert_array_equal(rows.index, [0, 4])
    assert "3 of 5 rows have no tag" in rows.notes[-1]


def test_unknown_tags_are_left_out_and_counted_and_unused_ones_named():
    rows = table(["a, x", "b, x, y", "x"], vocabulary=["b", "a", "never"])
    assert rows.names == ("b", "a", "never")
    np.testing.assert_array_equal(rows.rows, [[0, 1, 0], [1, 0, 0]])
    assert "not in the vocabulary: 2 (x, y), 4 mentions" in rows.notes[0]
    assert "in no row: 1 (never)" in rows.notes[1]


def test_groups_are_the_first_value_of_the_label_column():
    rows = table(["a", "b", "a, b"], genre=["rock, pop", None, "pop"])
    assert rows.group_names == ("pop", "rock")
    np.testing.assert_array_equal(rows.groups, [1, -1, 0])


def test_a_matrix_is_its_own_rows():
    frame = pd.DataFrame({"a": [1, 0, 1], "b": [0.0, 0.0, 1.0], "kind": ["x", "y", "x"]})
    rows = tag_table(frame, None, "kind")
    assert rows.names == ("a", "b")
    np.testing.assert_array_equal(rows.rows, [[1, 0], [1, 1]])
    assert rows.group_names == ("x", "y")


@pytest.mark.parametrize(
    ("frame", "column", "label", "message"),
    [
        ({"a": [1, 2]}, None, None, "column a, row 1: 2 is neither 0 nor 1 .1 such rows"),
        ({"a": [1, np.nan]}, None, None, "column a, row 1"),
        ({"a": ["rock", "pop"]}, None, None, "tags.column"),
        ({"a": ["x"]}, "tag", None, "tags.column=tag: the file has no such column, but a"),
        ({"a": ["x"]}, "a", "kind", "tags.label_column=kind"),
        ({"a": ["['x"]}, "a", None, "row 0: .* begins like a list"),
        ({"a": ["", None]}, "a", None, "no row has a tag"),
    ],
)
def test_what_cannot_be_rows_is_refused(frame, column, label, message):
    with pytest.raises(DataError, match=message):
        tag_table(pd.DataFrame(frame), column, label)


def test_tags_that_differ_in_case_only_are_reported_and_kept_apart():
    rows = table(["Rock, pop", "rock, pop"])
    assert rows.names == ("Rock", "pop", "rock")
    assert "Tags that differ in case only are kept apart: Rock, rock." in rows.notes
    assert (
        "Tags that differ in case only are kept apart: Pop, pop."
        in table(["pop, rock"], vocabulary=["Pop", "rock"]).notes
    )


def test_nearly_only_single_tags_are_reported():
    cells: list[object] = ["a-b", "b-a", "c-b"] * 20
    assert (
        "60 of 60 rows have a single tag: is their separator something else than ; | or a comma?"
        in table(cells).notes
    )
    assert not table([*cells, *["a, b"] * 5]).notes


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(DataError, match="two columns are called 'a'"):
        tag_table(pd.DataFrame([[0, 1]], columns=["a", "a"]), None, None)
