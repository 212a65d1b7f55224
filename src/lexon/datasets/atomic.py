"""Kedro's datasets for tables, JSON, text and figures, with one difference: a file is whole or absent."""

from __future__ import annotations

import logging
from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io import DatasetError
from kedro_datasets.json import JSONDataset as KedroJSONDataset
from kedro_datasets.matplotlib import MatplotlibDataset
from kedro_datasets.pandas import CSVDataset as KedroCSVDataset
from kedro_datasets.text import TextDataset as KedroTextDataset

from lexon.datasets.files import atomic_path, require_file, shown_path

logger = logging.getLogger(__name__)


# Whatever the locale of the machine; what is read again may have been written on another one.
UTF_8 = {"open_args_save": {"mode": "w", "encoding": "utf-8"}, "open_args_load": {"mode": "r", "encoding": "utf-8"}}


class AtomicSave:
    """Put before a Kedro dataset: its `save` writes to a temporary file that is renamed when complete, its `load` opens regular
    files only."""

    _filepath: PurePosixPath

    def load(self) -> Any:
        path = Path(self._filepath)
        if path.exists():  # Kedro says what is missing
            require_file(path)
        return super().load()  # type: ignore[misc]

    def save(self, data: Any) -> None:
        final = self._filepath
        with atomic_path(Path(final)) as temporary:
            self._filepath = PurePosixPath(temporary)
            try:
                super().save(data)  # type: ignore[misc]
            except DatasetError as error:
                if isinstance(error.__cause__, OSError):  # for `atomic_path` to explain: only it knows the file's own name
                    raise error.__cause__ from error
                raise
            finally:
                self._filepath = final


class JSONDataset(AtomicSave, KedroJSONDataset):
    """A JSON file."""

    DEFAULT_FS_ARGS = UTF_8


class CSVDataset(AtomicSave, KedroCSVDataset):
    """A table as CSV."""

    DEFAULT_FS_ARGS = UTF_8


class TextDataset(AtomicSave, KedroTextDataset):
    """A text or HTML page."""

    DEFAULT_FS_ARGS = UTF_8


class PageDataset(TextDataset):
    """A finished page, which says where it is: the file that a user came for."""

    def save(self, data: str) -> None:
        super().save(data)
        logger.info("Report: %s", shown_path(self._filepath))


class FigureDataset(AtomicSave, MatplotlibDataset):
    """A figure as PNG; loads as its bytes, so that a page can embed what a node drew."""

    def load(self) -> bytes:
        return Path(self._filepath).read_bytes()
