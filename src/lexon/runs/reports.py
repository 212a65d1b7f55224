"""Commands that only make a report: members are read as recorded, and nodes whose data are missing
are left out.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from lexon.datasets.files import shown_path
from lexon.datasets.members import MembersDataset
from lexon.runs import fingerprints

logger = logging.getLogger(__name__)

MAKING = {"train", "evaluate"}


def only_reports(options: Mapping[str, Any]) -> bool:
    """Whether the options of a run choose reports, and nothing that makes members."""
    tags = set(options.get("tags") or ())
    return "report" in tags and not tags & MAKING


def read_as_recorded(pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """Members as they are: their records, not the command's parameters, are the grid."""
    for name in pipeline.inputs():
        dataset = catalog.get(name)
        if isinstance(dataset, MembersDataset):
            dataset.as_recorded = True


def recorded_cells(folder: Path) -> frozenset[str]:
    """The names of the cells whose members lie in a folder."""
    found = (
        path.parent.name.rpartition("__seed_")[0] for path in folder.glob("*__seed_*/run.json")
    )
    return frozenset(found)


def reportable(pipeline: Pipeline, catalog: CatalogProtocol) -> list[str]:
    """The nodes of a report that can run: those that show data which are not there are left out
    with a word.

    Where no node is left, all are named: each then says what it misses.
    """
    lost: dict[str, str] = {}
    missing_outputs: set[str] = set()
    for node in pipeline.nodes:
        if reason := _misses(node, pipeline, catalog, missing_outputs):
            lost[node.name] = reason
            missing_outputs |= {
                name for name in node.outputs if not getattr(catalog.get(name), "optional", False)
            }
    names = [node.name for node in pipeline.nodes]
    if len(lost) == len(names):
        return names
    for name, reason in lost.items():
        logger.warning("%s is left out of the report: %s", name, reason)
    return [name for name in names if name not in lost]


def _misses(
    node: Node, pipeline: Pipeline, catalog: CatalogProtocol, missing_outputs: set[str]
) -> str:
    """A needed input of a node that is missing; empty where it has all."""
    if gone := sorted(missing_outputs & set(node.inputs)):
        return f"it shows {gone[0]}, which is left out"
    free = [
        name for name in node.inputs if name in pipeline.inputs() and not name.startswith("params:")
    ]
    for name in free:
        dataset = catalog.get(name)
        path = None if getattr(dataset, "optional", False) else fingerprints.path_of(dataset)
        if path is not None and not path.exists():
            return f"{shown_path(path)} is not there"
    return ""
