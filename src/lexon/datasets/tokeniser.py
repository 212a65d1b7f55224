"""Fitted tokenisers on disk: as JSON, or with a network as recipe, weights and what they were
trained on.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset

from lexon.datasets.atomic import JSONDataset
from lexon.datasets.checkpoint import read_checkpoint, write_checkpoint
from lexon.errors import DataError
from lexon.tokenisers import restore
from lexon.tokenisers.base import Tokeniser

if TYPE_CHECKING:
    from lexon.tokenisers.vqvae import VQVAETokeniser


class TokeniserDataset(JSONDataset):
    """The state of a fitted tokeniser as JSON; loads as the tokeniser."""

    def load(self) -> Tokeniser:
        return restore(super().load())

    def save(self, data: Tokeniser) -> None:
        super().save(data.state())


class VQVAETokeniserDataset(AbstractDataset["VQVAETokeniser", "VQVAETokeniser"]):
    """A tokeniser with its network, for torch's weights-only reader; `CheckpointDataset` reads the
    network out of the same file.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = PurePosixPath(filepath)
        self.metadata = metadata

    def load(self) -> VQVAETokeniser:
        """On the CPU, in evaluation mode.

        Raises:
            DataError: the file is damaged, or its parts do not belong together.
        """
        from lexon.tokenisers.vqvae import VQVAETokeniser

        content = read_checkpoint(Path(self._filepath))
        try:
            return VQVAETokeniser.from_content(content)
        except DataError as error:
            raise DataError(f"{self._filepath}: {error}") from error

    def save(self, data: VQVAETokeniser) -> None:
        write_checkpoint(Path(self._filepath), data.content())

    def _exists(self) -> bool:
        return Path(self._filepath).exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
