"""HDF5 files that are whole or absent, opened with errors a physicist can act on; attributes as plain Python values."""

from __future__ import annotations

import errno
import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from lexon.datasets.files import atomic_path
from lexon.errors import DataError, explained


@contextmanager
def reading(path: Path) -> Iterator[h5py.File]:
    """The file, open for reading; it is known to begin like HDF5 (see `lexon.datasets.split_layout.require_hdf5`).

    Raises:
        DataError: truncated or damaged.
    """
    try:
        with h5py.File(path, "r") as file:
            yield file
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; run what makes it, or check the path") from error
    except PermissionError as error:
        raise DataError(f"{path}: no permission to read it") from error
    except BlockingIOError as error:
        raise DataError(f"{path}: another process is writing it; wait for that") from error
    except (OSError, RuntimeError) as error:
        raise DataError(f"{path}: this HDF5 file is truncated or damaged ({error}); copy it again, or delete it and run again") from error


@contextmanager
def writing(path: Path) -> Iterator[WholeFile]:
    """A new file that gets its final name only when the block ends well and the disk holds every byte.

    Raises:
        DataError: the disk is full, or the folder may not be written to; neither `path` nor a temporary file is left behind.
    """
    try:
        with atomic_path(path) as temporary, _written_to(temporary, path) as file:
            yield file
    except PermissionError as error:
        raise DataError(f"{path}: no permission to write there; choose another data_root") from error


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
    """An HDF5 file under construction. Call `check` now and then: a full disk is noticed there, and at the end."""

    def __init__(self, disk: _Disk) -> None:
        super().__init__(disk, "w")
        self.check = disk.check


class _Disk(io.FileIO):
    """Keeps the first failure to write and swallows the rest.

    HDF5 cannot close a file after a failed write: it raises from `close` and the process crashes when it ends.
    So HDF5 never learns about the failure; `check` raises it.
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
            done = f"the disk is full after {os.fstat(self.fileno()).st_size / 1e6:.3g} MB of this file"
            raise DataError(f"{self._path}: {done}; make room for more than that, or set another data_root") from self.failure
        raise explained(self.failure, self._path) from self.failure


def write_attributes(node: h5py.Group | h5py.Dataset, attributes: Mapping[str, Any]) -> None:
    """Texts and numbers as they are, everything else as JSON."""
    for name, value in attributes.items():
        node.attrs[name] = value if isinstance(value, str | int | float | np.generic) else json.dumps(value)


def read_attributes(node: h5py.Group | h5py.Dataset) -> dict[str, Any]:
    """The inverse of `write_attributes`: texts that are JSON objects or lists are parsed, arrays become lists."""
    return {name: _plain(value) for name, value in node.attrs.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value
