"""One damaged file costs one member its place in the statistics, never a report: each file, each
damage, each kind of member.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from fabricate import finished, planned, write_member

from lexon.datasets.members import MemberFolders, MemberJSON, MemberScores
from lexon.datasets.scores import ARRAYS, ScoresDataset
from lexon.experiments import Member, Result
from lexon.metrics.scores import Scores

MEMBERS = {
    "classifier": planned(n_seeds=2, pool="mean"),
    "autoencoder": planned(kind="autoencoder", n_seeds=2),
    "regression": planned(kind="regression", n_seeds=2),
    "vae": planned(kind="vae", n_seeds=2),
}
FILES = ("run.json", "metrics.json", "scores.h5", "facts/history.csv")
Damage = Callable[[Path], None]


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def edited(change: Callable[[Any], Any]) -> Damage:
    def damage(path: Path) -> None:
        path.write_text(json.dumps(change(json.loads(path.read_text()))))

    return damage


def table(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Damage:
    return lambda path: change(pd.read_csv(path)).to_csv(path, index=False)


def arrays(change: Callable[[h5py.File], None]) -> Damage:
    def damage(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            change(file)

    return damage


def without(*keys: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda content: {key: value for key, value in content.items() if key not in keys}


def first_array(file: h5py.File) -> str:
    return next(
        name
        for name in file
        if name not in ("index", "group", "group_names", "tag_names", "kl_per_unit")
    )


def shortened(file: h5py.File) -> None:
    name = first_array(file)
    values = file[name][:-1]
    del file[name]
    file[name] = values


# Done to any file, and to each.
ANY: dict[str, Damage] = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "not text": lambda path: path.write_bytes(bytes(range(128, 256)) * 20),
    "a list": lambda path: path.write_text("[1, 2]"),
    "null": lambda path: path.write_text("null"),
    "a text": lambda path: path.write_text('"done"'),
    "a number": lambda path: path.write_text("3"),
    "nothing in it": lambda path: path.write_text("{}"),
    "deep": lambda path: path.write_text("[" * 100_000),
    "directory": directory,
    "a link to itself": lambda path: (path.unlink(), path.symlink_to(path.name)),
    "fifo": fifo,
}
OWN: dict[str, dict[str, Damage]] = {
    "run.json": {
        "no parameters": edited(without("parameters")),
        "parameters of a list": edited(lambda record: record | {"parameters": [1]}),
        "no status": edited(without("status")),
        "unknown status": edited(lambda record: record | {"status": "finished"}),
        "status of a list": edited(lambda record: record | {"status": ["done"]}),
        "no data": edited(without("data")),
        "data of a list": edited(lambda record: record | {"data": [1]}),
        "notes of a number": edited(
            lambda record: record | {"data": record["data"] | {"notes": 3}}
        ),
        "size of a text": edited(
            lambda record: record | {"data": record["data"] | {"n_test": "many"}}
        ),
        "seconds of a text": edited(lambda record: record | {"seconds": "long"}),
        "parameter count of a list": edited(lambda record: record | {"n_parameters": [1]}),
        "best epoch of a text": edited(lambda record: record | {"best_epoch": "two"}),
        "another member's": edited(lambda record: record | {"member": "pool_other__seed_7"}),
        "another seed": edited(lambda record: record | {"seed": 7}),
        "code version of a text": edited(lambda record: record | {"code_version": "a1b2"}),
    },
    "metrics.json": {
        "missing": Path.unlink,
        "a dangling link": dangling,
        "no test": edited(without("test")),
        "null split": edited(lambda metrics: metrics | {"val": None}),
        "a split of a list": edited(lambda metrics: metrics | {"val": [1]}),
        "text": edited(lambda metrics: metrics | {"test": dict.fromkeys(metrics["test"], "high")}),
        "NaN": edited(
            lambda metrics: metrics | {"test": dict.fromkeys(metrics["test"], float("nan"))}
        ),
        "infinite": edited(
            lambda metrics: metrics | {"val": dict.fromkeys(metrics["val"], float("inf"))}
        ),
        "true": edited(lambda metrics: metrics | {"val": dict.fromkeys(metrics["val"], True)}),
        "another member's": edited(
            lambda metrics: (
                metrics
                | {"test": {key: value * 1.5 + 0.1 for key, value in metrics["test"].items()}}
            )
        ),
    },
    "scores.h5": {
        "missing": Path.unlink,
        "a dangling link": dangling,
        "an array missing": arrays(lambda file: file.pop(first_array(file))),
        "a group in place of an array": arrays(
            lambda file: (file.pop(name := first_array(file)), file.create_group(name))
        ),
        "a number in place of an array": arrays(
            lambda file: (file.pop(name := first_array(file)), file.create_dataset(name, data=1.0))
        ),
        "fewer rows in one array": arrays(shortened),
        "no arrays": arrays(lambda file: file.clear()),
    },
    "facts/history.csv": {
        "missing": Path.unlink,
        "a dangling link": dangling,
        "no epochs": table(lambda history: history.iloc[:0]),
        "no column": table(lambda history: history.drop(columns=["epoch"])),
        "no loss": table(lambda history: history[["epoch"]]),
        "words": table(lambda history: history.assign(**{history.columns[1]: "high"})),
        "an epoch missing": table(lambda history: history.iloc[[0, 2]]),
        "another member's": table(lambda history: history.iloc[:2]),
        "NaN as epoch": table(lambda history: history.assign(epoch=np.nan)),
    },
}
CASES = [
    (kind, file, name, damage)
    for kind in MEMBERS
    for file in FILES
    for name, damage in (ANY | OWN[file]).items()
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of two finished members of each kind."""
    root = tmp_path_factory.mktemp("whole")
    for kind, study in MEMBERS.items():
        for member in study.planned:
            write_member(root / kind, finished(member))
    return root


