"""`kedro tracking export`: what is there of a run, shown on the site's tracking services now."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from lexon.errors import ConfigurationError, MissingFile, ServiceError
from lexon.framework.exports import export_of
from lexon.framework.session import readable_errors, session_on_a_run
from lexon.tracking.export import Exporter
from lexon.tracking.settings import read_settings, refuse_missing_packages

logger = logging.getLogger(__name__)


def export(project: Path, pipelines: list[str], env: str | None, params: dict[str, Any]) -> None:
    """Export the run of an experiment.

    Raises:
        ConfigurationError: no service is configured, or what is cannot be right.
        MissingFile: nothing of this run is there.
        ServiceError: a service does not answer, or something could not be exported.
    """
    with readable_errors():
        session, experiment = session_on_a_run(project, pipelines, env, params)
        loader, run = session.loader(), experiment.parameters.run
        settings = read_settings(loader["tracking"])
        if not settings.services:
            raise ConfigurationError(
                "tracking.yml: names no service; for example, in conf/local/tracking.yml:"
                " mlflow: http://127.0.0.1:5000"
            )
        refuse_missing_packages(settings)
        asked = export_of(experiment.name, run, session.request(loader, {}))
        if not asked.place.folder.is_dir():
            raise MissingFile(f"{asked.place.folder}: nothing to export yet; is run={run} right?")
        problems: list[str] = []
        for text, is_well in Exporter(asked, settings).export():
            (logger.info if is_well else problems.append)(text)
        if problems:
            raise ServiceError("\n".join(problems))
