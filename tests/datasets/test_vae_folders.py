from __future__ import annotations

import json

import pytest

from lexon.datasets.vae import finished_besides, read_anchors
from lexon.errors import DataError


def write(folder, name: str, record: dict) -> None:
    (folder / name).mkdir()
    (folder / name / "run.json").write_text(json.dumps(record))


def test_what_is_finished_and_not_planned_is_found_with_its_name_and_seed(tmp_path):
    done = {"status": "done", "parameters": {"kind": "vae", "seed": 7}}
    write(tmp_path, "configuration_mine__seed_7", done)
    write(tmp_path, "configuration_planned__seed_7", done)
    write(tmp_path, "configuration_dead__seed_7", {**done, "status": "failed"})
    write(tmp_path, "pool_max__seed_7", {**done, "parameters": {"kind": "classifier", "seed": 7}})
    (tmp_path / "metrics").mkdir()
    (member,) = finished_besides(tmp_path, {"configuration_planned__seed_7"})
    assert (member.name, member.cell, member.seed) == ("configuration_mine__seed_7", {"configuration": "mine"}, 7)


def test_a_folder_without_anchors_has_none_and_damaged_ones_are_named(tmp_path):
    assert read_anchors(tmp_path) == (None, {})
    (tmp_path / "anchors.json").write_text('{"data": {"digest": "d"}, "anchors": {"all_zero": {}}}')
    assert read_anchors(tmp_path) == ("d", {"all_zero": {}})
    (tmp_path / "anchors.json").write_text("{")
    with pytest.raises(DataError, match=r"anchors\.json: not what measure_anchors writes"):
        read_anchors(tmp_path)
