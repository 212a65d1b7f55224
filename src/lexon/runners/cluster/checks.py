"""Checks before submission."""

from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path

from kedro.io import CatalogProtocol, MemoryDataset
from kedro.pipeline import Pipeline

from lexon.errors import ConfigurationError
from lexon.runners.cluster.engine import Engine
from lexon.runners.cluster.settings import ClusterSettings
from lexon.runners.cluster.workflow import Workflow

logger = logging.getLogger(__name__)


def commands_exist(engine: Engine) -> None:
    """Raise a ConfigurationError unless this machine can submit workflows."""
    missing = [command for command in engine.commands if shutil.which(command) is None]
    if missing:
        raise ConfigurationError(
            f"{', '.join(missing)}: not found on this machine; log in where {engine.name} is"
            " installed, or choose a different site with --env"
        )


def nothing_crosses_in_memory(
    workflow: Workflow, pipeline: Pipeline, catalog: CatalogProtocol
) -> None:
    """Raise a ConfigurationError if a job needs what another one keeps in memory."""
    job_of = {node: job.name for job in workflow.all for node in job.nodes}
    maker: dict[str, str] = {}
    for node in pipeline.nodes:
        maker |= dict.fromkeys(node.outputs, job_of[node.name])
    in_memory = {name for name in maker if isinstance(catalog.get(name), MemoryDataset | None)}
    lost: set[str] = set()
    for node in pipeline.nodes:
        user = job_of[node.name]
        lost |= {
            f"{name} ({maker[name]} -> {user})"
            for name in in_memory.intersection(node.inputs)
            if maker[name] != user
        }
    if lost:
        raise ConfigurationError(
            f"only in memory, which jobs do not share: {', '.join(sorted(lost))}; give each a file"
            " in conf/base/catalog_*.yml"
        )


def gpus_fit_torch(workflow: Workflow, engine: Engine) -> None:
    """Raise a ConfigurationError if jobs would ask for GPUs that this environment's torch, which
    they use unless they have an interpreter or an image of their own, cannot use.
    """
    jobs = engine.settings.jobs
    kinds = sorted({job.kind for job in workflow.all if jobs[job.kind].gpus})
    if not kinds or engine.settings.python or engine.settings.image:
        return
    import torch  # seconds that only a submission for GPUs should pay

    if torch.version.cuda is None and torch.version.hip is None:
        raise ConfigurationError(
            f"torch {torch.__version__} of this environment is built for CPUs only, and jobs ask"
            f" for GPUs ({', '.join(kinds)}): install a build for GPUs"
            " (docs/how_to/first_run_on_stoomboot.md, section 1), or set"
            f" {engine.name.lower()}.jobs.KIND.gpus: 0 in conf/local/runner.yml"
        )


def members_have_cores(workflow: Workflow, engine: Engine) -> None:
    """Say how many members jobs train at the same time, and warn where they share cores."""
    settings = engine.settings
    job, at_once = settings.jobs["member"], settings.at_once
    if at_once == 1 or not any(job.kind == "member" for job in workflow.jobs):
        return
    logger.info("A job of several members trains up to %d of them at the same time", at_once)
    if job.cpus < at_once:
        logger.warning(
            "%s.jobs.member.cpus=%d: %d members at a time share that, and a training keeps a core"
            " busy; ask for cpus: %d, and for the memory of all of them, in conf/<site>/runner.yml",
            engine.name.lower(),
            job.cpus,
            at_once,
            at_once,
        )


def data_root_is_reachable(root: Path) -> None:
    """Raise a ConfigurationError unless files can be written below the data root."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        raise ConfigurationError(
            f"data_root={root}: cannot be written ({error.strerror}); is its disk there? Set"
            " data_root in conf/<site>/globals.yml"
        ) from error


def space_suffices(workflow: Workflow, settings: ClusterSettings, root: Path) -> None:
    """Raise a ConfigurationError if the disk of the data root has less room than the jobs are
    expected to need.
    """
    members = {
        node.rpartition(".")[0]
        for job in workflow.jobs
        if job.kind == "member"
        for node in job.nodes
    }
    shared = sum(settings.jobs[job.kind].writes for job in workflow.all if job.kind != "member")
    needed = shared + len(members) * settings.jobs["member"].writes
    free = shutil.disk_usage(root).free // 10**6
    if free < needed:
        raise ConfigurationError(
            f"data_root={root}: {free:,} MB free, about {needed:,} MB needed for {len(members)}"
            " members and what they share; free some space, or lower `writes` in runner.yml if you"
            " know better"
        )
