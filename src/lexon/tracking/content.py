"""What a run's folders hold, as every tracking service shows it: members' parameters, epochs,
metrics and figures, and the report.
"""

from __future__ import annotations

import csv
import getpass
import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from lexon.datasets.checkpoint import read_checkpoint
from lexon.datasets.files import file_digest
from lexon.datasets.member_files import NUMBERS, known_kind, read_metrics, read_record
from lexon.errors import DataError, LexonError, explained
from lexon.experiments import flatten

MODELS, REPORTS = "06_models", "08_reporting"
# Ends of the columns of summary.csv that belong to a number: its interval, its spread over seeds.
_BESIDE = (("_low", "_high"), ("_sd",))

Metrics = dict[str, float]


@dataclass(frozen=True)
class Place:
    """Where a run of an experiment lies."""

    data_root: Path
    experiment: str
    run: str

    @property
    def title(self) -> str:
        return f"{self.experiment}/{self.run}"

    @property
    def members(self) -> Path:
        return self.data_root / MODELS / self.experiment / self.run

    @property
    def report(self) -> Path:
        return self.data_root / REPORTS / self.experiment / self.run

    @property
    def folder(self) -> Path:
        """Of the members, or of the report of an experiment that trains nothing."""
        return self.members if self.members.is_dir() else self.report

    @property
    def identity(self) -> str:
        """Tells this run from one of the same name of another user, or in another data root."""
        return _digest([getpass.getuser(), str(self.data_root.resolve()), self.title])


