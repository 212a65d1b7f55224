"""`kedro cluster`: look at, preview and end what `kedro run` submitted. The options are those of `kedro run`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from kedro.framework.cli.project import run
from kedro.framework.cli.utils import _split_params, env_option, split_string
from kedro.framework.startup import bootstrap_project

__all__ = ["cli", "run"]


@click.group(name="lexon")
def cli() -> None:
    """lexon's own commands."""


@cli.group()
def cluster() -> None:
    """Workflows on a cluster (places whose runner.yml says engine: htcondor)."""


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Which experiment, where."""
    pipeline = click.option("--pipelines", "--pipeline", "-p", "pipelines", default="", callback=split_string, help="The experiment.")
    params = click.option("--params", default="", callback=_split_params, help="As given to `kedro run`, e.g. run=NAME.")
    return pipeline(env_option(params(command)))


@cluster.command()
@_options
@click.option("--watch", is_flag=True, help="Stay until the workflow is over.")
def status(pipelines: list[str], env: str | None, params: dict[str, Any], watch: bool) -> None:
    """How far the latest workflow of an experiment's run is, and how it ended."""
    from lexon.framework import cluster as latest

    latest.status(Path.cwd(), pipelines, env, params, watch)


@cluster.command()
@_options
def cancel(pipelines: list[str], env: str | None, params: dict[str, Any]) -> None:
    """Take a running workflow out of the queue; what is done stays, trainings keep their checkpoints."""
    from lexon.framework import cluster as latest

    latest.cancel(Path.cwd(), pipelines, env, params)


@cluster.command()
@_options
@click.option("--tags", default="", callback=split_string, help="As given to `kedro run`.")
def preview(pipelines: list[str], env: str | None, params: dict[str, Any], tags: list[str]) -> None:
    """Write and show the DAG and the submit files; submit nothing."""
    from lexon.framework.session import LexonSession

    bootstrap_project(Path.cwd())
    session: Any = LexonSession.create(project_path=Path.cwd(), env=env, runtime_params=params, save_on_close=False)
    session.run(pipeline_names=pipelines, tags=tags, preview=True)
