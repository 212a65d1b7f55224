"""Causes of errors of the HDF5 library: a fault of the machine, of a permission, of the program
that wrote the file, or damage.
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from lexon.datasets.files import sidecar
from lexon.errors import DataError, LexonError, MachineError, explained

_BUSY = (errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK)


def fault(error: Exception, path: Path) -> LexonError:
    """The error that a user can act on, for one that h5py raised on a file."""
    text = " ".join(str(error).split())
    number = _number(error, text)
    if "unable to lock file" in text:
        return _locked(path, number)
    if "h5clear" in text or "already open for write" in text:
        return DataError(
            f"{path}: was not closed by the program that wrote it; wait if that still runs, else"
            f" clear the mark in a copy: cp {path.name} copy.h5, then h5clear -s copy.h5 (values"
            " that were not written yet are lost)"
        )
    if re.search(r"required filter|filter .*not registered|can't open directory|plugin", text):
        return missing_filter(path, "a filter that is not installed")
    if number:
        return explained(OSError(number, text), path)
    sizes = re.search(r"truncated file: eof = (\d+).*stored_eof = (\d+)", text)
    finding = f"{int(sizes[1]):,} of {int(sizes[2]):,} bytes are there" if sizes else text
    return DataError(f"{path}: this HDF5 file is truncated or damaged ({finding}); {_remedy(path)}")


def missing_filter(path: Path, name: str) -> DataError:
    """The error of values that were compressed with something that is not installed here."""
    return DataError(
        f"{path}: its values are compressed with {name}, which this HDF5 lacks; install hdf5plugin"
        ' (pip install hdf5plugin) and export HDF5_PLUGIN_PATH="$(python -c "import hdf5plugin;'
        ' print(hdf5plugin.PLUGIN_PATH)")", or rewrite the file with gzip where it can be read:'
        f" h5repack -f GZIP=1 {path.name} new.h5"
    )


def _number(error: Exception, text: str) -> int | None:
    stated = re.search(r"errno = (\d+)", text)
    number = getattr(error, "errno", None) or (int(stated[1]) if stated else None)
    return number or None


def _locked(path: Path, number: int | None) -> LexonError:
    if number in _BUSY:
        return MachineError(
            f"{path}: is locked, so another process may be writing it; wait for that, or export"
            " HDF5_USE_FILE_LOCKING=FALSE where nothing writes it"
        )
    reason = os.strerror(number) if number else "no lock was given"
    return MachineError(
        f"{path}: its file system cannot lock files ({reason}); export HDF5_USE_FILE_LOCKING=FALSE"
        " and run again, or copy the file to another disk"
    )


def _remedy(path: Path) -> str:
    """The advice for a damaged file: only what lexon made can be made again."""
    if sidecar(path).exists():
        return "lexon made it: delete it and run again"
    return "copy it again from its source"
