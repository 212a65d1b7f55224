"""Settings in conf/<site>/runner.yml below `htcondor`, as types; every default is in
conf/base/runner.yml.
"""

from __future__ import annotations

from typing import Any, Literal, Self, get_args

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt, ValidationError, model_validator

from lexon.config import Config
from lexon.errors import ConfigurationError

JobKind = Literal["data", "pretrain", "baseline", "member", "report"]


class JobSettings(Config):
    """Resources of a job of one kind: memory, disk and `writes` in MB."""

    cpus: PositiveInt
    gpus: NonNegativeInt
    memory: PositiveInt
    memory_limit: PositiveInt
    disk: PositiveInt
    minutes: PositiveFloat
    writes: NonNegativeInt
    submit: dict[str, Any]

    @model_validator(mode="after")
    def _limit_is_not_below(self) -> Self:
        if self.memory_limit < self.memory:
            raise ValueError(f"memory_limit={self.memory_limit} is below memory={self.memory}")
        return self


class ClusterSettings(Config):
    """Settings of submission and progress of workflows."""

    wait: bool
    poll_seconds: PositiveFloat
    members_per_job: PositiveInt
    retries: NonNegativeInt
    hold_minutes: PositiveFloat
    max_jobs: PositiveInt | None
    max_idle: PositiveInt
    python: str | None
    setup: str | None
    environment: dict[str, str]
    submit: dict[str, Any]
    jobs: dict[JobKind, JobSettings]

    @model_validator(mode="after")
    def _every_kind(self) -> Self:
        missing = [kind for kind in get_args(JobKind) if kind not in self.jobs]
        if missing:
            raise ValueError(f"jobs: no settings for {', '.join(missing)}")
        return self


def read_settings(raw: dict[str, Any]) -> ClusterSettings:
    """The settings of a site.

    Raises:
        ConfigurationError: a key is unknown or a value out of range; names each.
    """
    try:
        return ClusterSettings(**raw)
    except ValidationError as error:
        problems = [
            f"  htcondor.{'.'.join(map(str, each['loc']))}={each['input']!r}: {each['msg']}"
            for each in error.errors()
        ]
        raise ConfigurationError("\n".join(["runner.yml cannot be right:", *problems])) from error
