"""What a report knows of the test events beside their scores: the quantities that slices are made
by, and how often simulated events were selected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from lexon.datasets.arrays import ArraysFile
from lexon.datasets.hdf5 import read_attributes, reading, write_attributes, writing
from lexon.datasets.identity import is_part
from lexon.errors import DataError

AGAIN = "delete it and run the experiment again"


@dataclass(frozen=True)
class EvaluatedEvents:
    """The test events that belong to a class.

    Attributes:
        quantities: by name, float32 [event].
        index: row of the split, int64 [event], as in `Scores`.
        digest: of these events, as in `Scores`.
        efficiencies: of simulated processes, by name: selected events as a share of all that are
            produced; nothing of events from a file.
    """

    quantities: Mapping[str, NDArray[np.float32]]
    index: NDArray[np.int64]
    digest: str
    efficiencies: Mapping[str, float]

    def of(self, digest: str, index: NDArray[np.int64]) -> dict[str, NDArray[np.float32]] | None:
        """The quantities of these events, or of some of them, in the order of `index`; None where
        they are others.
        """
        if digest != self.digest and not is_part(digest, self.digest):
            return None
        order = np.argsort(self.index)
        rows = order[np.clip(np.searchsorted(self.index[order], index), 0, len(order) - 1)]
        if not np.array_equal(self.index[rows], index):
            return None
        return {name: values[rows] for name, values in self.quantities.items()}


class EvaluatedEventsDataset(ArraysFile):
    """evaluated_events.h5: an array for each quantity, the rest as `index` and attributes."""

    def load(self) -> EvaluatedEvents:
        return read_evaluated_events(Path(self._filepath))

    def save(self, data: EvaluatedEvents) -> None:
        with writing(Path(self._filepath)) as file:
            file.pack({"index": data.index, **data.quantities})
            write_attributes(file, {"digest": data.digest, "efficiencies": dict(data.efficiencies)})


def read_evaluated_events(path: Path) -> EvaluatedEvents:
    """The test events of a file.

    Raises:
        DataError: the file is damaged or holds something else.
    """
    with reading(path) as file:
        arrays = {name: file[name][()] for name in file if isinstance(file.get(name), h5py.Dataset)}
        attributes = read_attributes(file)
    index, digest = arrays.pop("index", None), attributes.get("digest")
    efficiencies = attributes.get("efficiencies", {})
    if index is None or not isinstance(digest, str) or not isinstance(efficiencies, dict):
        raise DataError(
            f"{path}: no index, digest or efficiencies, so these are no test events; {AGAIN}"
        )
    if wrong := [name for name, values in arrays.items() if np.shape(values) != np.shape(index)]:
        raise DataError(
            f"{path}: {wrong[0]} has shape {np.shape(arrays[wrong[0]])}, not one value for each of"
            f" {len(index)} events; {AGAIN}"
        )
    return EvaluatedEvents(
        arrays, index, digest, {str(name): float(share) for name, share in efficiencies.items()}
    )
