"""A finished classifier with all that it rests on, found by the name that reports give it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError
from pydantic import ValidationError

from lexon.config import ClassifierMember, FittedConfig
from lexon.datasets.checkpoint import CheckpointDataset
from lexon.datasets.events import EventSource
from lexon.datasets.files import file_digest, require_file, shown_path
from lexon.datasets.member_files import read_member_scores, read_record
from lexon.datasets.tokeniser import TokeniserDataset, VQVAETokeniserDataset
from lexon.errors import ConfigurationError, DataError
from lexon.experiments import tokeniser_name
from lexon.metrics.scores import Scores
from lexon.tokenisers.base import Tokeniser

if TYPE_CHECKING:
    from torch import nn

MODELS = "06_models"
_SHOWN = 6


@dataclass(frozen=True)
class FinishedMember:
    """A trained and evaluated classifier.

    Attributes:
        folder: DATA_ROOT/06_models/EXPERIMENT/RUN/MEMBER.
        record: its run.json.
        config: its parameters.
    """

    folder: Path
    record: dict[str, Any]
    config: ClassifierMember

    @property
    def name(self) -> str:
        """EXPERIMENT/RUN/MEMBER."""
        return "/".join(self.folder.parts[-3:])

    def model(self) -> nn.Module:
        """Its network, on the CPU and in evaluation mode."""
        return CheckpointDataset(filepath=str(self.folder / "model.pt")).load()

    def tokeniser(self) -> Tokeniser:
        """What made its tokens.

        Raises:
            MissingFile: it is not there any more.
        """
        require_file(self._tokeniser_file)
        filepath = str(self._tokeniser_file)
        trained = self._tokeniser_file.suffix == ".pt"
        return (VQVAETokeniserDataset if trained else TokeniserDataset)(filepath=filepath).load()

    def events(self) -> EventSource:
        """The events that it was trained and evaluated on."""
        return EventSource(self._of_layer("02_intermediate") / "events.h5")

    def scores(self) -> Scores:
        """Its scores of the test split."""
        return read_member_scores(self.folder, self.config.model_dump(mode="json"), self.record)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the network and of what makes its tokens: equal digests give equal scores."""
        parts = [file_digest(self.folder / "model.pt"), file_digest(self._tokeniser_file)]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    @cached_property
    def _tokeniser_file(self) -> Path:
        config = self.config.tokeniser
        if not isinstance(config, FittedConfig):
            raise ConfigurationError(
                f"{self.name}: its tokens were read from a file that others made"
                f" (tokeniser={config.kind}), so lexon does not know how events become such tokens;"
                " choose a member whose tokeniser lexon fitted"
            )
        name = tokeniser_name(config.model_dump(mode="json"))
        suffix = ".pt" if config.trained else ".json"
        return self._of_layer("03_primary") / f"{name}{suffix}"

    def _of_layer(self, layer: str) -> Path:
        """The folder of its run in another layer."""
        experiment, run = self.folder.parts[-3:-1]
        return self.folder.parents[3] / layer / experiment / run


def finished_member(models: Path, member: str | None, run: str) -> FinishedMember:
    """The member of a name.

    Args:
        models: folder of all experiments' members, DATA_ROOT/06_models.
        member: EXPERIMENT/RUN/MEMBER, EXPERIMENT/RUN with one member, EXPERIMENT/MEMBER,
            EXPERIMENT, MEMBER, or the path of its folder; None: the only one. What is not named is
            the default study and `run`.
        run: of the parameters.

    Raises:
        ConfigurationError: there is none, or more than one; names those that there are.
        DataError: it is not finished, or no classifier.
    """
    folders = _fitting(models, member, run)
    if len(folders) != 1:
        raise ConfigurationError(_why_not_one(models, member, run, folders))
    (folder,) = folders
    if folder.parts[-4:-3] != (MODELS,):
        raise ConfigurationError(
            f"member={member}: a member lies in DATA_ROOT/{MODELS}/EXPERIMENT/RUN/MEMBER, with its"
            " tokeniser in DATA_ROOT/03_primary; copy both, or name one where it was trained"
        )
    record = read_record(folder)
    status, kind = record["status"], record["parameters"].get("kind")
    if kind != "classifier":
        raise DataError(
            f"{shown_path(folder)}: is no classifier (kind: {kind}), and scores of other kinds are"
            " not exported; name a classifier"
        )
    if status != "done":
        raise DataError(
            f"{shown_path(folder)}: is not finished (status: {status}); run its experiment again"
        )
    try:
        return FinishedMember(folder, record, ClassifierMember(**record["parameters"]))
    except ValidationError as error:
        raise DataError(
            f"{folder / 'run.json'}: parameters that this version of lexon does not know"
            f" ({error.errors()[0]['msg']}); run its experiment again"
        ) from error


def _fitting(models: Path, member: str | None, run: str) -> list[Path]:
    """The members' folders that a name may mean, of the first reading that has any."""
    if member is None:
        return _members(models / "default" / run)
    path = Path(member).expanduser()
    if path.is_absolute() or (path / "run.json").is_file():
        return _members(path.absolute().parent, path.name)
    match [part for part in member.split("/") if part]:
        case [one]:
            readings = [(("default", run), one), ((one, run), "*")]
        case [one, two]:
            readings = [((one, two), "*"), ((one, run), two)]
        case [one, two, three]:
            readings = [((one, two), three)]
        case _:
            readings = []
    found = (_members(models.joinpath(*place), name) for place, name in readings)
    return next((folders for folders in found if folders), [])


def _members(folder: Path, name: str = "*") -> list[Path]:
    return sorted(path.parent for path in folder.glob(f"{name}/run.json"))


def _why_not_one(models: Path, member: str | None, run: str, found: list[Path]) -> str:
    asked = f"member={member}" if member is not None else f"member: none is named, and run={run}"
    every = found or [path.parent for path in sorted(models.glob("*/*/*/run.json"))]
    names = ["/".join(path.parts[-3:]) for path in every]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    listed = f"{', '.join(names[:_SHOWN])}{more}" if names else "none yet: kedro run trains one"
    what = f"{len(found)} members are meant" if found else "no such member"
    return f"{asked}: {what}; write --params member=EXPERIMENT/RUN/MEMBER; there are {listed}"


class FinishedMemberDataset(AbstractDataset[None, FinishedMember]):
    """Loads as the member that `member` names (`finished_member`); its folder is never written
    to.
    """

    fingerprint = False

    def __init__(
        self,
        *,
        path: str,
        member: str | None = None,
        run: str = "main",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._models, self._member, self._run = Path(path), member, run
        self.metadata = metadata

    def load(self) -> FinishedMember:
        return finished_member(self._models, self._member, self._run)

    def save(self, data: None) -> None:  # noqa: ARG002
        raise DatasetError("members write their own folders")

    def _exists(self) -> bool:
        return self._models.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"path": str(self._models), "member": self._member, "run": self._run}
