"""Two nodes a member, train and evaluate, and one node for the baselines."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from lexon.baselines import BASELINES
from lexon.config import FittedConfig, TrainingConfig, tokeniser_config
from lexon.config.classifiers import classifier_config
from lexon.experiments import Experiment, Member, tokeniser_name
from lexon.pipelines.members import member_pipeline
from lexon.pipelines.modelling.classifiers.baselines import score_baselines
from lexon.pipelines.modelling.classifiers.evaluate import evaluate
from lexon.pipelines.modelling.classifiers.train import train
from lexon.provenance import resting_on


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The trainings of an experiment, to be put into its namespace."""
    settings = ["evaluation", "label_names"]
    members = [_member(member, settings) for member in experiment.trained]
    return Pipeline([*members, *([] if experiment.parameters.tokens.path else [_baselines()])])


def _member(member: Member, settings: list[str]) -> Pipeline:
    """Continuous values, and tokens of turned events, are made from events as needed; other tokens were written to a file, once for all."""
    config, network = tokeniser_config(member.config["tokeniser"]), classifier_config(member.config["classifier"])
    name = tokeniser_name(member.config["tokeniser"])
    types = {"object_types": "params:object_types"} if "event" in network.quantities else {}
    if not config.continuous and TrainingConfig(**member.config["training"]).augmentation == "none":
        return member_pipeline(member, resting_on(train, network.module), evaluate, {"shown": f"tokens_{name}", **types}, settings)
    encodes = [config.module] if isinstance(config, FittedConfig) else []
    shown = {"shown": f"tokeniser_{name}", "events": "events", **types}
    return member_pipeline(member, resting_on(train, network.module, *encodes), resting_on(evaluate, *encodes), shown, settings)


def _baselines() -> Node:
    return Node(
        score_baselines,
        ["events", "params:classes", "params:object_types"],
        {kind: f"baseline_{kind}" for kind in BASELINES},
        name="score_baselines",
        tags="baseline",
    )
