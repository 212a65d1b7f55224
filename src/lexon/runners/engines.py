"""The batch systems that there are."""

from __future__ import annotations

from typing import Any

from lexon.runners.cluster.engine import Engine
from lexon.runners.cluster.queued.engine import QueuedEngine
from lexon.runners.htcondor.engine import HTCondor
from lexon.runners.htcondor.settings import HTCondorSettings
from lexon.runners.slurm.commands import Slurm
from lexon.runners.slurm.settings import SlurmSettings

# What `engine` in runner.yml may say, besides local.
NAMES = ("htcondor", "slurm")


def engine_named(name: str, runner: dict[str, Any]) -> Engine:
    """A batch system, from its name in runner.yml and the whole of that file."""
    if name == "slurm":
        return QueuedEngine(Slurm(SlurmSettings.read(runner[name])))
    return HTCondor(HTCondorSettings.read(runner[name]))
