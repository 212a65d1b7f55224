"""simulate (or read) -> clean -> fit one tokeniser per distinct setting -> write the tokens of the
discrete ones, once for all.
"""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from lexon.config import FittedConfig
from lexon.experiments import Experiment
from lexon.pipelines.node_functions import node_function
from lexon.provenance import resting_on

SIMULATED = "simulated_events"


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The data part of an experiment, to be put into its namespace; nothing where a finished token
    file takes its place.
    """
    if not experiment.starts_from_events:
        return Pipeline([])
    fitted = {
        name: config
        for name, config in experiment.tokenisers.items()
        if isinstance(config, FittedConfig)
    }
    return Pipeline(
        [
            events_pipeline(experiment),
            *(_fit(name, config) for name, config in fitted.items() if not config.trained),
            *(
                write(name, config, f"tokens_{name}")
                for name, config in fitted.items()
                if not config.continuous
            ),
        ]
    )


def create_token_file(experiment: Experiment) -> Pipeline:
    """The token file alone: what `--pipelines data_engineering` is for."""
    name, config = experiment.token_file
    output = "tokens_output" if experiment.parameters.tokens.output else f"tokens_{name}"
    return Pipeline(
        [
            events_pipeline(experiment),
            *([] if config.trained else [_fit(name, config)]),
            write(name, config, output),
        ]
    )


def events_pipeline(experiment: Experiment) -> Pipeline:
    """Clean events."""
    simulated = experiment.parameters.events.source == "simulation"
    raw = SIMULATED if simulated else "raw_events"
    clean = Node(
        node_function("data_engineering.clean:clean_events"),
        [raw, "params:classes", "params:data", "params:checks"],
        "events",
        name="clean_events",
        tags="data",
    )
    return Pipeline([*([simulate()] if simulated else []), clean])


def simulate() -> Node:
    """The node that simulates events, used when no file is given."""
    return Node(
        node_function("data_engineering.simulate:simulate_events"),
        "params:simulated",
        SIMULATED,
        name="simulate_events",
        tags="data",
    )


def write(name: str, config: FittedConfig, output: str) -> Node:
    """The node that encodes all events with a fitted tokeniser."""
    return Node(
        resting_on(node_function("data_engineering.tokenise:write_tokens"), config.module),
        ["events", f"tokeniser_{name}"],
        output,
        name=f"write_{name}",
        tags="data",
    )


def _fit(name: str, config: FittedConfig) -> Node:
    return Node(
        resting_on(node_function("data_engineering.tokenise:fit_tokeniser"), config.module),
        ["events", f"params:tokenisers.{name}", "params:classes"],
        f"tokeniser_{name}",
        name=f"fit_{name}",
        tags="data",
    )
