"""A report that shows fewer finished members than the one before it does not overwrite it without a
copy.
"""

from __future__ import annotations

import logging
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lexon.datasets.atomic import CSVDataset
from lexon.errors import explained

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

HISTORY = "history"


class MembersTableDataset(CSVDataset):
    """members.csv: the first table of a report. Where fewer members are finished than in the report
    that is there, that one is kept.
    """

    def save(self, data: pd.DataFrame) -> None:
        keep_better_report(Path(self._filepath), data)
        super().save(data)


def keep_better_report(path: Path, members: pd.DataFrame) -> Path | None:
    """Copy a report to ``history/<time>`` if more members are finished in it than in the one that
    is about to be written.

    Args:
        path: of the report's members.csv.
        members: the table that is about to take its place.

    Returns:
        The copy's folder, or None where none was made.
    """
    before, now = (
        finished_in(path),
        int((members["status"] == "done").sum()) if "status" in members else 0,
    )
    if before <= now:
        return None
    target = path.parent / HISTORY / datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    try:
        # The old files stay in place until their successors are whole; fingerprints, whose names
        # begin with a dot, are of those.
        shutil.copytree(path.parent, target, ignore=shutil.ignore_patterns(HISTORY, ".*"))
    except OSError as error:  # shutil.Error, of several files, is one too
        raise explained(error, target) from error
    logger.warning(
        "%d members are finished in this report, %d in the one before it, which is kept in %s",
        now,
        before,
        target,
    )
    return target


def finished_in(path: Path) -> int:
    """Number of finished members in a report's members.csv; 0 where there is none that can
    be read.
    """
    import pandas as pd

    try:
        return int((pd.read_csv(path, usecols=["status"])["status"] == "done").sum())
    except (OSError, ValueError):
        return 0
