"""`python -m lexon.tracking`: the process that exports a run while it goes on.

It reads one line, the request, and exports every so many seconds until its input ends: when the run
is over, or when its process is gone, whatever it died of. Then it exports a last time, and prints a
line of JSON for each thing to say.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections import deque
from typing import Any, TextIO

from lexon.tracking.export import Export, Exporter
from lexon.tracking.settings import read_settings

# For the last export, where a service is slow; one that is down is given up long before.
PATIENCE_SECONDS = 180


def main() -> None:
    """Follow a run to its end."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the end of its input is what ends it
    answer = _own_output()
    asked: dict[str, Any] = json.loads(sys.stdin.readline())
    settings = read_settings(asked["settings"])
    exporter = Exporter(Export(**asked["export"]), settings)
    while not _is_over(settings.seconds):
        deque(exporter.export(), maxlen=0)  # what fails now is tried again, and told at the end
    signal.alarm(PATIENCE_SECONDS)
    for text, is_well in exporter.export():
        print(json.dumps({"text": text, "is_well": is_well}), file=answer, flush=True)


def _own_output() -> TextIO:
    """The output of this process; what libraries print joins their errors."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own


def _is_over(seconds: float | None) -> bool:
    """Wait for the end of the input, at most so long."""
    readable, _, _ = select.select([sys.stdin], [], [], seconds)
    return bool(readable)


if __name__ == "__main__":
    main()
