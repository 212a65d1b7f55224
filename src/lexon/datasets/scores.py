"""Test scores on disk: what every paired comparison is made from."""

from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import TablePreview

from lexon.datasets.hdf5 import read_attributes, reading, write_attributes, writing
from lexon.errors import DataError
from lexon.metrics.scores import Scores

ARRAYS = ("probabilities", "target", "labels", "index")


class ScoresDataset(AbstractDataset[Scores, Scores]):
    """scores.h5: the arrays of `Scores`, names and the digest of the evaluated events as attributes."""

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = PurePosixPath(filepath)
        self.metadata = metadata

    def load(self) -> Scores:
        return read_scores(Path(self._filepath))

    def save(self, data: Scores) -> None:
        with writing(Path(self._filepath)) as file:
            for name in ARRAYS:
                file.create_dataset(name, data=getattr(data, name), compression="gzip", compression_opts=1, shuffle=True)
            write_attributes(file, {"class_names": data.class_names, "label_names": data.label_names, "digest": data.digest})

    def preview(self) -> TablePreview:
        """Name, shape and type of each array, for kedro-viz."""
        with reading(Path(self._filepath)) as file:
            rows = [[name, str(file[name].shape), str(file[name].dtype)] for name in ARRAYS]
        return TablePreview({"index": list(range(len(rows))), "columns": ["array", "shape", "type"], "data": rows})

    def _exists(self) -> bool:
        return Path(self._filepath).exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


def read_scores(path: Path) -> Scores:
    """Scores from a file.

    Raises:
        DataError: the file is damaged or holds something else.
    """
    with reading(path) as file:
        if missing := [name for name in ARRAYS if name not in file]:
            raise DataError(f"{path}: no {', '.join(missing)} in it, so these are no scores; evaluate the member again")
        arrays = {name: file[name][:] for name in ARRAYS}
        attributes = read_attributes(file)
    names = {int(label): name for label, name in attributes["label_names"].items()}
    return Scores(**arrays, class_names=tuple(attributes["class_names"]), label_names=names, digest=attributes["digest"])
