"""Fitted tokenisers on disk."""

from pathlib import Path

from kedro_datasets._typing import JSONPreview

from lexon.datasets.atomic import JSONDataset
from lexon.tokenisers import restore
from lexon.tokenisers.base import Tokeniser


class TokeniserDataset(JSONDataset):
    """The state of a fitted tokeniser as JSON; loads as the tokeniser."""

    def load(self) -> Tokeniser:
        return restore(super().load())

    def save(self, data: Tokeniser) -> None:
        super().save(data.state())

    def preview(self) -> JSONPreview:
        """The state itself, for kedro-viz."""
        return JSONPreview(Path(self._filepath).read_text())
