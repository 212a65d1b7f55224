"""One node each: a member in, a file out."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from lexon.experiments import Experiment
from lexon.pipelines.node_functions import node_function


def create_export(experiment: Experiment) -> Pipeline:  # noqa: ARG001  # one signature for all
    """The export of a member, to be put into the namespace of the default study."""
    export = Node(
        node_function("application.export:export_network"),
        ["finished_member", "params:object_types"],
        "exported_network",
        name="export_network",
        tags="evaluate",
    )
    return Pipeline([export])


def create_scoring(experiment: Experiment) -> Pipeline:
    """The scores of a file that a user names; nothing where none is named."""
    score = Node(
        node_function("application.score:score_events"),
        ["finished_member", "raw_events", "params:object_types", "params:checks", "params:device"],
        "scored_events",
        name="score_events",
        tags="evaluate",
    )
    return Pipeline([score] if experiment.parameters.events.path else [])
