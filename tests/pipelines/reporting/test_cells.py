"""Cells of any kind: members together, copies distinguished from originals, and members of other
rows set aside.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fabricate import result

from lexon.experiments import Result, Status
from lexon.pipelines.reporting.cells import (
    Cell,
    collect_cells,
    common_status,
    set_aside_other_rows,
    unfinished_notes,
)
from lexon.pipelines.reporting.tables import cell_row, members_table


def seeds(*statuses: Status, notes: str = "node lost") -> list[Result]:
    return [
        result({"pool": "max"}, seed, status=status, notes=notes, n=50)
        for seed, status in enumerate(statuses)
    ]


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


def digest_of(one: Result) -> Any:
    return one.record.get("rows")


def of_rows(rows: str | None, seed: int, status: Status = "done") -> Result:
    return replace(result({"pool": "max"}, seed, n=50), record={"rows": rows}, status=status)


def test_every_member_is_in_one_cell_in_the_order_of_the_plan() -> None:
    members = [result({"pool": pool}, seed, n=50) for pool in ("max", "mean") for seed in (1, 2)]
    cells = collect_cells(members, Cell)
    assert [one for cell in cells for one in cell.results] == members
    assert [(cell.number, cell.name, cell.axes) for cell in cells] == [
        (0, "pool_max", {"pool": "max"}),
        (1, "pool_mean", {"pool": "mean"}),
    ]


def test_of_two_cells_that_are_one_training_the_first_counts() -> None:
    members = [
        result({"vector": v}, seed, folder=f"vector_4__seed_{seed}", n=50)
        for v in (4, 5)
        for seed in (1, 2)
    ]
    first, copy = collect_cells(members, Cell)
    assert (first.original, copy.original, copy.trained) == (None, first, first)
    assert (first.counts, copy.counts) == (True, False)
    assert copy.notes == "same training as vector_4: trained once"


def test_a_cell_of_which_one_seed_alone_is_shared_is_a_training_of_its_own() -> None:
    members = [
        result({"vector": v}, seed, folder=f"vector_{v if seed == 2 else 4}__seed_{seed}", n=50)
        for v in (4, 5)
        for seed in (1, 2)
    ]
    assert [cell.original for cell in collect_cells(members, Cell)] == [None, None]


@pytest.mark.parametrize(
    ("rows", "expected", "stale"),
    [
        ("aab", None, [2]),
        ("aab", "b", [0, 1]),
        ("aaa", None, []),
        ("aa-", None, []),
        ("--", None, []),
        ("aa", "b", [0, 1]),
    ],
)
def test_finished_members_of_other_rows_than_most_or_than_expected_are_stale(
    rows: str, expected: str | None, stale: list[int]
) -> None:
    members = [of_rows(None if digest == "-" else digest, seed) for seed, digest in enumerate(rows)]
    checked = set_aside_other_rows(members, digest_of, expected, "rows")
    assert [i for i, one in enumerate(checked) if one.status == "stale"] == stale
    for i in stale:
        assert (
            checked[i].notes
            == f"evaluated on other rows (digest {rows[i]}, expected {expected or 'a'})"
        )


@pytest.mark.parametrize("status", ["failed", "pending", "stale"])
def test_what_is_not_finished_keeps_its_status(status: Status) -> None:
    one, *_ = set_aside_other_rows([of_rows("b", 0, status), of_rows("a", 1)], digest_of)
    assert one.status == status


def test_numbers_of_members_that_are_not_finished_stay_out_of_the_table() -> None:
    members = [
        replace(result({"pool": "max"}, seed, n=50), status=status)
        for seed, status in enumerate(("done", "stale", "failed"))
    ]
    table = members_table(collect_cells(members, Cell), "main", lambda one: one.metrics["test"])
    assert table["auroc"].notna().tolist() == [True, False, False]
    assert table["n_parameters"].notna().all(), (
        "what a run record holds is shown whatever became of the member"
    )


def test_a_row_of_a_cell_has_means_of_its_finished_members() -> None:
    members = [result({"pool": "max"}, seed, n=50) for seed in range(3)]
    lost = replace(members[2], status="failed", record=members[2].record | {"seconds": 1e9})
    (cell,) = collect_cells([*members[:2], lost], Cell)
    row = cell_row(cell, "main")
    assert (row["n_seeds"], row["status"]) == (2, "partial")
    assert row["seconds"] == pytest.approx(np.mean([one.record["seconds"] for one in members[:2]]))
    assert row["device"] == members[0].record["device"]
