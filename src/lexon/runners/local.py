"""The local runner: runs what is not current, and goes on when a member fails."""

from __future__ import annotations

import logging
from collections import Counter
from concurrent.futures import Executor
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.runner import AbstractRunner
from kedro.runner.task import Task

from lexon.datasets.files import remove_leftovers
from lexon.errors import FAILED, LexonError, exit_code, first_cause
from lexon.runners.estimate import grid_plan
from lexon.runners.progress import GridProgress
from lexon.runners.replaced import replaced_members
from lexon.runners.results import where_results_are
from lexon.runners.work import Work, group_of, members_together
from lexon.runs import fingerprints, locks, records, reports

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
        super().__init__("\n".join([*lines, "Put it right and run the same command again: it runs only what is missing."]))

    @property
    def exit_code(self) -> int:
        """What a batch system should do: 2 never try again, 3 try elsewhere, 1 try again."""
        causes = [first_cause(error) for error in self.failed.values()]
        return exit_code(cause.exit_code if isinstance(cause, LexonError) else FAILED for cause in causes)


class LocalRunner(AbstractRunner):
    """One node after another, in this process.

    Args:
        rerun: run every node, current or not.
        is_async: Kedro's, unused.
    """

    def __init__(self, rerun: bool = False, is_async: bool = False) -> None:
        super().__init__(is_async=is_async)
        self.rerun = rerun

    def run(self, pipeline: Pipeline, catalog: CatalogProtocol, *args: Any, **kwargs: Any) -> dict[str, Any]:
        reasons = reasons_to_run(pipeline, catalog, self.rerun)
        if not reasons:
            return {}
        if self.rerun and not any(reports.MAKING & node.tags for node in pipeline.nodes):
            reports.read_as_recorded(pipeline, catalog)
        return super().run(pipeline.filter(node_names=list(reasons)), catalog, *args, **kwargs)

    def _get_executor(self, max_workers: int) -> Executor | None:  # noqa: ARG002
        return None

    def _run(self, pipeline: Pipeline, catalog: CatalogProtocol, hook_manager: Any = None, run_id: str | None = None) -> None:
        nodes = members_together(pipeline.nodes)
        work = Work(pipeline, catalog, self.rerun, len(nodes), GridProgress(nodes))
        for _, group in groupby(nodes, key=group_of):
            work.on(list(group), lambda node: Task(node, catalog, is_async=False, hook_manager=hook_manager, run_id=run_id).execute())
        if work.failed:
            raise RunFailed(work.failed, [node.name for node in work.lost if node.name not in work.failed])


def reasons_to_run(pipeline: Pipeline, catalog: CatalogProtocol, rerun: bool) -> dict[str, str]:
    """The nodes that must run, each with its reason, shown before any does; with `rerun` all of them."""
    folders = _output_folders(pipeline, catalog)
    remove_leftovers(folders)
    locks.remove_gone(folders)
    reasons = dict.fromkeys((node.name for node in pipeline.nodes), "asked for") if rerun else fingerprints.plan(pipeline, catalog)
    _show_plan(pipeline, catalog, reasons)
    for sentence in where_results_are(pipeline, catalog) if not reasons else ():
        logger.info("%s", sentence)
    return reasons


def _output_folders(pipeline: Pipeline, catalog: CatalogProtocol) -> set[Path]:
    """Folders that the pipeline's nodes write to, those of their members included."""
    paths = (fingerprints.path_of(catalog.get(name)) for node in pipeline.nodes for name in node.outputs)
    folders = {path.parent for path in paths if path is not None}
    members = {folder for node in pipeline.nodes if (folder := records.member_folder(node, catalog)) is not None}
    archives: set[Path] = set()
    for folder in members:
        with suppress(OSError):  # another user's, or a link that leads to itself
            archives |= set(folder.glob("history/*"))
    return folders | members | archives


def _show_plan(pipeline: Pipeline, catalog: CatalogProtocol, reasons: dict[str, str]) -> None:
    """What will run, by kind, and why; and what the trainings will cost."""
    current = len(pipeline.nodes) - len(reasons)
    to_run = [node for node in pipeline.nodes if node.name in reasons]
    kinds = Counter(tag for node in to_run for tag in node.tags)
    what = f": {_counts(kinds)} ({_counts(Counter(reasons.values()))})" if reasons else ""
    logger.info("Plan: %d nodes, %d up to date, %d to run%s", len(pipeline.nodes), current, len(reasons), what)
    if grid := grid_plan(pipeline.nodes, reasons, catalog):
        logger.info("Plan: %s", grid)
    for sentence in replaced_members(pipeline.nodes, reasons, catalog):
        logger.warning("Plan: %s", sentence)


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counter.items())
