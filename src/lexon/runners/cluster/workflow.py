"""The jobs of a workflow: one a member, others for what members share, and the report, which comes
last in any case.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from lexon.errors import ConfigurationError
from lexon.experiments import is_member
from lexon.runners.cluster.settings import JobKind

# What a tag outside the grid becomes; whatever else there is prepares data.
JOB_KINDS: dict[str, JobKind] = {"report": "report", "train": "pretrain", "baseline": "baseline"}


@dataclass(frozen=True)
class Job:
    """Nodes that one process runs.

    Attributes:
        name: letters, digits and underscores, as HTCondor wants it.
        nodes: their full names, in order.
        parents: names of the jobs that it cannot do without; those of a report are only waited for.
    """

    name: str
    kind: JobKind
    nodes: tuple[str, ...]
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Workflow:
    """Jobs in an order in which they could run, and the report that runs after them, whatever
    became of them.
    """

    jobs: tuple[Job, ...]
    report: Job | None

    @property
    def all(self) -> tuple[Job, ...]:
        return (*self.jobs, self.report) if self.report else self.jobs


def plan_workflow(pipeline: Pipeline, members_per_job: int = 1) -> Workflow:
    """The jobs of a pipeline that holds just what has to run.

    Raises:
        ConfigurationError: a node needs a report, which comes last, or jobs would wait for each
            other.
    """
    groups = _pack(_groups(pipeline), pipeline, members_per_job)
    parents = _parents(groups, pipeline)
    for name, above in parents.items():
        if "report" in above:
            raise ConfigurationError(
                f"{groups[name][0].name} needs what a report writes; on a cluster the report comes"
                " last"
            )
    jobs = {name: _job(name, groups[name], parents[name]) for name in _in_order(parents)}
    if len(jobs) == 1:  # a report alone is an ordinary job
        return Workflow(tuple(jobs.values()), None)
    report = jobs.pop("report", None)
    return Workflow(tuple(jobs.values()), report)


def _in_order(parents: Mapping[str, set[str]]) -> list[str]:
    """Names of jobs, each after its parents."""
    try:
        return list(TopologicalSorter(parents).static_order())
    except CycleError as error:
        raise ConfigurationError(
            f"the jobs {', '.join(error.args[1])} would wait for each other"
        ) from error


def _job(name: str, nodes: Sequence[Node], parents: set[str]) -> Job:
    return Job(name, kind_of(nodes[0]), tuple(node.name for node in nodes), tuple(sorted(parents)))


def kind_of(node: Node) -> JobKind:
    """The kind of job that runs a node, from its namespace and its tag."""
    if is_member(node.namespace or ""):
        return "member"
    return next((JOB_KINDS[tag] for tag in sorted(node.tags) if tag in JOB_KINDS), "data")


def _groups(pipeline: Pipeline) -> dict[str, list[Node]]:
    """Nodes by the name of their job, before members are packed."""
    groups: dict[str, list[Node]] = defaultdict(list)
    stages = _stages(pipeline)
    for node in pipeline.nodes:
        kind = kind_of(node)
        if kind == "member":
            groups[_plain((node.namespace or "").rpartition(".")[2])].append(node)
        elif kind == "pretrain":
            groups[_plain(f"pretrain_{node.name.partition('.')[2] or node.name}")].append(node)
        else:
            groups[
                (
                    kind
                    if kind == "report" or stages[node] <= (kind != "data")
                    else f"{kind}_{stages[node]}"
                )
            ].append(node)
    return groups


def _stages(pipeline: Pipeline) -> dict[Node, int]:
    """Number of changes of kind on the longest path to each node: what fits a codebook's tokeniser
    cannot share a job with what the codebook is trained on.
    """
    stages: dict[Node, int] = {}
    for node in pipeline.nodes:
        above = pipeline.node_dependencies[node]
        stages[node] = max(
            (stages[parent] + (kind_of(parent) != kind_of(node)) for parent in above), default=0
        )
    return stages


def _pack(
    groups: dict[str, list[Node]], pipeline: Pipeline, members_per_job: int
) -> dict[str, list[Node]]:
    """Members that wait for the same jobs, several to a job."""
    if members_per_job == 1:
        return groups
    parents = _parents(groups, pipeline)
    packed: dict[str, list[Node]] = {}
    alike: dict[frozenset[str], list[str]] = defaultdict(list)
    for name, nodes in groups.items():
        if kind_of(nodes[0]) == "member":
            alike[frozenset(parents[name])].append(name)
        else:
            packed[name] = nodes
    packs = [
        names[first : first + members_per_job]
        for names in alike.values()
        for first in range(0, len(names), members_per_job)
    ]
    for number, pack in enumerate(packs, 1):
        job = pack[0] if len(pack) == 1 else f"pack_{number}_of_{len(pack)}_members"
        packed[job] = [node for name in pack for node in groups[name]]
    return packed


def _parents(groups: Mapping[str, Sequence[Node]], pipeline: Pipeline) -> dict[str, set[str]]:
    """Names of the jobs whose results each job needs."""
    job_of = {node: name for name, nodes in groups.items() for node in nodes}
    parents: dict[str, set[str]] = {}
    for name, nodes in groups.items():
        needed = {job_of[parent] for node in nodes for parent in pipeline.node_dependencies[node]}
        parents[name] = needed - {name}
    return parents


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name, flags=re.ASCII)
