"""The project's pipelines: `__default__`, one per folder of conf/experiments, and the data part alone.

They are built from the expanded configuration, so a new experiment of an existing kind is one YAML file.
"""

from __future__ import annotations

from pathlib import Path

from kedro.framework.project import settings
from kedro.pipeline import Pipeline

from lexon.experiments import Experiment
from lexon.framework.config_loader import DATA_ENGINEERING, DEFAULT, LayeredConfigLoader
from lexon.pipelines import data_engineering, modelling, reporting, validation


def register_pipelines() -> dict[str, Pipeline]:
    """Pipelines by name."""
    loader = LayeredConfigLoader.current or LayeredConfigLoader(Path.cwd() / settings.CONF_SOURCE, **settings.CONFIG_LOADER_ARGS)
    experiments = {name: _experiment_pipeline(experiment) for name, experiment in loader.experiments.items()}
    data = _namespaced(data_engineering.create_pipeline(loader.experiments[DEFAULT]), DEFAULT)
    return {"__default__": experiments.pop(DEFAULT), **experiments, DATA_ENGINEERING: data}


def _experiment_pipeline(experiment: Experiment) -> Pipeline:
    match experiment.parameters.kind:
        case "classifier":
            rooms = [data_engineering, modelling, reporting]
        case "simulation":
            rooms = [validation]
    return _namespaced(Pipeline([room.create_pipeline(experiment) for room in rooms]), experiment.name)


def _namespaced(pipeline: Pipeline, name: str) -> Pipeline:
    """Everything an experiment reads and writes carries its name, its parameters included."""
    return Pipeline(pipeline, namespace=name)
