"""One pass over the nodes of a run: one process at a time works on a member, and a failure takes only what depends on it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from lexon.errors import LexonError, first_cause
from lexon.experiments import is_member
from lexon.runners.progress import GridProgress
from lexon.runs import fingerprints, locks, records

logger = logging.getLogger(__name__)


class Work:
    """What became of each node so far.

    Attributes:
        failed: the error of each node that failed, by name.
        lost: nodes that failed, or that could not run because of one.
    """

    def __init__(self, pipeline: Pipeline, catalog: CatalogProtocol, rerun: bool, total: int, progress: GridProgress) -> None:
        self.pipeline, self.catalog, self.rerun, self.total, self.progress = pipeline, catalog, rerun, total, progress
        self.failed: dict[str, Exception] = {}
        self.lost: dict[Node, None] = {}
        self._ran: set[Node] = set()
        self._number = 0

    def on(self, group: Sequence[Node], execute: Callable[[Node], Any]) -> None:
        """Run the nodes of a member, or one that members share, unless another process works on it."""
        with ExitStack() as stack:
            busy = self._lock(group, stack)
            for node in group:
                self._number += 1
                if _blocking_parents(node, self.pipeline, self.catalog) & self.lost.keys():
                    self.lost[node] = None
                elif busy is not None:
                    self._fail(node, busy)
                elif self._done_meanwhile(node):
                    logger.info("[%d/%d] %s: done by another command meanwhile", self._number, self.total, node.name)
                else:
                    logger.info("[%d/%d] %s%s", self._number, self.total, node.name, self.progress.before(node))
                    self._execute(node, execute)
                self.progress.after(node, failed=node in self.lost)

    def _lock(self, group: Sequence[Node], stack: ExitStack) -> LexonError | None:
        """Lock what the group writes until the stack ends; the reason where that cannot be."""
        path = _lock_path(group, self.catalog)
        if path is None or all(_blocking_parents(node, self.pipeline, self.catalog) & self.lost.keys() for node in group):
            return None
        try:
            stack.enter_context(locks.held(path, group_of(group[0])))
        except LexonError as error:
            return error
        return None

    def _done_meanwhile(self, node: Node) -> bool:
        """Whether another process made it current since the plan: nothing that it rests on was made here."""
        above = self.pipeline.node_dependencies[node]
        untouched = not (self._ran | self.lost.keys()) & above
        return not self.rerun and untouched and fingerprints.reason_to_run(node, self.catalog) is None

    def _execute(self, node: Node, execute: Callable[[Node], Any]) -> None:
        _warn_of_members_in_work(node, self.catalog)
        self._ran.add(node)
        try:
            execute(node)
        except (KeyboardInterrupt, SystemExit):
            records.mark_interrupted(node, self.catalog)
            raise
        except Exception as error:  # noqa: BLE001  # whatever one member fails of, its siblings go on
            records.mark_failed(node, self.catalog, error)
            self._fail(node, error)

    def _fail(self, node: Node, error: Exception) -> None:
        cause = first_cause(error)
        logger.error("%s failed: %s", node.name, cause, exc_info=None if isinstance(cause, LexonError) else error)
        self.failed[node.name] = error
        self.lost[node] = None


def members_together(nodes: list[Node]) -> list[Node]:
    """One member after another, where Kedro's order would train all of them before it evaluates the first.

    A member's later nodes need nothing from outside that its first one does not need too, so they may move up to it.
    """

    first: dict[str, int] = {}
    for number, node in enumerate(nodes):
        first.setdefault(group_of(node), number)
    return sorted(nodes, key=lambda node: first[group_of(node)])


def group_of(node: Node) -> str:
    """The member that a node belongs to, or its own name."""
    return node.namespace if node.namespace and is_member(node.namespace) else node.name


def _lock_path(group: Sequence[Node], catalog: CatalogProtocol) -> Path | None:
    """The lock of a member, or of the first file of a node that members share; None for one that writes no file."""
    folder = records.member_folder(group[0], catalog)
    if folder is not None:
        return folder / locks.SUFFIX
    paths = (fingerprints.path_of(catalog.get(name)) for name in group[0].outputs)
    return next((path.with_name(f".{path.name}{locks.SUFFIX}") for path in paths if path is not None), None)


def _warn_of_members_in_work(node: Node, catalog: CatalogProtocol) -> None:
    """Before a report: which of its members another process works on."""
    if "report" not in node.tags:
        return
    folders = {path.parent for name in node.inputs if name.endswith(".run_record") and (path := fingerprints.path_of(catalog.get(name)))}
    for folder in sorted(folders):
        if holder := locks.holder_of(folder / locks.SUFFIX):
            logger.warning("%s: %s works on it; the report shows it as it is now", folder.name, holder)


def _blocking_parents(node: Node, pipeline: Pipeline, catalog: CatalogProtocol) -> set[Node]:
    """The nodes whose outputs this one cannot do without."""
    needed = {name for name in node.inputs if not name.startswith("params:") and not getattr(catalog.get(name), "optional", False)}
    return {parent for parent in pipeline.node_dependencies[node] if needed & set(parent.outputs)}
