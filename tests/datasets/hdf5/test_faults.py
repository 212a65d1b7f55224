"""Each error of the library is called what it is; a user's file is never to be deleted."""

from __future__ import annotations

import errno

import h5py
import numpy as np
import pytest

from lexon.datasets.files import sidecar
from lexon.datasets.hdf5 import reading
from lexon.datasets.hdf5.faults import fault
from lexon.errors import DataError, MachineError, MissingFile


def failing(message, number=None):
    return OSError(number, message) if number else OSError(message)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (
            failing("unable to lock file, errno = 37, error message = 'No locks available'", 37),
            MachineError,
            "HDF5_USE_FILE_LOCKING=FALSE",
        ),
        (
            failing("unable to lock file, errno = 11", errno.EAGAIN),
            MachineError,
            "another process may be writing it",
        ),
        (
            failing("unable to lock file, errno = 38, error message = 'Function not implemented'"),
            MachineError,
            "cannot lock files",
        ),
        (
            failing("file read failed: time = x, errno = 116, error message = 'Stale file handle'"),
            MachineError,
            "a fault of this machine",
        ),
        (
            failing("file read failed: errno = 5, error message = 'Input/output error'", 5),
            MachineError,
            "a fault of this machine",
        ),
        (
            failing("unable to open file: errno = 13, error message = 'Permission denied'", 13),
            DataError,
            "permission denied",
        ),
        (failing("unable to open file: errno = 2", 2), MissingFile, "does not exist"),
        (
            failing("file is already open for write (may use <h5clear file> to clear)"),
            DataError,
            "h5clear -s copy.h5",
        ),
        (
            failing(
                "Can't synchronously read data (can't open directory (/usr/local/lib/plugin)."
                " Please)"
            ),
            DataError,
            "hdf5plugin",
        ),
        (
            failing("Can't read data (required filter 'blosc' is not registered)"),
            DataError,
            "hdf5plugin",
        ),
        (
            failing("truncated file: eof = 96, sblock->base_addr = 0, stored_eof = 2048"),
            DataError,
            "96 of 2,048 bytes are there",
        ),
        (RuntimeError("bad object header version number"), DataError, "truncated or damaged"),
    ],
)
def test_errors_are_distinguished(tmp_path, error, kind, words):
    found = fault(error, tmp_path / "x.h5")
    assert type(found) is kind
    assert words in str(found)
    assert "x.h5" in str(found)
    assert "delete" not in str(found)


def test_only_what_lexon_made_may_be_deleted(tmp_path):
    path = tmp_path / "x.h5"
    sidecar(path).write_text("{}")
    assert "lexon made it: delete it and run again" in str(fault(RuntimeError("bad"), path))


def test_a_file_that_was_never_closed_says_so(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file["X"] = np.ones(3)
    content = bytearray(path.read_bytes())
    content[11] |= 1  # the mark of a writer, in the superblock's flags
    path.write_bytes(content)
    with pytest.raises(DataError), reading(path):  # the checksum is wrong, whatever it is called
        pass


def test_a_truncated_file_counts_its_bytes(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["X"] = np.ones(1000)
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:3000])
    with (
        pytest.raises(
            DataError,
            match=rf"truncated or damaged \(3,000 of {size:,} bytes are there\); copy it again",
        ),
        reading(path),
    ):
        pass
