"""run.log: what lexon logs while a node of a member runs, in the member's folder."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from pathlib import Path

from lexon.datasets.files import require_file
from lexon.errors import explained

logger = logging.getLogger(__name__)


class RunLog:
    """The run.log that is written at the moment, if any."""

    def __init__(self) -> None:
        self._handler: logging.Handler | None = None

    def start(self, folder: Path) -> None:
        """Append to the run.log of a folder from now on; ends the one before."""
        self.stop()  # of a node whose start failed, after which Kedro calls no other hook
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / "run.log").exists():
                require_file(folder / "run.log")
            self._handler = _FileHandler(folder / "run.log", encoding="utf-8")
        except OSError as error:
            raise explained(error) from error
        self._handler.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
        )
        logging.getLogger("lexon").addHandler(self._handler)

    def stop(self) -> None:
        if self._handler is not None:
            logging.getLogger("lexon").removeHandler(self._handler)
            with suppress(OSError):  # a full disk, which was reported already
                self._handler.close()
            self._handler = None


class _FileHandler(logging.FileHandler):
    """A log file that ends with one sentence on a full disk, while the node goes on."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        cause = sys.exception()
        if not isinstance(cause, OSError):
            super().handleError(record)
            return
        logging.getLogger("lexon").removeHandler(self)
        logger.warning("this log ends here: %s", explained(cause, self.baseFilename))
