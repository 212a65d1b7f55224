"""Parquet files as tables, read by pyarrow; a list of records offers its fields as
`Jet.pt`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from lexon.datasets.trees.tables import Column, Columns, Table, damaged, library
from lexon.errors import explained

# What Parquet calls the things in a list, by whom it was written.
ELEMENTS = (".list.element", ".list.item", ".list.array", ".bag.array_element")


@contextmanager
def opened(path: Path, _tree: str | None) -> Iterator[ParquetTable]:
    """A Parquet file; it has no trees.

    Raises:
        ConfigurationError: pyarrow is not installed.
        DataError: the file is damaged.
    """
    parquet = library("pyarrow.parquet", path)
    with ExitStack() as stack:
        with _explained(path):
            file = parquet.ParquetFile(path, page_checksum_verification=True)
            table = ParquetTable(path, stack.enter_context(file))
        yield table


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """What pyarrow raises on damaged bytes, as an error that names the file."""
    import pyarrow

    try:
        yield
    except OSError as error:  # pyarrow's own, of damaged pages, have no number
        if error.errno is None:
            raise damaged(str(path), error) from error
        raise explained(error, path) from error
    except (pyarrow.ArrowException, ValueError) as error:
        raise damaged(str(path), error) from error


class ParquetTable(Table):
    """The columns of a Parquet file."""

    def __init__(self, path: Path, file: Any) -> None:
        super().__init__(path, str(path), int(file.metadata.num_rows))
        self._file = file
        stored = [file.schema.column(i).path for i in range(len(file.schema))]
        self._stored = {_plain(one): one for one in stored}

    @property
    def names(self) -> Collection[str]:
        return list(self._stored)

    def has(self, name: str) -> bool:
        return name in self._stored

    def type_of(self, name: str) -> str:
        schema = self._file.schema_arrow
        return str(schema.field(self._parts(name, schema.names)[0]).type)

    def chunks(self, names: Sequence[str], n: int) -> Iterator[Columns]:
        stored = [self._stored[name] for name in names]
        for batch in self._read(self._file.iter_batches(batch_size=n, columns=stored)):
            yield {name: self._column(name, batch) for name in names}

    def _read(self, batches: Iterator[Any]) -> Iterator[Any]:
        while True:
            with _explained(self.path):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def _column(self, name: str, batch: Any) -> Column:
        import pyarrow as pa
        import pyarrow.compute as pc

        top, *rest = self._parts(name, batch.schema.names)
        array = _stored(batch.column(batch.schema.names.index(top)))
        counts = None
        missing = _nulls(array)
        if _is_list(array.type):
            counts = pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False)
            array = _stored(array.flatten())
        for part in rest:
            if not pa.types.is_struct(array.type):
                raise self.unusable(name)
            array = _stored(array.field(part))
        values = self._flat(name, array)
        return Column(values, None if counts is None else counts.astype(np.int64), missing)

    @staticmethod
    def _parts(name: str, columns: Sequence[str]) -> list[str]:
        """Column, then fields of its records: names of columns may have dots themselves."""
        parts = name.split(".")
        length = next(
            length for length in range(len(parts), 0, -1) if ".".join(parts[:length]) in columns
        )
        return [".".join(parts[:length]), *parts[length:]]

    def _flat(self, name: str, values: Any) -> np.ndarray[Any, Any]:
        """Values as numpy has them; nulls become NaN, and a text that is none is empty."""
        import pyarrow as pa

        kind = values.type
        if pa.types.is_dictionary(kind):
            values = values.dictionary_decode()
            kind = values.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return np.array(values.fill_null("").to_pylist(), dtype=np.str_)
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or _is_bool(kind)):
            raise self.unusable(name)
        if _is_bool(kind):
            values = values.cast(pa.int8())
        found: np.ndarray[Any, Any] = values.to_numpy(zero_copy_only=False)
        return found


def _plain(stored: str) -> str:
    """The name of a column as a user writes it."""
    for element in ELEMENTS:
        stored = stored.replace(element, "")
    return stored


def _is_list(kind: Any) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _stored(array: Any) -> Any:
    """An array without the type by which a library that wrote it knows it."""
    import pyarrow as pa

    return array.storage if isinstance(array, pa.ExtensionArray) else array


def _is_bool(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_boolean(kind))


def _nulls(array: Any) -> Any:
    return array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
