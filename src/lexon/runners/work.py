"""One pass over the nodes of a run: one process at a time works on a member, and a failure takes
only what depends on it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from lexon.datasets.files import remove_leftovers
from lexon.errors import LexonError, first_cause
from lexon.runners.ending import end_if_asked
from lexon.runners.progress import GridProgress
from lexon.runners.units import group_of
from lexon.runs import fingerprints, locks, records

logger = logging.getLogger(__name__)


class Work:
    """The nodes of a run and their outcome so far.

    Attributes:
        failed: the error of each node that failed, by name.
        lost: nodes that failed, or that could not run because of one.
        ran: nodes that were tried here.
    """

    def __init__(self, pipeline: Pipeline, catalog: CatalogProtocol, rerun: bool) -> None:
        self.catalog, self.rerun = catalog, rerun
        self._total, self._progress = len(pipeline.nodes), GridProgress(pipeline.nodes)
        self.failed: dict[str, Exception] = {}
        self.lost: dict[Node, None] = {}
        self.ran: set[Node] = set()
        self._above = pipeline.node_dependencies
        self._seen: set[Node] = set()

    def on(self, group: Sequence[Node], execute: Callable[[Node], Any]) -> None:
        """Run the nodes of a member, or one that members share, unless another process works on it.

        Args:
            execute: runs a node and announces it, see `begin`.
        """
        with ExitStack() as stack:
            busy = self._lock(group, stack)
            for node in group:
                if self._blocking_parents(node) & self.lost.keys():
                    self.lost[node] = None
                elif busy is not None:
                    self.fail(node, busy)
                elif self._done_meanwhile(node):
                    logger.info("%s: done by another command meanwhile", node.name)
                else:
                    self._execute(node, execute)
                self.end(node)

    def begin(self, node: Node) -> None:
        """Announce a node that starts; none does once the command is asked to end."""
        end_if_asked()
        self._seen.add(node)
        logger.info(
            "[%d/%d] %s%s", len(self._seen), self._total, node.name, self._progress.before(node)
        )

    def end(self, node: Node) -> None:
        """Count a node that is over, or that could not run."""
        self._seen.add(node)
        self._progress.after(node, failed=node in self.lost)

    def take_over(
        self,
        unit: Sequence[Node],
        ran: Collection[str],
        lost: Collection[str],
        failed: Mapping[str, Exception],
    ) -> None:
        """Note what became of nodes in another process, by name."""
        self.failed.update(failed)
        for node in unit:
            if node.name in ran:
                self.ran.add(node)
            if node.name in lost:
                self.lost[node] = None
            self.end(node)

    def fail(self, node: Node, error: Exception) -> None:
        """Note that a node failed, and show why."""
        cause = first_cause(error)
        logger.error(
            "%s failed: %s",
            node.name,
            cause,
            exc_info=None if isinstance(cause, LexonError) else error,
        )
        self.failed[node.name] = error
        self.lost[node] = None

    def _lock(self, group: Sequence[Node], stack: ExitStack) -> LexonError | None:
        """Lock what the group writes until the stack ends; the reason where that cannot be."""
        path = _lock_path(group, self.catalog)
        if path is None or all(self._blocking_parents(node) & self.lost.keys() for node in group):
            return None
        try:
            stack.enter_context(locks.held(path, group_of(group[0])))
        except LexonError as error:
            return error
        return None

    def _done_meanwhile(self, node: Node) -> bool:
        """Whether another process made it current since the plan: nothing that it rests on was made
        here.
        """
        untouched = not (self.ran | self.lost.keys()) & self._above[node]
        return (
            not self.rerun and untouched and fingerprints.reason_to_run(node, self.catalog) is None
        )

    def _execute(self, node: Node, execute: Callable[[Node], Any]) -> None:
        _warn_of_members_in_work(node, self.catalog)
        self.ran.add(node)
        try:
            execute(node)
        except (KeyboardInterrupt, SystemExit):
            records.mark_interrupted(node, self.catalog)
            raise
        except Exception as error:  # noqa: BLE001  # whatever one member fails of, its siblings go on
            records.mark_failed(node, self.catalog, error)
            self.fail(node, error)

    def _blocking_parents(self, node: Node) -> set[Node]:
        """The nodes whose outputs this one cannot do without."""
        needed = {
            name
            for name in node.inputs
            if not name.startswith("params:")
            and not getattr(self.catalog.get(name), "optional", False)
        }
        return {parent for parent in self._above[node] if needed & set(parent.outputs)}


def remove_traces(nodes: Iterable[Node], catalog: CatalogProtocol) -> None:
    """Remove temporary files and locks of processes that are gone from the folders that nodes write
    to, those of members included.
    """
    nodes = list(nodes)
    paths = (fingerprints.path_of(catalog.get(name)) for node in nodes for name in node.outputs)
    folders = {path.parent for path in paths if path is not None}
    members = {
        folder for node in nodes if (folder := records.member_folder(node, catalog)) is not None
    }
    archives: set[Path] = set()
    for folder in members:
        with suppress(OSError):  # another user's, or a link that leads to itself
            archives |= set(folder.glob("history/*"))
    remove_leftovers(folders | members | archives)
    locks.remove_gone(folders | members | archives)


def _lock_path(group: Sequence[Node], catalog: CatalogProtocol) -> Path | None:
    """The lock of a member, or of the first file of a node that members share; None for one that
    writes no file.
    """
    folder = records.member_folder(group[0], catalog)
    if folder is not None:
        return folder / locks.SUFFIX
    paths = (fingerprints.path_of(catalog.get(name)) for name in group[0].outputs)
    return next(
        (path.with_name(f".{path.name}{locks.SUFFIX}") for path in paths if path is not None), None
    )


def _warn_of_members_in_work(node: Node, catalog: CatalogProtocol) -> None:
    """Warn before a report of members on which another process works."""
    if "report" not in node.tags:
        return
    folders = {
        path.parent
        for name in node.inputs
        if name.endswith(".run_record") and (path := fingerprints.path_of(catalog.get(name)))
    }
    for folder in sorted(folders):
        if holder := locks.holder_of(folder / locks.SUFFIX):
            logger.warning(
                "%s: %s works on it; the report shows it as it is now", folder.name, holder
            )
