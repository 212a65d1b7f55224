"""Run records: what a member says of itself while it runs, and when it fails."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline.node import Node

from lexon.config import MemberConfig
from lexon.datasets.files import atomic_path, require_file, sidecar, write_text
from lexon.errors import DataError, LexonError, explained, first_cause
from lexon.experiments import is_member
from lexon.provenance import now

logger = logging.getLogger(__name__)


class RunRecordHooks:
    """Keeps a member's cfg.yaml, run.log and, until it is evaluated, run.json.

    A member's record says "running" while it trains and "failed" with the reason if a node of it dies; evaluation
    writes the final one. When the parameters are others than last time, the old record and metrics go to history/.
    """

    def __init__(self) -> None:
        self._log: logging.Handler | None = None
        self._recorded: dict[str, dict[str, Any]] = {}

    @hook_impl
    def before_node_run(self, node: Node, catalog: CatalogProtocol) -> None:
        folder = member_folder(node, catalog)
        if folder is None:
            return
        self._start_log(folder)
        recorded = self._recorded[f"{node.namespace}.run_record"] = _place_in_grid(node, catalog)
        if "train" not in node.tags:  # an evaluation leaves the record as it is until it has another one
            return
        config = member_config(node, catalog)
        previous = old_record(folder)
        if previous and previous.get("parameters") != config:
            _archive(folder)
        write_text(folder / "cfg.yaml", yaml.safe_dump(config, sort_keys=False))
        _write_record(folder, {"status": "running", **recorded, "node": node.name, "parameters": config, "started": now()})

    @hook_impl
    def before_dataset_saved(self, dataset_name: str, data: Any) -> None:
        if dataset_name in self._recorded:
            data.update(self._recorded[dataset_name])

    @hook_impl
    def after_node_run(self) -> None:
        self._stop_log()

    @hook_impl
    def on_node_error(self, error: Exception, node: Node, catalog: CatalogProtocol) -> None:
        self._stop_log()
        mark_failed(node, catalog, error)

    def _start_log(self, folder: Path) -> None:
        self._stop_log()  # of a node whose start failed, which no other hook hears of
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / "run.log").exists():
                require_file(folder / "run.log")
            self._log = _MemberLog(folder / "run.log", encoding="utf-8")
        except OSError as error:
            raise explained(error) from error
        self._log.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logging.getLogger("lexon").addHandler(self._log)

    def _stop_log(self) -> None:
        if self._log is not None:
            logging.getLogger("lexon").removeHandler(self._log)
            with suppress(OSError):  # a full disk, which was said already
                self._log.close()
            self._log = None


class _MemberLog(logging.FileHandler):
    """run.log; on a full disk it ends with one sentence, and what it is about goes on."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        cause = sys.exception()
        if not isinstance(cause, OSError):
            super().handleError(record)
            return
        logging.getLogger("lexon").removeHandler(self)
        logger.warning("this log ends here: %s", explained(cause, self.baseFilename))


def member_folder(node: Node, catalog: CatalogProtocol) -> Path | None:
    """The folder of the member that a node belongs to, if it belongs to one."""
    if not is_member(node.namespace or ""):
        return None
    record: Any = catalog.get(f"{node.namespace}.run_record")
    return Path(record._filepath).parent


def mark_failed(node: Node, catalog: CatalogProtocol, error: BaseException) -> None:
    """Record why a member failed."""
    cause = first_cause(error)
    _mark(node, catalog, {"status": "failed", "error": f"{type(cause).__name__}: {cause}", "finished": now()})


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
        if record["parameters"] == config:  # else the folder holds the result of other parameters, which is as good as it was
            _write_record(folder, record | what)
    except (OSError, LexonError) as error:  # what it failed of is reported in any case
        logger.warning("%s: its record cannot say so: %s", node.namespace, first_cause(error))


def member_config(node: Node, catalog: CatalogProtocol) -> dict[str, Any]:
    """The configuration of the member that a node belongs to, as its record holds it."""
    config: MemberConfig = catalog.load(f"params:{node.namespace}.config")
    return config.model_dump(mode="json")


def _place_in_grid(node: Node, catalog: CatalogProtocol) -> dict[str, Any]:
    """A member's name, its cell and its place in the plan: what a report needs to rebuild the grid from records alone."""
    recorded: dict[str, Any] = catalog.load(f"params:{node.namespace}.recorded")
    return recorded


def _write_record(folder: Path, record: dict[str, Any]) -> None:
    """Write run.json; as no node made it, it has no fingerprint, so evaluation will write its own."""
    sidecar(folder / "run.json").unlink(missing_ok=True)
    write_text(folder / "run.json", json.dumps(record, indent=1))


def _archive(folder: Path) -> None:
    """Copy the record and metrics of other parameters to history/; they stay in place until their successors are whole."""
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
        raise DataError(f"{path}: not a run record but a {type(found).__name__}; delete it and run the member again")
    return found


def old_record(folder: Path) -> dict[str, Any]:
    """What a member's folder says of its last run; nothing where there is no record that can be read."""
    try:
        return read_record(folder / "run.json")
    except LexonError:
        return {}
