"""One split of rows; two nodes a member, train and evaluate; and the anchors."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from lexon.experiments import Experiment
from lexon.pipelines.data_engineering.pipeline import events_pipeline
from lexon.pipelines.member_nodes import member_nodes
from lexon.pipelines.node_functions import node_function

ROWS = "tag_rows"
SPLIT = {"split": "params:tags.split", "split_seed": "params:tags.split_seed"}


TRAIN = node_function("modelling.vae.train:train")
EVALUATE = node_function("modelling.vae.evaluate:evaluate")


def create_pipeline(experiment: Experiment) -> Pipeline:
    """Rows, trainings and anchors of an experiment, to be put into its namespace."""
    members = [
        node
        for member in experiment.trained
        for node in member_nodes(
            member, TRAIN, EVALUATE, {"tag_rows": ROWS}, extra=["summary"], scores="tag_arrays"
        )
    ]
    rows = (
        [_rows_of_file(experiment)]
        if experiment.parameters.tags.path
        else [events_pipeline(experiment), _rows_of_events()]
    )
    return Pipeline([*rows, *members, _anchors()])


def _rows_of_events() -> Node:
    settings = {name: f"params:tags.{name}" for name in ("pt_bins", "met_bins")}
    given = {"events": "events", "object_types": "params:object_types", **settings, **SPLIT}
    return Node(
        node_function("modelling.vae.rows:rows_of_events"),
        given,
        ROWS,
        name="rows_of_events",
        tags="data",
    )


def _rows_of_file(experiment: Experiment) -> Node:
    settings = {name: f"params:tags.{name}" for name in ("column", "label_column")}
    vocabulary = {"vocabulary": "tag_vocabulary"} if experiment.parameters.tags.vocabulary else {}
    return Node(
        node_function("modelling.vae.rows:rows_of_file"),
        {"tag_file": "tag_file", **settings, **SPLIT, **vocabulary},
        ROWS,
        name="rows_of_file",
        tags="data",
    )


def _anchors() -> Node:
    return Node(
        node_function("modelling.vae.anchors:measure_anchors"),
        [ROWS, "params:plan"],
        "anchors",
        name="measure_anchors",
        tags="baseline",
    )