@dataclass(frozen=True)
class Content:
    """What a service shows on one page.

    Attributes:
        name: the member's, or of the experiment's run.
        identity: of the training, by names, parameters and first epoch, or of the run's folder: the
            same again is the same page.
        status: of run.json; of an experiment, `done`.
        started: in seconds since 1970.
        facts: in words.
        history: one row an epoch, from the first.
        metrics: final ones.
        files: what is shown or kept there, by its name.
    """

    name: str
    identity: str
    status: str
    started: float
    parameters: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    history: Sequence[Metrics] = ()
    metrics: Metrics = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Equal where nothing new is to be shown."""
        files = {name: file_digest(path) for name, path in self.files.items()}
        shown = [self.name, self.status, self.parameters, self.facts, self.history, self.metrics]
        return _digest([*shown, files])


@dataclass(frozen=True)
class Found:
    """A run as its folders hold it now.

    Attributes:
        report: the experiment's own page; None where it is not asked for, or not there.
        members: those with an epoch to show.
        waiting: number of members without any.
        left_out: why members that cannot be read are not shown, by name.
    """

    place: Place
    report: Content | None
    members: tuple[Content, ...]
    waiting: int
    left_out: Mapping[str, str]


def read_run(place: Place, members: Sequence[str] | None = None, with_report: bool = True) -> Found:
    """What is to be shown of a run.

    Args:
        members: names of those that are asked for; None: all that are there.
        with_report: whether tables, figures and page of the report belong to it.
    """
    names = members if members is not None else _member_names(place.members)
    cells = _of_cells(place.report / "summary.csv")
    shown, waiting, left_out = [], 0, {}
    for name in names:
        try:
            content = _member(place, name, cells)
        except LexonError as error:
            left_out[name] = str(error)
            continue
        if content is not None:
            shown.append(content)
        waiting += content is None
    report = _report(place, cells) if with_report else None
    return Found(place, report, tuple(shown), waiting, left_out)


def _member_names(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob("*/run.json"))


def _member(place: Place, name: str, cells: Mapping[str, Metrics]) -> Content | None:
    """A member; None where it has no epoch yet."""
    folder = place.members / name
    record = read_record(folder)
    history = _history(folder, record) if record else []
    if not history:
        return None
    done = record["status"] == "done"
    metrics = _evaluated(folder, record) if done else {}
    metrics |= cells.get(name.rpartition("__seed_")[0], {}) if done else {}
    metrics |= _of_training(record)
    figures = sorted(folder.glob("figures/*.png")) if done else []
    first = [f"{history[0][key]:.9g}" for key in ("seconds", "train_loss")]
    return Content(
        name,
        _digest([place.title, name, record["parameters"], *first]),
        record["status"],
        _seconds(record.get("started")) or (folder / "run.json").stat().st_mtime,
        flatten(record["parameters"]),
        _facts(record, place),
        history,
        metrics,
        {f"figures/{path.name}": path for path in figures},
    )


def _evaluated(folder: Path, record: Mapping[str, Any]) -> Metrics:
    """The metrics of each split."""
    by_split = read_metrics(folder, known_kind(record["parameters"], folder))
    return {
        f"{split}/{metric}": value
        for split, values in by_split.items()
        for metric, value in values.items()
    }


def _of_training(record: Mapping[str, Any]) -> Metrics:
    """What a record says of the training in numbers."""
    return {
        f"training/{key}": float(record[key])
        for key in NUMBERS
        if isinstance(record.get(key), int | float)
    }


def _facts(record: Mapping[str, Any], place: Place) -> dict[str, str]:
    """What a record says in words."""
    code = record.get("code_version") or {}
    facts = {
        "experiment": place.experiment,
        "run": place.run,
        "status": record["status"],
        "device": record.get("device"),
        "error": record.get("error"),
        "given_up": record.get("given_up"),
        "commit": code.get("commit"),
        "uncommitted_changes": code.get("dirty"),
        **{f"cell.{axis}": level for axis, level in (record.get("cell") or {}).items()},
    }
    return {key: str(value) for key, value in facts.items() if value not in (None, "")}


def _history(folder: Path, record: Mapping[str, Any]) -> list[Metrics]:
    """The epochs of the training that a record is about, finished or not.

    What was written before it started is an earlier training's.
    """
    started = _seconds(record.get("started")) or 0.0
    table, checkpoint = folder / "facts" / "history.csv", folder / "checkpoint.pt"
    if record["status"] == "done" or _is_newer(table, started):
        return list(_rows(table))
    if not _is_newer(checkpoint, started):
        return []
    state = read_checkpoint(checkpoint).get("state") or {}
    return [_numbers(row) for row in state.get("history", [])]


def _is_newer(path: Path, seconds: float) -> bool:
    try:
        return path.stat().st_mtime >= seconds
    except OSError:
        return False


def _report(place: Place, cells: Mapping[str, Metrics]) -> Content | None:
    """The experiment's own page; its numbers are those of each cell and baseline."""
    page = place.report / "report.html"
    if not page.is_file():
        return None
    shown = sorted(path for form in ("*.csv", "figures/*.png") for path in place.report.glob(form))
    return Content(
        place.title,
        place.identity,
        "done",
        page.stat().st_mtime,
        facts={"experiment": place.experiment, "run": place.run, "folder": str(place.report)},
        metrics={
            f"{cell}/{name.removeprefix('cell/')}": value
            for cell, values in cells.items()
            for name, value in values.items()
        },
        files={path.relative_to(place.report).as_posix(): path for path in (page, *shown)},
    )


def _of_cells(path: Path) -> dict[str, Metrics]:
    """Of each row of a report's summary.csv, the numbers that have an interval or a spread over
    seeds, with it.
    """
    found = {}
    for row in _rows_of_text(path) if path.is_file() else ():
        numbers = _numbers(row)
        found[row.get("cell", "")] = {
            f"cell/{name}{end}": numbers[name + end]
            for ends in _BESIDE
            for name in numbers
            if {name + end for end in ends} <= numbers.keys()
            for end in ("", *ends)
        }
    return found


def _rows(path: Path) -> Iterator[Metrics]:
    yield from map(_numbers, _rows_of_text(path))


def _rows_of_text(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise explained(error, path) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a table ({error}); run again") from error


def _numbers(row: Mapping[str, Any]) -> Metrics:
    """The finite numbers of a row."""
    found = {}
    for name, value in row.items():
        try:
            number = float(value)
        except (TypeError, ValueError):
            continue
        if math.isfinite(number):
            found[name] = number
    return found


def _seconds(moment: Any) -> float | None:
    """A moment of a record, in seconds since 1970."""
    try:
        return datetime.fromisoformat(str(moment)).timestamp()
    except ValueError:
        return None


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]
