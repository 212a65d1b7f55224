"""A shape is a claim: values that are not there, or do not fit, are refused before anything is
read.
"""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from lexon.datasets.hdf5 import reading
from lexon.datasets.hdf5 import storage as module
from lexon.errors import DataError


def create(path, shape, written=None, **options):
    with h5py.File(path, "w") as file:
        array = file.create_dataset("X", shape, "f4", **options)
        for rows in written or []:
            array[rows] = np.ones((rows.stop - rows.start, *shape[1:]), np.float32)
    return path


def read(path, rows=slice(0, 2)):
    with reading(path) as file:
        return file["X"][rows]


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((10**9, 92), {"chunks": (1000, 92), "compression": "gzip"}),
        ((10**8, 92), {"chunks": (1000, 10)}),
        ((10**9,), {"chunks": (4,)}),
        ((1000, 92), {}),
    ],
)
def test_rows_that_are_claimed_only_are_refused_at_once(tmp_path, shape, options):
    with pytest.raises(DataError, match=r"X: claims .* never written"):
        read(create(tmp_path / "x.h5", shape, **options))


def test_the_first_row_that_was_never_written_is_named(tmp_path):
    path = create(tmp_path / "x.h5", (1000, 4), [slice(0, 300), slice(500, 1000)], chunks=(100, 2))
    with pytest.raises(DataError, match=r"about 200 of them were never written, from row 300 on"):
        read(path)


def test_columns_that_were_never_written_are_padding(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("X", (100, 4), "f4", chunks=(10, 2))[:, :2] = 1
    np.testing.assert_array_equal(read(path), [[1, 1, 0, 0]] * 2)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"chunks": (10, 4)},
        {"chunks": (100, 4), "compression": "gzip"},
        {"chunks": (7, 3), "fletcher32": True},
    ],
)
def test_whatever_was_written_is_read(tmp_path, options):
    path = create(tmp_path / "x.h5", (100, 4), [slice(0, 100)], **options)
    np.testing.assert_array_equal(read(path, ()), np.ones((100, 4)))


def test_a_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        array = file.create_dataset("X", (10**7, 92), "f4", chunks=(10**7, 92), compression="gzip")
        array.id.write_direct_chunk((0, 0), b"x" * 4000)
    with pytest.raises(
        DataError, match=r"X: is compressed in chunks of 3,680 MB.*h5repack -l /X:CHUNK=1024x92"
    ):
        read(path)


def test_what_is_far_larger_than_its_storage_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGE", 1 << 20)
    path = create(
        tmp_path / "x.h5",
        (100_000, 92),
        [slice(0, 100_000)],
        chunks=(50_000, 92),
        compression="gzip",
    )
    with pytest.raises(
        DataError, match=r"X: claims 100,000 rows, 0.0368 GB, but holds .* MB compressed"
    ):
        read(path)


def test_a_filter_that_is_not_installed_is_named(tmp_path, monkeypatch):
    path = create(tmp_path / "x.h5", (100, 4), [slice(0, 100)], compression="lzf")
    monkeypatch.setattr(module.h5py.h5z, "filter_avail", lambda _: False)
    with pytest.raises(
        DataError, match=r"compressed with lzf.*install hdf5plugin .* HDF5_PLUGIN_PATH"
    ):
        read(path)
