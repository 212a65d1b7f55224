"""Attributes that are not needed never matter, nor do names that are no text."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from lexon.datasets.hdf5 import listed, read_attributes, reading, write_attributes
from lexon.errors import DataError


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["X"] = np.ones(3)
        write_attributes(file, {"names": {"1": "tttt"}, "n": 3, "text": "as it is"})
        file.attrs["large"] = "x" * 3_000_000
        for name in (b"created", b"unit"):
            h5py.h5a.create(file.id, name, h5py.h5t.UNIX_D32LE, h5py.h5s.create(h5py.h5s.SCALAR))
        h5py.h5a.create(file.id, b"\xff\xfe", h5py.h5t.STD_I32LE, h5py.h5s.create(h5py.h5s.SCALAR))
    return path


def test_what_cannot_be_read_is_left_out(path):
    with reading(path) as file:
        assert read_attributes(file) == {"names": {"1": "tttt"}, "n": 3, "text": "as it is"}


@pytest.mark.parametrize(
    ("needed", "reason"),
    [("created", "attribute created cannot be read"), ("large", "3 MB, more than 1.0 MB")],
)
def test_what_is_needed_is_refused(path, needed, reason):
    with reading(path) as file, pytest.raises(DataError, match=reason):
        read_attributes(file, {needed})


def test_names_that_are_no_text_are_spelt_out_and_left_alone(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["X"] = np.ones(3)
        file[b"d\xe9j\xe0"] = np.ones(2)
    with reading(path) as file:
        assert listed(file) == r"X, d\xe9j\xe0"
        assert [name for name, _ in file.items()] == ["X"]
        seen = []
        file.visititems(lambda name, _: seen.append(name))
        assert seen == ["X"]


def test_of_thousands_only_the_needed_are_read(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.attrs.update({f"a{i}": i for i in range(300)})
    with reading(tmp_path / "x.h5") as file:
        assert read_attributes(file, {"a7", "absent"}) == {"a7": 7}


def test_long_lists_are_cut():
    assert listed(f"key{i}" for i in range(5000)).endswith("key9 and 4,990 more")
    assert len(listed(["x" * 500])) == 80
    assert listed([]) == "nothing"
