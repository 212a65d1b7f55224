"""run.log on a disk that refuses."""

from __future__ import annotations

import logging
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lexon.errors import DataError
from lexon.runs.run_log import RunLog


@contextmanager
def limited() -> Iterator[None]:
    """Files of at most 100 bytes; not a fixture, as pytest's own output may be a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_log_on_a_full_disk_ends_with_one_sentence(tmp_path, caplog, capsys, monkeypatch):
    monkeypatch.setattr(
        logging.getLogger(), "handlers", [caplog.handler]
    )  # others would write to files with the same limit
    monkeypatch.setattr(logging.getLogger("lexon"), "handlers", [])
    log, logger = RunLog(), logging.getLogger("lexon.training")
    with limited():
        log.start(tmp_path / "member")
        for number in range(20):
            logger.warning("epoch %d and a few words", number)
        log.stop()
    ended = [message for message in caplog.messages if "this log ends here" in message]
    assert len(ended) == 1
    assert f"{tmp_path}/member/run.log: the disk or the quota is full" in ended[0]
    assert "Traceback" not in capsys.readouterr().err


def test_a_folder_that_is_a_file_is_reported(tmp_path):
    (tmp_path / "member").write_text("")
    with pytest.raises(DataError, match="member: .*a file lies where a folder is needed"):
        RunLog().start(tmp_path / "member")


def test_a_pipe_instead_of_a_log_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "run.log")
    with pytest.raises(DataError, match=r"run.log: is a FIFO"):
        RunLog().start(tmp_path)
