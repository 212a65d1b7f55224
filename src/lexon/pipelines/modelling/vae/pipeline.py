"""One split of rows; two nodes a member, train and evaluate; and the anchors."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from lexon.experiments import Experiment
from lexon.pipelines.data_engineering.pipeline import events_pipeline
from lexon.pipelines.members import member_pipeline
from lexon.pipelines.modelling.vae.anchors import measure_anchors
from lexon.pipelines.modelling.vae.evaluate import evaluate
from lexon.pipelines.modelling.vae.rows import rows_of_events, rows_of_file
from lexon.pipelines.modelling.vae.train import train

ROWS = "tag_rows"
SPLIT = {"split": "params:tags.split", "split_seed": "params:tags.split_seed"}


def create_pipeline(experiment: Experiment) -> Pipeline:
    """Rows, trainings and anchors of an experiment, to be put into its namespace."""
    members = [
        member_pipeline(member, train, evaluate, {"tag_rows": ROWS}, extra=["summary"], scores="tag_arrays")
        for member in experiment.trained
    ]
    rows = [_rows_of_file(experiment)] if experiment.parameters.tags.path else [events_pipeline(experiment), _rows_of_events()]
    return Pipeline([*rows, *members, _anchors()])


def _rows_of_events() -> Node:
    settings = {name: f"params:tags.{name}" for name in ("pt_bins", "met_bins")}
    given = {"events": "events", "object_types": "params:object_types", **settings, **SPLIT}
    return Node(rows_of_events, given, ROWS, name="rows_of_events", tags="data")


def _rows_of_file(experiment: Experiment) -> Node:
    settings = {name: f"params:tags.{name}" for name in ("column", "label_column")}
    vocabulary = {"vocabulary": "tag_vocabulary"} if experiment.parameters.tags.vocabulary else {}
    return Node(rows_of_file, {"tag_file": "tag_file", **settings, **SPLIT, **vocabulary}, ROWS, name="rows_of_file", tags="data")


def _anchors() -> Node:
    return Node(measure_anchors, [ROWS, "params:plan"], "anchors", name="measure_anchors", tags="baseline")
