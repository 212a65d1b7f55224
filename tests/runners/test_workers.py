"""Members in workers: a worker that is killed costs its member alone, a signal stops all of them,
and none outlives its supervisor.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import small_world
from small_world import create, run

from lexon.runners import supervisor
from lexon.runners.local import RunFailed
from lexon.training import TrainingStopped
from lexon.training.interruption import stop_signals

SECONDS = 30.0  # a machine may be busy


@pytest.fixture
def world(tmp_path: Path) -> Path:
    create(tmp_path)
    return tmp_path


def folder(world: Path, name: str) -> Path:
    return world / "06_models" / "study" / "main" / name


def record(world: Path, name: str) -> dict[str, Any]:
    return json.loads((folder(world, name) / "run.json").read_text())


def traces(world: Path) -> list[Path]:
    return [path for path in world.rglob("*") if path.name.endswith((".tmp", ".lock"))]


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_workers_leave_what_one_process_leaves(world, tmp_path, caplog):
    alone = tmp_path / "alone"
    create(alone)
    assert run(world, 4, workers=2) == run(alone, 4)
    assert record(world, "a") == record(alone, "a")
    assert (folder(world, "a") / "run.log").exists()
    assert not traces(world)
    caplog.clear()
    caplog.set_level(logging.INFO, "lexon")
    run(world, 4, workers=2)
    assert "6 up to date, 0 to run" in caplog.text


def test_members_run_at_the_same_time_and_one_thread_is_all_they_have(world, monkeypatch):
    """Each waits for the other one, which could never begin if they took turns."""

    def train(events: dict[str, int], config: dict[str, Any]) -> dict[str, int]:
        (world / f"{config['value']}.here").touch()
        wait_until(lambda: all((world / f"{value}.here").exists() for value in (4, 5)))
        return {"weight": int(os.environ["OMP_NUM_THREADS"])}

    monkeypatch.setattr(small_world, "train", train)
    assert run(world, 4, workers=2) == {"found": [{"weight": 1}, {"weight": 1}]}


def test_a_worker_that_is_killed_costs_its_member_alone(world, monkeypatch, caplog):
    def train(events: dict[str, int], config: dict[str, Any]) -> dict[str, int]:
        if config["value"] == 4 and not (world / "second_try").exists():
            (folder(world, "a") / ".half.tmp").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"weight": config["value"]}

    monkeypatch.setattr(small_world, "train", train)
    with pytest.raises(
        RunFailed, match=r"a\.train: killed by signal 9, probably out of memory"
    ) as failure:
        run(world, 4, workers=2)
    assert failure.value.exit_code == 1
    assert failure.value.failed["study.grid.a.train"].number == signal.SIGKILL
    assert failure.value.skipped == ["study.grid.a.evaluate"]
    assert record(world, "a")["status"] == "failed"
    assert record(world, "a")["error"] == "Killed: killed by signal 9, probably out of memory"
    assert record(world, "b")["status"] == "done"
    assert json.loads((world / "summary.json").read_text()) == {"found": [None, {"weight": 5}]}
    assert [path.name for path in traces(world)] == [".half.tmp"], (
        "one that lexon did not write stays"
    )
    (world / "second_try").touch()
    assert run(world, 4, workers=2) == {"found": [{"weight": 4}, {"weight": 5}]}


def test_an_error_in_a_worker_is_as_it_is_in_one_process(world, monkeypatch, caplog):
    def train(events: dict[str, int], config: dict[str, Any]) -> dict[str, int]:
        if config["value"] == 5:
            raise RuntimeError("CUDA out of memory")
        return {"weight": config["value"]}

    monkeypatch.setattr(small_world, "train", train)
    with pytest.raises(RunFailed, match=r"b\.train: CUDA out of memory") as failure:
        run(world, 4, workers=2)
    assert list(failure.value.failed) == ["study.grid.b.train"]
    assert record(world, "b")["error"] == "RuntimeError: CUDA out of memory"
    assert 'raise RuntimeError("CUDA out of memory")' in caplog.text, "with its traceback"


def test_members_are_spread_over_gpus(world, monkeypatch):
    def train(events: dict[str, int], config: dict[str, Any]) -> dict[str, int]:
        (world / f"{config['value']}.here").touch()
        wait_until(lambda: all((world / f"{value}.here").exists() for value in (4, 5)))
        return {"weight": int(os.environ["CUDA_VISIBLE_DEVICES"])}

    monkeypatch.setattr(small_world, "train", train)
    monkeypatch.setattr("lexon.runners.capacity._gpus", lambda device: ("6", "7"))
    assert run(world, 4, workers=2) == {"found": [{"weight": 6}, {"weight": 7}]}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-9, "killed by signal 9, probably out of memory"),
        (-11, "signal 11, Seg"),
        (3, "with code 3"),
    ],
)
def test_a_death_is_named(code, words):
    assert words in supervisor._how(code)


class Command:
    """`run` with two workers, in a process of its own session, as a terminal starts a command."""

    def __init__(self, world: Path) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)  # a test run in the background ignores some
            try:
                run(world, 4, workers=2)
            except SystemExit as end:
                os._exit(int(str(end.code)))
            finally:
                os._exit(99)

    def wait(self) -> int:
        end = time.monotonic() + 60
        while not (ended := os.waitpid(self.pid, os.WNOHANG))[0]:
            assert time.monotonic() < end, "the command does not end"
            time.sleep(0.02)
        return os.waitstatus_to_exitcode(ended[1])


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


@pytest.fixture
def command(world, monkeypatch) -> Callable[..., Command]:
    """A command whose members train until they are asked to end, or, if stubborn, for a minute."""

    def start(stubborn: bool = False) -> Command:
        def train(events: dict[str, int], config: dict[str, Any]) -> dict[str, int]:
            with stop_signals() as stop:
                (folder(world, "ab"[config["value"] - 4]) / "pid").write_text(str(os.getpid()))
                while stop.signum is None or stubborn:
                    time.sleep(0.01)
            time.sleep(0.2)  # the checkpoint of a large model
            (world / f"{config['value']}.checkpoint").touch()
            raise TrainingStopped(stop.signum)

        monkeypatch.setattr(small_world, "train", train)
        started = Command(world)
        wait_until(lambda: all((folder(world, name) / "pid").exists() for name in "ab"))
        time.sleep(0.1)
        return started

    return start


def pids(world: Path) -> list[int]:
    return [int((folder(world, name) / "pid").read_text()) for name in "ab"]


@pytest.mark.parametrize(
    ("send", "number", "code"),
    [
        (
            os.killpg,
            signal.SIGINT,
            130,
        ),  # Ctrl-C: the terminal sends it to all processes of the command
        (os.kill, signal.SIGINT, 130),
        (os.kill, signal.SIGTERM, 143),
        (os.killpg, signal.SIGTERM, 143),  # `timeout`, a batch system
        (os.killpg, signal.SIGHUP, 129),  # the terminal is closed
    ],
)
def test_one_signal_saves_every_checkpoint(send, number, code, world, command):
    started = command()
    send(started.pid, number)
    assert started.wait() == code
    assert all((world / f"{value}.checkpoint").exists() for value in (4, 5))
    assert not any(map(lives, pids(world)))
    assert [record(world, name)["status"] for name in "ab"] == ["interrupted", "interrupted"]
    assert not traces(world)


def test_a_second_signal_ends_at_once(world, command):
    started = command(stubborn=True)
    for _ in range(2):
        os.killpg(started.pid, signal.SIGINT)
        time.sleep(0.2)
    assert started.wait() == 130
    assert not any(map(lives, pids(world)))
    assert record(world, "a")["status"] == "interrupted"
    assert not traces(world)


def test_workers_end_with_their_supervisor_whatever_it_dies_of(world, command):
    started = command()
    os.kill(started.pid, signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL
    wait_until(lambda: not any(map(lives, pids(world))))
    assert all((world / f"{value}.checkpoint").exists() for value in (4, 5))
