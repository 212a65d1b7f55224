"""Caveats that reports of several kinds make."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fabricate import result

from lexon.experiments import Result
from lexon.pipelines.reporting.caveats import (
    copies,
    data_of,
    incomplete,
    mixed_code,
    not_converged,
    of_the_data,
    seeds,
    small_sample,
    verdicts,
)
from lexon.pipelines.reporting.cells import Cell, collect_cells


def ran(*versions: Any) -> list[Result]:
    finished = [result({"pool": "max"}, seed, n=50) for seed in range(len(versions))]
    return [
        replace(one, record=one.record | {"code_version": version})
        for one, version in zip(finished, versions, strict=True)
    ]


def test_changed_and_mixed_code_is_reported() -> None:
    clean, dirty = {"commit": "a", "dirty": False}, {"commit": "b", "dirty": True}
    assert mixed_code(ran(clean, clean)) == []
    assert mixed_code(ran(clean, dirty)) == [
        "Code: members come from 2 commits.",
        "Code: 1 of 2 members ran with uncommitted changes.",
    ]


def test_code_of_no_repository_has_no_caveat() -> None:
    assert mixed_code(ran("0.1.0", None)) == []


def cells(*n_seeds: int, missing: int = 0) -> list[Cell]:
    """Cells with so many finished seeds each, and the last one with failed ones."""
    done = [
        result({"vector": number}, seed, n=50)
        for number, n in enumerate(n_seeds)
        for seed in range(n)
    ]
    failed = [
        result({"vector": len(n_seeds) - 1}, 100 + seed, status="failed", n=50)
        for seed in range(missing)
    ]
    return collect_cells([*done, *failed], Cell)


def test_a_whole_grid_of_several_seeds_lacks_nothing() -> None:
    assert incomplete(cells(2, 2)) == []
    assert incomplete(cells(2, 1, missing=3)) == [
        "Incomplete: of 6 members of the grid, 3 failed. They are rows of the tables and in no"
        " statistics."
    ]


@pytest.mark.parametrize(
    ("n_seeds", "words"),
    [
        ((1, 1), "One seed: "),
        ((3, 3), "test events and 3 seeds"),
        ((2, 3), "test events and 2 to 3 seeds"),
        ((1, 3), "Of vector_0 one seed"),
    ],
)
def test_what_intervals_hold_follows_from_the_seeds(n_seeds: tuple[int, ...], words: str) -> None:
    (caveat,) = seeds(cells(*n_seeds))
    assert words in caveat


def test_cells_that_are_one_training_are_named() -> None:
    shared = [result({"vector": v}, folder="vector_4__seed_42", n=50) for v in (4, 5)]
    (caveat,) = copies(collect_cells(shared, Cell))
    assert "vector_5 = vector_4" in caveat
    assert copies(cells(1, 1)) == []


def test_a_sample_is_small_by_the_split_that_matters() -> None:
    data = data_of([result({}, n=50)])
    assert small_sample(data, "train", 10, "events") == []
    (caveat,) = small_sample(data, "train", 10**9, "events")
    assert f"{data[0]['n_train']:,} train" in caveat


def test_data_are_described_once_however_many_members_saw_them() -> None:
    one, other = (result({}, seed, n=50) for seed in (1, 2))
    assert of_the_data([one, other]) == of_the_data([one])
    moved = replace(
        other, record=other.record | {"data": other.record["data"] | {"digest": "another"}}
    )
    assert any("different files" in text for text in of_the_data([one, moved]))


def test_a_member_that_was_best_in_its_last_epoch_may_not_have_converged() -> None:
    one = result({}, n=50)
    assert one.history is not None
    last = int(one.history["epoch"].max())
    at = [replace(one, record=one.record | {"best_epoch": epoch}) for epoch in (1, last)]
    assert not_converged(at[:1]) == []
    assert "1 of 2 finished members" in not_converged(at)[0]


def test_verdicts_are_explained_where_anything_is_compared() -> None:
    assert verdicts({"comparisons": 0}, "a change above 5 %") == []
    assert verdicts({"effects": 3, "comparisons": 0}, "a change above 5 %")[0].startswith(
        "3 effects: "
    )
