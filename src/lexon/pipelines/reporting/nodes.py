"""What the nodes of every report do: read all planned members, and finish the findings with what
the folder says.
"""

from __future__ import annotations

import logging
from typing import Any

from lexon.config import ReportConfig
from lexon.datasets.members import MemberFolders
from lexon.experiments import Member, Result
from lexon.pipelines.reporting import caveats
from lexon.pipelines.reporting.caveats import Plan
from lexon.pipelines.reporting.cells import without_seeds_not_asked_for

logger = logging.getLogger(__name__)

LOGGED = 3  # of the findings' sentences; the page has them all


def collect(members: MemberFolders, plan: Plan, n_seeds: int | None = None) -> list[Result]:
    """What each planned member has left, done or not, in the order of the plan, or of the folder's
    own grid.

    Args:
        n_seeds: that are asked for now: pending members of others are not missed; None: all of the
            plan.
    """
    results = members.read(members.plan(Member(**member) for member in plan).members)
    return without_seeds_not_asked_for(results, n_seeds)


def completed(
    found: dict[str, Any], members: MemberFolders, plan: Plan, report: ReportConfig
) -> dict[str, Any]:
    """What a comparison found, its caveats led by those on the folder; the answer is logged."""
    words = found["findings"]
    words["caveats"][:0] = caveats.of_the_folder(members, plan, report)
    for sentence in [words["headline"], *words["sentences"][:LOGGED]]:
        logger.info("%s", sentence)
    return found
