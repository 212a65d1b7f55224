"""simulate -> compare."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from lexon.experiments import Experiment
from lexon.pipelines.data_engineering.pipeline import SIMULATED, simulate
from lexon.pipelines.node_functions import node_function


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The validation of simulated events, to be put into its namespace."""
    full_chain = Node(
        node_function("validation.nodes:compare_with_full_chain"),
        SIMULATED,
        ["means_table", "figure_classes", "figure_means"],
        name="compare_with_full_chain",
        tags="report",
    )
    published = Node(
        node_function("validation.nodes:compare_with_published"),
        [SIMULATED, "published"],
        "published_table",
        name="compare_with_published",
        tags="report",
    )
    return Pipeline(
        [
            simulate(),
            full_chain,
            *([published] if experiment.parameters.validation.published else []),
        ]
    )
