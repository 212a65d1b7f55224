"""Members read back from their folders: how a report sees what is done, pending, failed or
stale.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from kedro.io import AbstractDataset, DatasetError

from lexon.baselines import BASELINES
from lexon.config import KINDS
from lexon.datasets.arrays import Arrays, ArraysDataset, read_arrays
from lexon.datasets.atomic import CSVDataset, FigureDataset, JSONDataset
from lexon.datasets.elsewhere import ElsewhereDataset, ElsewhereScores, read_elsewhere
from lexon.datasets.evaluated_events import (
    EvaluatedEvents,
    EvaluatedEventsDataset,
    read_evaluated_events,
)
from lexon.datasets.member_files import (
    check_agreement,
    check_facts,
    known_kind,
    read_history,
    read_member_arrays,
    read_member_scores,
    read_metrics,
    read_record,
    read_shift,
)
from lexon.datasets.recorded import recorded_members
from lexon.datasets.scores import ScoresDataset, read_scores
from lexon.errors import DataError, LexonError, first_cause
from lexon.experiments import (
    Member,
    Plan,
    Result,
    Status,
    configured,
    differences,
    flatten,
    recorded_plan,
)
from lexon.experiments.recorded import Configure
from lexon.metrics.scores import Scores

logger = logging.getLogger(__name__)

T = TypeVar("T")


class MemberFolders:
    """The folder of an experiment's members.

    Args:
        root: of the members' folders.
        configure: the configuration that the present parameters give a cell and a seed.
        axes: names that may be axes, for records that hold no cell.
        as_recorded: the folder's records define the grid; else what is asked for does.

    Attributes:
        left_out: why files beside the members, such as those of baselines, could not be used; grows
            as they are read.
    """

    def __init__(
        self,
        root: Path,
        configure: Configure = lambda _cell, _seed: None,
        axes: Sequence[str] = (),
        as_recorded: bool = False,
    ) -> None:
        self.root, self._configure, self._axes, self._as_recorded = (
            root,
            configure,
            axes,
            as_recorded,
        )
        self.left_out: dict[str, None] = {}

    def plan(self, asked: Iterable[Member]) -> Plan:
        """The members that a report shows; the folder's own where it is read as recorded."""
        members = tuple(asked)
        if not self._as_recorded or not members:
            return Plan(members, ())
        recorded, remarks = recorded_members(self.root, members, self._axes)
        plan = recorded_plan(recorded, members, self._configure)
        return Plan(plan.members, (*plan.remarks, *remarks))

    def read(self, planned: Iterable[Member]) -> list[Result]:
        """The result of each planned member, in the order of the plan."""
        return [self._result(member) for member in planned]

    def baselines(self, file: str = "scores.h5") -> dict[str, Scores]:
        """Scores of the baselines that lie beside the members, by kind, of the test split or of a
        second sample (`file`); a damaged file counts as none.
        """
        found = {
            kind: self.beside(f"baseline_{kind}/{file}", "Baseline", read_scores)
            for kind in BASELINES
        }
        return {kind: scores for kind, scores in found.items() if scores is not None}

    def evaluated_events(self) -> EvaluatedEvents | None:
        """What is known of the test events beside their scores."""
        return self.beside("evaluated_events.h5", "Test events", read_evaluated_events)

    def importance(self, result: Result) -> Arrays | None:
        """What a member has left of features exchanged between its test events."""
        return self.beside(f"{result.member.folder}/importance.h5", "Importance", read_arrays)

    def baseline_importance(self, kind: str) -> Arrays | None:
        """What a baseline has left of features exchanged between the test events."""
        return self.beside(f"baseline_{kind}/importance.h5", "Importance", read_arrays)

    def elsewhere(self, result: Result) -> ElsewhereScores | None:
        """What a member has left of the events of a second sample."""
        return self.beside(
            f"{result.member.folder}/scores_elsewhere.h5", "Second sample", read_elsewhere
        )

    def sample_shift(self) -> dict[str, Any] | None:
        """How far the second sample is from the test split."""
        return self.beside("sample_shift.json", "Shift of the second sample", read_shift)

    def beside(self, name: str, what: str, read: Callable[[Path], T]) -> T | None:
        """The content of a file beside the members; None where there is none, or where it is
        damaged, which `left_out` says.
        """
        path = self.root / name
        try:
            return read(path) if path.exists() else None
        except (LexonError, OSError) as error:
            sentence = f"{what} left out: {first_cause(error)}."
        if sentence not in self.left_out:
            logger.warning("%s", sentence)
            self.left_out[sentence] = None
        return None

    def _result(self, member: Member) -> Result:
        try:
            return self._read(member)
        except LexonError as error:  # one damaged file must not cost the others their report
            return Result(member, "failed", str(error), {}, {}, None)

    def _read(self, member: Member) -> Result:
        folder = self.root / member.folder
        record = read_record(folder)
        status, notes = _status(record, member)
        if status != "done":
            return Result(member, status, notes, record, {}, None)
        kind = known_kind(member.config, folder)
        check_facts(record, member.config, folder)
        metrics, history = (
            read_metrics(folder, kind),
            read_history(folder, kind, record.get("epochs")),
        )
        probabilities = KINDS[kind].files.arrays is None
        scores = read_member_scores(folder, member.config, record) if probabilities else None
        arrays = None if probabilities else read_member_arrays(folder, kind, record)
        check_agreement(folder, metrics, scores, arrays)
        return Result(member, status, notes, record, metrics, history, scores, arrays)


