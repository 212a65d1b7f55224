"""Locks: one process at a time works on a member, or on a node that members share; whatever
machines they run on.

A lock is a file that holds host, process and time. It gets its name by a hard link, which is atomic
on NFS too, and its time stamp is renewed while it is held. It is free again when its process
removes it, when that process is seen to be gone (on the same machine), or when its time stamp is
old (on another one, whose processes cannot be seen).
"""

from __future__ import annotations

import errno
import json
import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from lexon.datasets.files import cannot_write
from lexon.errors import InUse
from lexon.processes import Process, this_process
from lexon.provenance import now

logger = logging.getLogger(__name__)

SUFFIX = ".lock"
RENEWED_SECONDS = 15.0
FORGOTTEN_SECONDS = 120.0  # without renewal, the process on another machine is gone
_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock.

    Attributes:
        process: that works.
        since: when it began, in UTC.
        token: of this one lock.
        silent_seconds: since it was last renewed, by the clock of the file system.
    """

    process: Process | None
    since: str
    token: str
    silent_seconds: float

    @property
    def is_gone(self) -> bool:
        if self.process is not None and self.process.is_here:
            return self.process.is_gone
        return self.silent_seconds > FORGOTTEN_SECONDS

    def __str__(self) -> str:
        if self.process is None:
            return "an unknown process"
        return f"process {self.process.pid} on {self.process.machine}, since {self.since}"


@contextmanager
def held(path: Path, what: str) -> Iterator[None]:
    """Hold the lock `path` during the block.

    Args:
        what: that is worked on, for the message.

    Raises:
        InUse: another process holds it.
        LexonError: no file can be written there.
    """
    token = _acquire(path, what)
    over = threading.Event()
    renewal = threading.Thread(target=_renew, args=(path, over), daemon=True)
    renewal.start()
    try:
        yield
    finally:
        over.set()
        renewal.join()
        with suppress(OSError):
            if (holder := _holder(path)) and holder.token == token:
                path.unlink(missing_ok=True)


def holder_of(path: Path) -> Holder | None:
    """The other process that holds a lock now, if one does."""
    try:
        holder = _holder(path)
    except OSError:
        return None
    return None if holder is None or holder.is_gone or holder.process == this_process() else holder


def remove_gone(folders: Iterable[Path]) -> None:
    """Remove the locks of processes that are gone, so that a folder in which nothing is to do is
    left tidy too.
    """
    for folder in folders:
        with suppress(OSError):  # absent, or another user's
            for path in folder.glob(f"*{SUFFIX}"):
                holder = _holder(path) if path.name.startswith(".") else None
                if (
                    holder is not None and holder.process is not None and holder.is_gone
                ):  # without a process it may not be ours
                    _break(path, holder)


def _acquire(path: Path, what: str) -> str:
    """Take a lock, from a process that is gone if need be; returns its token."""
    me, token = this_process(), uuid4().hex
    own = _temporary(path, token)
    content = {
        "host": me.host,
        "pid": me.pid,
        "started": me.started,
        "since": now(),
        "token": token,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        own.write_text(json.dumps(content), encoding="utf-8")
        for _ in range(3):  # each time, another process may be quicker
            if _link(own, path):
                return token
            holder = _holder(path, own)
            if holder is not None and not holder.is_gone:
                raise InUse(
                    f"{what}: {holder} works on it; wait for it or end it, then run the same"
                    f" command again ({path})"
                )
            if holder is not None:
                _break(path, holder)
        raise InUse(f"{what}: other processes compete for it; run the same command again ({path})")
    except OSError as error:
        raise cannot_write(error, own, path) from error
    finally:
        with suppress(OSError):
            own.unlink(missing_ok=True)


def _temporary(path: Path, token: str) -> Path:
    """A name that no other lock uses, and that `remove_leftovers` knows."""
    me = this_process()
    return path.with_name(f"{path.name}.{token}.{me.host}.{me.pid}-{me.started}.tmp")


def _link(own: Path, path: Path) -> bool:
    """Give the lock its name, unless it is taken."""
    try:
        os.link(own, path)
    except FileExistsError:
        return own.stat().st_nlink == 2  # NFS may repeat a request that succeeded
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        return _create(own, path)
    return True


def _create(own: Path, path: Path) -> bool:
    """The same on a file system without hard links."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(own.read_text(encoding="utf-8"))
    except FileExistsError:
        return False
    return True


def _break(path: Path, gone: Holder) -> None:
    """Remove the lock of a process that is gone; another one's, which took its place meanwhile, is
    put back.
    """
    aside = _temporary(path, uuid4().hex)
    try:
        path.rename(aside)
    except FileNotFoundError:
        return
    taken = _holder(aside)
    if taken is not None and taken.token != gone.token:
        with suppress(OSError):
            os.link(aside, path)
    else:
        logger.warning("%s: taken over from %s, which is gone", path, gone)
    aside.unlink(missing_ok=True)


def _holder(path: Path, clock: Path | None = None) -> Holder | None:
    """The holder of a lock; the age of its time stamp is relative to that of `clock`, a file just
    written beside it, if given.
    """
    try:
        with path.open(
            encoding="utf-8"
        ) as file:  # opening makes an NFS client ask the server again
            status, text = os.fstat(file.fileno()), file.read()
        silent = (clock.stat().st_mtime if clock else time.time()) - status.st_mtime
    except FileNotFoundError:
        return None
    try:
        content: Any = json.loads(text)
        process = Process(str(content["host"]), int(content["pid"]), int(content["started"]))
        return Holder(process, str(content["since"]), str(content["token"]), silent)
    except (ValueError, KeyError, TypeError):  # damaged, or just being written
        return Holder(None, "", text, silent)


def _renew(path: Path, over: threading.Event) -> None:
    while not over.wait(RENEWED_SECONDS):
        with suppress(OSError):
            os.utime(path)
