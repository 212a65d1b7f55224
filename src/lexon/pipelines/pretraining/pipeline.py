"""One VQ-VAE for each distinct setting, trained here or by another run, shared by all members whose
tokens are its codes.
"""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from lexon.experiments import Experiment
from lexon.pipelines.node_functions import node_function


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The pre-training of an experiment's tokenisers, to be put into its namespace."""
    learnt = [name for name, config in experiment.tokenisers.items() if config.trained]
    make = _train if experiment.parameters.vqvae.from_run is None else _reuse
    return Pipeline([node for name in learnt for node in (make(name), _draw(name))])


def _train(name: str) -> Node:
    return Node(
        node_function("pretraining.vqvae:train_vqvae"),
        {
            "events": "events",
            "settings": f"params:tokenisers.{name}",
            "classes": "params:classes",
            "object_types": "params:object_types",
            "device": "params:device",
            "checkpoints": "checkpoints",
        },
        [f"tokeniser_{name}", f"history_{name}", f"diagnostics_{name}"],
        name=f"train_{name}",
        tags="train",
    )


def _reuse(name: str) -> Node:
    files = {
        "trained": f"reused_{name}",
        "history": f"reused_history_{name}",
        "diagnostics": f"reused_diagnostics_{name}",
    }
    settings = {
        "settings": f"params:tokenisers.{name}",
        "classes": "params:classes",
        "from_run": "params:vqvae.from",
    }
    made = [f"tokeniser_{name}", f"history_{name}", f"diagnostics_{name}"]
    return Node(
        node_function("pretraining.reuse:reuse_vqvae"),
        {**files, "events": "events", **settings},
        made,
        name=f"reuse_{name}",
        tags="data",
    )


def _draw(name: str) -> Node:
    return Node(
        node_function("pretraining.vqvae:draw_vqvae"),
        [f"history_{name}", f"diagnostics_{name}", "checkpoints"],
        f"figure_{name}",
        name=f"draw_{name}",
        tags="data",
    )
