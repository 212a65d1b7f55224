"""summarise -> figures -> one page, from the members' folders."""

from __future__ import annotations

import warnings

from kedro.pipeline import Node, Pipeline

from lexon.baselines import BASELINES
from lexon.config import TokeniserConfig, tokeniser_config
from lexon.experiments import Experiment, tokeniser_name
from lexon.pipelines.members import left_behind
from lexon.pipelines.reporting.classifiers import nodes
from lexon.pipelines.reporting.layout import write_page

TABLES = ("members", "summary", "comparisons", "effects", "means", "best_models")
FIGURES = ("roc", "scores", "confusion", "learning_curves", "calibration", "auroc_bars")
GRID_FIGURES = ("effects", "heat_maps", "roc_by_axis", "validation_auroc")


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The report of an experiment, to be put into its namespace."""
    from_events = not experiment.parameters.tokens.path
    # Members that lie elsewhere may have been made from events that are not here.
    shows_events = from_events and not experiment.parameters.report.source
    drawn = [_draw_figures(), *([_draw_grid()] if experiment.is_grid else [])]
    if shows_events:
        drawn += [_draw_features(), *(_draw_occupancy(name, config) for name, config in experiment.tokenisers.items() if config.equal_bins)]
    figures = [name for node in drawn for name in node.outputs] + (_drawn_before(experiment, drawn) if shows_events else [])
    finished = left_behind(experiment.trained) + [f"baseline_{kind}" for kind in BASELINES if from_events]
    with warnings.catch_warnings():  # Kedro warns of dots in names that it put there itself, as the members' namespaces
        warnings.simplefilter("ignore", UserWarning)
        return Pipeline([_summarise(finished), *drawn, _write_page(figures)])


def _summarise(finished: list[str]) -> Node:
    settings = ["params:evaluation", "params:report", "params:run"]
    tables = {name: f"{name}_table" for name in TABLES} | {"findings": "findings"}
    return Node(nodes.summarise, ["members", "params:plan", *settings, *finished], tables, name="summarise", tags="report")


def _draw_figures() -> Node:
    drawn = {name: f"figure_{name}" for name in FIGURES}
    return Node(nodes.draw_figures, ["members", "params:plan", "summary_table"], drawn, name="draw_figures", tags="report")


def _draw_grid() -> Node:
    drawn = {name: f"figure_{name}" for name in GRID_FIGURES}
    tables = ["effects_table", "means_table"]
    return Node(nodes.draw_grid, ["members", "params:plan", *tables], drawn, name="draw_grid", tags="report")


def _draw_features() -> Node:
    return Node(
        nodes.draw_features, ["events", "params:classes", "params:object_types"], "figure_features", name="draw_features", tags="report"
    )


def _draw_occupancy(name: str, config: TokeniserConfig) -> Node:
    """Drawn with the data, so that a report made again from members does not ask for token files."""
    drawn = config.figure.format(name)
    return Node(nodes.draw_occupancy, [f"tokens_{name}", "params:classes"], drawn, name=f"draw_occupancy_{name}", tags="data")


def _drawn_before(experiment: Experiment, drawn: list[Node]) -> list[str]:
    """Figures of tokenisers that other nodes draw, or that an earlier run of more cells drew: shown where they exist."""
    planned = [member.config["tokeniser"] for member in experiment.planned]
    figures = [tokeniser_config(config).figure.format(tokeniser_name(config)) for config in planned]
    known = dict.fromkeys(name for name in figures if name)
    here = {name for node in drawn for name in node.outputs}
    return [name for name in known if name not in here]


def _write_page(figures: list[str]) -> Node:
    shown = {f"{name}_table": f"{name}_table" for name in TABLES if name != "means"}
    words = {"kind": "params:kind", "findings": "findings", "title": "params:name", "description": "params:description"}
    drawn = {name.removeprefix("figure_"): name for name in figures}
    return Node(write_page, {**shown, **words, **drawn}, "page", name="write_page", tags="report")
