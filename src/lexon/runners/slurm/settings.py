"""Settings below `slurm` in conf/<site>/runner.yml, as types."""

from __future__ import annotations

import re
from typing import Any, Self

from pydantic import PositiveInt, model_validator

from lexon.runners.cluster.settings import ClusterSettings, checked

# Options of sbatch that are lexon's own: with others a workflow would not be found again.
OWN = ("array", "dependency", "comment", "export", "hold", "job-name", "output", "parsable", "wait")


class SlurmSettings(ClusterSettings):
    """What only Slurm has.

    Attributes:
        stop_seconds: from the signal that asks a job to stop to its time limit.
        array_size: jobs of the largest array, where the site allows so many.
    """

    stop_seconds: PositiveInt
    array_size: PositiveInt

    @model_validator(mode="after")
    def _lines_are_options(self) -> Self:
        lines = [self.submit, *(job.submit for job in self.jobs.values())]
        for name in {name for own in lines for name in own}:
            if not re.fullmatch(r"[a-z][a-z0-9-]+", name):
                raise ValueError(f"submit: {name}: write sbatch's long option, e.g. account: NAME")
            if name in OWN:
                raise ValueError(f"submit: {name}: lexon sets this option itself")
        return self


def read_settings(raw: dict[str, Any]) -> SlurmSettings:
    """The settings of a site.

    Raises:
        ConfigurationError: a key is unknown or a value out of range; names each.
    """
    return checked(SlurmSettings, "slurm", raw)
