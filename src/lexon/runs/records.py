"""Run records: the state of a member in its run.json, while it runs and when it fails."""

from __future__ import annotations

import json
import logging
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from kedro.io import CatalogProtocol
from kedro.pipeline.node import Node

from lexon.datasets.files import atomic_path, require_file, sidecar, write_text
from lexon.errors import DataError, LexonError, explained, first_cause
from lexon.experiments import is_member
from lexon.provenance import now

logger = logging.getLogger(__name__)


def member_folder(node: Node, catalog: CatalogProtocol) -> Path | None:
    """The folder of the member that a node belongs to, if it belongs to one."""
    if not is_member(node.namespace or ""):
        return None
    record: Any = catalog.get(f"{node.namespace}.run_record")
    return Path(record._filepath).parent


def mark_running(node: Node, catalog: CatalogProtocol, folder: Path) -> None:
    """Write cfg.yaml and a record with status "running"; those of other parameters go to history/
    first.
    """
    config = member_config(node, catalog)
    previous = old_record(folder)
    if previous and previous.get("parameters") != config:
        archive(folder)
    write_text(folder / "cfg.yaml", yaml.safe_dump(config, sort_keys=False))
    started = {
        "status": "running",
        **place_in_grid(node, catalog),
        "node": node.name,
        "parameters": config,
        "started": now(),
    }
    write_record(folder, started)


def mark_failed(node: Node, catalog: CatalogProtocol, error: BaseException) -> None:
    """Record why a member failed."""
    cause = first_cause(error)
    _mark(
        node,
        catalog,
        {"status": "failed", "error": f"{type(cause).__name__}: {cause}", "finished": now()},
    )


def mark_interrupted(node: Node, catalog: CatalogProtocol) -> None:
    """Let a member's record say that it was stopped from outside."""
    _mark(node, catalog, {"status": "interrupted", "finished": now()})


def _mark(node: Node, catalog: CatalogProtocol, what: dict[str, Any]) -> None:
    folder = member_folder(node, catalog)
    if folder is None:
        return
    config = member_config(node, catalog)
    try:
        record = {"parameters": config} | old_record(folder)
        if (
            record["parameters"] == config
        ):  # else the folder holds the result of other parameters, which is as good as it was
            write_record(folder, record | what)
    except (OSError, LexonError) as error:  # what it failed of is reported in any case
        logger.warning("%s: its record cannot be updated: %s", node.namespace, first_cause(error))


def member_config(node: Node, catalog: CatalogProtocol) -> dict[str, Any]:
    """The configuration of the member that a node belongs to, as its record holds it."""
    config: dict[str, Any] = catalog.load(f"params:{node.namespace}.config")
    return config


def place_in_grid(node: Node, catalog: CatalogProtocol) -> dict[str, Any]:
    """A member's name, its cell and its place in the plan: what a report needs to rebuild the grid
    from records alone.
    """
    recorded: dict[str, Any] = catalog.load(f"params:{node.namespace}.recorded")
    return recorded


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """Write run.json; as no node made it, it has no fingerprint, so evaluation will write
    its own.
    """
    sidecar(folder / "run.json").unlink(missing_ok=True)
    write_text(folder / "run.json", json.dumps(record, indent=1))


def archive(folder: Path) -> None:
    """Copy the record and metrics of other parameters to history/; they stay in place until their
    successors are whole.
    """
    target = folder / "history" / datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    for name in ("run.json", "metrics.json"):
        if (folder / name).exists():
            with atomic_path(target / name) as temporary:
                shutil.copy2(folder / name, temporary)


def read_record(path: Path) -> dict[str, Any]:
    """A member's run.json.

    Raises:
        LexonError: it cannot be read.
        DataError: it is not a run record.
    """
    try:
        require_file(path)
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise explained(error, path) from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"{path}: not a run record; delete it and run the member again") from error
    if not isinstance(found, dict):
        raise DataError(
            f"{path}: not a run record but a {type(found).__name__}; delete it and run the member"
            " again"
        )
    return found


def old_record(folder: Path) -> dict[str, Any]:
    """The record of a member's last run; empty where there is none that can be read."""
    try:
        return read_record(folder / "run.json")
    except LexonError:
        return {}
