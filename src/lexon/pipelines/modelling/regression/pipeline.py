"""The rows of a table, two nodes a member, and one node for the baselines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Node, Pipeline

from lexon.experiments import Experiment, Member, tokeniser_name
from lexon.pipelines.members import member_pipeline
from lexon.pipelines.modelling.regression.baselines import baselines_on_events, baselines_on_table
from lexon.pipelines.modelling.regression.evaluate import evaluate_on_events, evaluate_on_table
from lexon.pipelines.modelling.regression.rows import clean_table, read_diabetes
from lexon.pipelines.modelling.regression.train import train_on_events, train_on_table

# scores.h5 holds predictions and targets of validation and test.
SCORES = "predictions"


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The trainings of an experiment, to be put into its namespace."""
    members = [_member(member) for member in experiment.trained]
    match experiment.parameters.regression.source:
        case "events":
            shown = ["events", "params:classes", "params:regression", "params:plan"]
            return Pipeline([*members, _baselines(baselines_on_events, shown)])
        case "diabetes":
            rows = Node(read_diabetes, "params:regression.source", "rows", name="read_diabetes", tags="data")
        case "table":
            asked = ["raw_rows", "params:regression.split", "params:regression.split_seed"]
            rows = Node(clean_table, asked, "rows", name="clean_table", tags="data")
    return Pipeline([rows, *members, _baselines(baselines_on_table, ["rows", "params:regression"])])


def _baselines(predict: Callable[..., Any], inputs: list[str]) -> Node:
    return Node(predict, inputs, "baselines", name="predict_baselines", tags="baseline")


def _member(member: Member) -> Pipeline:
    if member.config["source"] == "events":
        data = {"tokeniser": f"tokeniser_{tokeniser_name(member.config['tokeniser'])}", "events": "events"}
        return member_pipeline(member, train_on_events, evaluate_on_events, data, scores=SCORES)
    return member_pipeline(member, train_on_table, evaluate_on_table, {"rows": "rows"}, scores=SCORES)
