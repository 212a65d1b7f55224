"""Tables of others: what is read, what is refused, and that writing loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError

from lexon.datasets.table import Table, TableDataset
from lexon.errors import DataError, first_cause

CSV = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.5, 0.5, 0.5], "site": ["x", "x", "z"], "y": [0.1, 0.2, 0.4]})


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


def test_images_are_flattened_and_said_so(tmp_path: Path) -> None:
    table = load(hdf5(tmp_path, X=np.arange(24.0).reshape(3, 2, 4), y=[[1.0], [2.0], [3.0]]))
    assert table.features.shape == (3, 8)
    assert table.features[1].tolist() == list(range(8, 16))
    assert table.target.tolist() == [1, 2, 3]
    assert table.notes == ["X: rows of shape (2, 4) were flattened to 8 columns"]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    table = Table(np.eye(3), np.array([1.0, 2.0, 4.0]), np.array([0, 0, 1]), ["a", "b", "c"], "somewhere", ["a note"])
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
def test_columns_that_cannot_be_learnt_from_are_named(tmp_path: Path, change: dict[str, list[Any]], message: str) -> None:
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


def test_no_rows_and_no_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no rows"):
        load(csv(tmp_path, CSV.iloc[:0]))
    with pytest.raises(DataError, match="no such file; check regression.path"):
        load(tmp_path / "nothing.csv")
