"""Two nodes a member, train and evaluate, and one node for the baselines."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from lexon.baselines import BASELINES
from lexon.experiments import Experiment, Member, tokeniser_name
from lexon.pipelines.modelling.baselines import score_baselines
from lexon.pipelines.modelling.evaluate import evaluate
from lexon.pipelines.modelling.train import train


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The trainings of an experiment, to be put into its namespace."""
    baselines = Node(
        score_baselines,
        ["events", "params:classes", "params:events"],
        {kind: f"baseline_{kind}" for kind in BASELINES},
        name="score_baselines",
        tags="baseline",
    )
    return Pipeline([*(_member(member) for member in experiment.trained), baselines])


def _member(member: Member) -> Pipeline:
    tokeniser = f"tokeniser_{tokeniser_name(member.config['tokeniser'])}"
    training = Node(
        train,
        [
            "events",
            tokeniser,
            "params:classes",
            "params:classifier",
            "params:training",
            "params:seed",
            "params:device",
            "checkpoints",
            "params:name",
        ],
        ["model", "history", "training_record"],
        name="train",
        tags="train",
    )
    evaluation = Node(
        evaluate,
        {
            "events": "events",
            "tokeniser": tokeniser,
            "model": "model",
            "history": "history",
            "training_record": "training_record",
            "classes": "params:classes",
            "evaluation": "params:evaluation",
            "config": "params:config",
            "seed": "params:seed",
            "device": "params:device",
        },
        ["metrics", "scores", "figure_losses", "run_record"],
        name="evaluate",
        tags="evaluate",
    )
    shared = {"events": "events", "checkpoints": "checkpoints", tokeniser: tokeniser}
    return Pipeline(
        [training, evaluation],
        namespace=f"grid.{member.name}",
        inputs=shared,
        parameters={"params:classes": "params:classes", "params:device": "params:device"},
    )
