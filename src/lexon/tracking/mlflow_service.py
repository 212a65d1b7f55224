"""Runs on an MLflow server: one for the experiment's run, and below it one a training."""

from __future__ import annotations

import logging
import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexon import __version__
from lexon.errors import ServiceError
from lexon.tracking.content import Content, Found, Place
from lexon.tracking.turns import one_at_a_time

if TYPE_CHECKING:
    from mlflow.entities import Metric, Run

# A server that does not answer costs seconds and not the client's own quarter of an hour; what a
# user set counts. Nothing is told about the use of MLflow.
CLIENT = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
STATUS = {"done": "FINISHED", "failed": "FAILED", "interrupted": "KILLED", "running": "RUNNING"}
# Most of each kind in one request, and characters of a value, by MLflow's documentation.
_METRICS, _PARAMETERS, _TAGS, _LENGTH = 1000, 100, 100, 5000
ID, CONTENT, EPOCHS, MEMBER = "lexon.id", "lexon.content", "lexon.epochs", "lexon.member"
SUPERSEDED, PARENT = "lexon.superseded", "mlflow.parentRunId"


class MLflowService:
    """The server at an address.

    Args:
        uri: of the server.
    """

    name = "MLflow"

    def __init__(self, uri: str) -> None:
        for variable, value in CLIENT.items():
            os.environ.setdefault(variable, value)
        from mlflow import MlflowClient

        self.where = uri
        self._client = MlflowClient(tracking_uri=uri)
        self._shown: dict[str, str] = {}  # digest by identity: what needs no further question
        logging.getLogger("urllib3").setLevel(logging.ERROR)  # a retry that helped is no news

    def send(self, found: Found) -> Counter[str]:
        """Let the server hold what was found; returns how many runs are new, updated, as before.

        Raises:
            ServiceError: it does not answer, or refuses.
        """
        from mlflow.exceptions import MlflowException

        try:
            return self._send(found)
        except (MlflowException, OSError) as error:
            raise ServiceError(f"MLflow at {self.where}: {_reason(error)}") from error

    def _send(self, found: Found) -> Counter[str]:
        counts: Counter[str] = Counter()
        if found.report is None and not found.members:
            return counts
        place = found.place
        experiment = self._experiment(place)
        started = min((member.started for member in found.members), default=time.time())
        header = Content(place.title, place.identity, "running", started)
        parent, _ = self._run(experiment, place, found.report or header, {})
        if found.report is not None:
            counts[f"report {self._show(parent, found.report, {})}"] += 1
        for member in found.members:
            tags = {PARENT: str(parent.info.run_id), MEMBER: member.name}
            if self._shown.get(member.identity) == member.digest:
                counts["as before"] += 1
                continue
            run, is_new = self._run(experiment, place, member, tags)
            if is_new:
                self._supersede(experiment, run, tags)
            state = self._show(run, member, tags)
            counts["new" if is_new else state] += 1
            self._shown[member.identity] = member.digest
        return counts

    def _experiment(self, place: Place) -> str:
        """The identifier of an experiment of lexon's on the server."""
        name = f"lexon/{place.experiment}"
        known = self._client.get_experiment_by_name(name)
        if known is None:
            with one_at_a_time(place.folder):
                known = self._client.get_experiment_by_name(name)
                if known is None:
                    return str(self._client.create_experiment(name))
        if known.lifecycle_stage != "active":
            raise ServiceError(
                f"MLflow at {self.where}: the experiment {name} was deleted there; restore it:"
                f" mlflow experiments restore --experiment-id {known.experiment_id}"
            )
        return str(known.experiment_id)

    def _run(
        self, experiment: str, place: Place, content: Content, tags: Mapping[str, str]
    ) -> tuple[Run, bool]:
        """The run of a training, or of the experiment's run, and whether it is new."""
        run = self._find(experiment, content.identity)
        if run is None:
            with one_at_a_time(place.folder):
                run = self._find(experiment, content.identity)
                if run is None:
                    return self._create(experiment, content, tags), True
        return run, False

    def _show(self, run: Run, content: Content, tags: Mapping[str, str]) -> str:
        """Let a run hold this; returns whether it did before."""
        digest = f"{content.digest}{tags.get(PARENT, '')}"
        if run.data.tags.get(CONTENT) == digest:
            return "as before"
        self._update(run, content, {**tags, CONTENT: digest})
        return "updated"

    def _find(self, experiment: str, identity: str) -> Run | None:
        found = self._client.search_runs(
            [experiment], f"tags.`{ID}` = '{identity}'", order_by=["start_time ASC"], max_results=1
        )
        return found[0] if found else None

    def _create(self, experiment: str, content: Content, tags: Mapping[str, str]) -> Run:
        return self._client.create_run(
            experiment,
            start_time=_milliseconds(content.started),
            run_name=content.name,
            tags={**tags, ID: content.identity, "mlflow.source.name": f"lexon {__version__}"},
        )

    def _supersede(self, experiment: str, run: Run, tags: Mapping[str, str]) -> None:
        """Say of earlier trainings of a member that they are not the present one; they stay."""
        earlier = self._client.search_runs(
            [experiment],
            f"tags.`{PARENT}` = '{tags[PARENT]}' and tags.`{MEMBER}` = '{tags[MEMBER]}'",
        )
        for other in earlier:
            if other.info.run_id != run.info.run_id and SUPERSEDED not in other.data.tags:
                self._client.set_tag(other.info.run_id, SUPERSEDED, "true")
                self._client.update_run(
                    other.info.run_id, name=f"{other.info.run_name} (superseded)"
                )

    def _update(self, run: Run, content: Content, tags: Mapping[str, str]) -> None:
        """Bring a run up to date; its digest comes last, so that what is cut off is done again."""
        run_id = run.info.run_id
        self._log_words(run_id, content, {key: tags[key] for key in tags if key != CONTENT})
        self._log_numbers(run, content)
        for name, path in content.files.items():
            self._client.log_artifact(run_id, str(path), str(Path(name).parent).strip("."))
        status = STATUS[content.status]
        if status == "RUNNING":
            self._client.update_run(run_id, status=status)
        else:
            end = run.info.start_time + _milliseconds(_duration(content.history))
            self._client.set_terminated(run_id, status, end)
        self._client.set_tag(run_id, CONTENT, tags[CONTENT])

    def _log_words(self, run_id: str, content: Content, tags: Mapping[str, str]) -> None:
        from mlflow.entities import Param, RunTag

        words = [RunTag(key, value[:_LENGTH]) for key, value in {**content.facts, **tags}.items()]
        parameters = [
            Param(_allowed(key), _text(value)) for key, value in content.parameters.items()
        ]
        for part in _parts(words, _TAGS):
            self._client.log_batch(run_id, tags=part)
        for part in _parts(parameters, _PARAMETERS):
            self._client.log_batch(run_id, params=part)

    def _log_numbers(self, run: Run, content: Content) -> None:
        """Epochs that the run does not have, and final metrics that differ."""
        from mlflow.entities import Metric

        known = int(run.data.tags.get(EPOCHS, 0))
        for part in _parts(_epochs(run.info.start_time, content.history, known), _METRICS):
            self._client.log_batch(run.info.run_id, metrics=part)
        if len(content.history) > known:
            self._client.set_tag(run.info.run_id, EPOCHS, str(len(content.history)))
        at = _milliseconds(time.time())  # of two values of one step MLflow shows the later one
        changed = [
            Metric(_allowed(name), value, at, len(content.history))
            for name, value in content.metrics.items()
            if run.data.metrics.get(_allowed(name)) != value
        ]
        for part in _parts(changed, _METRICS):
            self._client.log_batch(run.info.run_id, metrics=part)


