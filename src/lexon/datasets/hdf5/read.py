"""An HDF5 file open for reading: links are followed where they may be, and values are read where
they are really stored.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from lexon.datasets.files import require_file
from lexon.datasets.hdf5.faults import fault
from lexon.datasets.hdf5.links import target
from lexon.datasets.hdf5.storage import check_stored
from lexon.errors import DataError, LexonError

logger = logging.getLogger(__name__)

MAX_HOPS = 16
SHOWN = 10


@contextmanager
def reading(path: Path, linked_data: Path | None = None) -> Iterator[ReadFile]:
    """The file, open for reading.

    Args:
        linked_data: folder below which other files may lie to which this one refers; None: beside
            it only.

    Raises:
        MissingFile: no such file.
        DataError: no regular file, no permission, truncated, damaged, or not closed by its writer.
        MachineError: it cannot be locked, or another fault of this machine.
    """
    require_file(path)
    try:
        with ReadFile(path, linked_data) as file:
            yield file
    except LexonError:
        raise
    except (OSError, RuntimeError) as error:
        raise fault(error, path) from error


class CheckedDataset(h5py.Dataset):
    """A dataset that refuses to be read where its values were never written
    (`lexon.datasets.hdf5.storage`).
    """

    reader: ReadFile
    _checked = False

    def __getitem__(self, selection: Any, **options: Any) -> Any:
        self.check()
        return super().__getitem__(selection, **options)

    def check(self) -> None:
        """Raise the error of values that are not there."""
        if not self._checked:
            check_stored(self, self.reader)
            self._checked = True


class _Members:
    """Members of a group, opened by link: soft links inside the file, external ones where they may
    lead.
    """

    id: Any
    reader: ReadFile

    def __getitem__(self, name: str) -> Any:
        return self.reader.follow(self.id, name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.id.links.exists(name.encode(errors="surrogateescape"))

    def get(self, name: str, default: Any = None, **_: Any) -> Any:
        """The member, or `default` where there is none that can be opened."""
        return (
            next((item for _, item in self._opened_members([name])), default)
            if name in self
            else default
        )

    def __iter__(self) -> Iterator[str]:
        return (printable(name) for name in self.id)

    def items(self) -> Iterator[tuple[str, Any]]:
        """Name and object of each member; one that cannot be opened is named in the log and left
        out.
        """
        return self._opened_members(self)

    def _opened_members(self, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
        for name in names:
            try:
                yield name, self[name]
            except LexonError as error:
                logger.warning("%s is left out: %s", name, error)

    def values(self) -> Iterator[Any]:
        return (item for _, item in self.items())

    def visititems(self, visit: Callable[[str, Any], Any]) -> None:
        """Call a function with name and object of everything below that is no link; what cannot be
        opened is left out.
        """
        names: list[str] = []
        h5py.h5o.visit(self.id, lambda name: names.append(printable(name)))
        for name in names:
            try:
                item = self[name]
            except LexonError as error:
                logger.warning("%s is left out: %s", name, error)
            else:
                visit(name, item)


class ReadGroup(_Members, h5py.Group):
    """A group of a file that is open for reading."""


class ReadFile(_Members, h5py.File):
    """A file that is open for reading.

    Attributes:
        path: of the file.
        linked_data: folder below which files may lie to which it refers.
    """

    def __init__(self, path: Path, linked_data: Path | None = None, depth: int = 0) -> None:
        self.path, self.linked_data = path, linked_data
        self._depth = depth
        self._others: dict[Path, ReadFile] = {}
        super().__init__(path, "r")
        self.reader = self

    def close(self) -> None:
        for other in self._others.values():
            other.close()
        self._others.clear()
        super().close()

    def follow(self, start: Any, name: str, hops: int = 0) -> Any:
        """The object of a path below a group (its identifier): a `CheckedDataset`, a `ReadGroup` or
        a named type.
        """
        if hops > MAX_HOPS:
            raise DataError(
                f"{self.path}: {name}: its links lead in a circle; write the array itself"
            )
        group: Any = ReadGroup(h5py.h5g.open(self.id, b"/") if name.startswith("/") else start)
        group.reader = self
        parts = [part for part in name.split("/") if part not in ("", ".")]
        for place, part in enumerate(parts):
            if not isinstance(group, h5py.Group):
                raise DataError(
                    f"{self.path}: {'/'.join(parts[:place])} is an array, so there is no {name}"
                )
            group = group.reader._step(group.id, part, hops)
        return group

    def _step(self, group: Any, part: str, hops: int) -> Any:
        raw = part.encode(errors="surrogateescape")
        if not group.links.exists(raw):
            raise DataError(
                f"{self.path}: has no {part}; it has {listed(printable(name) for name in group)}"
            )
        kind = group.links.get_info(raw).type
        if kind == h5py.h5l.TYPE_HARD:
            return self._open(group, raw, part)
        if kind == h5py.h5l.TYPE_SOFT:
            goal = group.links.get_val(raw).decode(errors="replace")
            return self._linked(lambda: self.follow(group, goal, hops + 1), part, goal, hops)
        if kind == h5py.h5l.TYPE_EXTERNAL:
            file, goal = (
                text.decode(errors="surrogateescape") for text in group.links.get_val(raw)
            )
            return self._linked(
                lambda: self._other(file).follow(self._other(file).id, "/" + goal, hops + 1),
                part,
                f"{file}: {goal}",
                hops,
            )
        raise DataError(
            f"{self.path}: {part} is a link of a kind that only the program that made it can"
            " follow; write the array itself"
        )

    def _linked(self, follow: Callable[[], Any], part: str, goal: str, hops: int) -> Any:
        """The object that a link leads to; an error names the first link of a chain and what is
        wrong at its end.
        """
        try:
            return follow()
        except LexonError as error:
            if hops:
                raise
            raise type(error)(
                f"{self.path}: {part} is a link to {goal}:"
                f" {str(error).removeprefix(f'{self.path}: ')}"
            ) from error

    def _open(self, group: Any, raw: bytes, part: str) -> Any:
        try:
            kind = h5py.h5o.get_info(group, raw).type
            if kind == h5py.h5o.TYPE_DATASET:
                item: Any = CheckedDataset(self._dataset(group, raw))
                _ = item.dtype
            elif kind == h5py.h5o.TYPE_GROUP:
                item = ReadGroup(h5py.h5g.open(group, raw))
            else:
                return h5py.Group.__getitem__(ReadGroup(group), part)
        except (KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
            raise DataError(
                f"{self.path}: {part} cannot be opened ({error}); is the file damaged, or of an"
                " unusual type?"
            ) from error
        item.reader = self
        return item

    def _dataset(self, group: Any, raw: bytes) -> Any:
        """The identifier of a dataset; names of external storage are relative to the file, whatever
        the working directory.
        """
        found = h5py.h5d.open(group, raw)
        if not found.get_create_plist().get_external_count():
            return found
        del found  # HDF5 refuses to open a dataset twice with different folders
        access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
        access.set_efile_prefix(str(self.path.absolute().parent).encode())
        return h5py.h5d.open(group, raw, access)

    def _other(self, name: str) -> ReadFile:
        path = target(name, self.path, "external link", self.linked_data)
        if path not in self._others:
            self._others[path] = self._opened(path)
        return self._others[path]

    @contextmanager
    def source(self, name: str, kind: str) -> Iterator[ReadFile]:
        """Open a file to which this one refers, or this one (``.``)."""
        if name == ".":
            yield self
            return
        with self._opened(target(name, self.path, kind, self.linked_data)) as other:
            yield other

    def _opened(self, path: Path) -> ReadFile:
        if self._depth >= MAX_HOPS:
            raise DataError(
                f"{self.path}: files refer to each other in a circle; write the arrays into one"
                " file"
            )
        try:
            return ReadFile(path, self.linked_data, self._depth + 1)
        except OSError as error:
            raise fault(error, path) from error


def required_dataset(file: ReadFile, name: str) -> CheckedDataset:
    """An array of a file, or the DataError that says why there is none."""
    item = file[name]
    if not isinstance(item, CheckedDataset):
        raise DataError(f"{file.path}: {name} is a group; it must be an array")
    return item


def printable(name: bytes) -> str:
    """The name of a member; bytes that are not UTF-8 are spelt out."""
    return name.decode(errors="backslashreplace")


def listed(names: Iterable[str]) -> str:
    """Up to ten names, and how many more there are."""
    found = list(names)
    more = f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    return (
        ", ".join(name if len(name) <= 80 else f"{name[:77]}..." for name in found[:SHOWN])
        or "nothing"
    ) + more
