"""The cores that this process may use, and the threads that it computes with."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from threadpoolctl import threadpool_limits

CGROUPS = Path("/sys/fs/cgroup")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# More threads than this wait for memory rather than for cores, and each holds arrays of its own.
_MOST_SHARING = 8

Item = TypeVar("Item")
Result = TypeVar("Result")


def cores(root: Path = CGROUPS) -> int:
    """The cores that this process may use, by affinity and by the quota of its control group."""
    return max(1, min([_allowed(), *(math.ceil(quota) for quota in _quotas(root))]))


def use_threads(number: int) -> None:
    """Let the libraries that are loaded, and those that will be, compute with so many threads."""
    os.environ.update(dict.fromkeys(_THREADS, str(number)))
    threadpool_limits(number)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(number)


def keep_to_quota() -> None:
    """Where a quota allows fewer cores than are seen, start no more threads than it allows:
    libraries do not look at it.
    """
    if "OMP_NUM_THREADS" not in os.environ and cores() < _allowed():
        use_threads(cores())


def idle_cores(stat: Path = Path("/proc/stat"), seconds: float = 0.3) -> int:
    """Of the cores that this process may use, how many nothing else uses now, at least one; all
    where the system does not tell.
    """
    before = _idle_ticks(stat)
    time.sleep(seconds)
    spent = {core: now - before[core] for core, now in _idle_ticks(stat).items() if core in before}
    if not spent:
        return cores()
    idle = sum(spent.values()) / (seconds * os.sysconf("SC_CLK_TCK"))
    return max(1, min(cores(), round(idle)))


def _idle_ticks(stat: Path) -> dict[str, int]:
    """Clock ticks in which each core that this process may use had nothing to do."""
    mine = {f"cpu{number}" for number in os.sched_getaffinity(0)} if stat.exists() else set()
    lines = stat.read_text(encoding="utf-8").splitlines() if mine else []
    fields = (line.split() for line in lines)
    # User, nice, system, idle, waiting for files, ...
    return {name: int(times[3]) + int(times[4]) for name, *times in fields if name in mine}


def threads() -> int:
    """Threads that this process computes with: what it was given, as a worker or by the user, or
    all of its cores.
    """
    return given() or cores()


def given() -> int | None:
    """The number of threads that somebody chose: the user, a job, or the runner for a worker."""
    number = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(number) if number.isdecimal() and int(number) else None


def shared(
    function: Callable[[Item], Result], items: Iterable[Item], n: int | None = None
) -> list[Result]:
    """The function of each item, in order, the items shared by the threads of this process. Numpy
    lets other threads run while it computes.

    Its matrix products take one thread each: sums of several could differ in the last digits, so
    results are the same for any number of threads.

    Args:
        n: number of threads; None: `threads`.
    """
    with (
        threadpool_limits(1, "blas"),
        ThreadPoolExecutor(min(n or threads(), _MOST_SHARING)) as pool,
    ):
        return list(pool.map(function, items))


def _allowed() -> int:
    """Cores by affinity."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[float]:
    """Processor seconds a second, of every control group above this process that has a limit."""
    for folder in control_groups(root, "cpu"):
        with suppress(OSError, ValueError):  # "max" is no limit
            quota, period = (folder / "cpu.max").read_text(encoding="utf-8").split()
            yield int(quota) / int(period)
        with suppress(OSError, ValueError):
            quota_us = int((folder / "cpu.cfs_quota_us").read_text(encoding="utf-8"))
            if quota_us > 0:
                yield quota_us / int((folder / "cpu.cfs_period_us").read_text(encoding="utf-8"))


def control_groups(root: Path, controller: str) -> Iterator[Path]:
    """Folders of the control groups that this process belongs to, up to the root, in either version
    of them.
    """
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and controller not in controllers.split(","):
                continue
            top = root / controller if controllers else root
            own = top / path.lstrip("/")
            yield from (folder for folder in (own, *own.parents) if folder.is_relative_to(top))
