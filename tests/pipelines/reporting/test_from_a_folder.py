"""A report made from a folder shows what the folder records, whatever the command asks for."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from fabricate import BASE, asked_parameters, finished, planned, write_member, write_study

from lexon.config import CollapseConfig, EvaluationConfig, ReportConfig
from lexon.datasets.arrays import ArraysDataset
from lexon.datasets.members import MemberFolders, MembersDataset
from lexon.experiments import Experiment
from lexon.pipelines.reporting import autoencoder, classifier, regression, vae
from lexon.pipelines.reporting.caveats import of_the_folder

REPORT = ReportConfig(
    **yaml.safe_load((BASE / "parameters_reporting.yml").read_text())["report"]
    | {"n_bootstrap": 100}
)
COLLAPSE = CollapseConfig(
    **yaml.safe_load((BASE / "parameters_modelling.yml").read_text())["collapse"]
)
Changes = dict[str, Any]

# What a file of conf/experiments says of each kind, and what a command asked for beside it when the
# members were trained.
AUTOENCODER = {
    "kind": "autoencoder",
    "autoencoder": {"globals_beta": [0.0, 1.0], "bottleneck": ["none", "linear"]},
}
AUTOENCODER |= {
    "grid": {"axes": ["autoencoder.globals_beta", "autoencoder.bottleneck"]},
    "n_seeds": 2,
}
REGRESSION = {
    "kind": "regression",
    "variance_lambda": [0.0, 2.0],
    "grid": {"axes": ["variance_lambda"]},
    "n_seeds": 2,
}
VAE = {
    "kind": "vae",
    "configuration": ["vae_small", "vae_medium"],
    "grid": {"axes": ["configuration"]},
    "n_seeds": 2,
}
CLASSIFIER = {"pool": ["mean", "cls"], "grid": {"axes": ["pool"]}, "n_seeds": 2}
KINDS = {"classifier": CLASSIFIER, "autoencoder": AUTOENCODER, "regression": REGRESSION, "vae": VAE}
RUNS: list[tuple[str, Changes]] = [
    ("classifier", {}),
    ("classifier", {"training": {"epochs": 7, "lr": 0.01}, "met": False}),
    ("classifier", {"training": {"lr": [0.1, 0.01]}}),
    ("classifier", {"tokeniser": ["direct", "binned"], "vector": [5, 4]}),
    ("classifier", {"tokeniser": ["binned", "vqvae"], "vqvae": {"per_seed": True}}),
    ("classifier", {"classes": {"rare": "ttH", "often": "rest"}}),
    ("autoencoder", {"training": {"epochs": 7}}),
    ("autoencoder", {"autoencoder": {"encoder": ["transformer", "mlp"]}}),
    ("autoencoder", {"autoencoder": {"globals_beta": [3.0]}}),
    ("regression", {"training": {"epochs": 7}, "events": {"n": 1000}}),
    ("regression", {"regression": {"source": "diabetes"}, "n_seeds": 3}),
    ("regression", {"penalty": ["global", "batch"]}),
    ("vae", {"training": {"epochs": 7}}),
    ("vae", {"configuration": ["beta_vae_high", "vae_large"]}),
    ("vae", {"beta": [0.5, 2.0]}),
]


def folders(
    root: Path, kind: str, overrides: Changes | None = None, as_recorded: bool = True
) -> MemberFolders:
    dataset = MembersDataset(
        filepath=str(root), parameters=asked_parameters(overrides, **KINDS[kind])
    )
    dataset.as_recorded = as_recorded
    return dataset.load()


def study(kind: str, overrides: Changes | None = None) -> Experiment:
    return planned(overrides, **KINDS[kind])


def plan(experiment: Experiment) -> list[dict[str, Any]]:
    return [asdict(member) for member in experiment.planned]


def tables(kind: str, root: Path, overrides: Changes | None = None) -> list[pd.DataFrame]:
    """All tables of a report that asks for `overrides`."""
    members, experiment = folders(root, kind, overrides), study(kind, overrides)
    asked, n_seeds = plan(experiment), experiment.parameters.n_seeds
    match kind:
        case "classifier":
            found = classifier.compare(
                members,
                asked,
                EvaluationConfig(rejections=(10.0,)),
                REPORT,
                experiment.parameters.slices,
                experiment.parameters.significance,
                experiment.parameters.elsewhere,
                [],
                "main",
                n_seeds,
            )
        case "autoencoder":
            found = autoencoder.compare(members, asked, REPORT, [], "main", n_seeds, "example")
        case "regression":
            found = regression.compare(members, asked, COLLAPSE, REPORT, [], "main", n_seeds)
        case _:
            found = vae.compare(members, asked, REPORT, [], "main", n_seeds)
    return [table for table in found.values() if isinstance(table, pd.DataFrame)]


@pytest.mark.parametrize(
    ("kind", "overrides"),
    RUNS,
    ids=lambda value: value if isinstance(value, str) else json.dumps(value),
)
def test_a_report_is_the_same_without_the_parameters_of_the_run(tmp_path, kind, overrides):
    write_study(tmp_path, study(kind, overrides))
    with_them, without = tables(kind, tmp_path, overrides), tables(kind, tmp_path)
    assert (with_them[0]["status"] == "done").all()
    for one, other in zip(with_them, without, strict=True):
        pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(
    ("kind", "overrides"),
    RUNS,
    ids=lambda value: value if isinstance(value, str) else json.dumps(value),
)
def test_records_without_a_cell_are_recognised_by_their_names(tmp_path, kind, overrides):
    run = study(kind, overrides)
    write_study(tmp_path, run)
    for path in tmp_path.glob("*/run.json"):
        record = json.loads(path.read_text())
        path.write_text(
            json.dumps(
                {
                    key: value
                    for key, value in record.items()
                    if key not in ("member", "cell", "place")
                }
            )
        )
    shown = folders(tmp_path, kind).plan(study(kind).planned).members
    assert {member.name: member for member in shown} == {
        member.name: member for member in run.planned
    }


@pytest.mark.parametrize("kind", KINDS)
def test_what_differs_from_the_asked_parameters_is_reported(tmp_path, kind, caplog):
    write_study(tmp_path, study(kind, {"training": {"epochs": 7}}))
    asked = study(kind).planned[0].config["training"]["epochs"]
    found = of_the_folder(folders(tmp_path, kind), plan(study(kind)), REPORT)
    assert any(f"training.epochs=7 (asked: {asked})" in remark for remark in found)
    assert found[0] in caplog.text
    assert (
        of_the_folder(
            folders(tmp_path, kind), plan(study(kind, {"training": {"epochs": 7}})), REPORT
        )[1:]
        == []
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_trains_keeps_its_own_parameters(tmp_path, kind):
    write_study(tmp_path, study(kind, {"training": {"epochs": 7}}))
    members = folders(tmp_path, kind, as_recorded=False)
    assert {
        result.status for result in members.read(members.plan(study(kind).planned).members)
    } == {"stale"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("asked", [{}, {"training": {"epochs": 7}}, {"training": {"epochs": 9}}])
def test_members_of_two_configurations_in_one_folder_are_stale(tmp_path, kind, asked):
    """Most finished members decide, whichever of the two, or neither, is asked for."""
    first, *others = study(kind, {"training": {"epochs": 7}}).planned
    write_member(tmp_path, finished(study(kind, {"training": {"epochs": 8}}).planned[0]))
    for member in others:
        write_member(tmp_path, finished(member))
    members = folders(tmp_path, kind, asked)
    found = members.read(members.plan(study(kind, asked).planned).members)
    assert {result.member.name: result.status for result in found} == {first.name: "stale"} | {
        one.name: "done" for one in others
    }
    assert (
        next(result.notes for result in found if result.status == "stale")
        == "made with other parameters: training.epochs"
    )


def test_members_of_a_grid_that_are_missing_stay_pending(tmp_path):
    run = study("classifier", {"training": {"epochs": 7}})
    write_study(tmp_path, run)
    shutil.rmtree(tmp_path / run.planned[-1].name)
    members = folders(tmp_path, "classifier")
    found = members.read(members.plan(study("classifier").planned).members)
    assert [result.status for result in found] == ["done"] * 3 + ["pending"]


def test_what_is_asked_for_stands_where_the_folder_agrees(tmp_path):
    run = study("regression")
    write_member(tmp_path, finished(run.planned[0]))
    assert folders(tmp_path, "regression").plan(run.planned).members == run.planned


def test_another_grid_in_the_folder_is_reported_and_not_shown(tmp_path):
    write_study(tmp_path, study("classifier"))
    run = study("classifier", {"training": {"lr": [0.1, 0.01]}})
    write_study(tmp_path, run)
    shown = folders(tmp_path, "classifier").plan(study("classifier").planned)
    assert [member.name for member in shown.members] == [member.name for member in run.planned]
    assert any(
        "Members of a different grid" in remark and "pool_mean__seed_42" in remark
        for remark in shown.remarks
    )


def test_a_members_record_of_another_kind_is_left_out(tmp_path):
    write_study(tmp_path, study("classifier"))
    write_member(tmp_path, finished(study("regression").planned[0]))
    shown = folders(tmp_path, "classifier").plan(study("classifier").planned)
    assert shown.members == study("classifier").planned
    assert "another kind of experiment (regression)" in shown.remarks[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda root: None,
        lambda root: root.mkdir(),
        lambda root: (root / "notes").mkdir(parents=True),
    ],
)
def test_an_empty_folder_is_all_pending(tmp_path, make: Callable[[Path], None]):
    make(tmp_path / "members")
    assert (
        folders(tmp_path / "members", "vae").plan(study("vae").planned).members
        == study("vae").planned
    )


BESIDE = {
    "regression": "baselines/scores.h5",
    "vae": "anchors.json",
    "classifier": "baseline_flat/scores.h5",
}
DAMAGES: dict[str, Callable[[Path], Any]] = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("[1, 2]"),
    "folder": lambda path: path.mkdir(),
    "pipe": os.mkfifo,
    "other arrays": lambda path: ArraysDataset(filepath=str(path)).save({"val_target": np.ones(3)}),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", BESIDE)
def test_a_damaged_file_beside_the_members_is_left_out_with_a_caveat(tmp_path, kind, damage):
    write_study(tmp_path, study(kind))
    path = tmp_path / BESIDE[kind]
    path.parent.mkdir(exist_ok=True)
    DAMAGES[damage](path)
    members, experiment = folders(tmp_path, kind), study(kind)
    match kind:
        case "classifier":
            found = classifier.compare(
                members,
                plan(experiment),
                EvaluationConfig(rejections=(10.0,)),
                REPORT,
                experiment.parameters.slices,
                experiment.parameters.significance,
                experiment.parameters.elsewhere,
                [],
                "main",
                2,
            )
        case "regression":
            found = regression.compare(members, plan(experiment), COLLAPSE, REPORT, [], "main", 2)
        case _:
            found = vae.compare(members, plan(experiment), REPORT, [], "main", 2)
    (caveat,) = [one for one in found["findings"]["caveats"] if "left out: " in one]
    assert str(path) in caveat
