"""New HDF5 files, whole or absent."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from lexon.datasets.files import atomic_path
from lexon.errors import DataError, explained

# lzf would be three times faster to write, but only h5py reads it.
PACKED = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


@contextmanager
def writing(path: Path) -> Iterator[WholeFile]:
    """A new file that gets its final name only when the block ends well and the disk holds every
    byte.

    Raises:
        DataError: the disk is full, or the folder may not be written to; neither `path` nor a
            temporary file is left behind.
    """
    with atomic_path(path) as temporary, _written_to(temporary, path) as file:
        yield file


@contextmanager
def _written_to(temporary: Path, path: Path) -> Iterator[WholeFile]:
    with _Disk(temporary, path) as disk:
        file = WholeFile(disk)
        try:
            yield file
        finally:
            try:
                file.close()
            finally:
                disk.check()
        os.fsync(disk.fileno())


class WholeFile(h5py.File):
    """An HDF5 file under construction. Call `check` now and then: a full disk is noticed there, and
    at the end.
    """

    def __init__(self, disk: _Disk) -> None:
        super().__init__(disk, "w")
        self.check = disk.check

    def pack(self, arrays: Mapping[str, Any]) -> None:
        """Write each array compressed; a single number has nothing to compress."""
        for name, values in arrays.items():
            self.create_dataset(name, data=values, **(PACKED if np.ndim(values) else {}))


class _Disk(io.FileIO):
    """Keeps the first failure to write and swallows the rest.

    HDF5 cannot close a file after a failed write: it raises from `close` and the process crashes
    when it ends. So HDF5 never learns about the failure; `check` raises it.
    """

    failure: OSError | None = None

    def __init__(self, temporary: Path, path: Path) -> None:
        super().__init__(temporary, "w+")
        self._path = path

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        if self.failure is None:
            try:
                written = 0
                while written < len(view):
                    written += super().write(view[written:]) or 0
            except OSError as error:
                self.failure = error
        return len(view)

    def check(self) -> None:
        """Raise the first failure to write, if any."""
        if self.failure is None:
            return
        if self.failure.errno in (errno.ENOSPC, errno.EDQUOT):
            done = (
                f"the disk is full after {os.fstat(self.fileno()).st_size / 1e6:.3g} MB of this"
                " file"
            )
            raise DataError(
                f"{self._path}: {done}; make room for more than that, or set another data_root"
            ) from self.failure
        raise explained(self.failure, self._path) from self.failure
