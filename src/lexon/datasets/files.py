"""Files that are whole or absent: written under a temporary name beside their own, then renamed;
and what their content is.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from lexon.errors import DataError, LexonError, MissingFile, explained
from lexon.processes import Process, this_process

_TEMPORARY = re.compile(r"\..+\.(?P<host>[^.]+-\d+)\.(?P<pid>\d+)-(?P<started>\d+)\.tmp", re.DOTALL)
_ABANDONED_SECONDS = (
    7 * 86400.0
)  # no write takes a week: what another machine left is then a leftover too
_CLOCK_NS = (
    20_000_000  # two changes within one tick of a file system's clock can have the same time stamp
)
_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a FIFO (named pipe)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path to write to; it becomes `path` if the block ends well and is removed if it
    does not.

    Raises:
        DataError: the path is a link, which a file would replace; the disk is full, or the folder
            cannot be written to.
        MachineError: a fault of the machine or its file system.
    """
    if path.is_symlink():
        raise DataError(
            f"{path}: is a link to {path.readlink()}, which would be replaced by a file; move it"
            " away"
        )
    me = this_process()
    temporary = path.with_name(f".{path.name}.{me.host}.{me.pid}-{me.started}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise cannot_write(error, temporary, path) from error
    finally:
        _remove(temporary)


def cannot_write(error: OSError, temporary: Path, path: Path) -> LexonError:
    """The error as a sentence that names the file which was asked for, or the folder that forbids
    to write it, never the temporary one.
    """
    if error.filename not in (None, str(temporary)) and error.filename2 is None:
        return explained(error)
    forbidden = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
    return explained(
        OSError(error.errno, str(error.strerror or error)), path.parent if forbidden else path
    )


def _remove(temporary: Path) -> None:
    with suppress(OSError):  # nothing could be written there; the error that says so is on its way
        temporary.unlink(missing_ok=True)


def remove_leftovers(folders: Iterable[Path]) -> None:
    """Remove the temporary files of processes that were killed: those of this machine that are
    gone, others after a week.
    """
    for folder in folders:
        with suppress(OSError):  # absent, or another user's
            for file in folder.glob(".*.tmp"):
                if _is_leftover(file):
                    _remove(file)


def _is_leftover(file: Path) -> bool:
    found = _TEMPORARY.fullmatch(file.name)
    if found is None:  # another user's
        return False
    if Process(found["host"], int(found["pid"]), int(found["started"])).is_gone:
        return True
    return time.time() - file.stat().st_mtime > _ABANDONED_SECONDS


def require_file(path: Path, parameter: str | None = None) -> None:
    """Refuse to open what would hang or give nonsense: every file that a user names passes here
    before it is opened.

    Args:
        parameter: the one that names the file.

    Raises:
        MissingFile: no such file.
        DataError: a folder, FIFO, socket or device, a circle of links, no permission.
    """
    asked = f"check {parameter}" if parameter else "check the path"
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise MissingFile(f"{path}: no such file; {asked}") from error
    except ValueError as error:  # a null byte
        raise DataError(f"{str(path)!r}: is not a file name ({error}); {asked}") from error
    except OSError as error:
        raise explained(error, path) from error
    if not stat.S_ISREG(mode):
        raise DataError(
            f"{path}: is {_KINDS.get(stat.S_IFMT(mode), 'not a file')}; {parameter or 'this'} is"
            " one regular file"
        )
    if not os.access(path, os.R_OK):
        raise explained(PermissionError(errno.EACCES, os.strerror(errno.EACCES)), path)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def shown_path(path: Path | PurePath) -> str:
    """A path that can be pasted into a command: relative below the current folder, else
    absolute.
    """
    absolute = Path(os.path.abspath(path))  # noqa: PTH100  # `resolve` would replace links, which a user knows by their own names
    return (
        str(absolute.relative_to(Path.cwd()))
        if absolute.is_relative_to(Path.cwd())
        else str(absolute)
    )


@dataclass(frozen=True)
class Content:
    """A file's content as it was once found, and what tells without reading it that it is the same
    still.

    Attributes:
        digest: SHA-256.
        size, inode, mtime_ns, ctime_ns: as the file system has them.
        checked_ns: when it was read.
    """

    digest: str
    size: int
    inode: int
    mtime_ns: int
    ctime_ns: int
    checked_ns: int

    def covers(self, path: Path) -> bool:
        """Whether the file is certainly the same: nothing about it changed, and it was old enough
        when it was read.
        """
        return self.checked_ns - self.mtime_ns > _CLOCK_NS and self._state == _state(path)

    def same_file(self, other: Content) -> bool:
        """Whether both were found in one file, which was not even touched in between."""
        return self._state == other._state

    @property
    def _state(self) -> tuple[int, int, int, int]:
        return self.size, self.inode, self.mtime_ns, self.ctime_ns


_known: dict[Path, Content] = {}


def content(path: Path) -> Content:
    """The content of a file, read only where nothing that is known of it still holds."""
    name = path.absolute()
    if name not in _known or not _known[name].covers(path):
        state = _state(path)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        _known[name] = Content(digest, *state, time.time_ns())
    return _known[name]


def remember(path: Path, found: Content) -> None:
    """Use the digest that an earlier process found, so that a large file need not be read again."""
    name = path.absolute()
    if name not in _known or found.checked_ns > _known[name].checked_ns:
        _known[name] = found


def sidecar(path: Path) -> Path:
    """The path of an output's fingerprint; a file without one was not made by lexon."""
    return path.with_name(f".{path.name}.fingerprint.json")


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, remembered while nothing about the file changes."""
    return content(path).digest


def _state(path: Path) -> tuple[int, int, int, int]:
    status = path.stat()
    return status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def matching_files(path: Path) -> list[Path]:
    """The file of this name, or else those that match it as a pattern, in the order of
    their names.
    """
    return (
        [path]
        if path.exists()
        else sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    )
