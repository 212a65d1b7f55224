"""Files that are whole or absent: written under a temporary name beside their own, then renamed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path, PurePath

from lexon.errors import explained


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path to write to; it becomes `path` if the block ends well and is removed if it does not.

    Raises:
        DataError: the disk is full, or the folder cannot be written to.
        MachineError: a fault of the machine or its file system.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise explained(error, path) from error
    finally:
        _remove(temporary)


def _remove(temporary: Path) -> None:
    with suppress(PermissionError, NotADirectoryError):  # nothing could be written there; the error that says so is on its way
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def shown_path(path: Path | PurePath) -> str:
    """A path that can be pasted into a command: relative below the current folder, else absolute."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100  # `resolve` would replace links, which a user knows by their own names
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(absolute)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, remembered per process while its size and time of change stay the same."""
    stat = path.stat()
    return _digest(path.resolve(), stat.st_size, stat.st_mtime_ns)


@cache
def _digest(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def matching_files(path: Path) -> list[Path]:
    """The file of this name, or else those that match it as a pattern, in the order of their names."""
    return [path] if path.exists() else sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
