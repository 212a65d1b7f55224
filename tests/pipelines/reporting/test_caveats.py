from __future__ import annotations

from dataclasses import replace
from typing import Any

from fabricate import result

from lexon.experiments import Result
from lexon.pipelines.reporting.caveats import mixed_code


def ran(*versions: Any) -> list[Result]:
    finished = [result({"pool": "max"}, seed, n=50) for seed in range(len(versions))]
    return [replace(one, record=one.record | {"code_version": version}) for one, version in zip(finished, versions, strict=True)]


def test_changed_and_mixed_code_is_said() -> None:
    clean, dirty = {"commit": "a", "dirty": False}, {"commit": "b", "dirty": True}
    assert mixed_code(ran(clean, clean)) == []
    assert mixed_code(ran(clean, dirty)) == [
        "Code: members come from 2 commits.",
        "Code: 1 of 2 members ran with uncommitted changes.",
    ]


def test_code_of_no_repository_has_no_caveat() -> None:
    assert mixed_code(ran("0.1.0", None)) == []
