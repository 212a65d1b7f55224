"""What this process may use of its machine, memory and GPUs beside cores, and how many members can
train on that at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import PositiveInt, ValidationError

from lexon.config import Config
from lexon.cores import CGROUPS, control_groups, cores
from lexon.errors import ConfigurationError

_MB = 10**6


class LocalSettings(Config):
    """What conf/<site>/runner.yml says of the engine `local`."""

    workers: Literal["auto"] | PositiveInt
    workers_per_gpu: PositiveInt
    worker_memory: PositiveInt


@dataclass(frozen=True)
class Capacity:
    """Of the machine, for this process.

    Attributes:
        cores: by affinity and by the quota of its control group.
        memory: in MB, that is free; None where the system does not tell.
        gpus: as CUDA_VISIBLE_DEVICES names them.
    """

    cores: int
    memory: int | None
    gpus: tuple[str, ...] = ()


def read_settings(raw: dict[str, Any]) -> LocalSettings:
    """The settings of a site.

    Raises:
        ConfigurationError: a value is out of range.
    """
    try:
        return LocalSettings(**{name: raw.get(name) for name in LocalSettings.model_fields})
    except ValidationError as error:
        wrong = {str(each["loc"][0]): each["input"] for each in error.errors()}
        problems = "; ".join(f"{name}={value!r}" for name, value in wrong.items())
        allowed = "workers is auto or a positive number, the others are positive numbers"
        raise ConfigurationError(
            f"runner.yml: {problems}: {allowed} (conf/base/runner.yml)"
        ) from error


def exactly(workers: int) -> LocalSettings:
    """The settings for so many workers, whatever the machine has: only `auto` looks at that."""
    return LocalSettings(workers=workers, workers_per_gpu=1, worker_memory=1)


def workers_for(members: int, settings: LocalSettings, here: Capacity) -> int:
    """How many processes train that many members at once; 1 means in this process.

    Fewer members than that leave cores idle, more workers than cores or GPUs slow each other down.
    """
    if settings.workers != "auto":
        return max(1, min(settings.workers, members))
    limits = [members, here.cores]
    if here.memory is not None:
        limits.append(here.memory // settings.worker_memory)
    if here.gpus:
        limits.append(len(here.gpus) * settings.workers_per_gpu)
    return max(1, min(limits))


def capacity(device: str) -> Capacity:
    """Of this machine.

    Args:
        device: that the user asked for; GPUs are looked for only where any of them will do.
    """
    return Capacity(cores(), _memory(), _gpus(device))


def _memory(root: Path = CGROUPS, meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """MB that are free: of the machine, and below the limit of every control group above this
    process.
    """
    free = list(_free_of_groups(root))
    with suppress(OSError):
        lines = dict(
            line.split(":", 1)
            for line in meminfo.read_text(encoding="utf-8").splitlines()
            if ":" in line
        )
        free.append(int(lines["MemAvailable"].split()[0]) * 1024)
    return max(0, min(free)) // _MB if free else None


def _free_of_groups(root: Path) -> Iterator[int]:
    for folder in control_groups(root, "memory"):
        for limit, used in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            with suppress(OSError, ValueError):
                # Files that were read count as used, and are given back before anything is killed.
                cached = _cached(folder / "memory.stat")
                yield (
                    int((folder / limit).read_text(encoding="utf-8"))
                    - int((folder / used).read_text(encoding="utf-8"))
                    + cached
                )


def _cached(path: Path) -> int:
    """Bytes of files that a control group keeps in memory and does not use."""
    facts = dict(line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return int(facts.get("total_inactive_file", facts.get("inactive_file", 0)))


def _gpus(device: str) -> tuple[str, ...]:
    """The GPUs that torch sees, where the user asked for any of them.

    They are counted without being used: a process that has used one could start no worker that
    does.
    """
    if device not in ("auto", "cuda"):
        return ()
    import torch  # seconds that a run without trainings should not pay

    count = torch.cuda.device_count()
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    return (
        tuple(named.split(",")[:count]) if named else tuple(str(number) for number in range(count))
    )
