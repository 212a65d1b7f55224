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
from lexon.runners.cluster import submission, view
from lexon.runners.cluster.engine import Engine, Ticket
from lexon.runners.cluster.runner import conclude
from lexon.runners.cluster.submission import Submissions
from lexon.runners.engines import engine_named

logger = logging.getLogger(__name__)


def status(
    project: Path,
    pipelines: list[str],
    env: str | None,
    params: dict[str, Any],
    watch: bool,
    as_json: bool = False,
) -> None:
    """Show the latest workflow of an experiment's run; as JSON, whatever became of it.

    Raises:
        WorkflowFailed: it is over, and not everything is done.
        ConfigurationError: nothing was submitted.
    """
    with readable_errors():
        _, ticket, engine = _latest(project, pipelines, env, params)
        names = list(submission.read(ticket.folder)["jobs"])
        progress = engine.poll(ticket, names)
        if watch and not progress.over:
            seconds = engine.settings.poll_seconds
            progress = view.watch(
                lambda: engine.poll(ticket, names),
                ticket.folder,
                seconds,
                lambda now: now.still,
            )
        if as_json:
            click.echo(view.as_json(progress, ticket.folder))
        elif progress.over:
            conclude(progress, ticket.folder)
        else:
            click.echo(view.overview(progress, ticket.folder))


def cancel(project: Path, pipelines: list[str], env: str | None, params: dict[str, Any]) -> None:
    """End the latest workflow of an experiment's run.

    Raises:
        ConfigurationError: nothing was submitted, or it cannot be removed.
    """
    with readable_errors():
        submissions, ticket, engine = _latest(project, pipelines, env, params)
        with submissions.locked(patient=True):
            engine.cancel(ticket)
        logger.info(
            "%s is being removed; its report comes last and shows what was done until now", ticket
        )


def _latest(
    project: Path, pipelines: list[str], env: str | None, params: dict[str, Any]
) -> tuple[Submissions, Ticket, Engine]:
    """The latest workflow of a run, and the batch system that it was given to."""
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
    ticket = submissions.ticket
    if ticket is None:
        raise ConfigurationError(
            f"{submissions.title}: nothing was submitted (no {submissions.folder}/ticket.json)"
        )
    return submissions, ticket, engine_named(ticket.engine.lower(), loader["runner"])
