"""The text that `sbatch` reads: a script for each job, or for the members of a job array."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta

from lexon.runners.cluster import script
from lexon.runners.cluster.script import RESUMABLE, SCRIPT, Site
from lexon.runners.cluster.settings import JobKind
from lexon.runners.cluster.workflow import Job, Workflow
from lexon.runners.slurm.retries import job_script
from lexon.runners.slurm.settings import SlurmSettings

BATCHES = "batches.json"
SLURM_LOG = "slurm.log"  # what Slurm itself says of jobs, such as that one reached its time limit


@dataclass(frozen=True)
class Batch:
    """Jobs that one `sbatch` submits: a job array, or one job.

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


def from_json(text: str) -> list[Batch]:
    """What `render` wrote into BATCHES."""
    return [
        Batch(**batch | {"jobs": tuple(batch["jobs"]), "after": tuple(batch["after"])})
        for batch in json.loads(text)
    ]


def render(
    workflow: Workflow, settings: SlurmSettings, site: Site, array_size: int
) -> dict[str, str]:
    """Every file that Slurm and its jobs need, by name."""
    found = batches(workflow, array_size)
    arrays = sum(len(batch.jobs) > 1 for batch in found)
    at_once = max(1, settings.max_jobs // max(1, arrays)) if settings.max_jobs else None
    return {
        BATCHES: json.dumps([asdict(batch) for batch in found], indent=1) + "\n",
        SCRIPT: job_script(settings, site),
        **{f"{batch.name}.sbatch": sbatch_file(batch, settings, site, at_once) for batch in found},
    }


def sbatch_file(
    batch: Batch, settings: SlurmSettings, site: Site, at_once: int | None = None
) -> str:
    """The script of a batch; what it waits for is said to `sbatch` when the numbers of those jobs
    are known.
    """
    job = settings.jobs[batch.kind]
    limit = timedelta(minutes=job.minutes, seconds=settings.stop_seconds)
    options: dict[str, object] = {
        "job-name": batch.name,
        "comment": site.folder,
        "chdir": site.project,
        "output": str(site.folder / SLURM_LOG).replace("%", "%%"),
        "open-mode": "append",
        "requeue": True,
        "kill-on-invalid-dep": "yes",
        "time": _clock(limit),
        "signal": f"B:USR1@{settings.stop_seconds}",
        "nodes": 1,
        "ntasks": 1,
        "cpus-per-task": job.cpus,
        "mem": f"{job.memory}M",
        "gres": f"gpu:{job.gpus}" if job.gpus else None,
        "array": _places(batch, at_once),
        **settings.submit,
        **job.submit,
    }
    waits = "all others, whatever became of them" if batch.last else ", ".join(batch.after)
    names = " ".join(shlex.quote(name) for name in batch.jobs)
    resumes = "resumes" if batch.kind in RESUMABLE else "restarts"
    return "\n".join(
        [
            "#!/bin/bash",
            *(_line(name, value) for name, value in options.items() if value not in (None, False)),
            *([f"# after: {waits}"] if waits else []),
            *_exports(script.variables(batch.kind, settings, site)),
            f"jobs=({names})",
            "job=${jobs[${SLURM_ARRAY_TASK_ID:-0}]}",
            f'exec {shlex.quote(str(site.folder / SCRIPT))} "$job" {job.memory_limit} {resumes}',
            "",
        ]
    )


def _places(batch: Batch, at_once: int | None) -> str | None:
    """The value of `--array`: places, and how many of them run at once."""
    if len(batch.jobs) == 1:
        return None
    return f"0-{len(batch.jobs) - 1}{f'%{at_once}' if at_once else ''}"


def _line(name: str, value: object) -> str:
    """An option of sbatch, in its own quoting."""
    if value is True:
        return f"#SBATCH --{name}"
    text = str(value)
    if not text.replace("/", "").isidentifier() and any(c in text for c in " \t'\"\\#"):
        text = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"#SBATCH --{name}={text}"


def _exports(variables: Mapping[str, str]) -> list[str]:
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]


def _clock(limit: timedelta) -> str:
    """Hours, minutes and seconds, as `--time` reads them."""
    seconds = round(limit.total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
