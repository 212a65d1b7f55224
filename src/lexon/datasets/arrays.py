"""Named arrays on disk: what a member predicted, reconstructed or encoded, one row an event."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import h5py
from kedro.io import AbstractDataset
from kedro_datasets._typing import TablePreview
from numpy.typing import NDArray

from lexon.datasets.hdf5 import reading, writing

Arrays = Mapping[str, NDArray[Any]]


class ArraysFile(AbstractDataset[Any, Any]):
    """What datasets of one HDF5 file of arrays have in common; each says how it loads and saves."""

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = PurePosixPath(filepath)
        self.metadata = metadata

    def preview(self) -> TablePreview:
        """Name, shape and type of each array, for kedro-viz."""
        with reading(Path(self._filepath)) as file:
            rows = [[name, str(file[name].shape), str(file[name].dtype)] for name in file]
        return TablePreview(
            {"index": list(range(len(rows))), "columns": ["array", "shape", "type"], "data": rows}
        )

    def _exists(self) -> bool:
        return Path(self._filepath).exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class ArraysDataset(ArraysFile):
    """An HDF5 file with one compressed dataset for each array."""

    def load(self) -> Arrays:
        return read_arrays(Path(self._filepath))

    def save(self, data: Arrays) -> None:
        with writing(Path(self._filepath)) as file:
            file.pack(data)


def read_arrays(path: Path) -> Arrays:
    """All arrays of a file.

    Raises:
        DataError: the file is damaged.
    """
    with reading(path) as file:
        return {name: file[name][()] for name in file if isinstance(file.get(name), h5py.Dataset)}
