"""Processes by name: which one wrote a temporary file or holds a lock, and whether it still
runs.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One process among all that share a file system.

    Attributes:
        host: see `this_host`.
        pid: its number there.
        started: when it started, in clock ticks since the machine did; a later process with the
            same number has another. 0 if unknown.
    """

    host: str
    pid: int
    started: int

    @property
    def is_here(self) -> bool:
        """Whether this process can see it, so that `is_gone` knows."""
        return self.host == this_host()

    @property
    def is_gone(self) -> bool:
        """Whether it certainly runs no more; of a process on another machine that is never
        certain.
        """
        return self.is_here and _start_of(self.pid) not in ({self.started} if self.started else {0})

    @property
    def machine(self) -> str:
        """The name of its machine, for messages."""
        return self.host.rpartition("-")[0] or self.host


def this_process() -> Process:
    """The process that asks; not remembered, because a fork has another number."""
    return Process(this_host(), os.getpid(), _start_of(os.getpid()) or 0)


@cache
def this_host() -> str:
    """Name of this machine and number of its process namespace: in two containers, one number names
    two processes. No dots.
    """
    namespace = "0"
    with suppress(OSError, IndexError):
        namespace = str(Path("/proc/self/ns/pid").readlink()).strip("]").rpartition("[")[2]
    return f"{socket.gethostname().replace('.', '_').replace('/', '_')[:100]}-{namespace}"


def _start_of(pid: int) -> int | None:
    """Start of a process in clock ticks; None when it is over, 0 where the system has no /proc."""
    try:
        state, *fields = (
            Path(f"/proc/{pid}/stat")
            .read_text(encoding="utf-8", errors="replace")
            .rpartition(")")[2]
            .split()
        )
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self/stat").exists() else _answers(pid)
    return None if state in ("Z", "X") else int(fields[18])


def _answers(pid: int) -> int | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:  # it runs, under another account
        return 0
    return 0
