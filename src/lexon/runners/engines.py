"""The batch systems that there are."""

from __future__ import annotations

from typing import Any

from lexon.runners.cluster.engine import Engine
from lexon.runners.htcondor import settings as htcondor
from lexon.runners.htcondor.engine import HTCondor
from lexon.runners.slurm import settings as slurm
from lexon.runners.slurm.engine import Slurm

# What `engine` in runner.yml may say, besides local.
NAMES = ("htcondor", "slurm")


def engine_named(name: str, runner: dict[str, Any]) -> Engine:
    """A batch system, from its name in runner.yml and the whole of that file."""
    if name == "slurm":
        return Slurm(slurm.read_settings(runner[name]))
    return HTCondor(htcondor.read_settings(runner[name]))
