"""Looking at and ending workflows, from any command that names an experiment and a site as `kedro
run` does.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click

from lexon.errors import ConfigurationError
from lexon.framework.session import readable_errors, session_on_a_run
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
    session, experiment = session_on_a_run(project, pipelines, env, params)
    loader = session.loader()
    submissions = Submissions(
        session.request(loader, {}).data_root, experiment.name, experiment.parameters.run
    )
    ticket = submissions.ticket
    if ticket is None:
        raise ConfigurationError(
            f"{submissions.title}: nothing was submitted (no {submissions.folder}/ticket.json)"
        )
    return submissions, ticket, engine_named(ticket.engine.lower(), loader["runner"])
