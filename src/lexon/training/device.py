"""The device of a training: chosen once, tried before anything is trained on it, named in
the log.
"""

from __future__ import annotations

import logging
import os
import platform
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch

from lexon.cores import cores, given, idle_cores
from lexon.errors import ConfigurationError, MachineError

logger = logging.getLogger("lexon.training")

# Set by `lexon.runners.cluster.script` in a batch job that asked for a GPU: it must never train on
# the CPU instead.
GPU_REQUESTED = "LEXON_GPU_REQUESTED"
REMEDY = (
    "docs/how_to/first_run_on_stoomboot.md, section 1, lists which build of torch fits which GPU"
)


def choose_device(asked: str) -> str:
    """The device to train on, tried; `auto` is the GPU where there is one.

    Raises:
        ConfigurationError: there is no such device on any machine of this kind.
        MachineError: a GPU was asked for, by the user or by the job, and torch can use none here;
            another machine may have one.
    """
    kind, _, number = asked.partition(":")
    if kind == "cpu":
        return asked
    if kind == "mps":
        if not torch.backends.mps.is_available():
            system = platform.system()
            raise ConfigurationError(
                f"device={asked}: torch finds no Apple GPU on this {system} machine; choose auto,"
                " cuda or cpu"
            )
        return asked
    index = int(number or 0)
    _refuse_missing_gpu(asked, index)
    reason = why_no_gpu(index)
    if asked == "auto":
        return "cuda" if not reason else _instead_of_gpu(reason)
    if reason:
        raise MachineError(f"device={asked}, and torch can use none on {platform.node()}: {reason}")
    return asked


def _refuse_missing_gpu(asked: str, index: int) -> None:
    count = torch.cuda.device_count()
    if count and index >= count:
        raise ConfigurationError(
            f"device={asked}: torch sees {count} GPU(s) here, cuda:0 to cuda:{count - 1}; choose"
            " one of them, or auto"
        )


def _instead_of_gpu(reason: str) -> str:
    """The CPU, unless the batch job asked for a GPU; `reason` is why there is none."""
    if os.environ.get(GPU_REQUESTED):
        raise MachineError(
            f"this job asked for a GPU, and torch can use none on {platform.node()}: {reason}"
        )
    if torch.cuda.device_count():
        logger.warning("%s: the CPU is used instead", reason)
    return "cpu"


def why_no_gpu(index: int = 0) -> str:
    """Why torch cannot train on a GPU of this machine; empty where it can."""
    version = f"torch {torch.__version__}"
    if torch.version.cuda is None and torch.version.hip is None:
        return f"{version} is built for CPUs only; {REMEDY}"
    try:
        torch.cuda.init()  # raises where there is no driver, or one that is too old
        capability, built = torch.cuda.get_device_capability(index), torch.cuda.get_arch_list()
        if torch.version.hip is None and not runs_on(built, capability):
            name = torch.cuda.get_device_name(index)
            return (
                f"{name} is of compute capability {capability[0]}.{capability[1]}, {version} is"
                f" built for {', '.join(built)}; {REMEDY}"
            )
        (torch.ones(8, device=f"cuda:{index}") + 1).sum().item()
    except (RuntimeError, AssertionError) as error:
        return f"{version}, CUDA {torch.version.cuda}: {str(error).strip().splitlines()[0]}"
    return ""


def runs_on(built: Iterable[str], capability: tuple[int, int]) -> bool:
    """Whether code built for these architectures runs on a GPU.

    Binary code runs within a major version, PTX on any later one.

    >>> runs_on(["sm_75", "sm_80"], (8, 6)), runs_on(["sm_75", "sm_80"], (7, 0))
    (True, False)
    >>> runs_on(["sm_50", "compute_60"], (7, 0))
    True
    """
    return any(
        (kind == "compute" and version <= capability)
        or (version[0] == capability[0] and version <= capability)
        for kind, version in map(_architecture, built)
    )


def least_capability() -> str | None:
    """The smallest compute capability that the installed torch is built for; None where it cannot
    tell.

    Asked of the build, not of a GPU: the machine that submits jobs often has none.
    """
    flags = getattr(torch._C, "_cuda_getArchFlags", None)
    built = torch.cuda.get_arch_list() or ((flags() or "").split() if flags else [])
    versions = sorted(version for kind, version in map(_architecture, built) if kind == "sm")
    return f"{versions[0][0]}.{versions[0][1]}" if versions else None


def _architecture(name: str) -> tuple[str, tuple[int, int]]:
    """``sm_90a`` -> sm, (9, 0)."""
    kind, digits = name.split("_")
    number = re.sub(r"\D", "", digits)
    return kind, (int(number[:-1]), int(number[-1]))


def device_name(device: str) -> str:
    """The device with the name of its hardware: `cuda (NVIDIA H100)`, `cpu (x86_64, 2 threads)`."""
    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({platform.machine()}, {torch.get_num_threads()} threads)"


def choose_threads(device: str) -> None:
    """Let a training on the CPU have the cores that nothing else uses as it starts.

    Its threads wait for each other hundreds of times a step, and where one shares its core with
    another process, all wait until it is that one's turn again: two threads are then slower than
    one. Where a number was given, it stays.
    """
    if device != "cpu" or given():
        return
    number = idle_cores()
    torch.set_num_threads(number)
    if number < cores():
        logger.info(
            "other processes use this machine: %d of its %d cores for the training; OMP_NUM_THREADS"
            " chooses otherwise",
            number,
            cores(),
        )


def go_on_with_threads(device: str, number: int) -> None:
    """Give a training the threads that it began with, unless others were given or there are fewer
    cores now: then its last digits may differ from those without an interruption.
    """
    chosen = torch.get_num_threads()
    if device == "cpu" and not given():
        torch.set_num_threads(min(number, cores()))
    now = torch.get_num_threads()
    if device == "cpu" and now != number:
        logger.info("begun with %d threads, goes on with %d: last digits can differ", number, now)
    elif now != chosen:
        logger.info("goes on with %d threads, as it began", now)


@contextmanager
def explained_faults(device: str, settings: str) -> Iterator[None]:
    """Turn a lack of memory and a fault of the GPU into one sentence.

    Args:
        settings: the group of parameters that the training is made of.

    Raises:
        MachineError: either happened; another machine may do.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        text = str(error)
        if (
            isinstance(error, torch.OutOfMemoryError | MemoryError)
            or "DefaultCPUAllocator" in text
            or "not enough memory" in text
        ):
            raise MachineError(
                f"not enough memory on {device_name(device)}: lower {settings}.batch_size,"
                f" {settings}.epochs or the size of the model, train fewer members at once (workers"
                " in runner.yml), or use a machine with more memory"
            ) from error
        if text.startswith("CUDA error"):
            raise MachineError(
                f"{device_name(device)} of {platform.node()} failed: {text.splitlines()[0]}"
            ) from error
        raise
