"""Kedro's hook that writes the fingerprint of each output, under every runner."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline.node import Node

from lexon.datasets.files import Content
from lexon.provenance import code_digest, edited_since_start, modules_of
from lexon.runs import fingerprints

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Running:
    """What a node that runs makes its outputs from."""

    catalog: CatalogProtocol
    recipe: str
    code: str
    inputs: dict[str, str | None]
    outside: dict[str, Content]


class FingerprintHooks:
    """Writes the fingerprint of each output that a node saves, under every runner."""

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}

    @hook_impl
    def before_node_run(self, node: Node, catalog: CatalogProtocol) -> None:
        self._running[node.name] = _Running(
            catalog,
            fingerprints.recipe(node, catalog),
            code_digest(*modules_of(node.func)),
            fingerprints.input_stamps(node, catalog),
            fingerprints.outside_inputs(node, catalog),
        )

    @hook_impl
    def before_dataset_saved(self, dataset_name: str, node: Node) -> None:
        path = fingerprints.path_of(self._running[node.name].catalog.get(dataset_name))
        if path is not None:
            fingerprints.invalidate(path)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        made = self._running[node.name]
        path = fingerprints.path_of(made.catalog.get(dataset_name))
        if path is not None:
            fingerprints.write(
                path, dataset_name.rpartition(".")[2], _recipe_that_ran(node, made.recipe), made.code, made.inputs, made.outside
            )


def _recipe_that_ran(node: Node, recipe: str) -> str:
    """The recipe, or one that is never current where the code was edited while the process ran: nobody knows which of the two ran."""
    edited = edited_since_start(*modules_of(node.func))
    if not edited:
        return recipe
    logger.warning(
        "%s: its code (%s) was edited after this process started, so what it just made will be made again; "
        "restart a notebook's kernel after an edit",
        node.name,
        edited[0].name if len(edited) == 1 else f"{edited[0].name} and {len(edited) - 1} more",
    )
    return f"{recipe} edited"
