"""The files of one member, each read with the reason why it cannot be used: a damaged member must not cost its siblings their report."""

from __future__ import annotations

import json
import math
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lexon.config import KINDS
from lexon.datasets.arrays import Arrays, read_arrays
from lexon.datasets.scores import read_scores
from lexon.errors import DataError, explained
from lexon.metrics.scores import Scores

STATUSES = ("running", "interrupted", "failed", "done")
SPLITS = ("train", "val", "test")
AGAIN = "delete it and run the member again"
# Facts of run.json that reports calculate with or write, each with its type where it is known.
NUMBERS = ("n_parameters", "best_epoch", "epochs", "seconds", "events_per_second", "evaluation_seconds")
FACTS: dict[str, Any] = dict.fromkeys(NUMBERS, int | float) | {"device": str, "given_up": str, "code_version": dict}
# Predictions of a diverged training are not finite, and are reported as such.
MAY_DIVERGE = ("val_prediction", "test_prediction")
NOT_PER_ROW = ("group_names", "tag_names", "kl_per_unit")


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
            raise DataError(f"{path}: {key} is {_shown(record, key)}, so this is no record of a member; {AGAIN}")
    if record["status"] not in STATUSES:
        raise DataError(f"{path}: status is {record['status']!r}, not one of {', '.join(STATUSES)}; {AGAIN}")
    if record.get("member", folder.name) != folder.name:
        raise DataError(f"{path}: the record of another member, {record['member']}; {AGAIN}")
    return record


def known_kind(config: Mapping[str, Any], folder: Path) -> str:
    """The kind of a member.

    Raises:
        DataError: it is none of `KINDS`.
    """
    if config.get("kind") not in KINDS:
        raise DataError(f"{folder / 'run.json'}: parameters.kind is {_shown(config, 'kind')}, not one of {', '.join(KINDS)}; {AGAIN}")
    return config["kind"]


def check_facts(record: Mapping[str, Any], config: Mapping[str, Any], folder: Path) -> None:
    """Facts that a report writes or calculates with.

    Raises:
        DataError: one is missing, of the wrong type, or belongs to another member.
    """
    path = folder / "run.json"
    for key, kind in FACTS.items():
        if record.get(key) is not None and not isinstance(record[key], kind):
            raise DataError(f"{path}: {key} is {record[key]!r:.60}, which it cannot be; {AGAIN}")
    data = record.get("data")
    if not isinstance(data, dict):
        raise DataError(f"{path}: data is {_shown(record, 'data')}, not what the member was trained on; {AGAIN}")
    for key in KINDS[config["kind"]].files.data:
        if key not in data:
            raise DataError(f"{path}: data.{key} is missing; {AGAIN}")
    for key, value in data.items():
        expected = list if key == "notes" else int if key.startswith("n_") else object
        if value is not None and not isinstance(value, expected):
            raise DataError(f"{path}: data.{key} is {value!r:.60}, which it cannot be; {AGAIN}")
    if record.get("seed", config.get("seed")) != config.get("seed"):
        raise DataError(f"{path}: seed is {record['seed']!r}, so this is the record of another member; {AGAIN}")


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
            raise DataError(f"{path}: {split} is {_shown(metrics, split)}, not metrics by name; {AGAIN}")
        for name, value in metrics[split].items():
            if not _is_number(value) or not math.isfinite(value):
                raise DataError(f"{path}: {split}.{name} is {value!r:.60}, not a finite number; {AGAIN}")
        if missing := [name for pattern in KINDS[kind].files.metrics for name in _named(pattern, split) if name not in metrics[split]]:
            raise DataError(f"{path}: {split} has no {missing[0]}; {AGAIN}")
    return metrics


def read_history(folder: Path, kind: str, epochs: Any) -> pd.DataFrame:
    """facts/history.csv: one row an epoch.

    Raises:
        LexonError: it is missing, cannot be read, lacks a column, or has other epochs than the record says.
    """
    path = folder / "facts" / "history.csv"
    _must_exist(path)
    try:
        history = pd.read_csv(path)
    except OSError as error:
        raise explained(error, path) from error
    except ValueError as error:  # pandas' own errors, and text that is not UTF-8
        raise DataError(f"{path}: not a table of epochs ({error}); {AGAIN}") from error
    wanted = ["epoch", *(name for pattern in KINDS[kind].files.history for name in _named(pattern, "train", "val"))]
    if missing := [name for name in wanted if name not in history.columns]:
        raise DataError(f"{path}: no column {', '.join(missing)}; {AGAIN}")
    if not len(history):
        raise DataError(f"{path}: no epoch in it; {AGAIN}")
    if words := [name for name in wanted if not pd.api.types.is_numeric_dtype(history[name])]:
        raise DataError(f"{path}: not a number in column {words[0]}; {AGAIN}")
    if not np.array_equal(history["epoch"], np.arange(1, len(history) + 1)):
        raise DataError(f"{path}: the epochs are not 1, 2, 3, ...; {AGAIN}")
    if epochs is not None and len(history) != epochs:
        raise DataError(f"{path}: {len(history)} epochs where run.json says {epochs}; {AGAIN}")
    return history


