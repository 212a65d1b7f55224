"""The project's pipelines: `__default__`, one per folder of conf/experiments, the token file alone,
and what is done with a finished member.

They are built from the expanded configuration, so a new experiment of an existing kind is one YAML
file.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from kedro.framework.project import settings
from kedro.pipeline import Pipeline
from kedro.utils import find_kedro_project

from lexon.config import KINDS
from lexon.experiments import Experiment
from lexon.framework.config_loader import LayeredConfigLoader
from lexon.framework.layers import DATA_ENGINEERING, DEFAULT, EXPORT, SCORE
from lexon.framework.session import log_plainly_without_terminal, readable_errors
from lexon.pipelines import application, data_engineering
from lexon.pipelines.pretraining import pipeline as pretraining


def register_pipelines() -> dict[str, Pipeline]:
    """Pipelines by name: of the experiments that the command is about, or of all that are not
    broken.
    """
    if LayeredConfigLoader.current is not None:
        return _pipelines(LayeredConfigLoader.current)
    log_plainly_without_terminal()
    with readable_errors():  # a command without a session, such as `kedro registry list`
        project = find_kedro_project(Path.cwd()) or Path.cwd()
        source = project / settings.CONF_SOURCE
        return _pipelines(LayeredConfigLoader(source, **settings.CONFIG_LOADER_ARGS))


def _pipelines(loader: LayeredConfigLoader) -> dict[str, Pipeline]:
    experiments = dict(loader.experiments)
    default = experiments.pop(DEFAULT, None)
    own = (
        {}
        if default is None
        else {
            "__default__": _experiment_pipeline(default),
            DATA_ENGINEERING: _token_file(default),
            EXPORT: _namespaced(application.create_export(default), default.name),
            SCORE: _namespaced(application.create_scoring(default), default.name),
        }
    )
    return own | {
        name: _experiment_pipeline(experiment) for name, experiment in experiments.items()
    }


def _experiment_pipeline(experiment: Experiment) -> Pipeline:
    parts = []
    for name in KINDS[experiment.parameters.kind].pipelines:
        module, _, function = name.partition(":")
        parts.append(getattr(import_module(f"lexon.pipelines.{module}"), function)(experiment))
    return _namespaced(Pipeline(parts), experiment.name)


def _token_file(experiment: Experiment) -> Pipeline:
    parts = [
        data_engineering.create_token_file(experiment),
        pretraining.create_pipeline(experiment),
    ]
    return _namespaced(Pipeline(parts), experiment.name)


def _namespaced(pipeline: Pipeline, name: str) -> Pipeline:
    """Everything an experiment reads and writes carries its name, its parameters included."""
    return Pipeline(pipeline, namespace=name)
