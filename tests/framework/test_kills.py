"""A process that is killed at any moment leaves nothing that looks current and is not."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_world import create, run

from lexon.runs import locks

CHANGES = ("replace", "rename", "unlink", "link", "remove", "mkdir", "utime")
BEFORE, AFTER = 4, 5
ONE = ("a",)


def in_another_process(work: Callable[[], Any]) -> int:
    """Run it in a fork, as a new process would; its exit code, 99 for an error."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            logging.disable()
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at(number: int, work: Callable[[], Any]) -> Callable[[], Any]:
    """The work, ended without any farewell before its `number`-th change of the file system, which
    is after the one before.
    """

    numbers = itertools.count(1)

    def dying(change: Callable[..., Any]) -> Callable[..., Any]:
        def once(*args: Any, **kwargs: Any) -> Any:
            if next(numbers) == number:
                os._exit(77)
            return change(*args, **kwargs)

        return once

    def dies() -> None:
        for name in CHANGES:
            setattr(os, name, dying(getattr(os, name)))
        work()

    return dies


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, Any]]:
    """A finished world, and what it reports for each value."""
    root = tmp_path_factory.mktemp("world")
    create(root)
    found = {value: run(root, value, ONE) for value in (AFTER, BEFORE)}
    return root, found


def test_a_kill_at_every_change_of_a_file_leaves_no_wrong_number(
    undisturbed, tmp_path, record_property
):
    """Each time the next process runs with the parameters of before, or with those that the killed
    one had.
    """
    world, wanted = undisturbed
    assert wanted[BEFORE] != wanted[AFTER]

    def check() -> None:
        for value in (BEFORE, AFTER):
            root = tmp_path / str(value)
            assert run(root, value, ONE) == wanted[value]
            assert not [path for path in root.rglob("*") if path.name.endswith((".tmp", ".lock"))]

    kills = 0
    for number in range(1, 1000):
        for root in (tmp_path / str(BEFORE), tmp_path / str(AFTER)):
            shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(world, tmp_path / str(BEFORE))
        code = in_another_process(
            killed_at(number, lambda: run(tmp_path / str(BEFORE), AFTER, ONE))
        )
        if code == 0:
            break
        assert code == 77
        kills += 1
        shutil.copytree(tmp_path / str(BEFORE), tmp_path / str(AFTER))
        assert in_another_process(check) == 0, f"after a kill before change {number}"
    assert kills > 40
    record_property("kills", kills)


def test_nothing_is_removed_from_a_process_that_lives(tmp_path):
    create(tmp_path)
    folder = tmp_path / "06_models" / "study" / "main" / "a"
    with locks.held(folder / ".lock", "a"):
        assert in_another_process(lambda: run(tmp_path, BEFORE)) == 99
        assert (folder / ".lock").exists()
        assert not (folder / "model.json").exists()
    assert (folder.parent / "b" / "model.json").exists(), "the other member was worked on"
