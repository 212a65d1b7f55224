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
        ["events", "params:classes", "params:object_types"],
        {kind: f"baseline_{kind}" for kind in BASELINES},
        name="score_baselines",
        tags="baseline",
    )
    return Pipeline([*(_member(member) for member in experiment.trained), baselines])


def _member(member: Member) -> Pipeline:
    tokeniser = f"tokeniser_{tokeniser_name(member.config['tokeniser'])}"
    shared = {"events": "events", "tokeniser": tokeniser, "device": "params:device", "checkpoints": "checkpoints"}
    own = {"config": "params:config", "member": "params:name"}
    trained = {"model": "model", "history": "history", "training_record": "training_record"}
    training = Node(train, {**shared, **own}, list(trained), name="train", tags="train")
    evaluation = Node(
        evaluate,
        {**shared, **own, **trained, "evaluation": "params:evaluation"},
        ["metrics", "scores", "figure_losses", "run_record"],
        name="evaluate",
        tags="evaluate",
    )
    return Pipeline(
        [training, evaluation],
        namespace=f"grid.{member.name}",
        inputs={"events", "checkpoints", tokeniser},
        parameters={"params:device", "params:evaluation"},
    )
