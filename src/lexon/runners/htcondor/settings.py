"""Settings below `htcondor` in conf/<site>/runner.yml, as types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import PositiveFloat, PositiveInt

from lexon.runners.cluster.settings import ClusterSettings, JobKind, JobSettings


class HTCondorJob(JobSettings):
    """Resources of a job of one kind; `disk` in MB."""

    disk: PositiveInt


class HTCondorSettings(ClusterSettings):
    """What only HTCondor has: jobs that are held, and a limit on those that wait."""

    group: ClassVar[str] = "htcondor"
    hold_minutes: PositiveFloat
    max_idle: PositiveInt
    jobs: Mapping[JobKind, HTCondorJob]
