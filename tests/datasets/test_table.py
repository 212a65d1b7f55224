"""Tables of others: what is read, what is refused, and that writing loses nothing."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError

from lexon.datasets.table import Table, TableDataset
from lexon.errors import DataError, first_cause

CSV = pd.DataFrame(
    {"a": [1.0, 2.0, 3.0], "b": [0.5, 0.5, 0.5], "site": ["x", "x", "z"], "y": [0.1, 0.2, 0.4]}
)


def load(path: Path, **settings: Any) -> Table:
    try:
        return TableDataset(filepath=str(path), **settings).load()
    except DatasetError as error:  # Kedro wraps what a dataset raises
        raise first_cause(error) from None


def csv(folder: Path, frame: pd.DataFrame) -> Path:
    frame.to_csv(folder / "table.csv", index=False)
    return folder / "table.csv"


def hdf5(folder: Path, **arrays: Any) -> Path:
    with h5py.File(folder / "table.h5", "w") as file:
        for name, values in arrays.items():
            file[name] = values
    return folder / "table.h5"


def test_a_csv_gives_its_numbers_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    table = load(csv(tmp_path, CSV))
    assert table.names == ["a", "b"]
    assert table.features.tolist() == [[1, 0.5], [2, 0.5], [3, 0.5]]
    assert table.groups is None
    assert table.notes == ["columns that are no numbers are left out: site"]


def test_a_group_of_texts_becomes_numbers_that_keep_rows_together(tmp_path: Path) -> None:
    table = load(csv(tmp_path, CSV), target="a", group="site")
    assert table.groups is not None
    assert table.groups.tolist() == [0, 0, 1]
    assert table.names == ["b", "y"]
    assert table.notes == []


def test_images_are_flattened_and_reported(tmp_path: Path) -> None:
    table = load(hdf5(tmp_path, X=np.arange(24.0).reshape(3, 2, 4), y=[[1.0], [2.0], [3.0]]))
    assert table.features.shape == (3, 8)
    assert table.features[1].tolist() == list(range(8, 16))
    assert table.target.tolist() == [1, 2, 3]
    assert table.notes == ["X: rows of shape (2, 4) were flattened to 8 columns"]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    table = Table(
        np.eye(3),
        np.array([1.0, 2.0, 4.0]),
        np.array([0, 0, 1]),
        ["a", "b", "c"],
        "somewhere",
        ["a note"],
    )
    dataset = TableDataset(filepath=str(tmp_path / "rows.h5"))
    dataset.save(table)
    again = dataset.load()
    assert (again.names, again.origin, again.notes) == (table.names, table.origin, table.notes)
    assert again.groups is not None
    np.testing.assert_array_equal(again.groups, table.groups)
    np.testing.assert_array_equal(again.features, table.features)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"a": [1.0, np.nan, np.inf]}, r"a: row 1 is nan \(2 such rows\)"),
        ({"y": [0.1, 0.2, np.nan]}, "the target: row 2 is nan"),
        ({"y": [3.0, 3.0, 3.0]}, "every target is 3.0"),
        ({"y": ["low", "high", "low"]}, "y holds .*, not numbers"),
    ],
)
def test_columns_that_cannot_be_learnt_from_are_named(
    tmp_path: Path, change: dict[str, list[Any]], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load(csv(tmp_path, CSV.assign(**change)))


def test_a_missing_target_lists_the_columns(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no 'height'; it holds a, b, site, y"):
        load(csv(tmp_path, CSV), target="height")
    with pytest.raises(DataError, match="no 'y'; it holds X"):
        load(hdf5(tmp_path, X=np.eye(2)))


def test_rows_that_do_not_match_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="3 rows of features, 2 targets"):
        load(hdf5(tmp_path, X=np.eye(3), y=[1.0, 2.0]))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": np.zeros((0, 3)), "y": np.zeros(0)}, r"X \(0, 3\) is empty"),
        ({"X": np.zeros((5, 0)), "y": np.arange(5.0)}, r"X \(5, 0\) is empty"),
        ({"X": h5py.Empty("f8"), "y": np.arange(5.0)}, r"X is empty \(a dataset without a shape\)"),
        ({"X": np.eye(5), "y": h5py.Empty("f8")}, r"y is empty \(a dataset without a shape\)"),
        ({"X": np.eye(5), "y": np.arange(5.0), "group": 3}, "group is no array"),
    ],
)
def test_arrays_without_values_are_refused(
    tmp_path: Path, arrays: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load(hdf5(tmp_path, **arrays))


def test_the_target_is_no_group(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a,y\n1,2\n2,3\n", encoding="utf-8")
    with pytest.raises(DataError, match="regression.group=y is the target too"):
        load(tmp_path / "table.csv", group="y")


def test_no_rows_and_no_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no rows below the header"):
        load(csv(tmp_path, CSV.iloc[:0]))
    with pytest.raises(DataError, match="no such file; check regression.path"):
        load(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="is a directory; regression.path is one file"):
        load(tmp_path)


# --- columns that give the answer away, and rows without a group

ROWS = pd.DataFrame({"a": np.random.default_rng(0).normal(size=30), "y": np.arange(30) ** 2.0})


@pytest.mark.parametrize(
    "index", [range(30), range(1, 31), range(5, 90)[:30], np.random.default_rng(1).permutation(30)]
)
def test_an_unnamed_index_is_left_out_and_reported(tmp_path: Path, index: Any) -> None:
    ROWS.set_axis(index, axis=0).to_csv(tmp_path / "table.csv")
    table = load(tmp_path / "table.csv")
    assert table.names == ["a"]
    assert (
        "columns that only number the rows are left out: (unnamed 1) (an index;" in table.notes[0]
    )


def test_an_index_that_was_saved_twice_or_reset_is_left_out(tmp_path: Path) -> None:
    ROWS.reset_index().to_csv(tmp_path / "twice.csv")
    pd.read_csv(tmp_path / "twice.csv").to_csv(tmp_path / "table.csv")
    table = load(tmp_path / "table.csv")
    assert table.names == ["a"]
    assert "left out: (unnamed 1), Unnamed: 0, index (an index;" in table.notes[0]


def test_an_unnamed_column_of_values_needs_a_name(tmp_path: Path) -> None:
    ROWS.rename(columns={"a": ""}).to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(DataError, match="column 1 of 2 has no name; write one in the header"):
        load(tmp_path / "table.csv")


def hdf5_of(folder: Path, frame: pd.DataFrame) -> Path:
    return hdf5(folder, X=frame[["a", "copy"]].to_numpy(), y=frame["y"].to_numpy())


@pytest.mark.parametrize("change", [lambda y: y, lambda y: 1000 * y, lambda y: 3 - 0.5 * y])
@pytest.mark.parametrize("write", [csv, hdf5_of])
def test_a_copy_of_the_target_is_reported(tmp_path: Path, write: Any, change: Any) -> None:
    table = load(write(tmp_path, ROWS.assign(copy=change(ROWS["y"]))[["a", "copy", "y"]]))
    assert table.notes == [
        f"{table.names[1]} is the target, or a multiple of it: predictions read the answer there,"
        " so leave it out"
    ]


def test_a_named_column_that_counts_the_rows_is_reported_and_kept(tmp_path: Path) -> None:
    table = load(csv(tmp_path, ROWS.assign(event=np.arange(30)[::-1])))
    assert table.names == ["a", "event"]
    assert table.notes == [
        "event counts the rows and is used as a feature: leave it out if the rows are in any order"
    ]
    dataset = TableDataset(filepath=str(tmp_path / "rows.h5"))
    dataset.save(table)
    assert dataset.load().notes == table.notes


@pytest.mark.parametrize(
    "groups", [["x", None, "x ", "", None], [1.0, np.nan, 1.0, np.nan, np.nan]]
)
def test_a_row_without_a_group_is_a_group_of_its_own(tmp_path: Path, groups: list[Any]) -> None:
    table = load(csv(tmp_path, ROWS.iloc[:5].assign(site=groups)), group="site")
    assert table.groups is not None
    assert table.groups[0] == table.groups[2]
    assert len(set(table.groups)) == 4
    assert any("3 rows have no group; each is a group of its own" in note for note in table.notes)


# --- what cannot be a table, each a sentence

BROKEN = {
    "empty": (b"", "is empty"),
    "blank": (b"\n\n", "its first line is empty"),
    "header alone": (b"a,y\n", "no rows below the header"),
    "semicolons": (
        b"a;b;y\n1,5;2;3\n",
        r"its columns are separated by semicolons \('a;b;y'\), not by commas",
    ),
    "tabs": (b"a\tb\ty\n1\t2\t3\n", "its columns are separated by tabs"),
    "no header": (b"1.5,2.5,3\n4,5,6\n", "has no header: its first line holds numbers"),
    "twice": (b"a,a,y\n1,2,3\n4,5,6\n", "two columns are called 'a'"),
    "one row": (b"a,y\n1,2\n", "has one row; a regression needs some"),
    "no features": (b"y\n1\n2\n", "2 rows of 0 columns"),
    "latin-1": (
        "a,y\n1,2\n3,4\né,3\n".encode("latin-1"),
        "line 4 is not UTF-8 .* save the table as UTF-8",
    ),
    "ragged": (b"a,y\n1,2\n1,2,3\n", "not every row has as many values"),
    "more values than names": (
        b"a,y\n1,2,3\n4,5,6\n",
        "the header names 2 columns, the rows hold 3 values",
    ),
    "fewer values than names": (
        b"a,b,y\n1,2\n4,5\n",
        "the header names 3 columns, the rows hold 2 values",
    ),
    "text among numbers": (
        b"a,y\n1,2\n--,3\n4,5\n5,6\n",
        r"a: row 1 is '--' among numbers \(1 such rows\)",
    ),
    "decimal commas": (
        b'a,y\n"1,5",2\n"2,5",3\n',
        "a: row 0 is '1,5'; write numbers with a decimal point",
    ),
    "infinite": (b"a,y\n1,2\ninf,3\n", "a: row 1 is inf"),
    "huge": (
        b"a,y\n1,2\n1e300,3\n",
        r"a: row 1 is 1e\+300 .* values above 1e\+18 are too large: choose another unit",
    ),
    "huge target": (b"a,y\n1,2\n2,-1e300\n", r"the target: row 1 is -1e\+300"),
    "parquet": (b"PAR1" + bytes(50), "is a Parquet file .*; regression.path is a table as CSV"),
    "root": (b"root\x00\x00\xf6\x08", "is a ROOT file"),
    "json": (b'[{"a": 1}]', "is JSON"),
    "event text": (b"1;p1;1;50000;0.1\n", "is DarkMachines text"),
    "event text with a header": (
        b"event ID; process ID; weight; MET; METphi\n1;p1;1;50000;0.1\n",
        "is DarkMachines text",
    ),
    "numbers and semicolons": (
        b"a;b;c;d;y\n1;2;3;4;5\n",
        "its columns are separated by semicolons",
    ),
}


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_what_is_no_table_is_a_sentence(
    tmp_path: Path, content: bytes, message: str, pack: Any
) -> None:
    (tmp_path / "table.csv").write_bytes(pack(content))
    with pytest.raises(DataError, match=message):
        load(tmp_path / "table.csv")


WRITTEN = {
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "carriage returns": lambda text: text.replace(b"\n", b"\r\n"),
    "blanks": lambda text: text.replace(b",", b" ,  "),
    "closing separators": lambda text: text.replace(b"\n", b",\n"),
    "closing separators of rows": (
        lambda text: text.replace(b"\n", b",\n").replace(b",\n", b"\n", 1)
    ),
    "comments": lambda text: b"# made by me\n# twice\n" + text,
    "commented header": lambda text: b"# " + text,
    "gzip": gzip.compress,
}


@pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN)
def test_layout_that_means_nothing_changes_nothing(tmp_path: Path, write: Any) -> None:
    (tmp_path / "table.csv").write_bytes(write(b"a,b,y\n1,2,3\n4,5,7\n"))
    table = load(tmp_path / "table.csv")
    assert (table.names, table.features.tolist(), table.target.tolist()) == (
        ["a", "b"],
        [[1, 2], [4, 5]],
        [3, 7],
    )


def test_hdf5_is_recognised_by_its_content(tmp_path: Path) -> None:
    path = hdf5(tmp_path, X=np.eye(3), y=[1.0, 2.0, 4.0])
    assert len(load(path.rename(tmp_path / "table.dat"))) == 3
    (tmp_path / "text.h5").write_text("a,y\n1,2\n", encoding="utf-8")
    with pytest.raises(
        DataError, match="is text that begins with 'a,y', not HDF5 as its name says"
    ):
        load(tmp_path / "text.h5")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "b"], "2 names for 3 columns of X"),
        ("abc", "the attribute names='abc' is not a list"),
    ],
)
def test_names_that_do_not_fit_are_refused(tmp_path: Path, names: Any, message: str) -> None:
    path = hdf5(tmp_path, X=np.eye(3), y=[1.0, 2.0, 4.0])
    with h5py.File(path, "a") as file:
        file.attrs["names"] = names
    with pytest.raises(DataError, match=message):
        load(path)
