"""Errors that need no traceback, each with the exit code that tells a batch system what to
do next.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

# Exit codes of a command or a job, as docs/architecture.md lists them.
FAILED, USER_MISTAKE, OTHER_MACHINE = 1, 2, 3

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
# Faults of a machine or of its network file system, which may be over at the next try.
_TRANSIENT = {
    errno.EIO,
    errno.ESTALE,
    errno.ETIMEDOUT,
    errno.ENOLCK,
    errno.EAGAIN,
    errno.EBUSY,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
}


class LexonError(ValueError):
    """A mistake in what the user gave: the message names the thing, its value and the remedy."""

    exit_code = USER_MISTAKE


class ConfigurationError(LexonError):
    """A parameter that is unknown, out of range, or contradicts another one."""


class DataError(LexonError):
    """An input file whose content cannot be right: names file, dataset, first bad row and value."""


class MissingFile(LexonError):
    """A file that should be there: mistyped, not made yet, or not visible yet on a network file
    system, so a later try may do.
    """

    exit_code = FAILED


class InUse(LexonError):
    """Another process works on it: the same command may succeed later."""

    exit_code = FAILED


class ServiceError(LexonError):
    """A service on the network does not answer, or refuses: the same command may succeed later."""

    exit_code = FAILED


class MachineError(LexonError):
    """A fault of this machine, such as a GPU that torch cannot use or a stale file handle: another
    machine or a later try may do.
    """

    exit_code = OTHER_MACHINE


class Killed(LexonError):
    """A process ended in the middle of its work: a later try may do.

    Attributes:
        number: of the signal that ended it, 0 for none.
    """

    exit_code = FAILED

    def __init__(self, message: str, number: int = 0) -> None:
        super().__init__(message)
        self.number = number


def first_cause(error: BaseException) -> BaseException:
    """The user's mistake behind an error, or else what went wrong first; Kedro wraps what a dataset
    raises.

    An error of the operating system comes back as the sentence that explains it.
    """
    while error.__cause__ is not None and not isinstance(error, LexonError):
        error = error.__cause__
    return explained(error) if isinstance(error, OSError) and error.errno is not None else error


def explained(error: OSError, path: Path | str | None = None) -> LexonError:
    """An error of the operating system as a sentence with path, reason and remedy.

    Args:
        path: used where the error itself names no file.
    """
    name = error.filename if isinstance(error.filename, str) else path
    where = f"{name}: " if name is not None else ""
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _DISK_FULL:
        return DataError(
            f"{where}the disk or the quota is full ({reason}); free some space or set another"
            " data_root (no half-written file remains)"
        )
    if error.errno in _FORBIDDEN:
        owner = f" ({_owner(Path(name))})" if name is not None else ""
        return DataError(
            f"{where}permission denied{owner}; ask its owner for access, or choose another path"
        )
    if error.errno == errno.ENOENT:
        return MissingFile(f"{where}does not exist; check the path")
    if error.errno in (errno.EISDIR, errno.ENOTDIR, errno.EEXIST):
        return DataError(
            f"{where}{reason}; a file lies where a folder is needed, or the other way round: move"
            " it away"
        )
    if error.errno in _TRANSIENT:
        return MachineError(
            f"{where}{reason}: a fault of this machine or its file system, not of the file; try"
            " again, or on another machine"
        )
    return DataError(f"{where}{reason}; check the path")


def exit_code(codes: Iterable[int]) -> int:
    """The exit code of a run in which several things failed: 2 or 3 only where trying the same
    again here is pointless for all of them.
    """
    found = set(codes)
    if found == {USER_MISTAKE}:
        return USER_MISTAKE
    return (
        OTHER_MACHINE
        if OTHER_MACHINE in found and found <= {USER_MISTAKE, OTHER_MACHINE}
        else FAILED
    )


def _owner(path: Path) -> str:
    """Owner and mode of a path, or of the nearest folder above it that can be looked at."""
    for known in (path, *path.parents):
        try:
            status = known.stat()
        except OSError:
            continue
        try:
            owner = known.owner()
        except KeyError:  # an account that this machine does not know
            owner = f"user {status.st_uid}"
        return (
            f"{'it' if known == path else known} belongs to {owner}, mode"
            f" {stat.filemode(status.st_mode)}"
        )
    return "its folder cannot be read"
