"""One process at a time, and no lock outlives its process."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lexon.errors import FAILED, DataError, InUse
from lexon.processes import Process, this_host, this_process
from lexon.runs import locks

HOLD = """import sys
from pathlib import Path
from lexon.runs import locks
with locks.held(Path(sys.argv[1]), "it"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "member" / ".lock"


@pytest.fixture
def another(lock):
    """Another process that holds the lock until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def written(lock: Path, process: Process, age: float = 0.0) -> None:
    """A lock as `process` would have left it, renewed `age` seconds ago."""
    lock.parent.mkdir(exist_ok=True)
    content = {
        "host": process.host,
        "pid": process.pid,
        "started": process.started,
        "since": "2026-01-01T00:00:00",
        "token": "x",
    }
    lock.write_text(json.dumps(content))
    os.utime(lock, (time.time() - age,) * 2)


def nothing_left(lock: Path) -> bool:
    return list(lock.parent.iterdir()) == []


def test_the_second_process_gets_the_name_of_the_first(lock, another):
    with pytest.raises(
        InUse,
        match=(
            rf"pool_max: process {another.pid} on .*, since 20.* works on it; wait for it or end it"
        ),
    ) as busy:
        locks.held(lock, "pool_max").__enter__()
    assert busy.value.exit_code == FAILED
    assert locks.holder_of(lock).process.pid == another.pid
    assert [path.name for path in lock.parent.iterdir()] == [".lock"]
    another.communicate("")
    with locks.held(lock, "pool_max"):
        pass
    assert nothing_left(lock)


def test_a_killed_process_holds_nothing(lock, another):
    another.kill()  # not yet waited for: a zombie
    while locks.holder_of(lock):
        pass
    with locks.held(lock, "it"):
        assert json.loads(lock.read_text())["pid"] == os.getpid()
    assert nothing_left(lock)


def test_a_number_that_was_given_to_another_process_since_holds_nothing(lock):
    written(lock, Process(this_host(), os.getpid(), this_process().started + 1))
    with locks.held(lock, "it"):
        pass
    assert nothing_left(lock)


def test_another_machine_holds_it_while_it_renews_it(lock):
    elsewhere = Process("other-4026531836", 1, 1)
    written(lock, elsewhere, age=locks.FORGOTTEN_SECONDS - 10)
    with pytest.raises(InUse, match="process 1 on other"):
        locks.held(lock, "it").__enter__()
    written(lock, elsewhere, age=locks.FORGOTTEN_SECONDS + 10)
    with locks.held(lock, "it"):
        pass
    assert nothing_left(lock)


def test_a_lock_is_renewed_while_it_is_held(lock, monkeypatch):
    monkeypatch.setattr(locks, "RENEWED_SECONDS", 0.01)
    with locks.held(lock, "it"):
        os.utime(lock, (0, 0))
        deadline = time.monotonic() + 10
        while lock.stat().st_mtime < 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert lock.stat().st_mtime > 1


@pytest.mark.parametrize("content", ["", "null", "[1]", '{"host": 1}', "\x00\x01"])
def test_a_damaged_lock_is_forgotten_with_time(lock, content):
    lock.parent.mkdir()
    lock.write_text(content)
    with pytest.raises(InUse, match="an unknown process"):
        locks.held(lock, "it").__enter__()
    os.utime(lock, (0, 0))
    with locks.held(lock, "it"):
        pass
    assert nothing_left(lock)


def test_where_hard_links_are_impossible_a_lock_holds_as_well(lock, monkeypatch):
    def link(*args, **kwargs):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    with locks.held(lock, "it"), pytest.raises(InUse):
        locks.held(lock, "it").__enter__()
    assert nothing_left(lock)


def test_of_two_that_find_an_old_lock_one_gets_it(lock, monkeypatch):
    """The other one judged the old lock, and comes to remove it when the first has its own there
    already.
    """
    written(lock, Process(this_host(), os.getpid(), 1))
    old = locks._holder(lock)
    with locks.held(lock, "first"):
        ours = lock.read_text()
        locks._break(lock, old)
        assert lock.read_text() == ours
    assert nothing_left(lock)


def test_a_file_instead_of_the_folder_is_reported(tmp_path):
    (tmp_path / "member").write_text("")
    with pytest.raises(DataError, match="member.*a file lies where a folder is needed"):
        locks.held(tmp_path / "member" / ".lock", "it").__enter__()


def test_a_failure_in_the_block_frees_the_lock(lock):
    with pytest.raises(KeyboardInterrupt), locks.held(lock, "it"):
        raise KeyboardInterrupt
    assert nothing_left(lock)


def test_only_locks_of_ours_whose_process_is_gone_are_tidied_away(lock):
    written(lock, Process(this_host(), os.getpid(), 1))
    ours, poetry, hidden = (
        lock.with_name(".events.h5.lock"),
        lock.with_name("poetry.lock"),
        lock.with_name(".other.lock"),
    )
    for path in (poetry, hidden):
        path.write_text("[package]")
        os.utime(path, (0, 0))
    with locks.held(ours, "events"):
        locks.remove_gone([lock.parent, lock.parent / "absent"])
        assert sorted(lock.parent.iterdir()) == sorted([ours, poetry, hidden])