class MembersDataset(AbstractDataset[None, MemberFolders]):
    """06_models/<experiment>/<run>, or the folder that `report.source` names instead.

    A runner whose command makes nothing but a report sets `as_recorded`; a folder from elsewhere is
    always read so.
    """

    fingerprint = False

    def __init__(
        self,
        *,
        filepath: str,
        source: str | None = None,
        parameters: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = PurePosixPath(source or filepath)
        self._source = source
        self._parameters = parameters or {}
        self.as_recorded = bool(source)
        self.metadata = metadata

    def load(self) -> MemberFolders:
        if self._source and not any(Path(self._source).glob("*/run.json")):
            raise DataError(
                f"report.source={self._source}: no member there (MEMBER/run.json); name the folder"
                " that holds members' folders"
            )
        axes = list(flatten(self._parameters))
        return MemberFolders(Path(self._filepath), self._configure, axes, self.as_recorded)

    def save(self, data: None) -> None:  # noqa: ARG002
        raise DatasetError("members write their own folders")

    def _configure(self, cell: Mapping[str, Any], seed: int) -> dict[str, Any] | None:
        return (
            configured(self._parameters, self._parameters["grid"]["axes"], cell, seed)
            if self._parameters
            else None
        )

    def _exists(self) -> bool:
        return Path(self._filepath).is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class MemberFile:
    """Put before a dataset: it loads as None where the file is not there, or cannot be read.

    A report takes the outputs of every member as inputs, so that it runs after them all; a member
    that failed must not stop it. What it reports it reads by `MemberFolders`, which says what is
    wrong with a file.
    """

    optional = True
    _filepath: PurePosixPath

    def load(self) -> Any:
        try:
            return super().load() if Path(self._filepath).is_file() else None  # type: ignore[misc]
        except (DatasetError, LexonError, OSError):
            return None


class MemberJSON(MemberFile, JSONDataset):
    """A member's metrics.json or run.json."""


class MemberScores(MemberFile, ScoresDataset):
    """A member's scores.h5."""


class MemberElsewhere(MemberFile, ElsewhereDataset):
    """A member's scores_elsewhere.h5."""


class MemberEvents(MemberFile, EvaluatedEventsDataset):
    """evaluated_events.h5, which lies beside the members."""


class MemberArrays(MemberFile, ArraysDataset):
    """A member's importance.h5, or its scores.h5 where it holds predictions rather than class
    probabilities.
    """


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
        return "failed", str(record.get("error") or "no reason recorded")
    if record["status"] == "done":
        return "done", ""
    if record["status"] == "interrupted":
        return "pending", "interrupted; the same command goes on from its checkpoint"
    return "running", f"started {record.get('started', 'at an unknown time')}"
