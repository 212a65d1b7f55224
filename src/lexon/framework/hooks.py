"""Kedro's hook that writes the fingerprint of each output, under every runner."""

from __future__ import annotations

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline.node import Node

from lexon.framework import fingerprints


class FingerprintHooks:
    """Writes the fingerprint of each output that a node saves, under every runner."""

    @hook_impl
    def before_node_run(self, node: Node, catalog: CatalogProtocol) -> None:
        self._catalog = catalog
        self._made_from = fingerprints.recipe(node, catalog), fingerprints.input_stamps(node, catalog)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        path = fingerprints.path_of(self._catalog.get(dataset_name))
        if path is not None:
            fingerprints.write(path, *self._made_from)
