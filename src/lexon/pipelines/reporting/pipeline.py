"""summarise -> figures -> one page, from the members' folders."""

from __future__ import annotations

import warnings

from kedro.pipeline import Node, Pipeline

from lexon.baselines import BASELINES
from lexon.experiments import Experiment
from lexon.pipelines.reporting import nodes

FIGURES = ("roc", "scores", "confusion", "learning_curves", "calibration", "auroc_bars")
# What each member leaves to be reported on; asked for whole, so that a report waits for all of it.
LEFT_BEHIND = ("metrics", "scores", "figure_losses", "run_record")
TABLES = {"members": "members_table", "summary": "summary_table", "comparisons": "comparisons_table", "findings": "findings"}


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The report of an experiment, to be put into its namespace."""
    finished = [f"grid.{member.name}.{name}" for member in experiment.trained for name in LEFT_BEHIND]
    finished += [f"baseline_{kind}" for kind in BASELINES]
    settings = ["params:evaluation", "params:report", "params:run"]
    drawn = {name: f"figure_{name}" for name in FIGURES}
    # Members that lie elsewhere may have been made from events that are not here.
    features = {} if experiment.parameters.report.source else {"features": "figure_features"}
    with warnings.catch_warnings():  # Kedro warns of dots in names that it put there itself, as the members' namespaces
        warnings.simplefilter("ignore", UserWarning)
        summarise = Node(
            nodes.summarise, ["members", "params:plan", *settings, *finished], list(TABLES.values()), name="summarise", tags="report"
        )
    draw_figures = Node(nodes.draw_figures, ["members", "params:plan", "summary_table"], drawn, name="draw_figures", tags="report")
    draw_features = Node(
        nodes.draw_features, ["events", "params:classes", "params:object_types"], "figure_features", name="draw_features", tags="report"
    )
    write_page = Node(
        nodes.write_page,
        {**TABLES, "title": "params:name", "description": "params:description", **drawn, **features},
        "page",
        name="write_page",
        tags="report",
    )
    return Pipeline([summarise, draw_figures, *([draw_features] if features else []), write_page])
