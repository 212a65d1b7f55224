"""Settings below `htcondor` in conf/<site>/runner.yml, as types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import PositiveFloat, PositiveInt

from lexon.runners.cluster.settings import ClusterSettings, JobKind, JobSettings, checked


class HTCondorJob(JobSettings):
    """Resources of a job of one kind; `disk` in MB."""

    disk: PositiveInt


class HTCondorSettings(ClusterSettings):
    """What only HTCondor has: jobs that are held, and a limit on those that wait."""

    hold_minutes: PositiveFloat
    max_idle: PositiveInt
    jobs: Mapping[JobKind, HTCondorJob]


def read_settings(raw: dict[str, Any]) -> HTCondorSettings:
    """The settings of a site.

    Raises:
        ConfigurationError: a key is unknown or a value out of range; names each.
    """
    return checked(HTCondorSettings, "htcondor", raw)
