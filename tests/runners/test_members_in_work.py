"""What is wrong with one member's folder costs that member; what another process works on is left
to it.
"""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest
from small_world import catalog, create, pipeline, recipe, run

from lexon.runners import estimate
from lexon.runners.local import RunFailed
from lexon.runners.replaced import changes, replaced_members
from lexon.runs import locks, records

RUN = """import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from small_world import run
run(Path(sys.argv[2]), 4)
"""


@pytest.fixture
def world(tmp_path: Path) -> Path:
    create(tmp_path)
    return tmp_path


def folder(world: Path, name: str) -> Path:
    return world / "06_models" / "study" / "main" / name


def test_the_second_of_two_processes_says_who_works_and_does_the_rest(world):
    """The first one works on member a, for as long as the test holds its lock."""
    with locks.held(folder(world, "a") / ".lock", "a"):
        second = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", RUN, str(Path(__file__).parents[1]), str(world)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert second.returncode == 1
    words = " ".join(second.stderr.split())
    assert "study.grid.a: process" in words
    assert "works on it; wait for it or end it, then run the same command again" in words
    assert (folder(world, "b") / "metrics.json").exists()
    assert not (folder(world, "a") / "run.json").exists(), (
        "the record belongs to the process that works there"
    )
    assert run(world, 4)["found"] == [{"weight": 4}, {"weight": 5}]


def test_what_another_process_finished_meanwhile_is_not_done_again(world, monkeypatch, caplog):
    """Two processes made the same plan; the other one was quicker."""
    plan = dict.fromkeys((node.name for node in pipeline().nodes), "not there yet")
    run(world, 4)
    before = {path: path.stat().st_mtime_ns for path in world.rglob("*.json")}
    monkeypatch.setattr("lexon.runners.local.fingerprints.plan", lambda *_: plan)
    run(world, 4)
    assert "study.grid.a.train: done by another command meanwhile" in caplog.text
    assert {path: path.stat().st_mtime_ns for path in world.rglob("*.json")} == before


def test_a_report_says_which_members_are_in_work(world, caplog):
    run(world, 4)
    (world / "summary.json").unlink()
    written = json.dumps(
        {"host": "other-1", "pid": 7, "started": 1, "since": "2026-01-01", "token": "x"}
    )
    (folder(world, "b") / ".lock").write_text(written)
    run(world, 4)
    assert (
        "b: process 7 on other, since 2026-01-01 works on it; the report shows it as it is now"
        in caplog.text
    )


def test_a_file_instead_of_a_members_folder_costs_that_member(world):
    folder(world, "a").parent.mkdir(parents=True)
    folder(world, "a").write_text("")
    with pytest.raises(
        RunFailed, match=r"study.grid.a.train: .*/main/a.*a file lies where a folder is needed"
    ) as failure:
        run(world, 4)
    assert failure.value.exit_code == 2
    assert (folder(world, "b") / "metrics.json").exists()
    assert json.loads((world / "summary.json").read_text())["found"] == [None, {"weight": 5}]


def test_a_link_to_itself_costs_that_member(world):
    folder(world, "a").parent.mkdir(parents=True)
    folder(world, "a").symlink_to(folder(world, "a"))
    with pytest.raises(RunFailed, match=r"study.grid.a.train: .*/main/a") as failure:
        run(world, 4)
    assert failure.value.exit_code == 2
    assert (folder(world, "b") / "metrics.json").exists()


def test_another_users_folder_costs_that_member(world, monkeypatch):
    """As for mode 0700: nothing in it can be looked at, nothing written."""
    forbid(monkeypatch, folder(world, "a"))
    with pytest.raises(
        RunFailed, match=r"study.grid.a.train: .*/main/a: permission denied \("
    ) as failure:
        run(world, 4)
    assert failure.value.exit_code == 2
    assert (folder(world, "b") / "metrics.json").exists()


