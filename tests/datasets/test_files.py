"""A file is whole or absent."""

from __future__ import annotations

import errno

import pandas as pd
import pytest
from kedro.io import DatasetError
from matplotlib.figure import Figure

from lexon.datasets.atomic import CSVDataset, FigureDataset, JSONDataset
from lexon.datasets.files import atomic_path, file_digest, write_text
from lexon.errors import DataError


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "table.csv"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise RuntimeError
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]
    assert path.read_text() == "old"


def test_a_full_disk_is_said(tmp_path):
    with pytest.raises(DataError, match=r"table.csv: the disk or the quota is full"), atomic_path(tmp_path / "table.csv"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_kedros_datasets_keep_the_old_file_when_a_save_fails(tmp_path):
    dataset = JSONDataset(filepath=str(tmp_path / "x.json"))
    dataset.save({"a": 1})
    with pytest.raises(DatasetError):
        dataset.save({"a": object()})
    assert dataset.load() == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


def test_a_table_and_a_figure_come_back(tmp_path):
    table = CSVDataset(filepath=str(tmp_path / "deep" / "x.csv"), save_args={"index": False})
    table.save(pd.DataFrame({"a": [1, 2]}))
    assert table.load().a.tolist() == [1, 2]
    figure = FigureDataset(filepath=str(tmp_path / "x.png"))
    figure.save(Figure())
    assert figure.load().startswith(b"\x89PNG")


def test_a_digest_follows_the_content(tmp_path):
    path = tmp_path / "x"
    path.write_text("one")
    first = file_digest(path)
    path.write_text("other")
    assert file_digest(path) != first
