"""run.json and history/ on a disk that refuses."""

from __future__ import annotations

import os
import resource

import pytest

from lexon.errors import DataError
from lexon.runs.records import archive, old_record, read_record


def test_a_history_on_a_full_disk_names_its_file(tmp_path, caplog):
    (tmp_path / "run.json").write_text("x" * 1000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(
            DataError, match=rf"{tmp_path}/history/.*/run.json: the disk or the quota is full"
        ):
            archive(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("content", ["[1]", "null", "{", "[" * 100_000])
def test_what_is_no_record_is_reported_or_taken_for_none(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(DataError, match=r"run.json: not a run record"):
        read_record(tmp_path / "run.json")
    assert old_record(tmp_path) == {}


def test_a_pipe_instead_of_a_record_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "run.json")
    assert old_record(tmp_path) == {}
