"""Kedro's hook that writes the fingerprint of each output, under every runner."""

from __future__ import annotations

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline.node import Node

from lexon.framework import fingerprints


class FingerprintHooks:
    """Writes the fingerprint of each output that a node saves, under every runner."""

    def __init__(self) -> None:
        self._running: dict[str, tuple[CatalogProtocol, str, dict[str, str | None]]] = {}

    @hook_impl
    def before_node_run(self, node: Node, catalog: CatalogProtocol) -> None:
        self._running[node.name] = catalog, fingerprints.recipe(node, catalog), fingerprints.input_stamps(node, catalog)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        catalog, recipe, inputs = self._running[node.name]
        path = fingerprints.path_of(catalog.get(dataset_name))
        if path is not None:
            fingerprints.write(path, dataset_name.rpartition(".")[2], recipe, inputs)
