"""The text that HTCondor reads: a DAG, one submit file a kind of job, and the shell script that
every job starts with.
"""

from __future__ import annotations

from lexon.errors import OTHER_MACHINE, USER_MISTAKE
from lexon.runners.cluster import containers, script
from lexon.runners.cluster.script import GROWTH, MAX_STARTS, RESUMABLE, SCRIPT, STOPPED, TRY, Site
from lexon.runners.cluster.settings import JobKind, JobSettings
from lexon.runners.cluster.workflow import Job, Workflow
from lexon.runners.htcondor.settings import HTCondorSettings

DAG = "workflow.dag"
JOBSTATE = "jobstate.log"
# Machines on which a job ended with OTHER_MACHINE, and which it does not go to again.
REMEMBERED = 5
OUT_OF_RESOURCES = 34  # HTCondor's hold code for a job that used more memory than it was given
# The job failed on other machines than this one, or for other reasons.
_FAILED_HERE = " || ".join(
    f"TARGET.Machine =?= MY.MachineAttrMachine{n}" for n in range(REMEMBERED)
)
_ELSEWHERE = f"MY.ExitCode =!= {OTHER_MACHINE} || !({_FAILED_HERE})"
# Whether an image counts is up to the configuration of a machine.
_OUTSIDE = "$(hostname) runs jobs outside the image: HTCondor's SINGULARITY_JOB is not true there"


def dag(workflow: Workflow, settings: HTCondorSettings) -> str:
    """Jobs, which waits for which, and new tries. DAGMan allows none for a FINAL node, whose exit
    code is the workflow's.
    """
    lines = [f"JOBSTATE_LOG {JOBSTATE}"]
    for job in workflow.jobs:
        lines += _node("JOB", job)
        lines += [f"RETRY {job.name} {settings.retries} UNLESS-EXIT {USER_MISTAKE}"]
    # Others wait for what members share.
    lines += [f"PRIORITY {job.name} 1" for job in workflow.jobs if job.kind != "member"]
    lines += [
        f"PARENT {' '.join(job.parents)} CHILD {job.name}" for job in workflow.jobs if job.parents
    ]
    lines += _node("FINAL", workflow.report) if workflow.report else []
    return "\n".join([*lines, ""])


def _node(keyword: str, job: Job) -> list[str]:
    return [
        f"{keyword} {job.name} {job.kind}.sub",
        f'VARS {job.name} job="{job.name}" try="$(RETRY)"',
    ]


def submit_file(kind: JobKind, settings: HTCondorSettings, site: Site) -> str:
    """The submit file of one kind of job."""
    job = settings.jobs[kind]
    environment = script.variables(kind, settings, site)
    failed = "$(FAILED_COUNT)" if kind == "report" else "0"
    own: dict[str, object] = {
        "universe": "vanilla",
        "executable": _macro_free(str(site.folder / SCRIPT)),
        "arguments": f'"$(job) $(try) $(ClusterId) {failed}"',
        "environment": quoted([f"{name}={value}" for name, value in environment.items()]),
        "initialdir": _macro_free(str(site.project)),
        "should_transfer_files": "NO",
        "notification": "never",
        "request_cpus": job.cpus,
        "request_gpus": job.gpus or None,
        "require_gpus": f"Capability >= {site.gpu_capability}" if job.gpus else None,
        "request_disk": f"{job.disk}MB",
        **_memory(job, settings.retries),
        **_other_machine(kind, settings),
        "+SingularityImage": _macro_free(script.in_quotes(site.image)) if site.image else None,
    }
    lines = settings.submitted(kind, own)
    # A site's wishes are added to lexon's own, and a kind's to those.
    sites = [extra.get("requirements") for extra in (settings.submit, job.submit)]
    lines["requirements"] = " && ".join(f"({wish})" for wish in (_ELSEWHERE, *sites) if wish)
    return "\n".join([*(f"{name} = {value}" for name, value in lines.items()), "queue", ""])


def _other_machine(kind: JobKind, settings: HTCondorSettings) -> dict[str, object]:
    """Rules for a job that ended or is held: remove it, keep it or start it again.

    One that stopped before its time limit goes back to the queue, and so does one that a fault of
    its machine ended: it is started on another, `retries` times. Where there is none, or a held job
    is not released, it is removed, and counts as failed.
    """
    again = [f"(ExitCode =?= {OTHER_MACHINE} && NumJobStarts <= {settings.retries})"]
    if kind in RESUMABLE:
        again.append(f"(ExitCode =?= {STOPPED} && NumJobStarts < {MAX_STARTS})")
    long = f"time() - EnteredCurrentStatus > {settings.hold_minutes * 60:.0f}"
    return {
        "on_exit_remove": f"!({' || '.join(again)})",
        "job_machine_attrs": "Machine",
        "job_machine_attrs_history_length": REMEMBERED,
        "periodic_remove": (
            f"(JobStatus == 5 || (JobStatus == 1 && ExitCode =?= {OTHER_MACHINE})) && {long}"
        ),
    }


def _memory(job: JobSettings, retries: int) -> dict[str, str]:
    """Ask for more than a job was seen to use, and let it go on while its limit leaves room for
    that. A job that would ask for no more than it had is released `retries` times at most: a site
    may hold it for a memory that no request changes.
    """
    wanted = f"min({{{job.memory_limit}, max({{{job.memory}, int(MemoryUsage * {GROWTH})}})}})"
    was_memory = f'(HoldReasonCode == {OUT_OF_RESOURCES} || regexp("memory", HoldReason, "i"))'
    helps = f"(RequestMemory > MemoryProvisioned || NumJobStarts <= {retries})"
    return {
        "request_memory": f"ifThenElse(MemoryUsage isnt undefined, {wanted}, {job.memory})",
        "periodic_release": (
            f"JobStatus == 5 && {was_memory} && MemoryProvisioned < {job.memory_limit} && {helps}"
        ),
    }


def job_script(settings: HTCondorSettings, site: Site) -> str:
    """The start of every job. It appends to the job's one log, which an evicted job would otherwise
    begin anew.
    """
    return "\n".join(
        [
            script.shebang(settings),
            f"exec >> {script.log(site)} 2>&1",
            f'echo "{TRY}$(($2 + 1)) on $(hostname), $(date "+%F %T"), HTCondor job $3"',
            *([containers.stay_inside(_OUTSIDE)] if site.image else []),
            *script.setup(settings),
            f'exec {script.command(site)} --failed "$4"\n',
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
