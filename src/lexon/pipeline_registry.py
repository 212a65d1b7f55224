"""The project's pipelines: `__default__`, one per folder of conf/experiments, and the token file alone.

They are built from the expanded configuration, so a new experiment of an existing kind is one YAML file.
"""

from __future__ import annotations

from pathlib import Path

from kedro.framework.project import settings
from kedro.pipeline import Pipeline

from lexon.experiments import Experiment
from lexon.framework.config_loader import DATA_ENGINEERING, DEFAULT, LayeredConfigLoader
from lexon.pipelines import comparison, data_engineering, validation
from lexon.pipelines.modelling import classifiers, regression, vae
from lexon.pipelines.pretraining import autoencoders
from lexon.pipelines.pretraining import pipeline as pretraining
from lexon.pipelines.reporting import autoencoders as autoencoders_report
from lexon.pipelines.reporting import classifiers as classifiers_report
from lexon.pipelines.reporting import regression as regression_report
from lexon.pipelines.reporting import vae as vae_report


def register_pipelines() -> dict[str, Pipeline]:
    """Pipelines by name."""
    loader = LayeredConfigLoader.current or LayeredConfigLoader(Path.cwd() / settings.CONF_SOURCE, **settings.CONFIG_LOADER_ARGS)
    experiments = {name: _experiment_pipeline(experiment) for name, experiment in loader.experiments.items()}
    return {"__default__": experiments.pop(DEFAULT), **experiments, DATA_ENGINEERING: _token_file(loader.experiments[DEFAULT])}


def _experiment_pipeline(experiment: Experiment) -> Pipeline:
    match experiment.parameters.kind:
        case "classifier":
            prepared = [data_engineering.create_pipeline, pretraining.create_pipeline, comparison.create_ambre_pipeline]
            parts = [*prepared, classifiers.create_pipeline, classifiers_report.create_pipeline]
        case "autoencoder":
            parts = [data_engineering.create_pipeline, autoencoders.create_pipeline, autoencoders_report.create_pipeline]
        case "regression":
            parts = [data_engineering.create_pipeline, regression.create_pipeline, regression_report.create_pipeline]
        case "token_comparison":
            parts = [pretraining.create_pipeline, comparison.create_pipeline]
        case "simulation":
            parts = [validation.create_pipeline]
        case "vae":
            parts = [vae.create_pipeline, vae_report.create_pipeline]
        case _:
            parts = []
    return _namespaced(Pipeline([create(experiment) for create in parts]), experiment.name)


def _token_file(experiment: Experiment) -> Pipeline:
    parts = [data_engineering.create_token_file(experiment), pretraining.create_pipeline(experiment)]
    return _namespaced(Pipeline(parts), experiment.name)


def _namespaced(pipeline: Pipeline, name: str) -> Pipeline:
    """Everything an experiment reads and writes carries its name, its parameters included."""
    return Pipeline(pipeline, namespace=name)
