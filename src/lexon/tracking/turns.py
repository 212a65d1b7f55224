"""One process at a time creates what a service shows of a run: two that look at the same moment
would both find nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lexon.errors import InUse, ServiceError
from lexon.runs import locks

PATIENCE_SECONDS = 30.0
_BETWEEN_TRIES = 0.2


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Wait for other processes that export this run, jobs on other machines among them.

    Raises:
        ServiceError: they took too long.
    """
    path, end = folder / f".tracking{locks.SUFFIX}", time.monotonic() + PATIENCE_SECONDS
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(locks.held(path, "export"))
                break
            except InUse as error:
                if time.monotonic() > end:
                    raise ServiceError(str(error)) from error
            time.sleep(_BETWEEN_TRIES)
        yield
