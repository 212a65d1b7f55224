"""What every report starts from: all members that were planned, as their folders tell."""

from __future__ import annotations

from typing import Any

from lexon.datasets.members import MemberFolders
from lexon.experiments import Member, Result

Plan = list[dict[str, Any]]


def whole_plan(members: MemberFolders, plan: Plan) -> list[Result]:
    """What each planned member has left, done or not, in the order of the plan, or of the folder's own grid."""
    return members.read(members.plan(Member(**member) for member in plan).members)
