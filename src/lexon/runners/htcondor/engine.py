"""DAGMan, by HTCondor's commands."""

from __future__ import annotations

import re
from dataclasses import replace

from lexon.runners.cluster.engine import Ticket, answer_if_any, answer_of, call, text_of
from lexon.runners.cluster.script import SCRIPT, Site, in_quotes
from lexon.runners.cluster.state import Progress
from lexon.runners.cluster.workflow import Workflow
from lexon.runners.htcondor import dag, status
from lexon.runners.htcondor.settings import HTCondorSettings

# DAGMan's event log of all jobs, named after the DAG.
EVENTS = f"{dag.DAG}.nodes.log"
LABEL = "LexonWorkflow"


class HTCondor:
    """The workflow is one job of DAGMan's, which submits the others."""

    name = "HTCondor"
    commands: tuple[str, ...] = ("condor_submit_dag", "condor_q", "condor_rm")

    def __init__(self, settings: HTCondorSettings) -> None:
        self.settings = settings

    def render(self, workflow: Workflow, site: Site) -> dict[str, str]:
        files = {
            dag.DAG: dag.dag(workflow, self.settings),
            SCRIPT: dag.job_script(self.settings, site),
        }
        for kind in sorted({job.kind for job in workflow.all}):
            files[f"{kind}.sub"] = dag.submit_file(kind, self.settings, site)
        return files

    def submit(self, ticket: Ticket, title: str) -> Ticket:
        most = self.settings.max_jobs
        throttles = ["-maxidle", str(self.settings.max_idle)]
        throttles += ["-maxjobs", str(most)] if most else []
        label = f"+{LABEL} = {in_quotes(str(ticket.folder))}"
        command = ["condor_submit_dag", *throttles, "-batch-name", title, "-append", label, dag.DAG]
        refused = f"condor_submit_dag refused {ticket.folder / dag.DAG}"
        answer = answer_of(call(command, ticket.folder), refused).stdout
        number = re.search(r"submitted to cluster (\d+)", answer)
        schedd, sign, _ = (self._query(ticket, "GlobalJobId") or "").partition("#")
        return replace(
            ticket, cluster=int(number[1]) if number else None, schedd=schedd if sign else None
        )

    def poll(self, ticket: Ticket, names: list[str]) -> Progress:
        # Before the files: when it is gone, they are complete.
        queue = self._query(ticket, "JobStatus")
        events = text_of(ticket.folder / EVENTS)
        progress = status.parse(text_of(ticket.folder / dag.JOBSTATE), events, names)
        progress.queue = "unknown" if queue is None else "alive" if queue.strip() else "gone"
        return progress

    def cancel(self, ticket: Ticket) -> None:
        removed = call(["condor_rm", *_named(ticket)])
        answer_of(removed, f"condor_rm could not remove {ticket}")

    def _query(self, ticket: Ticket, field: str) -> str | None:
        """A field of DAGMan's own job; nothing where it is gone, None where no queue answers."""
        return answer_if_any(call(["condor_q", "-allusers", *_named(ticket), "-af", field]))


def _named(ticket: Ticket) -> list[str]:
    """What tells HTCondor's commands which job is meant."""
    schedd = ["-name", ticket.schedd] if ticket.schedd else []
    return [*schedd, "-constraint", f"{LABEL} == {in_quotes(str(ticket.folder))}"]
