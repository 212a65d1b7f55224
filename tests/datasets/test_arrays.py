"""What a member keeps of its events comes back as it was."""

import numpy as np
import pytest

from lexon.datasets.arrays import ArraysDataset, read_arrays
from lexon.errors import DataError


def test_arrays_come_back_with_their_names_types_and_shapes(tmp_path):
    arrays = {
        "prediction": np.arange(6, dtype=np.float32).reshape(3, 2),
        "index": np.array([4, 5, 9]),
        "scale": np.float64(2.5),
    }
    dataset = ArraysDataset(filepath=str(tmp_path / "scores.h5"))
    dataset.save(arrays)
    loaded = dataset.load()
    assert loaded.keys() == arrays.keys()
    for name, values in arrays.items():
        np.testing.assert_array_equal(loaded[name], values)
        assert loaded[name].dtype == values.dtype
    assert {row[0] for row in dataset.preview()["data"]} == arrays.keys()


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "scores.h5").write_bytes(b"no HDF5")
    with pytest.raises(DataError, match="scores.h5"):
        read_arrays(tmp_path / "scores.h5")
