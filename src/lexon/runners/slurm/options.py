"""What `sbatch` reads of a batch, and what Slurm offers to the shell of a job."""

from __future__ import annotations

from lexon.runners.cluster.queued.batches import Batch
from lexon.runners.cluster.queued.job_script import InJob
from lexon.runners.cluster.script import Site, in_quotes
from lexon.runners.slurm.settings import SlurmSettings

SLURM_LOG = "slurm.log"  # what Slurm itself says of jobs, such as that one reached its time limit
PAUSE = 5  # seconds before a job that went back may start; left alone, Slurm waits two minutes

IN_JOB = InJob(
    system="Slurm",
    place="${SLURM_ARRAY_TASK_ID:-0}",
    set_number="""\
number=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
number=${number:-$SLURM_JOB_ID}  # a task's own number may mean its whole array""",
    log_number="$SLURM_JOB_ID",
    machine="$SLURMD_NODENAME",
    granted="${SLURM_MEM_PER_NODE:-$2}",
    stop_signal="USR1",
    show_state='squeue --noheader --job "$number" --format %T',
    running="RUNNING",
    requeue='scontrol requeue "$number"',
    change='scontrol update "JobId=$number" "$change"',
    more_memory="MinMemoryNode=$more",
    exclude="ExcNodeList=$(failed_on | paste -sd ,)",
    soon=f"StartTime=now+{PAUSE}",
    show_machines='sinfo --noheader --Node --partition "$SLURM_JOB_PARTITION" --format %N',
)


def sbatch_lines(
    batch: Batch, settings: SlurmSettings, site: Site, at_once: int | None = None
) -> list[str]:
    """The options of a batch, a line each."""
    job = settings.jobs[batch.kind]
    own = {
        "job-name": batch.name,
        "comment": site.folder,
        "chdir": site.project,
        "output": str(site.folder / SLURM_LOG).replace("%", "%%"),
        "open-mode": "append",
        "requeue": True,
        "kill-on-invalid-dep": "yes",
        "time": _clock(60 * job.minutes + settings.stop_seconds),
        "signal": f"B:{IN_JOB.stop_signal}@{settings.stop_seconds}",
        "nodes": 1,
        "ntasks": 1,
        "cpus-per-task": job.cpus,
        "mem": f"{job.memory}M",
        "gres": f"gpu:{job.gpus}" if job.gpus else None,
        "array": _places(batch, at_once),
    }
    lines = settings.submitted(batch.kind, own)
    return [_line(name, value) for name, value in lines.items() if value is not False]


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
        text = in_quotes(text)
    return f"#SBATCH --{name}={text}"


def _clock(seconds: float) -> str:
    """Hours, minutes and seconds, as `--time` reads them."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
