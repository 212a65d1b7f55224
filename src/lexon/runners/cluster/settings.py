"""Settings in conf/<site>/runner.yml that every batch system knows, as types; every default is in
conf/base/runner.yml, below the name of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from lexon.config import Config
from lexon.errors import ConfigurationError

JobKind = Literal["data", "pretrain", "baseline", "member", "report"]


class JobSettings(Config):
    """Resources of a job of one kind, memory and `writes` in MB, and what the site adds to its
    description.
    """

    cpus: PositiveInt
    gpus: NonNegativeInt
    memory: PositiveInt
    memory_limit: PositiveInt
    minutes: PositiveFloat
    writes: NonNegativeInt
    submit: dict[str, Any]

    @model_validator(mode="after")
    def _limit_is_not_below(self) -> Self:
        if self.memory_limit < self.memory:
            raise ValueError(f"memory_limit={self.memory_limit} is below memory={self.memory}")
        return self


class ClusterSettings(Config):
    """Settings of submission and progress of workflows.

    Attributes:
        group: of runner.yml that they are in, the batch system's own.
    """

    group: ClassVar[str]
    wait: bool
    poll_seconds: PositiveFloat
    members_per_job: PositiveInt
    members_per_gpu: PositiveInt
    retries: NonNegativeInt
    max_jobs: PositiveInt | None
    python: str | None
    image: Annotated[str, Field(min_length=1)] | None
    setup: str | None
    environment: dict[str, str]
    submit: dict[str, Any]
    jobs: Mapping[JobKind, JobSettings]

    @model_validator(mode="after")
    def _every_kind(self) -> Self:
        missing = [kind for kind in get_args(JobKind) if kind not in self.jobs]
        if missing:
            raise ValueError(f"jobs: no settings for {', '.join(missing)}")
        return self

    @property
    def pack(self) -> int:
        """Members of one job."""
        if self.members_per_gpu == 1:
            return self.members_per_job
        return max(self.members_per_job, self.jobs["member"].gpus * self.members_per_gpu)

    @property
    def at_once(self) -> int:
        """Members that one job trains at the same time, on its GPUs or else on its cores."""
        job = self.jobs["member"]
        return min(self.pack, job.gpus * self.members_per_gpu if job.gpus else job.cpus)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> Self:
        """The settings of a site, from their group of runner.yml.

        Raises:
            ConfigurationError: a key is unknown or a value out of range; names each.
        """
        try:
            return cls(**raw)
        except ValidationError as error:
            problems = [
                f"  {cls.group}.{'.'.join(map(str, each['loc']))}={each['input']!r}: {each['msg']}"
                for each in error.errors()
            ]
            message = "\n".join(["runner.yml cannot be right:", *problems])
            raise ConfigurationError(message) from error

    def submitted(self, kind: JobKind, own: Mapping[str, Any]) -> dict[str, Any]:
        """The lines that describe a job of one kind: lexon's own, then the site's for all jobs and
        for this kind, of which a later one replaces an earlier one; null takes one back.
        """
        lines = {**own, **self.submit, **self.jobs[kind].submit}
        return {name: value for name, value in lines.items() if value is not None}
