"""Two nodes a member, train and evaluate, and one node for the baselines."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from lexon.baselines import BASELINES
from lexon.experiments import Experiment, Member, tokeniser_name
from lexon.pipelines.members import member_pipeline
from lexon.pipelines.modelling.classifiers.baselines import score_baselines
from lexon.pipelines.modelling.classifiers.evaluate import evaluate
from lexon.pipelines.modelling.classifiers.train import train


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The trainings of an experiment, to be put into its namespace."""
    settings = ["evaluation", "label_names"]
    members = [member_pipeline(member, train, evaluate, _shown(member), settings) for member in experiment.trained]
    return Pipeline([*members, *([] if experiment.parameters.tokens.path else [_baselines()])])


def _shown(member: Member) -> dict[str, str]:
    """Continuous values are made from events as they are needed; integer tokens were written to a file, once for all."""
    config = member.config["tokeniser"]
    if config["kind"] == "direct":
        return {"shown": f"tokeniser_{tokeniser_name(config)}", "events": "events"}
    return {"shown": f"tokens_{tokeniser_name(config)}"}


def _baselines() -> Node:
    return Node(
        score_baselines,
        ["events", "params:classes", "params:object_types"],
        {kind: f"baseline_{kind}" for kind in BASELINES},
        name="score_baselines",
        tags="baseline",
    )
