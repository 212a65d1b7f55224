"""Our token file and another -> tables and words -> figures -> one page; and another's tokens made
fit to train from.
"""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from lexon.experiments import Experiment
from lexon.pipelines.data_engineering.pipeline import create_token_file, events_pipeline
from lexon.pipelines.node_functions import node_function

TABLES = (
    "links",
    "parts",
    "agreement",
    "columns",
    "confusion",
    "edges",
    "examples",
    "occupancy",
    "distances",
    "frequencies",
)
DRAWN = ("occupancy", "confusion", "edges", "frequencies")
SHOWN = ("links", "parts", "agreement", "edges", "examples", "distances")


def create_pipeline(experiment: Experiment) -> Pipeline:
    """A comparison, to be put into its experiment's namespace: of tokens.path, or of a token file
    that is made first.
    """
    parameters = experiment.parameters
    if parameters.tokens.path is None:
        tokens = (
            "tokens_output" if parameters.tokens.output else f"tokens_{experiment.token_file[0]}"
        )
        data = create_token_file(experiment)
    else:
        tokens, data = (
            "tokens_file",
            events_pipeline(experiment) if experiment.starts_from_events else Pipeline([]),
        )
    # Nothing is made before the reference file is named: its dataset is asked first, and says what
    # to do.
    prepared = data if parameters.ambre.path else Pipeline([])
    return Pipeline([prepared, compare(tokens, with_events=experiment.starts_from_events)])


def create_ambre_pipeline(experiment: Experiment) -> Pipeline:
    """The reference's tokens as one more tokeniser of a grid, and their report beside our binned
    ones; nothing where no member asks.
    """
    names = {config.kind: name for name, config in experiment.tokenisers.items()}
    if "ambre" not in names:
        return Pipeline([])
    finished = experiment.parameters.tokens.path is not None
    shown = "tokens_file" if finished else "events"
    adopting = Node(
        node_function("comparison.adopt:adopt_ambre"),
        [shown, "ambre", "params:division"],
        f"tokens_{names['ambre']}",
        name="adopt_ambre",
        tags="data",
    )
    ours = "tokens_file" if finished else f"tokens_{names['binned']}" if "binned" in names else None
    if (
        ours is None or experiment.parameters.report.source
    ):  # where members lie elsewhere, what they were made from may not be here
        return Pipeline([adopting])
    return Pipeline([adopting, compare(ours, with_events=not finished, report="ambre_")])


def compare(tokens: str, with_events: bool, report: str = "") -> Pipeline:
    """The report on a token file of ours and `ambre`.

    Args:
        tokens: dataset of our token file.
        with_events: whether `events` are what it was made from.
        report: put before the name of every output, where an experiment has a report of its own.
    """
    tables = {name: f"{report}{name}_table" for name in TABLES}
    figures = {name: f"figure_{report}{name}" for name in DRAWN}
    inputs = {"ambre": "ambre", "tokens": tokens, "classes": "params:classes"} | (
        {"events": "events"} if with_events else {}
    )
    comparing = Node(
        node_function("comparison.nodes:compare_tokens"),
        inputs,
        {**tables, "findings": f"{report}findings"},
        name="compare_tokens",
        tags="report",
    )
    drawing = Node(
        node_function("comparison.nodes:draw_figures"),
        {name: tables[name] for name in DRAWN},
        figures,
        name=f"draw_{report}figures",
        tags="report",
    )
    words = {
        "findings": f"{report}findings",
        "title": "params:name",
        "description": "params:description",
    }
    shown = {name: tables[name] for name in SHOWN} | {
        f"figure_{name}": dataset for name, dataset in figures.items()
    }
    writing = Node(
        node_function("comparison.nodes:write_tokens_page"),
        {**words, **shown},
        f"{report}page",
        name=f"write_{report}page",
        tags="report",
    )
    return Pipeline([comparing, drawing, writing])
