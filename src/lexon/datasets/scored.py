"""Scores of a user's file on disk: HDF5, or Parquet or ROOT where the name ends so; streamed, whole
or absent, never written over anything.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from kedro.io import AbstractDataset, DatasetError
from numpy.typing import NDArray

from lexon.datasets.files import atomic_path, shown_path
from lexon.datasets.hdf5 import write_attributes, writing
from lexon.errors import ConfigurationError
from lexon.events import SPLITS

logger = logging.getLogger(__name__)

CHUNK_ROWS = 4096
TREE = "scores"


@dataclass(frozen=True)
class ScoredPart:
    """Some events of a split.

    Attributes:
        index: row of the split, int64 [n].
        place: in a file without splits, the number of the event in its order; else `index`.
        labels: int64 [n].
        probabilities: float32 [n, class].
    """

    split: str
    index: NDArray[np.int64]
    place: NDArray[np.int64]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]


@dataclass(frozen=True)
class ScoredEvents:
    """Scores on their way to a file.

    Attributes:
        folder: where the file lies unless `score.output` names one.
        name: of the file there, without suffix.
        parts: consumed once.
        class_names: the signal first.
        attributes: what to write on the file; asked after the last part.
    """

    folder: Path
    name: str
    parts: Iterator[ScoredPart]
    class_names: tuple[str, ...]
    attributes: Callable[[], Mapping[str, Any]]


class ScoredEventsDataset(AbstractDataset[ScoredEvents, None]):
    """One row an event: split, row of the split, place in the file, label, probability of each
    class.

    Args:
        path: of the file; None: `ScoredEvents.folder`.
    """

    fingerprint = False

    def __init__(self, *, path: str | None = None, metadata: dict[str, Any] | None = None) -> None:
        self._path = Path(path) if path else None
        self.metadata = metadata

    def load(self) -> None:
        raise DatasetError("scores of a user's file are the user's: nothing in lexon reads them")

    def save(self, data: ScoredEvents) -> None:
        path = self._path or data.folder / f"{data.name}.h5"
        _refuse(path)
        n = _WRITERS[path.suffix](path, data)
        logger.info("Scores: %s: %s events", shown_path(path), f"{n:,}")

    def _exists(self) -> bool:
        return False

    def _describe(self) -> dict[str, Any]:
        return {"path": str(self._path)}


def _refuse(path: Path) -> None:
    """Refuse a file that is there, or that cannot be written, before anything is scored."""
    if path.is_symlink() or path.exists():
        raise ConfigurationError(
            f"{shown_path(path)}: is there already, and scores are never written over anything;"
            " name a new file, --params score.output=FILE.h5, or move it away"
        )
    if path.suffix not in _WRITERS:
        raise ConfigurationError(
            f"score.output={path}: scores are written as HDF5 (.h5), Parquet (.parquet) or ROOT"
            " (.root); name the file so"
        )
    kind, library = _NEEDED.get(path.suffix, ("", ""))
    if library and not find_spec(library):
        raise ConfigurationError(
            f"score.output={path}: {kind} needs {library}, which is not installed; pip install"
            " 'lexon[root]', or name a file that ends in .h5"
        )


def _to_hdf5(path: Path, data: ScoredEvents) -> int:
    columns = {
        "split": ((), "i1"),
        "index": ((), "i8"),
        "place": ((), "i8"),
        "labels": ((), "i8"),
        "probabilities": ((len(data.class_names),), "f4"),
    }
    n = 0
    with writing(path) as file:
        for name, (shape, dtype) in columns.items():
            file.create_dataset(
                name,
                (0, *shape),
                dtype,
                maxshape=(None, *shape),
                chunks=(CHUNK_ROWS, *shape),
                compression="gzip",
                compression_opts=1,
                shuffle=True,
            )
        for part in data.parts:
            for name, values in _columns(part).items():
                file[name].resize(n + len(values), axis=0)
                file[name][n:] = values
            n += len(part.index)
            file.check()
        named = {"class_names": list(data.class_names), "splits": list(SPLITS)}
        write_attributes(file, {**named, **data.attributes()})
    return n


def _columns(part: ScoredPart) -> dict[str, NDArray[Any]]:
    return {
        "split": np.full(len(part.index), SPLITS.index(part.split), np.int8),
        "index": part.index,
        "place": part.place,
        "labels": part.labels,
        "probabilities": part.probabilities,
    }


def _to_parquet(path: Path, data: ScoredEvents) -> int:
    import pyarrow as pa

    kinds = {"split": pa.string(), **dict.fromkeys(("index", "place", "label"), pa.int64())}
    kinds |= {f"p_{name}": pa.float32() for name in data.class_names}
    n = 0
    with _parquet(path, pa.schema(list(kinds.items()))) as file:
        for part in data.parts:
            columns = [[part.split] * len(part.index), part.index, part.place, part.labels]
            columns += list(np.ascontiguousarray(part.probabilities.T))
            file.write_table(pa.table(list(map(pa.array, columns)), schema=file.schema))
            n += len(part.index)
        file.add_key_value_metadata(
            {name: json.dumps(value) for name, value in data.attributes().items()}
        )
    return n


@contextmanager
def _parquet(path: Path, schema: Any) -> Iterator[Any]:
    from pyarrow.parquet import ParquetWriter

    with atomic_path(path) as temporary, ParquetWriter(temporary, schema) as file:
        yield file


def _to_root(path: Path, data: ScoredEvents) -> int:
    """A tree of the columns of the HDF5 file, and a TObjString of JSON for each attribute."""
    import uproot

    kinds = {"split": "int8", **dict.fromkeys(("index", "place", "label"), "int64")}
    kinds |= {f"p_{name}": "float32" for name in data.class_names}
    n = 0
    with atomic_path(path) as temporary, uproot.recreate(temporary) as file:
        tree = file.mktree(TREE, kinds)
        for part in data.parts:
            columns = _columns(part)
            probabilities = np.ascontiguousarray(columns.pop("probabilities").T)
            tree.extend(dict(zip(kinds, (*columns.values(), *probabilities), strict=True)))
            n += len(part.index)
        named = {"class_names": list(data.class_names), "splits": list(SPLITS)}
        for name, value in {**named, **data.attributes()}.items():
            file[name] = json.dumps(value)
    return n


_WRITERS = {
    ".h5": _to_hdf5,
    ".hdf5": _to_hdf5,
    ".parquet": _to_parquet,
    ".root": _to_root,
}
# What a format is called, and the library that writes it.
_NEEDED = {".parquet": ("Parquet", "pyarrow"), ".root": ("ROOT", "uproot")}
