"""Settings below `slurm` in conf/<site>/runner.yml, as types."""

from __future__ import annotations

import re
from typing import ClassVar, Self

from pydantic import model_validator

from lexon.runners.cluster.queued.settings import QueuedSettings

# Options of sbatch that are lexon's own: with others a workflow would not be found again.
OWN = ("array", "dependency", "comment", "export", "hold", "job-name", "output", "parsable", "wait")


class SlurmSettings(QueuedSettings):
    """Those of every batch system with job arrays; `submit` holds long options of sbatch."""

    group: ClassVar[str] = "slurm"

    @model_validator(mode="after")
    def _lines_are_options(self) -> Self:
        lines = [self.submit, *(job.submit for job in self.jobs.values())]
        for name in {name for own in lines for name in own}:
            if not re.fullmatch(r"[a-z][a-z0-9-]+", name):
                raise ValueError(f"submit: {name}: write sbatch's long option, e.g. account: NAME")
            if name in OWN:
                raise ValueError(f"submit: {name}: lexon sets this option itself")
        return self
