"""The files of one member: each is read and checked, so that a damaged one is named in the report
instead of preventing it.
"""

from __future__ import annotations

import json
import math
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lexon.config import KINDS
from lexon.datasets.arrays import Arrays, read_arrays
from lexon.datasets.scores import read_scores
from lexon.errors import DataError, explained
from lexon.metrics.scores import Scores

if TYPE_CHECKING:
    import pandas as pd

STATUSES = ("running", "interrupted", "failed", "done")
SPLITS = ("train", "val", "test")
AGAIN = "delete it and run the member again"
# Facts of run.json that reports calculate with or write, each with its type where it is known.
NUMBERS = (
    "n_parameters",
    "best_epoch",
    "epochs",
    "seconds",
    "events_per_second",
    "evaluation_seconds",
)
FACTS: dict[str, Any] = dict.fromkeys(NUMBERS, int | float) | {
    "device": str,
    "given_up": str,
    "code_version": dict,
}
# What sample_shift.json holds.
SHIFT = ("path", "digest", "test_digest", "notes", "sizes", "features", "two_samples")
# Predictions of a diverged training are not finite, and are reported as such.
MAY_DIVERGE = ("val_prediction", "test_prediction")
NOT_PER_ROW = ("group_names", "tag_names", "kl_per_unit")


def read_shift(path: Path) -> dict[str, Any]:
    """sample_shift.json: how far a second sample is from the test split.

    Raises:
        DataError: it cannot be read, or holds something else.
    """
    found = _mapping(_json(path), path)
    if missing := [name for name in SHIFT if name not in found]:
        raise DataError(f"{path}: no {missing[0]} in it, so it is no such file; {AGAIN}")
    return found


def read_record(folder: Path) -> dict[str, Any]:
    """run.json, or nothing where the member was never run.

    Raises:
        LexonError: it cannot be read, or is not a member's record.
    """
    path = folder / "run.json"
    if not _is_file(folder, "folder") or not _is_file(path):
        return {}
    record = _mapping(_json(path), path)
    for key, kind in (("parameters", dict), ("status", str)):
        if not isinstance(record.get(key), kind):
            raise DataError(
                f"{path}: {key} is {_shown(record, key)}, so this is no record of a member; {AGAIN}"
            )
    if record["status"] not in STATUSES:
        raise DataError(
            f"{path}: status is {record['status']!r}, not one of {', '.join(STATUSES)}; {AGAIN}"
        )
    if record.get("member", folder.name) != folder.name:
        raise DataError(f"{path}: the record of another member, {record['member']}; {AGAIN}")
    return record


def known_kind(config: Mapping[str, Any], folder: Path) -> str:
    """The kind of a member.

    Raises:
        DataError: it is none of `KINDS`.
    """
    if config.get("kind") not in KINDS:
        raise DataError(
            f"{folder / 'run.json'}: parameters.kind is {_shown(config, 'kind')}, not one of"
            f" {', '.join(KINDS)}; {AGAIN}"
        )
    return config["kind"]


def check_facts(record: Mapping[str, Any], config: Mapping[str, Any], folder: Path) -> None:
    """Facts that a report writes or calculates with.

    Raises:
        DataError: one is missing, of the wrong type, or belongs to another member.
    """
    path = folder / "run.json"
    for key, kind in FACTS.items():
        _check_type(path, key, record.get(key), kind)
    _check_data(path, record, KINDS[config["kind"]].files.data)
    if record.get("seed", config.get("seed")) != config.get("seed"):
        raise DataError(
            f"{path}: seed is {record['seed']!r}, so this is the record of another member; {AGAIN}"
        )


def _check_data(path: Path, record: Mapping[str, Any], needed: Sequence[str]) -> None:
    """Check what a record holds about the data of the member."""
    data = record.get("data")
    if not isinstance(data, dict):
        raise DataError(
            f"{path}: data is {_shown(record, 'data')}, not what the member was trained on; {AGAIN}"
        )
    if missing := [key for key in needed if key not in data]:
        raise DataError(f"{path}: data.{missing[0]} is missing; {AGAIN}")
    for key, value in data.items():
        if key == "notes":
            _check_type(path, "data.notes", value, list)
        elif key.startswith("n_"):
            _check_type(path, f"data.{key}", value, int)


