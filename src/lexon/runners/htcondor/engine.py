"""DAGMan, by HTCondor's commands."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

from lexon.runners.cluster.engine import Ticket, answer_of, call, text_of
from lexon.runners.cluster.script import Site
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
        return dag.render(workflow, self.settings, site)

    def submit(self, ticket: Ticket, title: str) -> Ticket:
        throttles = [
            "-maxidle",
            str(self.settings.max_idle),
            *(["-maxjobs", str(self.settings.max_jobs)] if self.settings.max_jobs else []),
        ]
        label = f"+{LABEL} = {dag.string(str(ticket.folder))}"
        command = ["condor_submit_dag", *throttles, "-batch-name", title, "-append", label, dag.DAG]
        refused = f"condor_submit_dag refused {ticket.folder / dag.DAG}"
        done = answer_of(call(command, ticket.folder), refused)
        number = re.search(r"submitted to cluster (\d+)", done.stdout)
        known = self._query(ticket, "-af", "GlobalJobId")
        schedd = (
            known.stdout.partition("#")[0] if known is not None and "#" in known.stdout else None
        )
        return replace(ticket, cluster=int(number[1]) if number else None, schedd=schedd)

    def poll(self, ticket: Ticket, names: list[str]) -> Progress:
        asked = self._query(
            ticket, "-af", "JobStatus"
        )  # before the files, so that "gone" means they are complete
        progress = status.parse(
            text_of(ticket.folder / dag.JOBSTATE), text_of(ticket.folder / EVENTS), names
        )
        progress.queue = (
            "unknown"
            if asked is None or asked.returncode
            else "alive"
            if asked.stdout.strip()
            else "gone"
        )
        return progress

    def cancel(self, ticket: Ticket) -> None:
        removed = call(["condor_rm", *self._named(ticket)])
        answer_of(removed, f"condor_rm could not remove {ticket}")

    def _query(self, ticket: Ticket, *fields: str) -> subprocess.CompletedProcess[str] | None:
        return call(["condor_q", "-allusers", *self._named(ticket), *fields])

    def _named(self, ticket: Ticket) -> list[str]:
        schedd = ["-name", ticket.schedd] if ticket.schedd else []
        return [*schedd, "-constraint", f"{LABEL} == {dag.string(str(ticket.folder))}"]
