from __future__ import annotations

import json

import pytest

from lexon.datasets.vae import finished_others, read_anchors
from lexon.errors import DataError


def write(folder, name: str, record: dict) -> None:
    (folder / name).mkdir()
    (folder / name / "run.json").write_text(json.dumps(record))


def test_what_is_finished_and_not_planned_is_found_with_its_name_and_seed(tmp_path):
    done = {"status": "done", "parameters": {"kind": "vae", "seed": 7}}
    write(tmp_path, "configuration_own__seed_7", done)
    write(tmp_path, "configuration_planned__seed_7", done)
    write(tmp_path, "configuration_dead__seed_7", {**done, "status": "failed"})
    write(tmp_path, "pool_max__seed_7", {**done, "parameters": {"kind": "classifier", "seed": 7}})
    (tmp_path / "metrics").mkdir()
    (member,) = finished_others(tmp_path, {"configuration_planned__seed_7"})
    assert (member.name, member.cell, member.seed) == (
        "configuration_own__seed_7",
        {"configuration": "own"},
        7,
    )


def test_a_broken_record_costs_no_other_member(tmp_path, caplog):
    write(
        tmp_path,
        "configuration_own__seed_7",
        {"status": "done", "parameters": {"kind": "vae", "seed": 7}},
    )
    for number, content in enumerate(
        (
            "[1]",
            "{",
            "",
            "\xff",
            '{"status": "done"}',
            '{"status": "done", "parameters": {"kind": "vae"}}',
        )
    ):
        (tmp_path / f"other__seed_{number}").mkdir()
        (tmp_path / f"other__seed_{number}" / "run.json").write_bytes(content.encode("latin-1"))
    assert [member.name for member in finished_others(tmp_path, ())] == [
        "configuration_own__seed_7"
    ]
    assert "other__seed_1 is not shown" in caplog.text


def test_anchors_are_read_with_the_digest_of_their_rows(tmp_path):
    (tmp_path / "anchors.json").write_text(
        '{"data": {"digest": "d"}, "anchors": {"all_zero": {"test": {"test_bce": 1}}}}'
    )
    assert read_anchors(tmp_path / "anchors.json") == ("d", {"all_zero": {"test": {"test_bce": 1}}})


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[1]",
        "null",
        '{"data": 3}',
        '{"data": {"digest": "d"}, "anchors": [1]}',
        '{"data": {"digest": 1}, "anchors": {}}',
        '{"data": {"digest": "d"}, "anchors": {"all_zero": {"test": {"test_bce": "low"}}}}',
        "[" * 100_000,
    ],
    ids=range(9),
)
def test_damaged_anchors_are_named(tmp_path, content):
    (tmp_path / "anchors.json").write_text(content)
    with pytest.raises(DataError, match=r"anchors\.json: not what measure_anchors writes"):
        read_anchors(tmp_path / "anchors.json")
