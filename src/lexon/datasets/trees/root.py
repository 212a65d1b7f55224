"""ROOT files: a TTree or an RNTuple as a table, read by uproot."""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from lexon.datasets.trees.tables import Column, Columns, Table, damaged, library
from lexon.errors import DataError, LexonError, explained

CLASSES = ("TTree", "ROOT::RNTuple")
# What uproot and its decompressors raise on bytes that are not those of a ROOT file.
DAMAGES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    IndexError,
    LookupError,
    MemoryError,
    NotImplementedError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
)


@contextmanager
def opened(path: Path, tree: str | None) -> Iterator[RootTable]:
    """The tree of a ROOT file; the only one where none is named.

    Raises:
        ConfigurationError: uproot is not installed.
        DataError: the file is damaged, or has no such tree.
    """
    uproot = library("uproot", path)
    library("awkward", path)
    with ExitStack() as stack:
        with _explained(path, str(path)):
            file = stack.enter_context(uproot.open(path))
            table = RootTable(path, _tree(file, path, tree))
        yield table


@contextmanager
def _explained(path: Path, where: str) -> Iterator[None]:
    """What uproot raises on damaged bytes, as an error that names the file."""
    import uproot

    try:
        yield
    except LexonError:
        raise
    except OSError as error:  # uproot's own, of files that end too early, have no number
        if error.errno is None:
            raise damaged(where, error) from error
        raise explained(error, path) from error
    except (*DAMAGES, uproot.deserialization.DeserializationError) as error:
        raise damaged(where, error) from error


def _tree(file: Any, path: Path, wanted: str | None) -> Any:
    trees = [
        name
        for name, kind in file.classnames(recursive=True, cycle=False).items()
        if kind in CLASSES
    ]
    if wanted is None and len(trees) == 1:
        wanted = trees[0]
    if wanted is None or wanted not in trees:
        asked = "several trees" if wanted is None else f"no tree {wanted}"
        there = f"it has {', '.join(trees)}" if trees else "it has no tree at all"
        raise DataError(
            f"{path}: {asked if trees or wanted else 'no tree'}; {there}; choose one with"
            " events.branches.tree=NAME"
        )
    return file[wanted]


class RootTable(Table):
    """A TTree or an RNTuple."""

    def __init__(self, path: Path, tree: Any) -> None:
        super().__init__(path, f"{path}: tree {tree.name}", int(tree.num_entries))
        self._tree = tree
        self._is_tuple = type(tree).__name__.startswith("Model_ROOT_3a3a_RNTuple")

    @property
    def names(self) -> Collection[str]:
        with _explained(self.path, self.where):
            names: list[str] = self._tree.keys(full_paths=False)
        return names

    def has(self, name: str) -> bool:
        with _explained(self.path, self.where):
            try:
                self._tree[name]
            except LookupError:
                return False
        return True

    def type_of(self, name: str) -> str:
        with _explained(self.path, self.where):
            return str(self._tree[name].typename)

    def chunks(self, names: Sequence[str], n: int) -> Iterator[Columns]:
        if self.n:
            for arrays in self._read(self._arrays(names, n)):
                yield {name: self._column(name, arrays) for name in names}

    def _read(self, arrays: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        while True:
            with _explained(self.path, self.where):
                found = next(arrays, None)
            if found is None:
                return
            yield found

    def _arrays(self, names: Sequence[str], n: int) -> Iterator[dict[str, Any]]:
        """Awkward arrays by branch. A branch of a TTree is asked for with its interpretation:
        a name alone would be taken for an expression, and run.
        """
        if self._is_tuple:
            wanted = {name.split(".")[0] for name in names} | set(names)
            chosen: dict[str, Any] = {"filter_name": lambda name: name in wanted}
        else:
            chosen = {"expressions": {name: self._tree[name].interpretation for name in names}}
        yield from self._tree.iterate(**chosen, step_size=n, library="ak", how=dict)

    def _column(self, name: str, arrays: dict[str, Any]) -> Column:
        array, rest = arrays.get(name), []
        if array is None:  # a field of the records of an RNTuple
            first, *rest = name.split(".")
            array = arrays[first]
        for part in rest:
            array = array[part]
        return column(array, self, name)


def column(array: Any, table: Table, name: str) -> Column:
    """An awkward array without missing values as a column.

    Raises:
        DataError: it holds something else than numbers, texts or lists of numbers.
    """
    import awkward as ak

    layout = array.layout
    if layout.parameter("__array__") in ("string", "bytestring"):
        return Column(np.array(ak.to_list(array), dtype=np.str_))
    if layout.is_numpy and layout.purelist_depth == 1:
        return Column(np.asarray(layout.data))
    if layout.is_list or (layout.is_numpy and layout.purelist_depth == 2):
        lists = layout.to_RegularArray() if layout.is_numpy else layout
        lists = lists.to_ListOffsetArray64(True)
        counts, values = np.diff(np.asarray(lists.offsets.data)), lists.content
        if values.is_numpy and values.purelist_depth == 1 and values.parameter("__array__") is None:
            return Column(np.asarray(values.data)[: counts.sum()], counts)
    raise table.unusable(name)