def _check_type(path: Path, key: str, value: Any, expected: Any) -> None:
    """Check a fact, which may also be absent (None)."""
    if value is not None and not isinstance(value, expected):
        raise DataError(f"{path}: {key} is {value!r:.60}, which it cannot be; {AGAIN}")


def read_metrics(folder: Path, kind: str) -> dict[str, dict[str, float]]:
    """metrics.json: numbers by split.

    Raises:
        LexonError: it is missing, cannot be read, or holds something else.
    """
    path = folder / "metrics.json"
    _must_exist(path)
    metrics = _mapping(_json(path), path)
    for split in SPLITS:
        if not isinstance(metrics.get(split), dict):
            raise DataError(
                f"{path}: {split} is {_shown(metrics, split)}, not metrics by name; {AGAIN}"
            )
        for name, value in metrics[split].items():
            if not _is_number(value) or not math.isfinite(value):
                raise DataError(
                    f"{path}: {split}.{name} is {value!r:.60}, not a finite number; {AGAIN}"
                )
        if missing := [
            name
            for name in _all_named(KINDS[kind].files.metrics, split)
            if name not in metrics[split]
        ]:
            raise DataError(f"{path}: {split} has no {missing[0]}; {AGAIN}")
    return metrics


def read_history(folder: Path, kind: str, epochs: Any) -> pd.DataFrame:
    """facts/history.csv: one row an epoch.

    Raises:
        LexonError: it is missing, cannot be read, lacks a column, or has other epochs than the
            record says.
    """
    path = folder / "facts" / "history.csv"
    _must_exist(path)
    history = _read_table(path)
    wanted = ["epoch", *_all_named(KINDS[kind].files.history, "train", "val")]
    _check_columns(path, history, wanted)
    if not np.array_equal(history["epoch"], np.arange(1, len(history) + 1)):
        raise DataError(f"{path}: the epochs are not 1, 2, 3, ...; {AGAIN}")
    if epochs is not None and len(history) != epochs:
        raise DataError(f"{path}: {len(history)} epochs where run.json says {epochs}; {AGAIN}")
    return history


def _check_columns(path: Path, history: pd.DataFrame, wanted: Sequence[str]) -> None:
    """Check that a history has these columns, of numbers, and at least one epoch."""
    from pandas.api.types import is_numeric_dtype

    if missing := [name for name in wanted if name not in history.columns]:
        raise DataError(f"{path}: no column {', '.join(missing)}; {AGAIN}")
    if not len(history):
        raise DataError(f"{path}: no epoch in it; {AGAIN}")
    if words := [name for name in wanted if not is_numeric_dtype(history[name])]:
        raise DataError(f"{path}: not a number in column {words[0]}; {AGAIN}")


