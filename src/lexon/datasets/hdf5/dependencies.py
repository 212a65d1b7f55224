"""Dependencies of a result that was made from an HDF5 file: the file and those to which it
refers.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import h5py

from lexon.datasets.files import file_digest
from lexon.datasets.hdf5.links import target
from lexon.datasets.hdf5.read import reading
from lexon.errors import LexonError


def content_digest(path: Path, linked_data: Path | None = None) -> str:
    """SHA-256 of a file's content; the contents of files that it refers to are part of it."""
    digests = [file_digest(file) for file in (path, *linked_files(path, linked_data))]
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256(" ".join(digests).encode()).hexdigest()
    )


def linked_files(path: Path, linked_data: Path | None = None) -> tuple[Path, ...]:
    """The files to which an HDF5 file refers, directly or not, and which may be read; none for any
    other file.
    """
    found: dict[Path, None] = {}
    waiting = [path.resolve()]
    while waiting:
        for file in _references(waiting.pop(), linked_data):
            if file not in found:
                found[file] = None
                waiting.append(file)
    return tuple(sorted(file for file in found if file != path.resolve()))


def _references(path: Path, linked_data: Path | None) -> tuple[Path, ...]:
    names = _names(path, path.stat().st_mtime_ns, path.stat().st_size)
    files: list[Path] = []
    for kind, name in names:
        try:
            files.append(target(name, path, kind, linked_data))
        except LexonError:  # raised when it is read
            continue
    return tuple(files)


@cache
def _names(path: Path, _mtime_ns: int, _size: int) -> tuple[tuple[str, str], ...]:
    """(kind of reference, name of a file) of everything in a file."""
    if not h5py.is_hdf5(path):
        return ()
    found: dict[tuple[str, str], None] = {}
    try:
        with reading(path) as file:

            def visit(name: bytes, link: Any) -> None:
                if link.type == h5py.h5l.TYPE_EXTERNAL:
                    target_file, _ = file.id.links.get_val(name)
                    found["external link", target_file.decode(errors="surrogateescape")] = None
                elif link.type == h5py.h5l.TYPE_HARD:
                    found.update(dict.fromkeys(_of_dataset(file.id, name)))

            file.id.links.visit(visit, info=True)
    except LexonError:  # nothing is read from it then
        return ()
    return tuple(found)


def _of_dataset(group: Any, name: bytes) -> list[tuple[str, str]]:
    if h5py.h5o.get_info(group, name).type != h5py.h5o.TYPE_DATASET:
        return []
    settings = h5py.h5d.open(group, name).get_create_plist()
    storage = [
        settings.get_external(place)[0].decode(errors="surrogateescape")
        for place in range(settings.get_external_count())
    ]
    layout = settings.get_layout()
    sources = (
        [settings.get_virtual_filename(i) for i in range(settings.get_virtual_count())]
        if layout == h5py.h5d.VIRTUAL
        else []
    )
    return [("external storage", one) for one in storage] + [
        ("virtual dataset", one) for one in sources if one != "."
    ]
