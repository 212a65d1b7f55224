"""Content of files that may be compressed: gzip, bzip2, xz, or a zip archive of one file, unpacked
as it is read.

A small file can expand without limit; reading stops where it expands as no table or event file
does.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from lexon.errors import DataError

PACKERS = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"PK\x03\x04": "zip"}
FREE_BYTES = 1 << 26  # below this, any rate of compression is harmless
MOST_EXPANDED = 100  # numbers as text shrink to a third; only repeated rows shrink further
# What the unpackers raise for a damaged file. gzip and bzip2 raise an OSError without a number.
DAMAGES = (
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    NotImplementedError,
    RuntimeError,
)


def packer(path: Path) -> str | None:
    """Name of the program that compressed a file, recognised by its first bytes."""
    with path.open("rb") as file:
        head = file.read(8)
    return next((name for magic, name in PACKERS.items() if head.startswith(magic)), None)


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The content of a file as a stream.

    Raises:
        DataError: damaged, a zip archive of several files or with a password, or content that
            expands more than a hundred times.
    """
    kind = packer(path)
    with path.open("rb") as file:
        if kind is None:
            yield file
            return
        try:
            with _unpacker(kind, file, path) as stream:
                yield io.BufferedReader(_Bounded(stream, kind, path), 1 << 16)
        except DAMAGES as error:
            raise _damage(kind, path, error) from error


def read_content(path: Path) -> bytes:
    """The whole content of a file, unpacked.

    Raises:
        DataError: as `unpacked`.
    """
    with unpacked(path) as stream:
        return stream.read()


def members(path: Path) -> list[str]:
    """Names of the files in a zip archive, without what macOS adds."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    except DAMAGES as error:
        raise _damage("zip", path, error) from error
    return [
        name
        for name in names
        if not name.startswith("__MACOSX/") and not name.endswith(".DS_Store")
    ]


def _unpacker(kind: str, file: IO[bytes], path: Path) -> Any:
    match kind:
        case "gzip":
            return gzip.GzipFile(fileobj=file)
        case "bzip2":
            return bz2.BZ2File(file)
        case "xz":
            return lzma.LZMAFile(file)
    names = members(path)
    if len(names) != 1:
        raise DataError(
            f"{path}: is a zip archive of {len(names)} files; unpack it and give the one that is"
            " meant, or a pattern such as '*.csv'"
        )
    return zipfile.ZipFile(file).open(names[0])


class _Bounded(io.RawIOBase):
    """Unpacked content; raises the DataError of a damaged file, or of one that expands too much."""

    def __init__(self, stream: IO[bytes], kind: str, path: Path) -> None:
        self._stream, self._kind, self._path = stream, kind, path
        self._limit = max(FREE_BYTES, MOST_EXPANDED * path.stat().st_size)
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            content = self._stream.read(len(buffer))
        except DAMAGES as error:
            raise _damage(self._kind, self._path, error) from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise _damage(self._kind, self._path, error) from error
        self._read += len(content)
        if self._read > self._limit:
            raise DataError(
                f"{self._path}: expands to more than {MOST_EXPANDED} times its size, as no table or"
                " event file does; if it is right, unpack it and give the unpacked file"
            )
        buffer[: len(content)] = content
        return len(content)


def _damage(kind: str, path: Path, error: Exception) -> DataError:
    if isinstance(error, RuntimeError) and "password" in str(error):
        return DataError(f"{path}: is a zip archive with a password; unpack it first")
    if isinstance(error, NotImplementedError):
        return DataError(
            f"{path}: is a zip archive with a compression that Python does not read ({error});"
            " unpack it first"
        )
    return DataError(f"{path}: this {kind} file is cut off or damaged ({error}); copy it again")