def _read_table(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(path)
    except OSError as error:
        raise explained(error, path) from error
    except ValueError as error:  # pandas' own errors, and text that is not UTF-8
        raise DataError(f"{path}: not a table of epochs ({error}); {AGAIN}") from error


def read_member_scores(
    folder: Path, config: Mapping[str, Any], record: Mapping[str, Any]
) -> Scores:
    """A classifier's scores.h5.

    Raises:
        LexonError: it is missing, damaged, or of other classes or events than the record's.
    """
    path = folder / "scores.h5"
    _must_exist(path)
    scores = read_scores(path)
    asked = tuple(config.get("classes", scores.class_names))
    if scores.class_names != asked:
        raise DataError(
            f"{path}: classes {', '.join(scores.class_names)} where the member has"
            f" {', '.join(asked)}; {AGAIN}"
        )
    for key, found in (("n_test", len(scores)), ("test_digest", scores.digest)):
        if record["data"].get(key, found) != found:
            raise DataError(
                f"{path}: {key} is {found} where run.json says {record['data'][key]}; {AGAIN}"
            )
    return scores


def read_member_arrays(folder: Path, kind: str, record: Mapping[str, Any]) -> Arrays:
    """The arrays of scores.h5 of a member that is no classifier.

    Raises:
        LexonError: it is missing, damaged, or lacks what reports read.
    """
    path = folder / "scores.h5"
    _must_exist(path)
    arrays = read_arrays(path)
    wanted = _all_named(KINDS[kind].files.arrays or (), "val", "test")
    if missing := [name for name in wanted if not np.ndim(arrays.get(name, 0))]:
        raise DataError(f"{path}: no {', '.join(missing)} in it; {AGAIN}")
    for split in ("val", "test"):
        rows = [arrays[name] for name in wanted if _split_of(name) == split]
        _check_rows(path, split, rows, record["data"].get(f"n_{split}"))
    _check_finite(path, {name: arrays[name] for name in wanted if name not in MAY_DIVERGE})
    return arrays


def _split_of(name: str) -> str | None:
    """The split whose rows an array of scores.h5 holds, one value each; without a prefix it is the
    test split's.
    """
    if name.startswith(NOT_PER_ROW):
        return None
    return "val" if name.startswith("val_") else "test"


def _check_rows(
    path: Path, split: str, arrays: Sequence[NDArray[Any]], recorded: int | None
) -> None:
    """Check that all arrays of a split have as many rows as its record says."""
    sizes = {len(array) for array in arrays}
    if sizes and recorded is not None:
        sizes.add(recorded)
    if len(sizes) > 1:
        raise DataError(f"{path}: {split} has {' or '.join(map(str, sorted(sizes)))} rows; {AGAIN}")


def _check_finite(path: Path, arrays: Arrays) -> None:
    for name, values in arrays.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise DataError(f"{path}: {name} has values that are not finite; {AGAIN}")


def read_baseline_arrays(path: Path, names: Sequence[str]) -> Arrays:
    """Predictions of the named baselines of a regression, with the targets, of validation and test.

    Raises:
        LexonError: the file cannot be read, or holds something else.
    """
    arrays = read_arrays(path)
    for split in ("val", "test"):
        shape = arrays[f"{split}_target"].shape if f"{split}_target" in arrays else None
        for key in (f"{split}_{name}" for name in ("target", *names)):
            values = arrays.get(key)
            if (
                values is None
                or values.ndim != 1
                or values.shape != shape
                or not np.isfinite(values).all()
            ):
                raise DataError(
                    f"{path}: {key} is missing, or not one finite number a row; delete the file and"
                    " run again"
                )
    return arrays


def check_agreement(
    folder: Path,
    metrics: Mapping[str, Mapping[str, float]],
    scores: Scores | None,
    arrays: Arrays | None,
) -> None:
    """Check that metrics.json was calculated from scores.h5: files of two members do not belong
    together.

    Raises:
        DataError: a metric of the test split differs from what the scores give.
    """
    for name, found in _recalculated(scores, arrays).items():
        recorded = metrics["test"].get(name)
        if recorded is not None and not math.isclose(recorded, found, rel_tol=1e-3, abs_tol=1e-6):
            raise DataError(
                f"{folder / 'metrics.json'}: test.{name} is {recorded:g}, but scores.h5 gives"
                f" {found:g}; {AGAIN}"
            )


def _recalculated(scores: Scores | None, arrays: Arrays | None) -> dict[str, float]:
    if scores is not None:
        right = scores.probabilities.argmax(1) == scores.target
        return {"accuracy": float(np.average(right, weights=scores.weights))}
    assert arrays is not None
    if "test_prediction" in arrays:
        return {
            "mae": float(
                np.abs(arrays["test_prediction"].astype(float) - arrays["test_target"]).mean()
            )
        }
    own = {"rec_tokens": "test_rec_tokens", "test_bce": "bce"}
    return {
        name: float(arrays[array].mean(dtype=np.float64))
        for name, array in own.items()
        if array in arrays
    }


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise explained(error, path) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({error}); {AGAIN}") from error


def _mapping(content: Any, path: Path) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise DataError(
            f"{path}: holds {type(content).__name__} instead of names with values; {AGAIN}"
        )
    return content


def _must_exist(path: Path) -> None:
    if not _is_file(path):
        raise DataError(f"{path}: missing though run.json says done; run the member again")


def _is_file(path: Path, what: str = "file") -> bool:
    """Whether it exists.

    Raises:
        LexonError: it is of another type, or may not be read.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    except OSError as error:
        raise explained(error, path) from error
    if not (stat.S_ISDIR(mode) if what == "folder" else stat.S_ISREG(mode)):
        raise DataError(f"{path}: not a {what}; move it away and run the member again")
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(content: Mapping[str, Any], key: str) -> str:
    return f"{content[key]!r:.40}" if key in content else "missing"


def _all_named(patterns: Iterable[str], *splits: str) -> list[str]:
    """Names of columns or arrays; a pattern with * has one for each split."""
    names = [
        [pattern.replace("*", split) for split in splits] if "*" in pattern else [pattern]
        for pattern in patterns
    ]
    return [name for found in names for name in found]
