"""Multi-label rows on disk: the user's table and vocabulary to load, and the one split that all
models share.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import h5py
import numpy as np
import pandas as pd
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview

from lexon.datasets.frames import read_frame
from lexon.datasets.hdf5 import reading, writing
from lexon.datasets.kinds import in_words, is_hdf5, read_head
from lexon.datasets.packed import read_content
from lexon.errors import DataError
from lexon.events import SPLITS
from lexon.tags import TagSplits
from lexon.tags.cells import tag_name

PARAMETER, VOCABULARY = "tags.path", "tags.vocabulary"
# Texts of a `TagSplits` that are lists; attributes of a file could not hold thousands of them.
LISTS = ("names", "group_names", "notes")
# Datasets or attributes of an HDF5 table that name the columns of its matrix.
NAMES_OF_COLUMNS = ("tags", "columns")


class TagFileDataset(AbstractDataset[None, pd.DataFrame]):
    """A table of tags: CSV with a header, or HDF5 with one 0/1 matrix [N, K].

    An HDF5 matrix is named by a list of K texts (a dataset or the matrix's attribute ``tags`` or
    ``columns``), else by numbers; datasets of N values are further columns.
    """

    def __init__(
        self,
        *,
        filepath: str,
        linked_data: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = PurePosixPath(filepath)
        self.linked_data = Path(linked_data) if linked_data else None
        self.metadata = metadata

    def load(self) -> pd.DataFrame:
        path = Path(self._filepath)
        read_head(path, PARAMETER)
        return _read_hdf5(path, self.linked_data) if is_hdf5(path) else read_frame(path, PARAMETER)

    def save(self, data: None) -> None:  # noqa: ARG002
        raise DatasetError("the user's table is only read")

    def _exists(self) -> bool:
        return Path(self._filepath).is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class VocabularyDataset(TagFileDataset):
    """Tags to keep: one a line, or JSON (a list, or lists by concept)."""

    def load(self) -> list[str]:  # type: ignore[override]
        path = Path(self._filepath)
        content = _read_vocabulary(path)
        concepts = content.values() if isinstance(content, dict) else [content]
        names: dict[str, None] = {}  # a set that keeps the order
        for concept in concepts:
            names |= dict.fromkeys(tag_name(tag) for tag in _checked(path, concept))
        names.pop("", None)
        if not names:
            raise DataError(f"{path}: names no tag; write one a line")
        return list(names)


def _read_vocabulary(path: Path) -> Any:
    """The lines of a text, or what JSON holds."""
    kind = in_words(path, read_head(path, VOCABULARY))
    if "text that begins with" not in kind and kind != "is JSON":
        raise DataError(f"{path}: {kind}; {VOCABULARY} is a text with one tag a line, or JSON")
    try:
        text = read_content(path).decode("utf-8-sig")
        return (
            json.loads(text) if kind == "is JSON" or path.suffix == ".json" else text.splitlines()
        )
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8, for example with iconv"
            " -f LATIN1 -t UTF-8"
        ) from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise DataError(
            f"{path}: not JSON ({error}); write one tag a line into a .txt file instead"
        ) from error


def _checked(path: Path, tags: Any) -> list[str]:
    """A list of texts or numbers, as texts."""
    if not isinstance(tags, list) or not all(isinstance(tag, str | int | float) for tag in tags):
        raise DataError(
            f"{path}: holds {str(tags)[:60]!r}, not a list of tags; write a list, or lists by"
            ' concept: {"mood": ["calm"]}'
        )
    return [str(tag) for tag in tags]


class TagSplitsDataset(AbstractDataset[TagSplits, TagSplits]):
    """The split that all models share: ``X_<split>``, ``index_<split>``, ``group_<split>``, and
    what columns and groups are called.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = PurePosixPath(filepath)
        self.metadata = metadata

    def load(self) -> TagSplits:
        with reading(Path(self._filepath)) as file:
            rows, index, groups = (
                {split: file[f"{name}_{split}"][()] for split in SPLITS}
                for name in ("X", "index", "group")
            )
            names, group_names, notes = (tuple(file[name].asstr()[()]) for name in LISTS)
            return TagSplits(
                rows, index, groups, names, group_names, str(file.attrs["group_name"]), notes
            )

    def save(self, data: TagSplits) -> None:
        with writing(Path(self._filepath)) as file:
            for name, parts in {"X": data.rows, "index": data.index, "group": data.groups}.items():
                file.pack({f"{name}_{split}": values for split, values in parts.items()})
            for name in LISTS:
                file.create_dataset(name, data=list(getattr(data, name)), dtype=h5py.string_dtype())
            file.attrs.update(group_name=data.group_name, digest=data.digest)

    def preview(self) -> TablePreview:
        """Rows, tags and tags a row of each split, for kedro-viz."""
        splits = self.load().rows
        rows = [
            [split, len(x), x.shape[1], round(float(x.sum(1).mean()), 2)]
            for split, x in splits.items()
        ]
        return TablePreview(
            {
                "index": list(range(len(rows))),
                "columns": ["split", "rows", "tags", "tags a row"],
                "data": rows,
            }
        )

    def _exists(self) -> bool:
        return Path(self._filepath).exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


def _read_hdf5(path: Path, linked_data: Path | None) -> pd.DataFrame:
    with reading(path, linked_data) as file:
        arrays = {name: item for name, item in file.items() if isinstance(item, h5py.Dataset)}
        matrices = [name for name, item in arrays.items() if item.ndim == 2]
        if len(matrices) != 1:
            raise DataError(
                f"tags.path={path}: {len(matrices)} matrices ({', '.join(matrices) or 'none'});"
                " exactly one must hold the rows"
            )
        matrix = arrays.pop(matrices[0])
        names = _column_names(matrix, arrays)
        if len(names) != matrix.shape[1]:
            raise DataError(
                f"tags.path={path}: {len(names)} names for {matrix.shape[1]} columns; write one for"
                " each, or none"
            )
        return pd.DataFrame(np.asarray(matrix[()]), columns=names).assign(
            **_further_columns(arrays, len(matrix))
        )


def _further_columns(arrays: dict[str, h5py.Dataset], n: int) -> dict[str, list[Any]]:
    """Datasets of one value a row."""
    names = [
        name for name, item in arrays.items() if item.shape == (n,) and name not in NAMES_OF_COLUMNS
    ]
    return {name: list(_texts(arrays[name])) for name in names}


def _column_names(matrix: h5py.Dataset, arrays: dict[str, h5py.Dataset]) -> list[str]:
    for name in NAMES_OF_COLUMNS:
        if name in arrays:
            return [str(text) for text in np.atleast_1d(_texts(arrays[name]))]
        if name in matrix.attrs:
            return [
                text.decode(errors="replace") if isinstance(text, bytes) else str(text)
                for text in np.atleast_1d(matrix.attrs[name])
            ]
    return [str(column) for column in range(matrix.shape[1])]


def _texts(item: h5py.Dataset) -> Any:
    return item.asstr(errors="replace")[()] if h5py.check_string_dtype(item.dtype) else item[()]
