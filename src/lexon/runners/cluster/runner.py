"""The Kedro runner that turns what has to run into a workflow, submits it and, if asked to, waits
for it.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.runner import AbstractRunner

from lexon.errors import FAILED, ConfigurationError, exit_code
from lexon.runners.cluster import checks, containers, submission, view
from lexon.runners.cluster.engine import Engine, Ticket, new_ticket
from lexon.runners.cluster.script import Site
from lexon.runners.cluster.state import Progress
from lexon.runners.cluster.submission import Request, Submissions
from lexon.runners.cluster.workflow import Workflow, plan_workflow
from lexon.runners.local import reasons_to_run, show_plan

logger = logging.getLogger(__name__)

LATER = (
    "The same command submits more as others end, and with `wait: true` in runner.yml it stays to"
    " do so"
)
UNKNOWN_BUILD = "7.5"  # the least compute capability of torch's present builds


class WorkflowFailed(RuntimeError):
    """Some jobs of a workflow failed; what did not depend on them is done.

    Attributes:
        exit_code: what a further try could change, see `lexon.errors.exit_code`.
    """

    def __init__(self, progress: Progress, folder: Path) -> None:
        failed = [progress.jobs[name] for name in progress.named("failed")]
        self.exit_code = exit_code(FAILED if job.code is None else job.code for job in failed)
        head = (
            f"{len(failed)} job(s) failed ({view.counts(progress)}):"
            if failed
            else f"the workflow ended before its end: {folder}"
        )
        advice = "Put it right and run the same command again: it submits only what is missing."
        super().__init__("\n".join([head, *view.failures(progress, folder), advice]))


class ClusterRunner(AbstractRunner):
    """Nodes as jobs of a workflow.

    Args:
        engine: the site's batch system, by its name in runner.yml.
        engine_named: each batch system by its name, with the settings of the site.
        request: the command that its jobs repeat.
        preview: write and show the workflow, submit nothing.
    """

    def __init__(
        self,
        engine: str,
        engine_named: Callable[[str], Engine],
        request: Request,
        preview: bool = False,
    ) -> None:
        super().__init__()
        self.engine, self.engine_named = engine_named(engine), engine_named
        self.settings = self.engine.settings
        self.request, self.preview = request, preview

    def run(
        self,
        pipeline: Pipeline,
        catalog: CatalogProtocol,
        *args: Any,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Attach to the workflow that runs on these members, or submit one of what has to run."""
        checks.data_root_is_reachable(self.request.data_root)
        submissions = _submissions(pipeline, catalog, self.request)
        if self.preview:
            self._show(pipeline, catalog, submissions)
            return {}
        checks.commands_exist(self.engine)
        with submissions.locked():
            ticket = self._running(submissions) or self._submit(pipeline, catalog, submissions)
        if ticket is not None:
            self._follow(ticket, submissions)
        return {}

    def _get_executor(self, max_workers: int) -> Executor | None:  # noqa: ARG002
        return None

    def _run(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("nodes run in jobs only")

    def _running(self, submissions: Submissions) -> Ticket | None:
        """The workflow on these members that is not over yet, if it is this very command's; another
        site may have submitted it to another batch system.
        """
        ticket = submissions.ticket
        if ticket is None:
            return None
        engine, progress = self._look(ticket)
        if progress.over:
            return None
        if progress.queue == "unknown":
            raise ConfigurationError(
                f"{ticket}: its queue does not answer, so it may still run; try again later"
                f" ({engine.commands[1]} says why)"
            )
        if submission.read(ticket.folder)["command"] != self.request.command:
            raise ConfigurationError(
                f"{submissions.title}: {ticket}, runs on these members with other options"
                f" ({ticket.folder / submission.RECORD}); wait for it, end it with `kedro cluster"
                " cancel`, or keep results apart with --params run=NAME"
            )
        logger.info("Attached to %s", ticket)
        return ticket

    def _look(self, ticket: Ticket) -> tuple[Engine, Progress]:
        engine = self.engine_named(ticket.engine.lower())
        return engine, engine.poll(ticket, list(submission.read(ticket.folder)["jobs"]))

    def _submit(
        self, pipeline: Pipeline, catalog: CatalogProtocol, submissions: Submissions
    ) -> Ticket | None:
        workflow, folder = self._write(pipeline, catalog, submissions.unused(datetime.now()))
        if folder is None:
            return None
        ticket = new_ticket(folder, f"{datetime.now():%F %T}", self.engine.name)
        submissions.save(ticket)
        ticket = self.engine.submit(ticket, submissions.title)
        submissions.save(ticket)
        logger.info("A workflow of %d jobs: %s; files: %s", len(workflow.all), ticket, folder)
        return ticket

    def _write(
        self, pipeline: Pipeline, catalog: CatalogProtocol, folder: Path
    ) -> tuple[Workflow, Path | None]:
        """Write the workflow of what has to run; no folder where nothing has to.

        Args:
            folder: that is not there yet.
        """
        reasons = reasons_to_run(pipeline, catalog, self.request.rerun)
        show_plan(pipeline, catalog, reasons)
        needed = pipeline.filter(node_names=list(reasons)) if reasons else Pipeline([])
        workflow = plan_workflow(needed, self.settings.pack)
        if not workflow.all:
            return workflow, None
        checks.nothing_crosses_in_memory(workflow, needed, catalog)
        if not self.preview:
            checks.gpus_fit_torch(workflow, self.engine)
        checks.members_have_cores(workflow, self.engine)
        checks.space_suffices(workflow, self.settings, self.request.data_root)
        site = self._site(folder, pipeline, catalog, self._capability(workflow))
        submission.write(
            folder,
            self.request,
            workflow,
            self.engine.render(workflow, site),
            self.settings,
        )
        return workflow, folder

    def _site(
        self, folder: Path, pipeline: Pipeline, catalog: CatalogProtocol, gpu_capability: str
    ) -> Site:
        project, python = self.request.project, self.settings.python
        environment = self.request.environment()
        image = containers.image_of(self.settings, self.engine.name.lower(), project)
        if image is None:
            return Site(folder, project, python or sys.executable, environment, gpu_capability)
        return Site(
            folder,
            project,
            python or containers.PYTHON,
            containers.environment(environment),
            gpu_capability,
            image,
            containers.binds(
                (self.request.data_root, project, *containers.outside(pipeline, catalog))
            ),
        )

    def _capability(self, workflow: Workflow) -> str:
        """The least capability of a GPU that the jobs' torch can use, where one asks for GPUs and
        they use this interpreter.
        """
        if (
            self.settings.python
            or self.settings.image
            or not any(self.settings.jobs[job.kind].gpus for job in workflow.all)
        ):
            return UNKNOWN_BUILD
        from lexon.training import (
            least_capability,
        )  # seconds of import that only a submission for GPUs should pay

        return least_capability() or UNKNOWN_BUILD

    def _show(self, pipeline: Pipeline, catalog: CatalogProtocol, submissions: Submissions) -> None:
        """Print the files as they are, whatever the width of the window, and what they are for."""
        workflow, folder = self._write(
            pipeline, catalog, submissions.unused(datetime.now(), "preview-")
        )
        if folder is None:
            return
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.suffix != ".json":
                print(f"----- {path.name}\n{path.read_text(encoding='utf-8')}")
        kinds = Counter(job.kind for job in workflow.all)
        logger.info(
            "%d jobs (%s), not submitted; the files are in %s",
            len(workflow.all),
            ", ".join(f"{n} {kind}" for kind, n in kinds.items()),
            folder,
        )

    def _follow(self, ticket: Ticket, submissions: Submissions) -> None:
        progress = self._advance(ticket, submissions)
        if left := progress.named("unsubmitted"):
            logger.warning(
                "%d of %d jobs are not submitted: the site allows no more at once. %s; fewer jobs"
                " hold more members each (%s.members_per_job)",
                len(left),
                len(progress.jobs),
                "They follow as others end" if self.settings.wait else LATER,
                self.engine.name.lower(),
            )
        if not self.settings.wait:
            now = view.counts(progress)
            logger.info("%s; `kedro cluster status` with the same options shows how far it is", now)
            return
        try:
            progress = view.watch(
                lambda: self._advance(ticket, submissions),
                ticket.folder,
                self.settings.poll_seconds,
                lambda now: now.over,
            )
        except KeyboardInterrupt:
            logger.warning(
                "The workflow goes on: the same command attaches to it, `kedro cluster cancel`"
                " ends it"
            )
            raise
        conclude(progress, ticket.folder)

    def _advance(self, ticket: Ticket, submissions: Submissions) -> Progress:
        """The progress, once what a limit of the site left before is submitted as far as it is
        allowed now.
        """
        engine, progress = self._look(submissions.renewed(ticket))
        if not progress.named("unsubmitted"):
            return progress
        with submissions.locked(patient=True):
            submissions.save(engine.submit(submissions.renewed(ticket), submissions.title))
        return self._look(submissions.renewed(ticket))[1]


def conclude(progress: Progress, folder: Path) -> None:
    """Report how a workflow ended.

    Raises:
        WorkflowFailed: not everything is done.
    """
    if "report" in progress.named("done"):
        for line in view.messages(submission.log_of(folder, "report")):
            logger.info("%s", line)
    if len(progress.named("done")) < len(progress.jobs):
        raise WorkflowFailed(progress, folder)
    logger.info("All %d jobs are done", len(progress.jobs))


def _submissions(pipeline: Pipeline, catalog: CatalogProtocol, request: Request) -> Submissions:
    """The submissions of this experiment's run."""
    experiments = {(node.namespace or "").partition(".")[0] for node in pipeline.nodes}
    if len(experiments) != 1:
        raise ConfigurationError(
            f"{', '.join(sorted(experiments))}: one experiment a workflow; run them one after the"
            " other"
        )
    (experiment,) = experiments
    return Submissions(request.data_root, experiment, str(catalog.load(f"params:{experiment}.run")))
