"""simulate (or read) -> clean -> fit one tokeniser per distinct setting."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from lexon.experiments import Experiment
from lexon.pipelines.data_engineering import nodes

SIMULATED = "simulated_events"


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The data part of an experiment, to be put into its namespace."""
    simulated = experiment.parameters.events.source == "simulation"
    raw = SIMULATED if simulated else "raw_events"
    clean = Node(nodes.clean_events, [raw, "params:classes"], "events", name="clean_events", tags="data")
    return Pipeline([*([simulate()] if simulated else []), clean, *(_fit(name) for name in experiment.tokenisers)])


def simulate() -> Node:
    """The node that makes events for whoever has none."""
    return Node(nodes.simulate_events, ["params:events", "params:simulation"], SIMULATED, name="simulate_events", tags="data")


def _fit(name: str) -> Node:
    return Node(
        nodes.fit_tokeniser,
        ["events", f"params:tokenisers.{name}", "params:classes"],
        f"tokeniser_{name}",
        name=f"fit_{name}",
        tags="data",
    )
