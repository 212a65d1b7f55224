"""Exports of a run to each service that is configured, at any time; one that is down costs a
warning.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lexon.errors import LexonError
from lexon.tracking.content import Found, Place, read_run
from lexon.tracking.settings import TrackingSettings

_SHOWN = 5
_STATES = ("new", "updated", "as before")
# Set where a service needs a folder: the user's plan for W&B.
WANDB_DIR = "WANDB_DIR"


@dataclass(frozen=True)
class Export:
    """An export, as JSON can hold it.

    Attributes:
        data_root: absolute.
        members: names of folders; None: all that are there.
        report: whether the report belongs to it.
        again: the command that makes up for what fails.
        project: the folder where relative paths start.
    """

    data_root: str
    experiment: str
    run: str
    members: tuple[str, ...] | None
    report: bool
    again: str
    project: str

    @property
    def place(self) -> Place:
        return Place(Path(self.data_root), self.experiment, self.run)


class Service(Protocol):
    """A service of which nothing else is known.

    Attributes:
        name: in words.
        where: what it was sent to, in words.
    """

    name: str
    where: str

    def send(self, found: Found) -> Counter[str]: ...


class Exporter:
    """Exports of one run, one after the other, for as long as it goes on."""

    def __init__(self, export: Export, settings: TrackingSettings) -> None:
        self._asked, self._settings = export, settings
        self._services: dict[str, Service] = {}

    def export(self) -> Iterator[tuple[str, bool]]:
        """Show what is there now: a sentence for each service, and whether it is well."""
        found = read_run(self._asked.place, self._asked.members, self._asked.report)
        for name, make in self._makers.items():
            try:
                if name not in self._services:
                    self._services[name] = make()
                service = self._services[name]
                yield (
                    f"{service.name}: {_counted(found, service.send(found))} {service.where}",
                    True,
                )
            except ImportError as error:
                yield f"{name}: {error}; {self._remedy}", False
            except LexonError as error:
                yield f"{error}; {self._remedy}", False
        for sentence in _left_out(found):
            yield sentence, False

    @property
    def _remedy(self) -> str:
        return f"all files are as they should be; later: {self._asked.again}"

    @property
    def _makers(self) -> dict[str, Callable[[], Service]]:
        """How to reach each service that is configured."""
        settings = self._settings
        makers: dict[str, Callable[[], Service]] = {}
        if settings.mlflow is not None:
            makers["mlflow"] = self._mlflow
        if settings.wandb is not None:
            makers["wandb"] = self._wandb
        return makers

    def _mlflow(self) -> Service:
        from lexon.tracking.mlflow_service import MLflowService

        return MLflowService(str(self._settings.mlflow))

    def _wandb(self) -> Service:
        from lexon.tracking.wandb_service import WandbService

        settings: Any = self._settings.wandb
        folder = settings.folder or os.environ.get(WANDB_DIR) or self._asked.data_root
        return WandbService(settings, Path(self._asked.project, folder).expanduser())


def _counted(found: Found, counts: Counter[str]) -> str:
    """`3 members of binning/main (2 new, 1 as before) and its report, to`"""
    states = [f"{counts[state]} {state}" for state in _STATES if counts[state]]
    waiting = [f"{found.waiting} without a finished epoch not yet"] if found.waiting else []
    members = f"{len(found.members)} member{'' if len(found.members) == 1 else 's'}"
    of_all = f" ({', '.join([*states, *waiting])})" if states or waiting else ""
    report = " and its report" if found.report is not None else ""
    return f"{members} of {found.place.title}{of_all}{report}, to"


def _left_out(found: Found) -> Iterator[str]:
    reasons = list(found.left_out.items())
    for name, reason in reasons[:_SHOWN]:
        yield f"{name} is not exported: {reason}"
    if len(reasons) > _SHOWN:
        yield f"{len(reasons) - _SHOWN} more members are not exported, for reasons of this kind"
