"""Two nodes a member: train and evaluate."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from lexon.experiments import Experiment, Member, tokeniser_name
from lexon.pipelines.member_nodes import member_nodes
from lexon.pipelines.node_functions import node_function

EXTRA = ("figure_recon", "reconstruction_facts", "spectrum_facts")
SCORES = "predictions"


TRAIN = node_function("pretraining.autoencoders.train:train")
EVALUATE = node_function("pretraining.autoencoders.evaluate:evaluate")


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The trainings of an experiment, to be put into its namespace."""
    return Pipeline([node for member in experiment.trained for node in _member(member)])


def _member(member: Member) -> list[Node]:
    data = {
        "tokeniser": f"tokeniser_{tokeniser_name(member.config['tokeniser'])}",
        "events": "events",
    }
    return member_nodes(
        member, TRAIN, EVALUATE, data, settings=["object_types"], extra=EXTRA, scores=SCORES
    )
