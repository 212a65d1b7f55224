"""What every report starts from: all members that were planned, as their folders tell."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from lexon.config import ReportConfig
from lexon.datasets.members import MemberFolders
from lexon.experiments import Member, Result

logger = logging.getLogger(__name__)

Plan = list[dict[str, Any]]


def whole_plan(members: MemberFolders, plan: Plan) -> list[Result]:
    """What each planned member has left, done or not, in the order of the plan, or of the folder's own grid."""
    return members.read(members.plan(Member(**member) for member in plan).members)


def incomplete(results: Sequence[Result]) -> list[str]:
    """A caveat on members that have no numbers, by what became of them."""
    counts = Counter("not run" if result.status == "pending" else result.status for result in results if result.status != "done")
    listed = ", ".join(f"{n} {status}" for status, n in counts.items())
    return [f"Incomplete: of {len(results)} members of the grid, {listed}; the analysis is of the others."] if counts else []


def trained_once(results: Sequence[Result]) -> list[str]:
    """A caveat on members that are the same training as another one."""
    copies = {result.member.cell_name: result for result in results if result.member.folder != result.member.name}
    listed = "; ".join(f"{name} = {_cell_of(copy.member.folder)}" for name, copy in copies.items())
    return [f"The same configuration under two names, trained once and shown twice: {listed}."] if copies else []


def _cell_of(folder: str) -> str:
    return folder.rpartition("__seed_")[0]


def said_of_the_folder(members: MemberFolders, plan: Plan, report: ReportConfig) -> list[str]:
    """Caveats where the members are not this run's own, or are not what the present parameters ask for, or where a file beside them
    could not be used; they are logged too."""
    elsewhere = [f"Read from {report.source} (report.source), not from this run's own members."] if report.source else []
    remarks = list(members.plan(Member(**member) for member in plan).remarks)
    for remark in remarks:
        logger.warning("%s", remark)
    return [*elsewhere, *remarks, *members.left_out]
