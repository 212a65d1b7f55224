"""Kedro's datasets for tables, JSON, text and figures, with two differences: a file is whole or
absent, and the library that reads and writes it is imported when it does."""

from __future__ import annotations

import logging
from abc import abstractmethod
from base64 import b64encode
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import ImagePreview, JSONPreview, TablePreview

from lexon.datasets.files import atomic_path, require_file, shown_path

if TYPE_CHECKING:
    import kedro_datasets.json
    import kedro_datasets.matplotlib
    import kedro_datasets.pandas
    import kedro_datasets.text

logger = logging.getLogger(__name__)


# Whatever the locale of the machine; what is read again may have been written on another one.
UTF_8 = {
    "open_args_save": {"mode": "w", "encoding": "utf-8"},
    "open_args_load": {"mode": "r", "encoding": "utf-8"},
}


class AtomicDataset(AbstractDataset[Any, Any]):
    """A local file that one of Kedro's datasets reads and writes: `save` writes to a temporary file
    that is renamed when complete, `load` opens regular files only."""

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None, **options: Any
    ) -> None:
        self._filepath = PurePosixPath(filepath)
        self.metadata = metadata
        self._options = options

    @abstractmethod
    def kedros(self, path: str, **options: Any) -> AbstractDataset[Any, Any]:
        """Kedro's dataset for a file of this kind."""

    def load(self) -> Any:
        path = Path(self._filepath)
        if path.exists():  # Kedro says what is missing
            require_file(path)
        return self.kedros(str(path), **self._options).load()

    def save(self, data: Any) -> None:
        with atomic_path(Path(self._filepath)) as temporary:
            try:
                self.kedros(str(temporary), **self._options).save(data)
            except DatasetError as error:
                if isinstance(
                    error.__cause__, OSError
                ):  # for `atomic_path` to explain: only it knows the file's own name
                    raise error.__cause__ from error
                raise

    def _exists(self) -> bool:
        return Path(self._filepath).exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), **self._options}


class JSONDataset(AtomicDataset):
    """A JSON file."""

    def kedros(self, path: str, **options: Any) -> kedro_datasets.json.JSONDataset:
        from kedro_datasets.json import JSONDataset

        return JSONDataset(filepath=path, fs_args=UTF_8, **options)

    # kedro-viz compares the annotation's name, which a postponed annotation, being text, has as
    # well.
    def preview(self) -> JSONPreview:
        """The content, for kedro-viz."""
        return JSONPreview(Path(self._filepath).read_text(encoding="utf-8"))


class CSVDataset(AtomicDataset):
    """A table as CSV."""

    def kedros(self, path: str, **options: Any) -> kedro_datasets.pandas.CSVDataset:
        from kedro_datasets.pandas import CSVDataset

        return CSVDataset(filepath=path, fs_args=UTF_8, **options)

    def preview(self, nrows: int = 5) -> TablePreview:
        """The first rows, for kedro-viz."""
        return self.kedros(str(self._filepath)).preview(nrows)


class TextDataset(AtomicDataset):
    """A text or HTML page."""

    def kedros(self, path: str, **options: Any) -> kedro_datasets.text.TextDataset:
        from kedro_datasets.text import TextDataset

        return TextDataset(filepath=path, fs_args=UTF_8, **options)


class PageDataset(TextDataset):
    """A finished page, which says where it is: the file that a user came for."""

    def save(self, data: str) -> None:
        super().save(data)
        logger.info("Report: %s", shown_path(self._filepath))


class FigureDataset(AtomicDataset):
    """A figure as PNG; loads as its bytes, so that a page can embed what a node drew."""

    def kedros(self, path: str, **options: Any) -> kedro_datasets.matplotlib.MatplotlibDataset:
        from kedro_datasets.matplotlib import MatplotlibDataset

        return MatplotlibDataset(filepath=path, **options)

    def load(self) -> bytes:
        return Path(self._filepath).read_bytes()

    def preview(self) -> ImagePreview:
        """The image, for kedro-viz."""
        return ImagePreview(b64encode(Path(self._filepath).read_bytes()).decode())
