"""Kedro's hooks, which work under every runner: fingerprints of outputs, run records of members,
reports of recorded members.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from lexon.datasets.files import Content
from lexon.provenance import code_digest, edited_since_start, modules_of
from lexon.runs import fingerprints, records
from lexon.runs.reports import only_reports, read_as_recorded
from lexon.runs.run_log import RunLog

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Running:
    """What a node that runs makes its outputs from."""

    catalog: CatalogProtocol
    digest: str
    code: str
    inputs: dict[str, str | None]
    outside: dict[str, Content]


class FingerprintHooks:
    """Writes the fingerprint of each output that a node saves."""

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}

    @hook_impl
    def before_node_run(self, node: Node, catalog: CatalogProtocol) -> None:
        code = code_digest(*modules_of(node.func))
        self._running[node.name] = _Running(
            catalog,
            fingerprints.node_digest(node, catalog, code),
            code,
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
                path,
                dataset_name.rpartition(".")[2],
                _digest_that_ran(node, made.digest),
                made.code,
                made.inputs,
                made.outside,
            )


def _digest_that_ran(node: Node, digest: str) -> str:
    """The node's digest, or one that is never current where the code was edited while the process
    ran: either version may have run.
    """
    edited = edited_since_start(*modules_of(node.func))
    if not edited:
        return digest
    logger.warning(
        "%s: its code (%s) was edited after this process started, so what it just made will be made"
        " again; restart a notebook's kernel after an edit",
        node.name,
        edited[0].name if len(edited) == 1 else f"{edited[0].name} and {len(edited) - 1} more",
    )
    return f"{digest} edited"


class RunRecordHooks:
    """Keeps a member's cfg.yaml, run.log and, until it is evaluated, run.json.

    The record's status is "running" while the member trains and "failed", with the reason, if one
    of its nodes fails; evaluation writes the final record. When the parameters changed, the old
    record and metrics go to history/.
    """

    def __init__(self) -> None:
        self._log = RunLog()
        self._recorded: dict[str, dict[str, Any]] = {}

    @hook_impl
    def before_node_run(self, node: Node, catalog: CatalogProtocol) -> None:
        folder = records.member_folder(node, catalog)
        if folder is None:
            return
        self._log.start(folder)
        self._recorded[f"{node.namespace}.run_record"] = records.place_in_grid(node, catalog)
        if "train" in node.tags:  # an evaluation keeps the old record until it writes the new one
            records.mark_running(node, catalog, folder)

    @hook_impl
    def before_dataset_saved(self, dataset_name: str, data: Any) -> None:
        if dataset_name in self._recorded:
            data.update(self._recorded[dataset_name])

    @hook_impl
    def after_node_run(self) -> None:
        self._log.stop()

    @hook_impl
    def on_node_error(self, error: Exception, node: Node, catalog: CatalogProtocol) -> None:
        self._log.stop()
        records.mark_failed(node, catalog, error)


class ReportHooks:
    """Makes a run that only reports read its members as recorded."""

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        if only_reports(run_params):
            read_as_recorded(pipeline, catalog)
