"""A device is tried before anything is trained on it, and a GPU that was asked for is never
replaced by the CPU in silence.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from lexon.errors import ConfigurationError, MachineError
from lexon.training import (
    GPU_REQUESTED,
    Training,
    TrainingDiverged,
    choose_device,
    device,
    least_capability,
)
from lexon.training.device import explained_faults, runs_on


class FakeCuda:
    """torch.cuda as it answers on a machine of the cluster."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        count: int,
        capability: tuple[int, int],
        built: list[str],
        fault: str = "",
    ) -> None:
        monkeypatch.setattr(torch.version, "cuda", "13.0")
        answers: dict[str, Any] = {
            "device_count": lambda: count,
            "init": self._init,
            "get_device_capability": lambda *_: capability,
            "get_device_name": lambda *_: "Tesla V100-PCIE-32GB",
            "get_arch_list": lambda: built,
        }
        for name, answer in answers.items():
            monkeypatch.setattr(torch.cuda, name, answer)
        monkeypatch.setattr(torch, "ones", lambda *_, **__: np.ones(8))  # the trial itself
        self.fault = fault

    def _init(self) -> None:
        if self.fault:
            raise RuntimeError(self.fault + "\nmore lines")


CUDA_13 = ["sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120"]


def test_a_gpu_that_torch_supports_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeCuda(monkeypatch, 1, (8, 9), CUDA_13)
    assert choose_device("auto") == "cuda"
    assert choose_device("cuda:0") == "cuda:0"
    assert choose_device("cpu") == "cpu"
    with pytest.raises(ConfigurationError, match=r"device=cuda:7: torch sees 1 GPU\(s\) here"):
        choose_device("cuda:7")


@pytest.mark.parametrize(
    ("count", "fault", "reason"),
    [
        (
            1,
            "",
            (
                r"Tesla V100-PCIE-32GB is of compute capability 7\.0, torch .* is built for sm_75,"
                r" .*section 1"
            ),
        ),
        (
            0,
            "The NVIDIA driver on your system is too old (found version 11040).",
            "driver on your system is too old",
        ),
        (0, "Found no NVIDIA driver on your system.", "no NVIDIA driver"),
    ],
)
def test_a_job_that_asked_for_a_gpu_fails_with_the_reason(
    count: int,
    fault: str,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    FakeCuda(monkeypatch, count, (7, 0), CUDA_13, fault)
    assert choose_device("auto") == "cpu"  # no GPU was asked for
    assert ("the CPU is used instead" in caplog.text) == bool(count)
    monkeypatch.setenv(GPU_REQUESTED, "1")
    with pytest.raises(MachineError, match=f"this job asked for a GPU.*{reason}") as failed:
        choose_device("auto")
    assert failed.value.exit_code == 3
    with pytest.raises(MachineError, match=f"device=cuda, and torch can use none.*{reason}"):
        choose_device("cuda")
    assert choose_device("cpu") == "cpu"  # somebody chose it


def test_a_build_for_cpus_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(MachineError, match="is built for CPUs only"):
        choose_device("cuda")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ConfigurationError, match="device=mps: torch finds no Apple GPU"):
        choose_device("mps")


def test_binaries_run_within_a_major_version_and_ptx_on_later_ones() -> None:
    assert runs_on(["sm_80"], (8, 9))
    assert not runs_on(["sm_89"], (8, 6))
    assert not runs_on(["sm_80", "sm_90a"], (7, 5))
    assert not runs_on(["sm_80"], (9, 0))
    assert runs_on(["compute_80"], (9, 0))


def test_the_least_capability_is_that_of_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: [])  # a machine without a GPU
    monkeypatch.setattr(
        torch._C, "_cuda_getArchFlags", lambda: " ".join(reversed(CUDA_13)), raising=False
    )
    assert least_capability() == "7.5"
    monkeypatch.setattr(torch._C, "_cuda_getArchFlags", lambda: None, raising=False)
    assert least_capability() is None


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"),
            r"not enough memory on cpu .*lower vqvae\.training\.batch_size",
        ),
        (
            RuntimeError(
                "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"
            ),
            "not enough memory",
        ),
        (MemoryError("Unable to allocate 8 TiB"), "not enough memory"),
        (
            RuntimeError("CUDA error: uncorrectable ECC error encountered\nmore"),
            "failed: CUDA error: uncorrectable ECC error",
        ),
    ],
)
def test_faults_of_the_machine_are_distinguished_from_mistakes(
    error: Exception, message: str
) -> None:
    with pytest.raises(MachineError, match=message), explained_faults("cpu", "vqvae.training"):
        raise error
    with pytest.raises(RuntimeError, match="shapes"), explained_faults("cpu", "training"):
        raise RuntimeError("shapes cannot be multiplied")


@pytest.mark.parametrize("settings", ["training", "vqvae.training"])
def test_a_divergence_names_the_parameters_of_this_training(
    settings: str, make_table: Any, make_model: Any, make_config: Any
) -> None:
    config = make_config(lr=1e30, grad_clip=None, epochs=4, warmup_steps=0)
    with pytest.raises(
        TrainingDiverged, match=rf"lower {settings}\.lr=1e\+30, or set {settings}\.grad_clip=1"
    ) as failed:
        Training(
            make_model(),
            make_table(),
            make_table(),
            config,
            seed=1,
            device="cpu",
            select_by=(("epoch", "max"),),
            settings=settings,
        ).run()
    assert failed.value.exit_code == 2  # the same again would end the same way


@pytest.fixture
def threads(monkeypatch):
    """Chosen by nobody, on a machine of four cores."""
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(device, "cores", lambda: 4)
    yield monkeypatch
    torch.set_num_threads(before)


@pytest.mark.parametrize(("given", "idle", "used"), [("", 3, 3), ("", 1, 1), ("2", 1, 2)])
def test_a_training_takes_the_idle_cores_unless_a_number_was_given(given, idle, used, threads):
    threads.setenv("OMP_NUM_THREADS", given)
    threads.setattr(device, "idle_cores", lambda: idle)
    torch.set_num_threads(2)
    device.choose_threads("cuda")
    assert torch.get_num_threads() == 2
    device.choose_threads("cpu")
    assert torch.get_num_threads() == used


@pytest.mark.parametrize(
    ("given", "begun", "used", "words"),
    [
        ("", 3, 3, "goes on with 3 threads, as it began"),
        ("", 8, 4, "begun with 8 threads, goes on with 4: last digits can differ"),
        ("2", 3, 2, "begun with 3 threads, goes on with 2: last digits can differ"),
        ("2", 2, 2, ""),
    ],
)
def test_a_training_goes_on_with_its_threads_or_says_so(given, begun, used, words, threads, caplog):
    threads.setenv("OMP_NUM_THREADS", given)
    torch.set_num_threads(2)
    with caplog.at_level("INFO", "lexon.training"):
        device.go_on_with_threads("cpu", begun)
    assert torch.get_num_threads() == used
    assert [record.getMessage() for record in caplog.records] == [words][: bool(words)]