def _epochs(start: int, history: Sequence[Mapping[str, float]], known: int) -> list[Metric]:
    """The numbers of each epoch after the known ones.

    Their times follow from the start of the run, so that one which is sent twice is one point.
    """
    from mlflow.entities import Metric

    return [
        Metric(
            _allowed(f"epoch/{name}"),
            value,
            start + _milliseconds(_duration(history[: number + 1])),
            number + 1,
        )
        for number, row in enumerate(history)
        if number >= known
        for name, value in row.items()
        if name != "epoch"
    ]


def _duration(history: Iterable[Mapping[str, float]]) -> float:
    """Of these epochs, training and validation, in seconds."""
    return sum(row.get("seconds", 0.0) + row.get("evaluation_seconds", 0.0) for row in history)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _allowed(name: str) -> str:
    """A name of the characters that MLflow takes."""
    return re.sub(r"[^\w\-. /]", "_", name, flags=re.ASCII)[:250]


def _text(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}..."


def _parts(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[first : first + size] for first in range(0, len(items), size)]


def _reason(error: Exception) -> str:
    """What is wrong, without the names that the client's libraries give it."""
    text = " ".join(str(error).split())
    reason = text.rpartition("Caused by ")[2].rpartition("): ")[2].strip("\"')")[:300]
    return reason + ")" * (reason.count("(") - reason.count(")"))
