"""`kedro cluster`: look at, preview and end what `kedro run` submitted. `kedro tracking`: show a
run on a tracking service. The options are those of `kedro run`.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any

import click
import yaml
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.registry import registry as kedro_registry
from kedro.framework.cli.utils import env_option, split_string
from kedro.framework.startup import bootstrap_project
from kedro.utils import find_kedro_project

from lexon.errors import LexonError
from lexon.framework.command_line import (
    CommandFailed,
    checked_config,
    checked_runner,
    typed_parameters,
)


@click.group(name="lexon")
def cli() -> None:
    """lexon's own commands."""


def _with_callbacks(
    command: click.Command, callbacks: dict[str, Callable[..., Any]]
) -> click.Command:
    """A command whose options are read in another way."""
    own = copy(command)
    own.params = [copy(option) for option in command.params]
    for option in own.params:
        option.callback = callbacks.get(option.name or "", option.callback)
    return own


run = _with_callbacks(
    kedro_run, {"config": checked_config, "params": typed_parameters, "runner": checked_runner}
)
cli.add_command(run)
registry = copy(kedro_registry)
registry.commands = dict(kedro_registry.commands)
cli.add_command(registry)


def _project() -> Path:
    """The project's folder, from any folder below it."""
    return find_kedro_project(Path.cwd()) or Path.cwd()


@registry.command("list")
def list_pipelines() -> None:
    """List all pipelines. Kedro's own command would build them, and expand every grid."""
    from kedro.framework.project import settings

    from lexon.framework.archive import unpacked
    from lexon.framework.layers import Layers

    try:
        folder, _temporary = unpacked(str(_project() / settings.CONF_SOURCE))
    except LexonError as error:
        raise CommandFailed(error) from error
    click.echo(yaml.dump(sorted(Layers(folder, None).pipelines)))


@cli.group()
def cluster() -> None:
    """Workflows on a cluster (sites whose runner.yml says engine: htcondor or slurm)."""


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that choose an experiment and a site."""
    pipeline = click.option(
        "--pipelines",
        "--pipeline",
        "-p",
        "pipelines",
        default="",
        callback=split_string,
        help="The experiment.",
    )
    params = click.option(
        "--params",
        default="",
        callback=typed_parameters,
        help="As given to `kedro run`, e.g. run=NAME.",
    )
    return pipeline(env_option(params(command)))


@cluster.command()
@_options
@click.option("--watch", is_flag=True, help="Stay until the workflow is over.")
@click.option("--json", "as_json", is_flag=True, help="For scripts: every job, and exit code 0.")
def status(
    pipelines: list[str], env: str | None, params: dict[str, Any], watch: bool, as_json: bool
) -> None:
    """Show the progress of the latest workflow of an experiment's run, and how it ended."""
    from lexon.framework import cluster as latest

    latest.status(_project(), pipelines, env, params, watch, as_json)


@cluster.command()
@_options
def cancel(pipelines: list[str], env: str | None, params: dict[str, Any]) -> None:
    """Take a running workflow out of the queue; what is done stays, trainings keep their
    checkpoints.
    """
    from lexon.framework import cluster as latest

    latest.cancel(_project(), pipelines, env, params)


@cluster.command()
@_options
@click.option("--tags", default="", callback=split_string, help="As given to `kedro run`.")
def preview(pipelines: list[str], env: str | None, params: dict[str, Any], tags: list[str]) -> None:
    """Write and show what the batch system would be given; submit nothing."""
    from lexon.framework.session import LexonSession

    bootstrap_project(_project())
    session: Any = LexonSession.create(
        project_path=_project(), env=env, runtime_params=params, save_on_close=False
    )
    session.run(pipeline_names=pipelines, tags=tags, preview=True)


@cli.group()
def tracking() -> None:
    """Tracking services, MLflow and W&B (sites whose tracking.yml names one)."""


@tracking.command()
@_options
def export(pipelines: list[str], env: str | None, params: dict[str, Any]) -> None:
    """Show what is there of an experiment's run, finished or not; again, it updates that."""
    from lexon.framework import tracking as services

    services.export(_project(), pipelines, env, params)
