"""The batch systems that there are."""

from __future__ import annotations

from typing import Any

from lexon.runners.cluster.engine import Engine
from lexon.runners.htcondor.engine import HTCondor
from lexon.runners.htcondor.settings import read_settings

# What `engine` in runner.yml may say, besides local.
NAMES = ("htcondor",)


def engine_named(name: str, runner: dict[str, Any]) -> Engine:
    """A batch system, from its name in runner.yml and the whole of that file."""
    return HTCondor(read_settings(runner[name]))
