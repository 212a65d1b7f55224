"""The local runner: runs what is not current, and goes on when a member fails."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from itertools import groupby
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from kedro.runner import AbstractRunner
from kedro.runner.task import Task

from lexon.cores import keep_to_quota
from lexon.errors import FAILED, LexonError, exit_code, first_cause
from lexon.runners.capacity import LocalSettings
from lexon.runners.crew import ALONE, crew_for
from lexon.runners.estimate import grid_plan
from lexon.runners.replaced import replaced_members
from lexon.runners.results import where_results_are
from lexon.runners.supervisor import Supervisor
from lexon.runners.units import group_of, members_together
from lexon.runners.work import Work, remove_traces
from lexon.runs import fingerprints, reports

logger = logging.getLogger(__name__)


SHOWN = 5  # names of skipped nodes in an error message


class RunFailed(RuntimeError):
    """Some nodes failed; everything that did not depend on them was done.

    Attributes:
        failed: the error of each failed node, by name.
        skipped: nodes that could not run because of them.
    """

    def __init__(self, failed: dict[str, Exception], skipped: list[str]) -> None:
        self.failed, self.skipped = failed, skipped
        lines = [f"{len(failed)} node(s) failed; all that did not depend on them is done:"]
        lines += [f"  {name}: {first_cause(error)}" for name, error in failed.items()]
        more = f" and {len(skipped) - SHOWN} more" if len(skipped) > SHOWN else ""
        lines += [f"skipped because of that: {', '.join(skipped[:SHOWN])}{more}"] if skipped else []
        super().__init__(
            "\n".join(
                [
                    *lines,
                    "Put it right and run the same command again: it runs only what is missing.",
                ]
            )
        )

    @property
    def exit_code(self) -> int:
        """Exit code for a batch system: 2 never try again, 3 try elsewhere, 1 try again."""
        causes = [first_cause(error) for error in self.failed.values()]
        return exit_code(
            cause.exit_code if isinstance(cause, LexonError) else FAILED for cause in causes
        )


class LocalRunner(AbstractRunner):
    """Nodes on this machine: one after another in this process, or several at a time in workers.

    Args:
        rerun: run every node, current or not.
        settings: of the workers; without them there are none.
        is_async: Kedro's, unused.
    """

    def __init__(
        self, rerun: bool = False, settings: LocalSettings | None = None, is_async: bool = False
    ) -> None:
        super().__init__(is_async=is_async)
        self.rerun, self.settings = rerun, settings
        self._crew = ALONE

    def run(
        self, pipeline: Pipeline, catalog: CatalogProtocol, *args: Any, **kwargs: Any
    ) -> dict[str, Any]:
        reasons = reasons_to_run(pipeline, catalog, self.rerun)
        needed = pipeline.filter(node_names=list(reasons)) if reasons else Pipeline([])
        self._crew = crew_for(needed, catalog, self.settings) if self.settings else ALONE
        show_plan(pipeline, catalog, reasons, self._crew.workers)
        if not reasons:
            return {}
        if self.rerun and not any(reports.MAKING & node.tags for node in pipeline.nodes):
            reports.read_as_recorded(pipeline, catalog)
        return super().run(needed, catalog, *args, **kwargs)

    def _get_executor(self, max_workers: int) -> Executor | None:  # noqa: ARG002
        return None

    def _run(
        self,
        pipeline: Pipeline,
        catalog: CatalogProtocol,
        hook_manager: Any = None,
        run_id: str | None = None,
    ) -> None:
        def execute(node: Node) -> None:
            Task(node, catalog, is_async=False, hook_manager=hook_manager, run_id=run_id).execute()

        work = Work(pipeline, catalog, self.rerun)
        if self._crew.workers > 1:
            Supervisor(work, execute, self._crew).run(pipeline)
        else:
            _in_this_process(work, pipeline, execute)
        if work.failed:
            failed = {
                node.name: work.failed[node.name]
                for node in pipeline.nodes
                if node.name in work.failed
            }
            raise RunFailed(
                failed,
                [
                    node.name
                    for node in pipeline.nodes
                    if node in work.lost and node.name not in failed
                ],
            )


def _in_this_process(work: Work, pipeline: Pipeline, execute: Callable[[Node], Any]) -> None:
    """One node after another, with all cores."""
    keep_to_quota()

    def announced(node: Node) -> None:
        work.begin(node)
        execute(node)

    for _, group in groupby(members_together(pipeline.nodes), key=group_of):
        work.on(list(group), announced)


def reasons_to_run(pipeline: Pipeline, catalog: CatalogProtocol, rerun: bool) -> dict[str, str]:
    """The nodes that must run, each with its reason; with `rerun` all of them."""
    remove_traces(pipeline.nodes, catalog)
    return (
        dict.fromkeys((node.name for node in pipeline.nodes), "asked for")
        if rerun
        else fingerprints.plan(pipeline, catalog)
    )


def show_plan(
    pipeline: Pipeline, catalog: CatalogProtocol, reasons: dict[str, str], workers: int = 1
) -> None:
    """What will run, by kind, and why; what the trainings will cost; where results are if nothing
    has to.
    """
    current = len(pipeline.nodes) - len(reasons)
    to_run = [node for node in pipeline.nodes if node.name in reasons]
    kinds = Counter(tag for node in to_run for tag in node.tags)
    what = f": {_counts(kinds)} ({_counts(Counter(reasons.values()))})" if reasons else ""
    logger.info(
        "Plan: %d nodes, %d up to date, %d to run%s",
        len(pipeline.nodes),
        current,
        len(reasons),
        what,
    )
    if grid := grid_plan(pipeline.nodes, reasons, catalog, workers):
        logger.info("Plan: %s", grid)
    for sentence in replaced_members(pipeline.nodes, reasons, catalog):
        logger.warning("Plan: %s", sentence)
    for sentence in where_results_are(pipeline, catalog) if not reasons else ():
        logger.info("%s", sentence)


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counter.items())
