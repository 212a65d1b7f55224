"""Two nodes a member: train and evaluate."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from lexon.experiments import Experiment, tokeniser_name
from lexon.pipelines.members import member_pipeline
from lexon.pipelines.pretraining.autoencoders.evaluate import evaluate
from lexon.pipelines.pretraining.autoencoders.train import train

EXTRA = ("figure_recon", "reconstruction_facts", "spectrum_facts")
SCORES = "predictions"


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The trainings of an experiment, to be put into its namespace."""
    return Pipeline(
        [
            member_pipeline(
                member,
                train,
                evaluate,
                {"tokeniser": f"tokeniser_{tokeniser_name(member.config['tokeniser'])}", "events": "events"},
                settings=["object_types"],
                extra=EXTRA,
                scores=SCORES,
            )
            for member in experiment.trained
        ]
    )
