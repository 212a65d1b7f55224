"""The text that HTCondor reads: a DAG, one submit file a kind of job, and the shell script that
every job starts with.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lexon.errors import OTHER_MACHINE, USER_MISTAKE
from lexon.runners.htcondor.settings import ClusterSettings, JobKind, JobSettings
from lexon.runners.htcondor.workflow import Job, Workflow

DAG = "workflow.dag"
SCRIPT = "job.sh"
JOBSTATE = "jobstate.log"
# Of a report that is done, though jobs before it failed: the code of the last job is DAGMan's
# verdict.
PASSED_ON = 4
STOPPED = 143  # 128 + SIGTERM: a training has saved its checkpoint and wants to go on
MAX_STARTS = 100  # limit on restarts of one job in the queue
REMEMBERED = (
    5  # machines on which a job ended with OTHER_MACHINE, and which it does not go to again
)
# A job that asked for a GPU must not train on the CPU in silence (lexon.training.device reads
# this).
GPU_REQUESTED = "LEXON_GPU_REQUESTED"
OUT_OF_RESOURCES = 34  # HTCondor's hold code for a job that used more memory than it was given
GROWTH = 1.5  # a job held for memory gets this much more than it was seen to use


@dataclass(frozen=True)
class Site:
    """The paths of a workflow, and what its jobs need to start.

    Attributes:
        folder: of this submission, absolute.
        project: the folder in which jobs run, absolute.
        python: the interpreter of the jobs.
        environment: variables that every job gets.
        gpu_capability: the least that the jobs' torch is built for.
    """

    folder: Path
    project: Path
    python: str
    environment: Mapping[str, str]
    gpu_capability: str = "7.5"


def render(workflow: Workflow, settings: ClusterSettings, site: Site) -> dict[str, str]:
    """Every file that HTCondor needs, by name."""
    kinds: list[JobKind] = sorted({job.kind for job in workflow.all})
    files = {f"{kind}.sub": submit_file(kind, settings, site) for kind in kinds}
    return {DAG: dag(workflow, settings), SCRIPT: script(settings, site), **files}


def dag(workflow: Workflow, settings: ClusterSettings) -> str:
    """Jobs, which waits for which, and new tries. DAGMan allows none for a FINAL node, whose exit
    code is the workflow's.
    """
    lines = [f"JOBSTATE_LOG {JOBSTATE}"]
    for job in workflow.jobs:
        lines += [
            *_node("JOB", job),
            f"RETRY {job.name} {settings.retries} UNLESS-EXIT {USER_MISTAKE}",
        ]
    lines += [
        f"PRIORITY {job.name} 1" for job in workflow.jobs if job.kind != "member"
    ]  # others wait for what members share
    lines += [
        f"PARENT {' '.join(job.parents)} CHILD {job.name}" for job in workflow.jobs if job.parents
    ]
    return "\n".join([*lines, *(_node("FINAL", workflow.report) if workflow.report else [])]) + "\n"


def _node(keyword: str, job: Job) -> list[str]:
    return [
        f"{keyword} {job.name} {job.kind}.sub",
        f'VARS {job.name} job="{job.name}" try="$(RETRY)"',
    ]


def submit_file(kind: JobKind, settings: ClusterSettings, site: Site) -> str:
    """The submit file of one kind of job."""
    job = settings.jobs[kind]
    gpu = {GPU_REQUESTED: "1"} if job.gpus else {}
    environment = {
        "OMP_NUM_THREADS": str(job.cpus),
        **gpu,
        **site.environment,
        **settings.environment,
    }
    lines: dict[str, object] = {
        "universe": "vanilla",
        "executable": _macro_free(str(site.folder / SCRIPT)),
        "arguments": (
            f'"$(job) $(try) $(ClusterId) {"$(FAILED_COUNT)" if kind == "report" else "0"}"'
        ),
        "environment": quoted([f"{name}={value}" for name, value in environment.items()]),
        "initialdir": _macro_free(str(site.project)),
        "should_transfer_files": "NO",
        "notification": "never",
        "request_cpus": job.cpus,
        **(
            {"request_gpus": job.gpus, "require_gpus": f"Capability >= {site.gpu_capability}"}
            if job.gpus
            else {}
        ),
        "request_disk": f"{job.disk}MB",
        **_memory(job),
        **_other_machine(kind, settings),
        **settings.submit,
        **job.submit,
    }
    wishes = [
        str(own["requirements"]) for own in (settings.submit, job.submit) if own.get("requirements")
    ]
    lines["requirements"] = " && ".join(f"({wish})" for wish in [_ELSEWHERE, *wishes])
    return (
        "\n".join(
            [*(f"{name} = {value}" for name, value in lines.items() if value is not None), "queue"]
        )
        + "\n"
    )


# The job failed on other machines than this one, or for other reasons.
_FAILED_HERE = " || ".join(
    f"TARGET.Machine =?= MY.MachineAttrMachine{n}" for n in range(REMEMBERED)
)
_ELSEWHERE = f"MY.ExitCode =!= {OTHER_MACHINE} || !({_FAILED_HERE})"


def _other_machine(kind: JobKind, settings: ClusterSettings) -> dict[str, object]:
    """Rules for a job that ended or is held: remove it, keep it or start it again.

    One that stopped before its time limit goes back to the queue, and so does one that a fault of
    its machine ended: it is started on another, `retries` times. Where there is none, or a held job
    is not released, it is removed, and counts as failed.
    """
    stopped = (
        f"(ExitCode =?= {STOPPED} && NumJobStarts < {MAX_STARTS})"
        if kind in ("member", "pretrain")
        else "False"
    )
    fault = f"(ExitCode =?= {OTHER_MACHINE} && NumJobStarts <= {settings.retries})"
    long = f"time() - EnteredCurrentStatus > {settings.hold_minutes * 60:.0f}"
    return {
        "on_exit_remove": f"!({stopped} || {fault})",
        "job_machine_attrs": "Machine",
        "job_machine_attrs_history_length": REMEMBERED,
        "periodic_remove": (
            f"(JobStatus == 5 || (JobStatus == 1 && ExitCode =?= {OTHER_MACHINE})) && {long}"
        ),
    }


def _memory(job: JobSettings) -> dict[str, str]:
    """Ask for more than a job was seen to use, and let it go on while its limit leaves room for
    that.
    """
    wanted = f"min({{{job.memory_limit}, max({{{job.memory}, int(MemoryUsage * {GROWTH})}})}})"
    was_memory = f'(HoldReasonCode == {OUT_OF_RESOURCES} || regexp("memory", HoldReason, "i"))'
    return {
        "request_memory": f"ifThenElse(MemoryUsage isnt undefined, {wanted}, {job.memory})",
        "periodic_release": (
            f"JobStatus == 5 && {was_memory} && MemoryProvisioned < {job.memory_limit}"
        ),
    }


def script(settings: ClusterSettings, site: Site) -> str:
    """The start of every job. It appends to the job's one log, which an evicted job would otherwise
    begin anew.

    With `setup` it is a login shell, in which `module` and `conda` are what they are for the user;
    without, no file of the user's is read.
    """
    log = shlex.quote(str(site.folder / "logs"))
    python, folder = shlex.quote(site.python), shlex.quote(str(site.folder))
    setup = (
        [
            "{",
            settings.setup,
            f'}} || {{ echo "setup failed with code $? on $(hostname)"; exit {OTHER_MACHINE}; }}',
        ]
        if settings.setup
        else []
    )
    return "\n".join(
        [
            "#!/bin/bash -l" if settings.setup else "#!/bin/bash",
            f'exec >> {log}/"$1.log" 2>&1',
            'echo "--- try $(($2 + 1)) on $(hostname), $(date "+%F %T"), HTCondor job $3"',
            *setup,
            f'exec {python} -m lexon.framework.job {folder} "$1" --failed "$4"\n',
        ]
    )


def quoted(words: list[str]) -> str:
    """Words as the value of `arguments` or `environment`.

    In HTCondor's own quoting, and with no macro but the one for a dollar.

    >>> quoted(["a b", 'say "hi"'])
    '"\\'a b\\' \\'say ""hi""\\'"'
    """
    escaped = ["'" + word.replace("'", "''").replace('"', '""') + "'" for word in words]
    return _macro_free(f'"{" ".join(escaped)}"')


def _macro_free(text: str) -> str:
    return text.replace("$", "$(DOLLAR)")
