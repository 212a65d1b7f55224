"""How every job starts: its paths, its environment, and the lines of its shell script that no batch
system changes.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lexon.errors import OTHER_MACHINE
from lexon.runners.cluster.settings import ClusterSettings, JobKind

SCRIPT = "job.sh"
TRY = "--- try "  # how the output of each try begins in a job's log
# Of a report that is done, though jobs before it failed: where the code of the last job is the
# verdict on the whole.
PASSED_ON = 4
STOPPED = 143  # 128 + SIGTERM: a training has saved its checkpoint and wants to go on
KILLED = 137  # 128 + SIGKILL: what the kernel does where memory runs out
MAX_STARTS = 100  # limit on restarts of one job in the queue
RESUMABLE: tuple[JobKind, ...] = ("member", "pretrain")  # kinds of jobs that keep checkpoints
# A job that asked for a GPU must not train on the CPU in silence (lexon.training.device reads
# this).
GPU_REQUESTED = "LEXON_GPU_REQUESTED"
GROWTH = 1.5  # a job that ran out of memory comes back with this much more


@dataclass(frozen=True)
class Site:
    """The paths of a workflow, and what its jobs need to start.

    Attributes:
        folder: of this submission, absolute.
        project: the folder in which jobs run, absolute.
        python: the interpreter of the jobs.
        environment: variables that every job gets.
        gpu_capability: the least that the jobs' torch is built for.
        image: that jobs start in, see `containers`.
        binds: folders of the machine that it must see.
    """

    folder: Path
    project: Path
    python: str
    environment: Mapping[str, str]
    gpu_capability: str = "7.5"
    image: str | None = None
    binds: tuple[Path, ...] = ()


def variables(kind: JobKind, settings: ClusterSettings, site: Site) -> dict[str, str]:
    """The environment of a job of one kind."""
    job = settings.jobs[kind]
    return {
        "OMP_NUM_THREADS": str(job.cpus),
        **({GPU_REQUESTED: "1"} if job.gpus else {}),
        **site.environment,
        **settings.environment,
    }


def shebang(settings: ClusterSettings) -> str:
    """The first line of a script. With `setup` it is a login shell, in which `module` and `conda`
    are what they are for the user; without, no file of the user's is read.
    """
    return "#!/bin/bash -l" if settings.setup else "#!/bin/bash"


def setup(settings: ClusterSettings) -> list[str]:
    """The site's own lines; where they fail, another machine may do."""
    if not settings.setup:
        return []
    return ["{", settings.setup, f"}} || {leave('setup failed with code $? on $(hostname)')}"]


def leave(reason: str) -> str:
    """Says why the job cannot run on this machine, and ends it: another machine may do."""
    return f'{{ echo "{reason}"; exit {OTHER_MACHINE}; }}'


def in_quotes(text: str) -> str:
    """A string as HTCondor's ClassAds and sbatch read it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def command(site: Site) -> str:
    """What runs the job that `$1` names."""
    python, folder = shlex.quote(site.python), shlex.quote(str(site.folder))
    return f'{python} -m lexon.framework.job {folder} "$1"'


def log(site: Site) -> str:
    """Where the output of all tries of that job goes."""
    return f'{shlex.quote(str(site.folder / "logs"))}/"$1.log"'
