"""A node that fails takes what depends on it, and nothing else, with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline

from lexon.datasets.atomic import JSONDataset
from lexon.datasets.members import MemberJSON
from lexon.errors import DataError
from lexon.runners.local import LocalRunner, RunFailed
from lexon.runners.units import members_together


def fail(x: int) -> dict:
    raise DataError("events.h5: row 3 is wrong")


def crash(x: int) -> dict:
    raise RuntimeError("out of memory")


def work(x: int) -> dict:
    return {"auroc": 0.8}


def follow(metrics: dict) -> dict:
    return metrics


def report(first: dict | None, second: dict | None) -> dict:
    return {"first": first, "second": second}


def pipeline(failing) -> Pipeline:
    return Pipeline(
        [
            Node(failing, "params:x", "first_metrics", name="first", tags="train"),
            Node(work, "params:x", "second_metrics", name="second", tags="train"),
            Node(follow, "first_plain", "followed", name="follower", tags="train"),
            Node(failing, "params:x", "first_plain", name="plain", tags="train"),
            Node(
                report, ["first_metrics", "second_metrics"], "report", name="report", tags="report"
            ),
        ]
    )


@pytest.fixture
def catalog(tmp_path: Path) -> DataCatalog:
    metrics = {
        name: MemberJSON(filepath=str(tmp_path / f"{name}.json"))
        for name in ("first_metrics", "second_metrics")
    }
    plain = {
        name: JSONDataset(filepath=str(tmp_path / f"{name}.json"))
        for name in ("followed", "first_plain", "report")
    }
    catalog = DataCatalog(metrics | plain)
    catalog["params:x"] = 1
    return catalog


def test_siblings_and_the_report_go_on(catalog):
    with pytest.raises(RunFailed) as failure:
        LocalRunner().run(pipeline(fail), catalog, _create_hook_manager())
    assert set(failure.value.failed) == {"first", "plain"}
    assert failure.value.skipped == ["follower"]
    assert catalog.load("report") == {"first": None, "second": {"auroc": 0.8}}


def test_the_error_names_the_node_and_the_first_cause(catalog):
    with pytest.raises(RunFailed, match="first: events.h5: row 3 is wrong"):
        LocalRunner().run(pipeline(fail), catalog, _create_hook_manager())


@pytest.mark.parametrize(("failing", "code"), [(fail, 2), (crash, 1)])
def test_only_the_users_own_mistakes_have_the_code_that_forbids_a_retry(catalog, failing, code):
    with pytest.raises(RunFailed) as failure:
        LocalRunner().run(pipeline(failing), catalog, _create_hook_manager())
    assert failure.value.exit_code == code


@pytest.mark.filterwarnings("ignore:One or more dataset names")
def test_a_member_is_finished_before_the_next_begins():
    """An interrupted grid then has whole members, not many half ones."""
    members = [
        Pipeline(
            [
                Node(work, "params:x", "model", name="train"),
                Node(follow, "model", "metrics", name="evaluate"),
            ],
            namespace=f"study.grid.{name}",
        )
        for name in "ab"
    ]
    whole = Pipeline(
        [
            *members,
            Node(report, ["study.grid.a.metrics", "study.grid.b.metrics"], "report", name="report"),
        ]
    )
    assert [node.name.removeprefix("study.grid.") for node in whole.nodes] == [
        "a.train",
        "b.train",
        "a.evaluate",
        "b.evaluate",
        "report",
    ]
    together = [node.name.removeprefix("study.grid.") for node in members_together(whole.nodes)]
    assert together == ["a.train", "a.evaluate", "b.train", "b.evaluate", "report"]
