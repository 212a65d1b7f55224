"""Nodes become jobs: members alone, shared work once, the report last, and no circles."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from kedro.pipeline import Node, Pipeline

from lexon.errors import ConfigurationError
from lexon.runners.cluster.checks import nothing_crosses_in_memory
from lexon.runners.cluster.workflow import plan_workflow
from lexon.runners.slurm.settings import SlurmSettings

ROOT = Path(__file__).parents[2]

# Kedro warns of the dots that it put into members' names itself.
pytestmark = pytest.mark.filterwarnings("ignore:One or more dataset names")


def work(*_: object) -> int:
    return 1


def node(name: str, reads: list[str] | str, tag: str, writes: str | None = None) -> Node:
    return Node(work, reads, writes or f"{name}_out", name=name, tags=tag)


def member(name: str, tokeniser: str) -> Pipeline:
    nodes = [
        node("train", ["events", tokeniser], "train", "model"),
        node("evaluate", ["events", "model"], "evaluate", "metrics"),
    ]
    return Pipeline(nodes, namespace=f"grid.{name}", inputs={"events", tokeniser})


def experiment(n_members: int = 2) -> Pipeline:
    """Direct members, and a VQ member whose tokeniser rests on a pre-training."""
    plain = [member(f"direct_{i}__lr_0_1-a", "tokeniser") for i in range(n_members)]
    metrics = [f"grid.direct_{i}__lr_0_1-a.metrics" for i in range(n_members)] + ["grid.vq.metrics"]
    shared = [
        node("simulate", "params:n", "data", "raw"),
        node("clean", "raw", "data", "events"),
        node("fit_direct", "events", "data", "tokeniser"),
        node("train_vqvae", "events", "train", "codebook"),
        node("fit_vq", ["events", "codebook"], "data", "vq_tokeniser"),
        node("score_baselines", "events", "baseline", "baseline"),
        node("summarise", [*metrics, "baseline"], "report", "table"),
        node("write_page", "table", "report", "page"),
    ]
    return Pipeline(Pipeline([*shared, *plain, member("vq", "vq_tokeniser")]), namespace="exp")


def parents(workflow) -> dict[str, set[str]]:
    return {job.name: set(job.parents) for job in workflow.jobs}


def test_jobs_and_who_waits_for_whom():
    workflow = plan_workflow(experiment())
    assert parents(workflow) == {
        "data": set(),
        "baseline": {"data"},
        "pretrain_train_vqvae": {"data"},
        "data_2": {"data", "pretrain_train_vqvae"},
        "direct_0__lr_0_1_a": {"data"},
        "direct_1__lr_0_1_a": {"data"},
        "vq": {"data", "data_2"},
    }
    kinds = {job.name: job.kind for job in workflow.all}
    assert kinds["direct_0__lr_0_1_a"] == "member"
    assert kinds["pretrain_train_vqvae"] == "pretrain"
    assert workflow.report is not None
    assert workflow.report.nodes == ("exp.summarise", "exp.write_page")


def test_every_node_is_in_exactly_one_job_and_jobs_come_after_their_parents():
    for members_per_job in (1, 2, 5):
        pipeline = experiment(7)
        workflow = plan_workflow(pipeline, members_per_job)
        assert sorted(node for job in workflow.all for node in job.nodes) == sorted(
            node.name for node in pipeline.nodes
        )
        seen: set[str] = set()
        for job in workflow.jobs:
            assert set(job.parents) <= seen
            seen.add(job.name)


def test_only_members_that_wait_for_the_same_are_packed():
    workflow = plan_workflow(experiment(5), members_per_job=3)
    sizes = {job.name: len(job.nodes) // 2 for job in workflow.jobs if job.kind == "member"}
    assert sorted(sizes.values()) == [1, 2, 3]
    assert sizes["vq"] == 1


def test_what_is_current_is_no_job():
    pipeline = experiment()
    late = pipeline.filter(node_names=["exp.grid.vq.evaluate", "exp.summarise", "exp.write_page"])
    workflow = plan_workflow(late)
    assert parents(workflow) == {"vq": set()}
    assert workflow.jobs[0].nodes == ("exp.grid.vq.evaluate",)


def test_a_report_alone_is_an_ordinary_job():
    workflow = plan_workflow(experiment().filter(tags=["report"]))
    assert [job.name for job in workflow.jobs] == ["report"]
    assert workflow.report is None


def test_nothing_to_run_is_no_workflow():
    assert plan_workflow(Pipeline([])).all == ()


def test_every_pipeline_of_the_project_can_be_a_workflow(world):
    for pipeline in world.pipelines.values():
        workflow = plan_workflow(pipeline)
        nothing_crosses_in_memory(workflow, pipeline, world.catalog)
        assert sorted(name for job in workflow.all for name in job.nodes) == sorted(
            node.name for node in pipeline.nodes
        )


def test_nothing_can_need_the_report():
    late = Node(work, "exp.page", "exp.more", name="exp.late", tags="data")
    with pytest.raises(ConfigurationError, match=r"exp\.late needs what a report writes"):
        plan_workflow(Pipeline([experiment(), late]))


@pytest.mark.parametrize(
    ("cpus", "gpus", "per_job", "per_gpu", "pack", "at_once"),
    [
        (1, 0, 1, 1, 1, 1),
        (4, 0, 1, 1, 1, 1),  # one member uses all its cores
        (1, 0, 6, 4, 6, 1),
        (4, 0, 6, 1, 6, 4),
        (4, 0, 2, 1, 2, 2),
        (4, 1, 6, 1, 6, 1),  # a GPU is shared only where that is asked for
        (1, 1, 1, 4, 4, 4),
        (1, 1, 12, 4, 12, 4),
        (1, 2, 1, 3, 6, 6),
        (1, 2, 1, 1, 1, 1),
        (1, 2, 4, 1, 4, 2),
    ],
)
def test_how_many_members_a_job_has_and_how_many_of_them_train_at_once(
    cpus, gpus, per_job, per_gpu, pack, at_once
):
    raw = yaml.safe_load((ROOT / "conf/base/runner.yml").read_text())["slurm"]
    member = raw["jobs"]["member"] | {"cpus": cpus, "gpus": gpus}
    own = {"members_per_job": per_job, "members_per_gpu": per_gpu}
    settings = SlurmSettings.read(raw | own | {"jobs": raw["jobs"] | {"member": member}})
    assert (settings.pack, settings.at_once) == (pack, at_once)