def read_member_scores(folder: Path, config: Mapping[str, Any], record: Mapping[str, Any]) -> Scores:
    """A classifier's scores.h5.

    Raises:
        LexonError: it is missing, damaged, or of other classes or events than the record's.
    """
    path = folder / "scores.h5"
    _must_exist(path)
    scores = read_scores(path)
    asked = tuple(config.get("classes", scores.class_names))
    if scores.class_names != asked:
        raise DataError(f"{path}: classes {', '.join(scores.class_names)} where the member has {', '.join(asked)}; {AGAIN}")
    for key, found in (("n_test", len(scores)), ("test_digest", scores.digest)):
        if record["data"].get(key, found) != found:
            raise DataError(f"{path}: {key} is {found} where run.json says {record['data'][key]}; {AGAIN}")
    return scores


def read_member_arrays(folder: Path, kind: str, record: Mapping[str, Any]) -> Arrays:
    """What any other member keeps in scores.h5.

    Raises:
        LexonError: it is missing, damaged, or lacks what reports read.
    """
    path = folder / "scores.h5"
    _must_exist(path)
    arrays = read_arrays(path)
    wanted = [name for pattern in KINDS[kind].files.arrays or () for name in _named(pattern, "val", "test")]
    if missing := [name for name in wanted if name not in arrays or not arrays[name].ndim]:
        raise DataError(f"{path}: no {', '.join(missing)} in it; {AGAIN}")
    for split in ("val", "test"):
        own = [name for name in wanted if name.startswith(f"{split}_")]
        own += [name for name in wanted if split == "test" and not name.startswith(("val_", "test_", *NOT_PER_ROW))]
        sizes = {len(arrays[name]) for name in own} | {record["data"].get(f"n_{split}", len(arrays[own[0]])) if own else 0}
        if own and len(sizes) > 1:
            raise DataError(f"{path}: {split} has {' or '.join(map(str, sorted(sizes)))} rows; {AGAIN}")
    for name in wanted:
        values = arrays[name]
        if name not in MAY_DIVERGE and values.dtype.kind == "f" and not np.isfinite(values).all():
            raise DataError(f"{path}: {name} has values that are not finite; {AGAIN}")
    return arrays


def read_baseline_arrays(path: Path, names: Sequence[str]) -> Arrays:
    """What the named baselines of a regression predict, with the targets, of validation and test.

    Raises:
        LexonError: the file cannot be read, or holds something else.
    """
    arrays = read_arrays(path)
    for split in ("val", "test"):
        target = arrays.get(f"{split}_target")
        for key in (f"{split}_{name}" for name in ("target", *names)):
            values = arrays.get(key)
            if values is None or target is None or values.ndim != 1 or values.shape != target.shape or not np.isfinite(values).all():
                raise DataError(f"{path}: {key} is missing, or not one finite number a row; delete the file and run again")
    return arrays


def check_agreement(folder: Path, metrics: Mapping[str, Mapping[str, float]], scores: Scores | None, arrays: Arrays | None) -> None:
    """Whether metrics.json was calculated from scores.h5: files of two members do not belong together.

    Raises:
        DataError: a metric of the test split is another than the scores give.
    """
    for name, found in _recalculated(scores, arrays).items():
        said = metrics["test"].get(name)
        if said is not None and not math.isclose(said, found, rel_tol=1e-3, abs_tol=1e-6):
            raise DataError(f"{folder / 'metrics.json'}: test.{name} is {said:g}, but scores.h5 gives {found:g}; {AGAIN}")


def _recalculated(scores: Scores | None, arrays: Arrays | None) -> dict[str, float]:
    if scores is not None:
        return {"accuracy": float((scores.probabilities.argmax(1) == scores.target).mean())}
    assert arrays is not None
    if "test_prediction" in arrays:
        return {"mae": float(np.abs(arrays["test_prediction"].astype(float) - arrays["test_target"]).mean())}
    own = {"rec_tokens": "test_rec_tokens", "test_bce": "bce"}
    return {name: float(arrays[array].mean(dtype=np.float64)) for name, array in own.items() if array in arrays}


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise explained(error, path) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({error}); {AGAIN}") from error


def _mapping(content: Any, path: Path) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise DataError(f"{path}: holds {type(content).__name__} instead of names with values; {AGAIN}")
    return content


def _must_exist(path: Path) -> None:
    if not _is_file(path):
        raise DataError(f"{path}: missing though run.json says done; run the member again")


def _is_file(path: Path, what: str = "file") -> bool:
    """Whether it exists.

    Raises:
        LexonError: something else lies in its place, or it may not be looked at.
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


def _named(pattern: str, *splits: str) -> list[str]:
    return [pattern.replace("*", split) for split in splits] if "*" in pattern else [pattern]
