"""run.json, run.log and history/ on a disk that refuses."""

from __future__ import annotations

import logging
import os
import resource

import pytest

from lexon.errors import DataError
from lexon.runs.records import RunRecordHooks, _archive, old_record, read_record


@pytest.fixture
def limited():
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_log_on_a_full_disk_ends_with_one_sentence(tmp_path, limited, caplog, capsys, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [caplog.handler])  # others would write to files with the same limit
    monkeypatch.setattr(logging.getLogger("lexon"), "handlers", [])
    hooks, logger = RunRecordHooks(), logging.getLogger("lexon.training")
    hooks._start_log(tmp_path / "member")
    for number in range(20):
        logger.warning("epoch %d and a few words", number)
    hooks._stop_log()
    ended = [message for message in caplog.messages if "this log ends here" in message]
    assert len(ended) == 1
    assert f"{tmp_path}/member/run.log: the disk or the quota is full" in ended[0]
    assert "Traceback" not in capsys.readouterr().err


def test_a_history_on_a_full_disk_names_its_file(tmp_path, caplog):
    (tmp_path / "run.json").write_text("x" * 1000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(DataError, match=rf"{tmp_path}/history/.*/run.json: the disk or the quota is full"):
            _archive(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_folder_that_is_a_file_is_said(tmp_path):
    (tmp_path / "member").write_text("")
    with pytest.raises(DataError, match="member: .*a file lies where a folder is needed"):
        RunRecordHooks()._start_log(tmp_path / "member")


@pytest.mark.parametrize("content", ["[1]", "null", "{", "[" * 100_000])
def test_what_is_no_record_is_said_or_taken_for_none(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(DataError, match=r"run.json: not a run record"):
        read_record(tmp_path / "run.json")
    assert old_record(tmp_path) == {}


def test_a_pipe_in_the_place_of_a_record_or_log_is_not_waited_for(tmp_path):
    for name in ("run.json", "run.log"):
        os.mkfifo(tmp_path / name)
    assert old_record(tmp_path) == {}
    with pytest.raises(DataError, match=r"run.log: is a FIFO"):
        RunRecordHooks()._start_log(tmp_path)
