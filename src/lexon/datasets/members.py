"""Members read back from their folders: how a report sees what is done, pending, failed or stale."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset

from lexon.datasets.atomic import FigureDataset, JSONDataset
from lexon.datasets.checkpoint import ResumeFile
from lexon.datasets.scores import ScoresDataset, read_scores
from lexon.errors import DataError
from lexon.experiments import Member, Result, Status, differences


class MemberFolders:
    """The folder of an experiment's members."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, planned: Iterable[Member]) -> list[Result]:
        """What each planned member's folder holds, in the order of the plan."""
        return [self._result(member) for member in planned]

    def _result(self, member: Member) -> Result:
        folder = self.root / member.folder
        record = _json(folder / "run.json")
        status, notes = _status(record, member)
        history, scores = folder / "facts" / "history.csv", folder / "scores.h5"
        return Result(
            member=member,
            status=status,
            notes=notes,
            record=record,
            metrics=_json(folder / "metrics.json"),
            history=pd.read_csv(history) if history.exists() else None,
            scores=read_scores(scores) if scores.exists() else None,
        )


class MembersDataset(AbstractDataset[None, MemberFolders]):
    """06_models/<experiment>/<run>, or the folder that `report.source` names instead."""

    fingerprint = False

    def __init__(self, *, filepath: str, source: str | None = None, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = PurePosixPath(source or filepath)
        self._source = source
        self.metadata = metadata

    def load(self) -> MemberFolders:
        if self._source and not Path(self._source).is_dir():
            raise DataError(f"report.source={self._source}: no such folder; name one that holds members' folders")
        return MemberFolders(Path(self._filepath))

    def save(self, data: None) -> None:
        raise NotImplementedError("members write their own folders")

    def _exists(self) -> bool:
        return Path(self._filepath).is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class Checkpoints:
    """Where each member of a run keeps its unfinished training."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def of(self, member: str) -> ResumeFile:
        """The checkpoint.pt of a member, there or not."""
        return ResumeFile(self.root / member / "checkpoint.pt")


class CheckpointsDataset(AbstractDataset[None, Checkpoints]):
    """Loads as the handle of all checkpoint files of a run; trainings write them, no node does."""

    fingerprint = False

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = PurePosixPath(filepath)
        self.metadata = metadata

    def load(self) -> Checkpoints:
        return Checkpoints(Path(self._filepath))

    def save(self, data: None) -> None:
        raise NotImplementedError("a training writes its own checkpoints")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class MemberFile:
    """Put before a dataset: it loads as None where the file is not there.

    A report takes what every member leaves behind as inputs, so that it runs after them all; a member that failed must
    not stop it.
    """

    optional = True
    _filepath: PurePosixPath

    def load(self) -> Any:
        return super().load() if Path(self._filepath).exists() else None  # type: ignore[misc]


class MemberJSON(MemberFile, JSONDataset):
    """A member's metrics.json or run.json."""


class MemberScores(MemberFile, ScoresDataset):
    """A member's scores.h5."""


class MemberFigure(MemberFile, FigureDataset):
    """A member's figures/*.png."""


def _status(record: dict[str, Any], member: Member) -> tuple[Status, str]:
    if not record:
        return "pending", "not run yet"
    if record["status"] == "failed":
        return "failed", f"{record.get('error', 'no reason recorded')}"
    other = differences(record["parameters"], member.config)
    if other:
        return "stale", f"made with other parameters: {', '.join(other)}"
    if record["status"] == "done":
        return "done", ""
    return "running", f"started {record.get('started', 'at an unknown time')}"


def _json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as error:
        raise DataError(f"{path}: not JSON ({error}); delete it and run the member again") from error
