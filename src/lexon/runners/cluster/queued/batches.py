"""The jobs of a workflow as they are submitted, alone or as job arrays, and the script of each."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection
from dataclasses import asdict, dataclass

from lexon.runners.cluster import script
from lexon.runners.cluster.queued.job_script import InJob
from lexon.runners.cluster.queued.settings import QueuedSettings
from lexon.runners.cluster.script import RESUMABLE, SCRIPT, Site
from lexon.runners.cluster.settings import JobKind
from lexon.runners.cluster.workflow import Job, Workflow

BATCHES = "batches.json"


@dataclass(frozen=True)
class Batch:
    """Jobs that one command submits: a job array, or one job.

    Attributes:
        name: of its script.
        jobs: by their place in the array.
        after: names of the jobs without whose results these cannot begin.
        last: it runs when all others are over, whatever became of them.
    """

    name: str
    kind: JobKind
    jobs: tuple[str, ...]
    after: tuple[str, ...] = ()
    last: bool = False

    def places(self, names: Collection[str]) -> list[int]:
        """The places of those of its jobs that have these names."""
        return [place for place, job in enumerate(self.jobs) if job in names]


def batches(workflow: Workflow, array_size: int) -> list[Batch]:
    """The jobs of a workflow, each after those that it waits for; members that wait for the same
    ones are together.
    """
    alike: dict[tuple[str, ...], list[Job]] = {}
    for job in workflow.jobs:
        key = ("member", *job.parents) if job.kind == "member" else ("job", job.name)
        alike.setdefault(key, []).append(job)
    parts = [
        jobs[first : first + array_size]
        for jobs in alike.values()
        for first in range(0, len(jobs), array_size)
    ]
    arrays = iter(range(1, len(parts) + 1))
    found = [
        Batch(
            part[0].name if len(part) == 1 else f"members_{next(arrays)}",
            part[0].kind,
            tuple(job.name for job in part),
            part[0].parents,
        )
        for part in parts
    ]
    report = workflow.report
    return found + ([Batch(report.name, report.kind, (report.name,), last=True)] if report else [])


def to_json(found: list[Batch]) -> str:
    """The content of BATCHES."""
    return json.dumps([asdict(batch) for batch in found], indent=1) + "\n"


def from_json(text: str) -> list[Batch]:
    """What `to_json` wrote."""
    return [
        Batch(**batch | {"jobs": tuple(batch["jobs"]), "after": tuple(batch["after"])})
        for batch in json.loads(text)
    ]


def at_once(found: list[Batch], max_jobs: int | None) -> int | None:
    """How many jobs of each array run at once, so that all of them keep below `max_jobs`."""
    arrays = sum(len(batch.jobs) > 1 for batch in found)
    return max(1, max_jobs // max(1, arrays)) if max_jobs else None


def batch_script(
    batch: Batch, options: list[str], in_job: InJob, settings: QueuedSettings, site: Site
) -> str:
    """What is submitted. What it waits for is said when the numbers of those jobs are known.

    Args:
        options: the lines that the batch system reads.
    """
    waits = "all others, whatever became of them" if batch.last else ", ".join(batch.after)
    names = " ".join(shlex.quote(name) for name in batch.jobs)
    limit = settings.jobs[batch.kind].memory_limit
    resumes = "resumes" if batch.kind in RESUMABLE else "restarts"
    variables = script.variables(batch.kind, settings, site)
    return "\n".join(
        [
            "#!/bin/bash",
            *options,
            *([f"# after: {waits}"] if waits else []),
            *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
            f"jobs=({names})",
            f"job=${{jobs[{in_job.place}]}}",
            f'exec {shlex.quote(str(site.folder / SCRIPT))} "$job" {limit} {resumes}',
            "",
        ]
    )
