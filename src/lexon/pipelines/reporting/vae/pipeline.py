"""summarise -> figures -> one page, from the members' folders."""

from __future__ import annotations

import warnings

from kedro.pipeline import Node, Pipeline

from lexon.experiments import Experiment
from lexon.pipelines.members import left_behind
from lexon.pipelines.reporting.layout import layout_of, write_page
from lexon.pipelines.reporting.vae import nodes
from lexon.pipelines.reporting.vae.selection import selected_parameters

TABLES = {"members": "members_table", "comparison": "comparison_table", "differences": "differences_table", "findings": "findings"}


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The report of an experiment, to be put into its namespace."""
    finished = [*left_behind(experiment.trained, extra=["summary"], scores="tag_arrays"), "anchors"]
    drawn = {name: f"figure_{name}" for name in layout_of("vae").figures}
    with warnings.catch_warnings():  # Kedro warns of dots in names that it put there itself, as the members' namespaces
        warnings.simplefilter("ignore", UserWarning)
        summarise = Node(
            nodes.summarise,
            ["members", "params:plan", "params:report", "params:run", "params:n_seeds", *finished],
            [*TABLES.values(), "comparison_report", "configuration_metrics"],
            name="summarise",
            tags="report",
        )
    draw_figures = Node(nodes.draw_figures, ["members", "params:plan", "comparison_table"], drawn, name="draw_figures", tags="report")
    page = Node(
        write_page,
        {"kind": "params:kind", **TABLES, "title": "params:name", "description": "params:description", **drawn},
        "page",
        name="write_page",
        tags="report",
    )
    select = Node(
        selected_parameters, ["members", "params:plan", "differences_table"], "selected_parameters", name="select_parameters", tags="report"
    )
    return Pipeline([summarise, draw_figures, select, page])
