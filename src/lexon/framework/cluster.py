"""Looking at and ending workflows, from any command that names an experiment and a site as `kedro
run` does.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click
from kedro.framework.startup import bootstrap_project

from lexon.errors import ConfigurationError
from lexon.framework.layers import DATA_ENGINEERING, DEFAULT
from lexon.framework.session import LexonSession, log_plainly_without_terminal, readable_errors
from lexon.runners.htcondor import submission, view
from lexon.runners.htcondor.engine import HTCondor, Ticket
from lexon.runners.htcondor.runner import conclude
from lexon.runners.htcondor.settings import read_settings
from lexon.runners.htcondor.submission import Submissions

logger = logging.getLogger(__name__)


def status(
    project: Path, pipelines: list[str], env: str | None, params: dict[str, Any], watch: bool
) -> None:
    """Show the latest workflow of an experiment's run.

    Raises:
        WorkflowFailed: it is over, and not everything is done.
        ConfigurationError: nothing was submitted.
    """
    with readable_errors():
        ticket, seconds = _latest(project, pipelines, env, params)
        engine, names = HTCondor(), list(submission.read(ticket.folder)["jobs"])
        progress = engine.poll(ticket, names)
        if watch and not progress.over:
            progress = view.watch(lambda: engine.poll(ticket, names), ticket.folder, seconds)
        if progress.over:
            conclude(progress, ticket.folder)
        else:
            click.echo(view.overview(progress, ticket.folder))


def cancel(project: Path, pipelines: list[str], env: str | None, params: dict[str, Any]) -> None:
    """End the latest workflow of an experiment's run.

    Raises:
        ConfigurationError: nothing was submitted, or it cannot be removed.
    """
    with readable_errors():
        ticket, _ = _latest(project, pipelines, env, params)
        HTCondor().cancel(ticket)
        logger.info(
            "%s is being removed; its report comes last and shows what was done until now", ticket
        )


def _latest(
    project: Path, pipelines: list[str], env: str | None, params: dict[str, Any]
) -> tuple[Ticket, float]:
    """The latest workflow, and the seconds between two looks at it."""
    bootstrap_project(project)
    log_plainly_without_terminal()
    session: Any = LexonSession.create(
        project_path=project, env=env, runtime_params=params, save_on_close=False
    )
    loader = session.loader()
    name = pipelines[0] if pipelines and pipelines[0] != DATA_ENGINEERING else DEFAULT
    if name != DEFAULT and name not in loader.experiment_names:
        raise ConfigurationError(
            f"--pipelines {name}: no such experiment; there are"
            f" {', '.join([DEFAULT, *loader.experiment_names])}"
        )
    submissions = Submissions(
        session.request(loader, {}).data_root, name, loader.experiment(name).parameters.run
    )
    if submissions.ticket is None:
        raise ConfigurationError(
            f"{submissions.title}: nothing was submitted (no {submissions.folder}/ticket.json)"
        )
    return submissions.ticket, read_settings(loader["runner"]["htcondor"]).poll_seconds
