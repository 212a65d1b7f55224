"""summarise -> figures -> one page, from the members' folders."""

from __future__ import annotations

import warnings

from kedro.pipeline import Node, Pipeline

from lexon.experiments import Experiment
from lexon.pipelines.members import left_behind
from lexon.pipelines.modelling.regression.pipeline import SCORES
from lexon.pipelines.reporting.layout import layout_of, write_page
from lexon.pipelines.reporting.regression import nodes

PAGE_TABLES = {"members": "members_table", "summary": "summary_table", "comparisons": "comparisons_table", "findings": "findings"}
OUTPUTS = ["members_table", "summary_table", "comparisons_table", "table2_table", "table2_text", "selected_parameters", "findings"]


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The report of an experiment, to be put into its namespace."""
    drawn = {name: f"figure_{name}" for name in layout_of("regression").figures}
    settings = ["params:plan", "params:collapse"]
    finished = [*left_behind(experiment.trained, scores=SCORES), "baselines"]
    with warnings.catch_warnings():  # Kedro warns of dots in names that it put there itself, as the members' namespaces
        warnings.simplefilter("ignore", UserWarning)
        summarise = Node(
            nodes.summarise,
            ["members", *settings, "params:report", "params:run", "params:n_seeds", *finished],
            OUTPUTS,
            name="summarise",
            tags="report",
        )
    # The summary is asked for so that the figures come after all members.
    draw = Node(nodes.draw_figures, ["members", *settings, "summary_table"], drawn, name="draw_figures", tags="report")
    page = Node(
        write_page,
        {"kind": "params:kind", **PAGE_TABLES, "title": "params:name", "description": "params:description", **drawn},
        "page",
        name="write_page",
        tags="report",
    )
    return Pipeline([summarise, draw, page])
