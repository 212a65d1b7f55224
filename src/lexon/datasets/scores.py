"""Test scores on disk: what every paired comparison is made from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import h5py
import numpy as np

from lexon.datasets.arrays import ArraysFile
from lexon.datasets.hdf5 import read_attributes, reading, write_attributes, writing
from lexon.errors import DataError
from lexon.metrics.scores import Scores

AGAIN = "evaluate the member again"
ARRAYS = ("probabilities", "target", "labels", "index")


class ScoresDataset(ArraysFile):
    """scores.h5: the arrays of `Scores`, names and the digest of the evaluated events as
    attributes; weights where events have some.
    """

    def load(self) -> Scores:
        return read_scores(Path(self._filepath))

    def save(self, data: Scores) -> None:
        write_scores(Path(self._filepath), data)


def write_scores(
    path: Path, scores: Scores, more: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """Write scores atomically, with further attributes."""
    names = {name: getattr(scores, name) for name in ("class_names", "label_names", "digest")}
    with writing(path) as file:
        arrays = {name: getattr(scores, name) for name in ARRAYS}
        file.pack(arrays if scores.weights is None else arrays | {"weights": scores.weights})
        write_attributes(file, {**names, **more})


def read_scores(path: Path) -> Scores:
    """Scores from a file.

    Raises:
        DataError: the file is damaged or holds something else.
    """
    with reading(path) as file:
        if missing := [name for name in ARRAYS if not isinstance(file.get(name), h5py.Dataset)]:
            raise DataError(
                f"{path}: no {', '.join(missing)} in it, so these are no scores; {AGAIN}"
            )
        present = [*ARRAYS, *(["weights"] if "weights" in file else [])]
        arrays = {name: file[name][()] for name in present}
        attributes = read_attributes(file)
    scores = Scores(**arrays, **_names(attributes, path))
    _check(scores, path)
    return scores


def _names(attributes: Mapping[str, Any], path: Path) -> dict[str, Any]:
    class_names, label_names, digest = (
        attributes.get(name) for name in ("class_names", "label_names", "digest")
    )
    if (
        not isinstance(class_names, list)
        or len(class_names) < 2
        or not isinstance(label_names, dict)
        or not isinstance(digest, str)
    ):
        raise DataError(
            f"{path}: no class_names, label_names or digest, so these are no scores; {AGAIN}"
        )
    if strange := [label for label in label_names if not re.fullmatch(r"-?\d+", label)]:
        raise DataError(f"{path}: label_names: {strange[0]!r} is not a label; {AGAIN}")
    named = {int(label): str(name) for label, name in label_names.items()}
    return {"class_names": tuple(map(str, class_names)), "label_names": named, "digest": digest}


def _check(scores: Scores, path: Path) -> None:
    n, n_classes = np.size(scores.target), len(scores.class_names)
    wanted = {"probabilities": (n, n_classes), "target": (n,), "labels": (n,), "index": (n,)}
    if not n or any(np.shape(getattr(scores, name)) != shape for name, shape in wanted.items()):
        shapes = ", ".join(f"{name} {np.shape(getattr(scores, name))}" for name in ARRAYS)
        raise DataError(
            f"{path}: {shapes}: not one row an event and one column for each of {n_classes}"
            f" classes; {AGAIN}"
        )
    if scores.weights is not None and (
        np.shape(scores.weights) != (n,) or not np.isfinite(scores.weights).all()
    ):
        raise DataError(f"{path}: weights are not one finite number an event; {AGAIN}")
    kinds = [getattr(scores, name).dtype.kind for name in ARRAYS]
    if kinds[0] != "f" or not set(kinds[1:]) <= set("iu"):
        raise DataError(
            f"{path}: probabilities must be decimal numbers, the others integers; {AGAIN}"
        )
    if not ((scores.target >= 0) & (scores.target < n_classes)).all():
        raise DataError(f"{path}: target has other values than 0 to {n_classes - 1}; {AGAIN}")
    if wrong := np.flatnonzero(
        ~((scores.probabilities >= 0) & (scores.probabilities <= 1.001)).all(1)
    ).tolist():
        raise DataError(
            f"{path}: row {wrong[0]} of probabilities is {scores.probabilities[wrong[0]].tolist()};"
            f" {AGAIN}"
        )
