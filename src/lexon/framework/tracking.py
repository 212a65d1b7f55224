"""`kedro tracking export`: what is there of a run, shown on the site's tracking services now."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from kedro.framework.startup import bootstrap_project

from lexon.errors import ConfigurationError, MissingFile, ServiceError
from lexon.framework.exports import export_of
from lexon.framework.layers import DEFAULT, OF_DEFAULT
from lexon.framework.session import LexonSession, log_plainly_without_terminal, readable_errors
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
        bootstrap_project(project)
        log_plainly_without_terminal()
        session: Any = LexonSession.create(
            project_path=project, env=env, runtime_params=params, save_on_close=False
        )
        loader = session.loader()
        settings = read_settings(loader["tracking"])
        if not settings.services:
            raise ConfigurationError(
                "tracking.yml: names no service; for example, in conf/local/tracking.yml:"
                " mlflow: http://127.0.0.1:5000"
            )
        refuse_missing_packages(settings)
        name = pipelines[0] if pipelines and pipelines[0] not in OF_DEFAULT else DEFAULT
        if name != DEFAULT and name not in loader.experiment_names:
            raise ConfigurationError(
                f"--pipelines {name}: no such experiment; there are"
                f" {', '.join([DEFAULT, *loader.experiment_names])}"
            )
        run = loader.experiment(name).parameters.run
        asked = export_of(name, run, session.request(loader, {}))
        if not asked.place.folder.is_dir():
            raise MissingFile(f"{asked.place.folder}: nothing to export yet; is run={run} right?")
        problems: list[str] = []
        for text, is_well in Exporter(asked, settings).export():
            (logger.info if is_well else problems.append)(text)
        if problems:
            raise ServiceError("\n".join(problems))
