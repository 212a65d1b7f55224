"""Exported networks on disk: model.onnx in the folder of the member."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from lexon.datasets.files import atomic_path, shown_path
from lexon.errors import DataError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExportedNetwork:
    """The content of an ONNX file on its way to a member's folder.

    Attributes:
        folder: of the member.
        content: of the file.
        words: what was checked, in a sentence.
    """

    folder: Path
    content: bytes
    words: str


class ExportedNetworkDataset(AbstractDataset[ExportedNetwork, None]):
    """model.onnx beside the member's model.pt; it takes the place of an earlier export only."""

    fingerprint = False

    def __init__(self, *, metadata: dict[str, Any] | None = None) -> None:
        self.metadata = metadata

    def load(self) -> None:
        raise DatasetError("an exported network is for other software: nothing in lexon reads it")

    def save(self, data: ExportedNetwork) -> None:
        from lexon.export.onnx_file import is_own

        path = data.folder / "model.onnx"
        if path.exists() and not is_own(path.read_bytes()):
            raise DataError(
                f"{path}: was not exported by lexon and would be lost; move it away, and export"
                " again"
            )
        with atomic_path(path) as temporary:
            temporary.write_bytes(data.content)
        logger.info("Exported: %s (%s)", shown_path(path), data.words)

    def _exists(self) -> bool:
        return False

    def _describe(self) -> dict[str, Any]:
        return {}
