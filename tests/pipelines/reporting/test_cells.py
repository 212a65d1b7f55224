from __future__ import annotations

import pytest
from fabricate import result

from lexon.experiments import Result, Status
from lexon.pipelines.reporting.cells import common_status, unfinished_notes


def seeds(*statuses: Status, notes: str = "node lost") -> list[Result]:
    return [result({"pool": "max"}, seed, status=status, notes=notes, n=50) for seed, status in enumerate(statuses)]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("done", "done"), "done"),
        (("done", "failed"), "partial"),
        (("pending", "failed", "stale"), "failed"),
        (("pending", "stale"), "stale"),
        (("pending", "running"), "running"),
    ],
)
def test_seeds_have_one_status(statuses: tuple[Status, ...], expected: str) -> None:
    assert common_status(seeds(*statuses)) == expected


def test_equal_reasons_are_counted_and_finished_seeds_have_none() -> None:
    assert unfinished_notes(seeds("done", "failed", "failed", "pending")) == [
        "2 of 4 seeds failed: node lost",
        "1 of 4 seeds pending: node lost",
    ]
    assert unfinished_notes(seeds("failed")) == ["failed: node lost"]
    assert unfinished_notes(seeds("pending", "done", notes="")) == ["1 of 2 seeds pending"]
    assert unfinished_notes(seeds("done")) == []