def forbid(monkeypatch: pytest.MonkeyPatch, forbidden: Path) -> None:
    for name in ("stat", "open", "mkdir", "unlink", "write_text", "read_text"):
        plain = getattr(Path, name)

        def refuse(path, *args, plain=plain, **kwargs):
            if forbidden in path.parents:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return plain(path, *args, **kwargs)

        monkeypatch.setattr(Path, name, refuse)


@pytest.mark.parametrize(
    "damage",
    [
        b"[1, 2]",
        b"null",
        b"{",
        bytes(range(256)),
        b"{}",
        b'{"status": "done"}',
        b'{"parameters": [1]}',
    ],
)
def test_a_damaged_record_of_a_member_is_replaced(world, damage):
    folder(world, "a").mkdir(parents=True)
    (folder(world, "a") / "run.json").write_bytes(damage)
    assert run(world, 4)["found"] == [{"weight": 4}, {"weight": 5}]
    assert json.loads((folder(world, "a") / "run.json").read_text())["status"] == "done"


@pytest.mark.parametrize(
    "damage",
    [
        b"[1, 2]",
        b"null",
        b"{",
        bytes(range(256)),
        b'{"events_per_second": "x", "data": [], "device": 3, "parameters": {}}',
    ],
)
def test_a_damaged_record_of_another_experiment_stops_nothing(world, damage, caplog):
    for name in ("m", "n"):
        other = world / "06_models" / "another" / "main" / name
        other.mkdir(parents=True)
        (other / "run.json").write_bytes(damage)
    assert run(world, 4)["found"] == [{"weight": 4}, {"weight": 5}]
    assert damage.startswith(b'{"events') or (
        "Left out of the estimate: " in caplog.text and "(1 more like it)" in caplog.text
    )


def test_an_unreadable_record_of_a_colleague_is_a_warning_with_its_name(world, monkeypatch, caplog):
    other = world / "06_models" / "another" / "main" / "m" / "run.json"
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    plain = estimate.read_record
    monkeypatch.setattr(Path, "read_text", _refusing(other, Path.read_text))
    run(world, 4)
    assert f"Left out of the estimate: {other}: permission denied" in caplog.text
    assert plain is records.read_record


def _refusing(forbidden, plain):
    def read_text(path, *args, **kwargs):
        if path == forbidden:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return plain(path, *args, **kwargs)

    return read_text


def test_the_plan_says_what_it_replaces_and_which_parameter_changed(world, caplog):
    run(world, 4)
    assert "will be replaced" not in caplog.text
    run(world, 6)
    assert (
        "Plan: 1 finished member will be replaced, because value changed from 4 to 6" in caplog.text
    )
    assert (
        "Plan: 1 finished member will be replaced, because value changed from 5 to 7" in caplog.text
    )


def test_members_that_are_replaced_for_one_cause_are_counted_together(world):
    run(world, 4)
    changed = catalog(world, 4)
    for name, value in (("a", 4), ("b", 5)):
        changed[f"params:study.grid.{name}.config"] = recipe(value, "mean")
    reasons = dict.fromkeys((node.name for node in pipeline().nodes), "code changed")
    assert replaced_members(pipeline().nodes, reasons, changed) == [
        "2 finished members will be replaced, because pool changed from max to mean"
    ]
    assert replaced_members(pipeline().nodes, reasons, catalog(world, 4)) == [
        "2 finished members will be replaced, because code changed"
    ]
    assert replaced_members(pipeline().nodes, {}, changed) == []


def test_names_of_labels_are_shown_as_a_user_types_them():
    old = {"data": {"source": "file", "label_names": {}}, "seed": 1}
    new = {"data": {"source": "file", "label_names": {"1": "tttt", "2": "ttH"}}, "seed": 1}
    assert changes(old, new) == [("data.label_names", {}, {"1": "tttt", "2": "ttH"})]
    other = {"data": {"source": "simulation", "n": 4}, "seed": 1}
    assert changes(old, other) == [("data.source", "file", "simulation")], (
        "the rest follows from it"
    )
