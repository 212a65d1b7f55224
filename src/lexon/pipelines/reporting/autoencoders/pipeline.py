"""summarise -> figures -> one page, from the members' folders."""

from __future__ import annotations

import warnings

from kedro.pipeline import Node, Pipeline

from lexon.experiments import Experiment
from lexon.pipelines.members import left_behind
from lexon.pipelines.pretraining.autoencoders.pipeline import EXTRA, SCORES
from lexon.pipelines.reporting.autoencoders import nodes
from lexon.pipelines.reporting.layout import layout_of, write_page

TABLES = {
    "members": "members_table",
    "summary": "summary_table",
    "pivot": "pivot_table",
    "changes": "changes_table",
    "findings": "findings",
}


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The report of an experiment, to be put into its namespace."""
    drawn = {name: f"figure_{name}" for name in layout_of("autoencoder").figures}
    finished = left_behind(experiment.trained, EXTRA, SCORES)
    asked = ["members", "params:plan", "params:report", "params:run", "params:name"]
    with warnings.catch_warnings():  # Kedro warns of dots in names that it put there itself, as the members' namespaces
        warnings.simplefilter("ignore", UserWarning)
        summarise = Node(nodes.summarise, [*asked, *finished], [*TABLES.values(), "selected_parameters"], name="summarise", tags="report")
    draw_figures = Node(
        nodes.draw_figures, ["members", "params:plan", "params:report", "summary_table"], drawn, name="draw_figures", tags="report"
    )
    inputs = {"kind": "params:kind", **TABLES, "title": "params:name", "description": "params:description", **drawn}
    return Pipeline([summarise, draw_figures, Node(write_page, inputs, "page", name="write_page", tags="report")])
