"""simulate (or read) -> clean -> fit one tokeniser per distinct setting."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from lexon.experiments import Experiment
from lexon.pipelines.data_engineering.clean import clean_events
from lexon.pipelines.data_engineering.simulate import simulate_events
from lexon.pipelines.data_engineering.tokenise import fit_tokeniser

SIMULATED = "simulated_events"


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The data part of an experiment, to be put into its namespace."""
    simulated = experiment.parameters.events.source == "simulation"
    raw = SIMULATED if simulated else "raw_events"
    clean = Node(clean_events, [raw, "params:classes", "params:data"], "events", name="clean_events", tags="data")
    return Pipeline([*([simulate()] if simulated else []), clean, *(_fit(name) for name in experiment.tokenisers)])


def simulate() -> Node:
    """The node that makes events for whoever has none."""
    return Node(simulate_events, "params:simulated", SIMULATED, name="simulate_events", tags="data")


def _fit(name: str) -> Node:
    return Node(
        fit_tokeniser,
        ["events", f"params:tokenisers.{name}", "params:classes"],
        f"tokeniser_{name}",
        name=f"fit_{name}",
        tags="data",
    )
