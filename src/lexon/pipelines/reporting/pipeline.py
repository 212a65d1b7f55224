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
TABLES = ("members_table", "summary_table", "comparisons_table")


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The report of an experiment, to be put into its namespace."""
    finished = [f"grid.{member.name}.{name}" for member in experiment.trained for name in LEFT_BEHIND]
    sources = ["members", "params:plan", *(f"baseline_{kind}" for kind in BASELINES)]
    drawn = {name: f"figure_{name}" for name in FIGURES}
    settings = ["params:evaluation", "params:report", "params:run"]
    with warnings.catch_warnings():  # Kedro warns of dots in names that it put there itself, as the members' namespaces
        warnings.simplefilter("ignore", UserWarning)
        summarise = Node(nodes.summarise, [*sources, *settings, *finished], [*TABLES, "findings"], name="summarise", tags="report")
        draw_figures = Node(nodes.draw_figures, [*sources, "summary_table"], drawn, name="draw_figures", tags="report")
    draw_features = Node(
        nodes.draw_features, ["events", "params:classes", "params:events"], "figure_features", name="draw_features", tags="report"
    )
    page = {"members": "members_table", "summary": "summary_table", "comparisons": "comparisons_table", "findings": "findings"}
    write_page = Node(
        nodes.write_page,
        {**page, "title": "params:name", "description": "params:description", **drawn, "features": "figure_features"},
        "page",
        name="write_page",
        tags="report",
    )
    return Pipeline([summarise, draw_figures, draw_features, write_page])
