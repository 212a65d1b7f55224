"""An output is current while its recipe and its inputs are those it was made from."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from pathlib import Path

import h5py
import pytest
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline

from lexon.datasets import files
from lexon.datasets.atomic import JSONDataset
from lexon.datasets.events import EventsDataset
from lexon.datasets.members import MemberJSON
from lexon.errors import LexonError
from lexon.framework import hooks
from lexon.framework.hooks import FingerprintHooks
from lexon.runners.local import LocalRunner
from lexon.runs import fingerprints


def double(x: dict, factor: int) -> dict:
    return {"value": x["value"] * factor}


def add(x: dict, y: dict) -> dict:
    return {"value": x["value"] + y["value"]}


PIPELINE = Pipeline(
    [
        Node(double, ["raw", "params:factor"], "doubled", name="double", tags="data"),
        Node(double, ["other", "params:device"], "untouched", name="untouched", tags="data"),
        Node(add, ["doubled", "untouched"], "total", name="add", tags="report"),
    ]
)


@pytest.fixture
def world(tmp_path: Path) -> DataCatalog:
    datasets = {
        name: JSONDataset(filepath=str(tmp_path / f"{name}.json"))
        for name in ("raw", "other", "doubled", "untouched", "total")
    }
    catalog = DataCatalog(datasets)
    catalog["params:factor"], catalog["params:device"] = 2, 3
    for name in ("raw", "other"):
        catalog.save(name, {"value": 1})
    return catalog


def run(catalog: DataCatalog) -> list[str]:
    """Run what is not current; return its names."""
    names = list(fingerprints.plan(PIPELINE, catalog))
    manager = _create_hook_manager()
    manager.register(FingerprintHooks())
    LocalRunner().run(PIPELINE, catalog, manager)
    return sorted(names)


def test_a_second_run_does_nothing(world):
    assert run(world) == ["add", "double", "untouched"]
    assert run(world) == []


def test_a_changed_parameter_runs_its_node_and_what_depends_on_it(world):
    run(world)
    world["params:factor"] = 5
    assert run(world) == ["add", "double"]
    assert world.load("total") == {"value": 8}


def test_a_damaged_output_or_fingerprint_is_made_again(world, tmp_path):
    run(world)
    (tmp_path / "doubled.json").write_text("{")
    assert run(world) == ["add", "double"]
    (tmp_path / ".doubled.json.fingerprint.json").write_text("")
    assert run(world) == ["add", "double"]


def edited(path: Path) -> None:
    """The same number of bytes, another content."""
    path.write_bytes(path.read_bytes().replace(b"2", b"9"))


def test_an_edit_that_keeps_the_size_is_seen(world, tmp_path):
    run(world)
    edited(tmp_path / "doubled.json")
    assert run(world) == ["add", "double"]
    assert world.load("doubled") == {"value": 2}


def test_an_edit_that_keeps_size_and_time_is_seen(world, tmp_path):
    run(world)
    path = tmp_path / "doubled.json"
    before = path.stat()
    edited(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run(world) == ["add", "double"]


def test_a_copied_or_touched_result_is_current(world, tmp_path):
    run(world)
    for path in [*tmp_path.iterdir()]:
        copy = path.with_name(f"{path.name}.copy")
        shutil.copy(path, copy)
        copy.replace(path)
    assert run(world) == []


def test_the_fingerprint_is_gone_while_an_output_is_replaced(world, tmp_path, monkeypatch):
    run(world)
    seen = []
    save = JSONDataset.save

    def watched(self, data):
        seen.append(fingerprints.sidecar(Path(self._filepath)).exists())
        save(self, data)

    monkeypatch.setattr(JSONDataset, "save", watched)
    world["params:factor"] = 5
    run(world)
    assert seen == [False, False]


def older_version(path: Path) -> None:
    """The fingerprint as versions before content was recorded wrote it."""
    fingerprint = json.loads(fingerprints.sidecar(path).read_text())
    for name in ("content", "outside", "code"):
        fingerprint.pop(name)
    fingerprints.sidecar(path).write_text(json.dumps(fingerprint))


def test_results_of_earlier_versions_stay_and_are_checked_from_now_on(world, tmp_path):
    run(world)
    older_version(tmp_path / "doubled.json")
    assert run(world) == []
    edited(tmp_path / "doubled.json")
    assert run(world) == ["add", "double"]


def test_a_result_that_an_earlier_version_replaced_without_a_new_fingerprint_is_not_current(
    world, tmp_path
):
    run(world)
    older_version(tmp_path / "doubled.json")
    edited(tmp_path / "doubled.json")
    later = fingerprints.sidecar(tmp_path / "doubled.json").stat().st_mtime_ns + 10**9
    os.utime(tmp_path / "doubled.json", ns=(later, later))
    assert run(world) == ["add", "double"]


MALFORMED = {
    "null": b"null",
    "list": b"[1, 2]",
    "number": b"1",
    "text": b'"stamp"',
    "binary": bytes(range(256)),
    "empty object": b"{}",
    "deep": b"[" * 100_000,
    "truncated": b'{"stamp": "a", ',
}


@pytest.mark.parametrize("damage", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_fingerprint_is_none(world, tmp_path, damage):
    run(world)
    (tmp_path / ".doubled.json.fingerprint.json").write_bytes(damage)
    assert run(world) == ["add", "double"]
    assert run(world) == []


@pytest.mark.parametrize("field", ["stamp", "recipe", "inputs", "size", "content", "outside"])
@pytest.mark.parametrize("value", [None, [1], {"a": 1}, 7, "x"])
def test_a_fingerprint_with_a_field_of_another_type_is_no_traceback(world, tmp_path, field, value):
    run(world)
    path = tmp_path / ".doubled.json.fingerprint.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    assert set(run(world)) <= {"add", "double"}
    assert world.load("total") == {"value": 5}


def test_a_pipe_instead_of_a_fingerprint_is_not_waited_for(world, tmp_path):
    run(world)
    (tmp_path / ".doubled.json.fingerprint.json").unlink()
    os.mkfifo(tmp_path / ".doubled.json.fingerprint.json")
    assert run(world) == ["add", "double"]
    assert run(world) == []


def test_a_large_file_from_outside_is_read_once_by_all_processes(world, tmp_path, monkeypatch):
    world.save("raw", {"value": 1})
    old = time.time_ns() - 10**10
    os.utime(tmp_path / "raw.json", ns=(old, old))
    run(world)
    monkeypatch.setattr(files, "_known", {})  # as in a new process
    read = []
    digest = hashlib.file_digest
    monkeypatch.setattr(
        hashlib,
        "file_digest",
        lambda file, name: read.append(Path(file.name).name) or digest(file, name),
    )
    assert fingerprints.plan(PIPELINE, world) == {}
    assert "raw.json" not in read


def repair(monkeypatch):
    """The code of all nodes is another one from now on."""
    monkeypatch.setattr(fingerprints, "whole_digest", lambda: "repaired")
    monkeypatch.setattr(fingerprints, "code_digest", lambda module: "repaired")


def test_the_reason_tells_parameters_from_code(world, monkeypatch):
    run(world)
    world["params:factor"] = 5
    assert fingerprints.plan(PIPELINE, world)["double"] == "parameters changed"
    repair(monkeypatch)
    assert fingerprints.plan(PIPELINE, world)["untouched"] == "code changed"


def test_results_of_code_that_was_edited_meanwhile_are_made_again(world, monkeypatch, caplog):
    monkeypatch.setattr(hooks, "edited_since_start", lambda module: [Path("layers.py")])
    run(world)
    assert "its code (layers.py) was edited after this process started" in caplog.text
    monkeypatch.undo()
    assert run(world) == ["add", "double", "untouched"]
    assert run(world) == []


def test_a_file_that_cannot_be_looked_at_does_not_end_the_plan(
    world, tmp_path, monkeypatch, caplog
):
    run(world)
    exists = Path.exists

    def forbidden(path: Path) -> bool:
        if path.name == "doubled.json":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return exists(path)

    monkeypatch.setattr(Path, "exists", forbidden)
    assert fingerprints.plan(PIPELINE, world) == {
        "double": "a file cannot be read",
        "add": "an input will change",
    }
    assert "doubled.json: permission denied" in caplog.text


def test_the_device_of_a_run_changes_nothing(world):
    run(world)
    world["params:device"] = 4
    assert run(world) == []


def test_a_changed_file_from_outside_is_seen(world):
    run(world)
    world.save("raw", {"value": 10})
    assert run(world) == ["add", "double"]


def test_a_deleted_output_is_made_again_with_what_rests_on_it(world, tmp_path):
    run(world)
    (tmp_path / "doubled.json").unlink()
    assert run(world) == ["add", "double"]


def test_an_interruption_between_two_nodes_leaves_nothing_stale(world):
    """The first node ran again, the second did not come to it: the next run must."""
    run(world)
    world["params:factor"] = 5
    manager = _create_hook_manager()
    manager.register(FingerprintHooks())
    LocalRunner().run(PIPELINE.filter(node_names=["double"]), world, manager)
    world["params:factor"] = 5
    assert run(world) == ["add"]


def test_a_plan_reads_code_only_where_something_of_lexon_is_different(world, monkeypatch):
    run(world)
    known, asked = fingerprints.code_digest, []
    monkeypatch.setattr(
        fingerprints, "code_digest", lambda *modules: asked.append(modules) or known(*modules)
    )
    assert fingerprints.plan(PIPELINE, world) == {}
    assert not asked
    monkeypatch.setattr(fingerprints, "whole_digest", lambda: "an edit elsewhere")
    assert fingerprints.plan(PIPELINE, world) == {}
    assert asked


def test_repaired_code_runs_its_nodes_again(world, monkeypatch):
    run(world)
    repair(monkeypatch)
    assert run(world) == ["add", "double", "untouched"]


def test_each_file_behind_a_pattern_counts(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(name)
    before = fingerprints._stamp(tmp_path / "*.csv")
    (tmp_path / "b.csv").write_text("changed")
    after = fingerprints._stamp(tmp_path / "*.csv")
    assert before is not None
    assert before != after
    assert fingerprints._stamp(tmp_path / "*.h5") is None


def test_a_name_counts_where_it_says_what_a_file_holds(tmp_path):
    """Two files that are processes by their names change places: their content is the same."""
    mapping = {
        "jets": {"pt": "a", "eta": "b", "phi": "c", "energy": "d"},
        "met": {"pt": "e", "phi": "f"},
    }
    by_file = EventsDataset(str(tmp_path / "*.root"), text={}, branches=mapping)
    by_branch = EventsDataset(
        str(tmp_path / "*.root"), text={}, branches=mapping | {"label": {"branch": "g"}}
    )
    for name in ("a.root", "b.root"):
        (tmp_path / name).write_text(name)
    before = [fingerprints._stamp(tmp_path / "*.root", one) for one in (by_file, by_branch)]
    (tmp_path / "b.root").rename(tmp_path / "c.root")
    after = [fingerprints._stamp(tmp_path / "*.root", one) for one in (by_file, by_branch)]
    assert before[0] != after[0]
    assert before[1] == after[1] == fingerprints._stamp(tmp_path / "*.root")


def test_a_file_to_which_another_refers_counts(tmp_path):
    with (
        h5py.File(tmp_path / "part.h5", "w") as part,
        h5py.File(tmp_path / "whole.h5", "w") as whole,
    ):
        part["X"] = 1.0
        whole["X"] = h5py.ExternalLink("part.h5", "/X")
    catalog = DataCatalog({"events": EventsDataset(str(tmp_path / "whole.h5"))})
    node = Node(lambda events: events, "events", "made", name="clean")
    before = fingerprints.input_stamps(node, catalog)
    assert fingerprints.input_stamps(node, catalog) == before
    with h5py.File(tmp_path / "part.h5", "r+") as part:
        part["X"][()] = 2.0
    assert fingerprints.input_stamps(node, catalog) != before


@pytest.mark.parametrize("refused", ["the folder", "the file"])
def test_a_file_of_another_user_counts_as_missing_where_a_node_can_do_without_it(
    tmp_path, monkeypatch, refused
):
    """Whoever runs the tests may read everything, so the refusal is made up."""
    path = tmp_path / "reference" / "run.json"
    path.parent.mkdir()
    path.write_text("{}")
    (tmp_path / "ours.json").write_text("{}")
    own = {"reference": str(path), "ours": str(tmp_path / "ours.json")}
    node = Node(lambda *_: "", list(own), "summary", name="summarise")
    optional, needed = DataCatalog({}), DataCatalog({})
    for name, file in own.items():
        optional[name], needed[name] = MemberJSON(filepath=file), JSONDataset(filepath=file)
    name, place = ("stat", Path) if refused == "the folder" else ("open", Path)
    unpatched = getattr(place, name)

    def guarded(self, *args, **options):
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return unpatched(self, *args, **options)

    monkeypatch.setattr(place, name, guarded)
    assert fingerprints.input_stamps(node, optional)["reference"] is None
    assert fingerprints.input_stamps(node, optional)["ours"] is not None
    assert str(path) not in fingerprints.outside_inputs(node, optional)
    with pytest.raises((OSError, LexonError), match=r"[Pp]ermission denied"):
        fingerprints.input_stamps(node, needed)
