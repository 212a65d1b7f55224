"""Members read back from their folders: how a report sees what is done, pending, failed or stale."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset, DatasetError

from lexon.baselines import BASELINES
from lexon.datasets.arrays import ArraysDataset, read_arrays
from lexon.datasets.atomic import CSVDataset, FigureDataset, JSONDataset
from lexon.datasets.scores import ScoresDataset, read_scores
from lexon.errors import DataError
from lexon.experiments import Member, Result, Status, differences
from lexon.metrics.scores import Scores


class MemberFolders:
    """The folder of an experiment's members."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, planned: Iterable[Member]) -> list[Result]:
        """What each planned member's folder holds, in the order of the plan."""
        return [self._result(member) for member in planned]

    def baselines(self) -> dict[str, Scores]:
        """Test scores of the baselines that lie beside the members, by kind."""
        paths = {kind: self.root / f"baseline_{kind}" / "scores.h5" for kind in BASELINES}
        return {kind: read_scores(path) for kind, path in paths.items() if path.exists()}

    def _result(self, member: Member) -> Result:
        try:
            return self._read(member)
        except DataError as error:  # one damaged file must not cost the others their report
            return Result(member, "failed", str(error), {}, {}, None)

    def _read(self, member: Member) -> Result:
        folder = self.root / member.folder
        record = _json(folder / "run.json")
        status, notes = _status(record, member)
        history, scores = folder / "facts" / "history.csv", folder / "scores.h5"
        classifier = member.config["kind"] == "classifier"
        return Result(
            member=member,
            status=status,
            notes=notes,
            record=record,
            metrics=_json(folder / "metrics.json"),
            history=pd.read_csv(history) if history.exists() else None,
            scores=read_scores(scores) if classifier and scores.exists() else None,
            arrays=read_arrays(scores) if not classifier and scores.exists() else None,
        )


class MembersDataset(AbstractDataset[None, MemberFolders]):
    """06_models/<experiment>/<run>, or the folder that `report.source` names instead."""

    fingerprint = False

    def __init__(self, *, filepath: str, source: str | None = None, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = PurePosixPath(source or filepath)
        self._source = source
        self.metadata = metadata

    def load(self) -> MemberFolders:
        if self._source and not any(Path(self._source).glob("*/run.json")):
            raise DataError(f"report.source={self._source}: no member there (MEMBER/run.json); name the folder that holds members' folders")
        return MemberFolders(Path(self._filepath))

    def save(self, data: None) -> None:  # noqa: ARG002
        raise DatasetError("members write their own folders")

    def _exists(self) -> bool:
        return Path(self._filepath).is_dir()

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


class MemberArrays(MemberFile, ArraysDataset):
    """A member's scores.h5 where it holds predictions rather than class probabilities."""


class MemberTable(MemberFile, CSVDataset):
    """A member's facts/*.csv."""


class MemberFigure(MemberFile, FigureDataset):
    """A member's figures/*.png."""


def _status(record: dict[str, Any], member: Member) -> tuple[Status, str]:
    if not record:
        return "pending", "not run yet"
    other = differences(record["parameters"], member.config)
    if other:
        return "stale", f"made with other parameters: {', '.join(other)}"
    if record["status"] == "failed":
        return "failed", f"{record.get('error', 'no reason recorded')}"
    if record["status"] == "done":
        return "done", ""
    if record["status"] == "interrupted":
        return "pending", "interrupted; the same command goes on from its checkpoint"
    return "running", f"started {record.get('started', 'at an unknown time')}"


def _json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as error:
        raise DataError(f"{path}: not JSON ({error}); delete it and run the member again") from error
