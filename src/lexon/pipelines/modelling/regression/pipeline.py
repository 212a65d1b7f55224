"""The rows of a table, two nodes a member, and one node for the baselines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Node, Pipeline

from lexon.experiments import Experiment, Member, tokeniser_name
from lexon.pipelines.member_nodes import member_nodes
from lexon.pipelines.node_functions import node_function

# scores.h5 holds predictions and targets of validation and test.
SCORES = "predictions"


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The trainings of an experiment, to be put into its namespace."""
    members = [node for member in experiment.trained for node in _member(member)]
    match experiment.parameters.regression.source:
        case "events":
            shown = ["events", "params:classes", "params:regression", "params:plan"]
            return Pipeline(
                [
                    *members,
                    _baselines(
                        node_function("modelling.regression.baselines:baselines_on_events"), shown
                    ),
                ]
            )
        case "diabetes":
            rows = Node(
                node_function("modelling.regression.rows:read_diabetes"),
                "params:regression.source",
                "rows",
                name="read_diabetes",
                tags="data",
            )
        case "table":
            asked = ["raw_rows", "params:regression.split", "params:regression.split_seed"]
            rows = Node(
                node_function("modelling.regression.rows:clean_table"),
                asked,
                "rows",
                name="clean_table",
                tags="data",
            )
    return Pipeline(
        [
            rows,
            *members,
            _baselines(
                node_function("modelling.regression.baselines:baselines_on_table"),
                ["rows", "params:regression"],
            ),
        ]
    )


def _baselines(predict: Callable[..., Any], inputs: list[str]) -> Node:
    return Node(predict, inputs, "baselines", name="predict_baselines", tags="baseline")


def _member(member: Member) -> list[Node]:
    if member.config["source"] == "events":
        data = {
            "tokeniser": f"tokeniser_{tokeniser_name(member.config['tokeniser'])}",
            "events": "events",
        }
        return member_nodes(
            member,
            node_function("modelling.regression.train:train_on_events"),
            node_function("modelling.regression.evaluate:evaluate_on_events"),
            data,
            scores=SCORES,
        )
    return member_nodes(
        member,
        node_function("modelling.regression.train:train_on_table"),
        node_function("modelling.regression.evaluate:evaluate_on_table"),
        {"rows": "rows"},
        scores=SCORES,
    )
