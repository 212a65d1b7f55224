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
    for wrong in (_wrong_shape, _wrong_kind, _wrong_value, _wrong_weights):
        if fault := wrong(scores):
            raise DataError(f"{path}: {fault}; {AGAIN}")


def _wrong_shape(scores: Scores) -> str:
    n, n_classes = np.size(scores.target), len(scores.class_names)
    wanted = {"probabilities": (n, n_classes), "target": (n,), "labels": (n,), "index": (n,)}
    found = {name: np.shape(getattr(scores, name)) for name in wanted}
    if n and found == wanted:
        return ""
    shapes = ", ".join(f"{name} {shape}" for name, shape in found.items())
    return f"{shapes}: not one row an event and one column for each of {n_classes} classes"


def _wrong_kind(scores: Scores) -> str:
    first, *others = (getattr(scores, name).dtype.kind for name in ARRAYS)
    if first != "f" or not set(others) <= set("iu"):
        return "probabilities must be decimal numbers, the others integers"
    return ""


def _wrong_value(scores: Scores) -> str:
    n_classes, probabilities = len(scores.class_names), scores.probabilities
    if not ((scores.target >= 0) & (scores.target < n_classes)).all():
        return f"target has other values than 0 to {n_classes - 1}"
    wrong = np.flatnonzero(~((probabilities >= 0) & (probabilities <= 1.001)).all(1))
    if len(wrong):
        return f"row {wrong[0]} of probabilities is {probabilities[wrong[0]].tolist()}"
    return ""


def _wrong_weights(scores: Scores) -> str:
    own = scores.weights
    if own is None or (np.shape(own) == np.shape(scores.target) and np.isfinite(own).all()):
        return ""
    return "weights are not one finite number an event"
