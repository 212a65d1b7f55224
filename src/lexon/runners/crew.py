"""How many workers share the nodes of a run, and which GPUs they get."""

from __future__ import annotations

import logging
import multiprocessing
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from kedro.io import CatalogProtocol, MemoryDataset
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from lexon.experiments import is_member
from lexon.runners.capacity import LocalSettings, capacity, workers_for
from lexon.runners.units import why_in_one_process

logger = logging.getLogger(__name__)

_TRIAL_SECONDS = 20  # it takes a hundredth of one


@dataclass(frozen=True)
class Crew:
    """Those who share a run.

    Attributes:
        workers: at a time; 1 is this process by itself.
        gpus: that members are spread over, as CUDA_VISIBLE_DEVICES names them.
    """

    workers: int
    gpus: tuple[str, ...] = ()


ALONE = Crew(1)


def crew_for(pipeline: Pipeline, catalog: CatalogProtocol, settings: LocalSettings) -> Crew:
    """The crew of a pipeline that holds just what has to run; members decide, and what runs once
    for all of them does not.
    """
    members = len({node.namespace for node in pipeline.nodes if is_member(node.namespace or "")})
    if members < 2 or settings.workers == 1:
        return ALONE
    if reason := why_no_fork() or why_in_one_process(
        pipeline, lambda name: isinstance(catalog.get(name), MemoryDataset | None)
    ):
        logger.info("Plan: one process, because %s", reason)
        return ALONE
    here = capacity(_device(pipeline.nodes, catalog))
    return Crew(workers_for(members, settings, here), here.gpus)


def why_no_fork() -> str:
    """Why this process cannot become several; empty where it can."""
    if sys.platform == "darwin" or "fork" not in multiprocessing.get_all_start_methods():
        return f"workers are forks of this process, which {sys.platform} does not allow"
    if not (torch := sys.modules.get("torch")):
        return ""
    if torch.cuda.is_initialized():
        return "it has used a GPU already, and forks of it could not"
    if not _gradients_in_a_fork():
        return (
            f"torch {torch.__version__} computes no gradients in forks of it, after what it did"
            " already; in those of a new process it does"
        )
    return ""


def _gradients_in_a_fork() -> bool:
    """Whether a fork of this process can train. Where autograd has started a thread for a device
    (beside a GPU, or after an export), torch refuses; only a trial shows it.
    """
    trial = multiprocessing.get_context("fork").Process(target=_one_gradient)
    trial.start()
    trial.join(_TRIAL_SECONDS)
    if trial.exitcode is None:
        trial.kill()
        trial.join()
    return trial.exitcode == 0


def _one_gradient() -> None:
    try:
        sys.modules["torch"].ones(1, requires_grad=True).sum().backward()
    except RuntimeError:
        sys.exit(1)


def _device(nodes: Iterable[Node], catalog: CatalogProtocol) -> str:
    """The device that the user asked for."""
    names = (
        name
        for node in nodes
        for name in node.inputs
        if name.startswith("params:") and name.endswith(".device")
    )
    return next((str(catalog.load(name)) for name in names), "cpu")
