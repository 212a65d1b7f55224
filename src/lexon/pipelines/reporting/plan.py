"""What every report starts from: all members that were planned, as their folders tell."""

from __future__ import annotations

from typing import Any

from lexon.config import ReportConfig
from lexon.datasets.members import MemberFolders
from lexon.experiments import Member, Result

Plan = list[dict[str, Any]]


def whole_plan(members: MemberFolders, plan: Plan) -> list[Result]:
    """What each planned member has left, done or not, in the order of the plan."""
    return members.read(Member(**member) for member in plan)


def said_elsewhere(report: ReportConfig) -> list[str]:
    """A caveat where the members are not this run's own."""
    return [f"Read from {report.source} (report.source), not from this run's own members."] if report.source else []