def read(root: Path, kind: str) -> tuple[Result, Result]:
    first, sibling = MemberFolders(root / kind).read(MEMBERS[kind].planned)
    return first, sibling


@pytest.mark.parametrize("kind", MEMBERS)
def test_a_whole_member_is_done(whole, kind):
    assert [result.status for result in read(whole, kind)] == ["done", "done"]


@pytest.mark.parametrize(
    ("kind", "file", "name", "damage"),
    CASES,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_damaged_member_is_failed_with_the_reason_and_its_sibling_goes_on(
    tmp_path, whole, kind, file, name, damage
):
    shutil.copytree(whole / kind, tmp_path / kind)
    damage(tmp_path / kind / MEMBERS[kind].planned[0].folder / file)
    first, sibling = read(tmp_path, kind)
    assert (first.status, sibling.status) == ("failed", "done")
    assert file in first.notes or (name == "another member's" and "metrics.json" in first.notes)
    assert "'" not in first.notes[:1]


@pytest.mark.parametrize("kind", MEMBERS)
@pytest.mark.parametrize("file", FILES)
def test_a_file_that_may_not_be_read_is_named_with_its_owner(
    tmp_path, whole, kind, file, monkeypatch
):
    """Whoever runs the tests may read everything, so the refusal is made up."""
    shutil.copytree(whole / kind, tmp_path / kind)
    closed = tmp_path / kind / MEMBERS[kind].planned[0].folder / file
    stat = Path.stat

    def refused(path: Path, **options: Any) -> os.stat_result:
        if path == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", refused)
    first, sibling = read(tmp_path, kind)
    assert (first.status, sibling.status) == ("failed", "done")
    assert f"{closed}: permission denied" in first.notes


@pytest.mark.parametrize("kind", MEMBERS)
def test_a_file_instead_of_a_members_folder(tmp_path, whole, kind):
    shutil.copytree(whole / kind, tmp_path / kind)
    folder = tmp_path / kind / MEMBERS[kind].planned[0].folder
    shutil.rmtree(folder)
    folder.write_text("")
    first, sibling = read(tmp_path, kind)
    assert (first.status, sibling.status) == ("failed", "done")
    assert "not a folder" in first.notes


def other_scores(change: dict[str, Any]) -> Damage:
    def damage(path: Path) -> None:
        scores = ScoresDataset(filepath=str(path)).load()
        ScoresDataset(filepath=str(path)).save(
            replace(scores, **{key: make(scores) for key, make in change.items()})
        )

    return damage


def three_columns(scores: Scores) -> Any:
    return np.full((len(scores), 3), 1 / 3, "f4")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"class_names": lambda scores: ("tttt", "ttH")},
            "classes tttt, ttH where the member has signal, background",
        ),
        ({"class_names": lambda scores: scores.class_names[::-1]}, "classes background, signal"),
        (
            {"probabilities": three_columns, "class_names": lambda scores: ("a", "b", "c")},
            "classes a, b, c",
        ),
        ({"probabilities": three_columns}, r"not one row an event and one column for each of 2"),
        (
            {"probabilities": lambda scores: np.full_like(scores.probabilities, np.nan)},
            "row 0 of probabilities is",
        ),
        ({"probabilities": lambda scores: scores.probabilities + 3}, "row 0 of probabilities is"),
        ({"target": lambda scores: scores.target + 5}, "target has other values than 0 to 1"),
        (
            {"digest": lambda scores: "other events"},
            "test_digest is other events where run.json says same",
        ),
        (
            {key: lambda scores, key=key: getattr(scores, key)[:-5] for key in ARRAYS},
            "n_test is 115",
        ),
    ],
)
def test_scores_of_other_classes_or_events_are_no_result_of_this_member(
    tmp_path, whole, change, reason
):
    shutil.copytree(whole / "classifier", tmp_path / "classifier")
    other_scores(change)(
        tmp_path / "classifier" / MEMBERS["classifier"].planned[0].folder / "scores.h5"
    )
    first, sibling = read(tmp_path, "classifier")
    assert (first.status, sibling.status) == ("failed", "done")
    assert "scores.h5" in first.notes
    assert reason in first.notes


def test_an_unfinished_member_need_not_have_any_file_but_its_record(tmp_path, whole):
    member: Member = MEMBERS["vae"].planned[0]
    shutil.copytree(whole / "vae", tmp_path / "vae")
    folder = tmp_path / "vae" / member.folder
    edited(lambda record: record | {"status": "failed", "error": None})(folder / "run.json")
    (folder / "metrics.json").unlink()
    first, _ = read(tmp_path, "vae")
    assert (first.status, first.notes) == ("failed", "no reason recorded")


@pytest.mark.parametrize("kind", [MemberJSON, MemberScores])
@pytest.mark.parametrize("damage", ["empty", "not text", "directory", "fifo"])
def test_what_a_report_only_waits_for_never_ends_it(tmp_path, kind, damage):
    path = tmp_path / "file"
    path.write_text("{}")
    ANY[damage](path)
    assert kind(filepath=str(path)).load() is None


def test_a_damaged_baseline_is_left_out_with_a_word(tmp_path, whole, caplog):
    path = tmp_path / "baseline_flat" / "scores.h5"
    path.parent.mkdir()
    path.write_text("nothing")
    assert MemberFolders(tmp_path).baselines() == {}
    assert "Baseline left out" in caplog.text


@pytest.mark.parametrize("kind", ["gnn", None, 3])
def test_a_member_of_a_kind_that_lexon_does_not_know_has_failed(tmp_path, whole, kind):
    member: Member = MEMBERS["vae"].planned[0]
    shutil.copytree(whole / "vae", tmp_path / "vae")
    config = {**member.config, "kind": kind}
    edited(lambda record: record | {"parameters": config})(
        tmp_path / "vae" / member.folder / "run.json"
    )
    (first,) = MemberFolders(tmp_path / "vae").read([replace(member, config=config)])
    assert first.status == "failed"
    assert (
        f"run.json: parameters.kind is {kind!r}, not one of classifier, autoencoder" in first.notes
    )
