"""Workers are as many as members, cores, memory and GPUs allow; quotas of control groups count."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lexon.errors import ConfigurationError
from lexon.runners import capacity
from lexon.runners.capacity import Capacity, LocalSettings, read_settings, workers_for


def settings(workers="auto", per_gpu=1, memory=1000) -> LocalSettings:
    return LocalSettings(workers=workers, workers_per_gpu=per_gpu, worker_memory=memory)


@given(
    members=st.integers(0, 300),
    cores=st.integers(1, 64),
    memory=st.none() | st.integers(0, 10**6),
    gpus=st.integers(0, 4),
    per_gpu=st.integers(1, 4),
)
def test_nothing_is_asked_for_more_than_there_is_of_it(members, cores, memory, gpus, per_gpu):
    here = Capacity(cores, memory, tuple(map(str, range(gpus))))
    number = workers_for(members, settings(per_gpu=per_gpu), here)
    assert 1 <= number <= max(1, members)
    assert number <= cores
    assert memory is None or number == 1 or number * 1000 <= memory
    assert gpus == 0 or number <= gpus * per_gpu


@pytest.mark.parametrize(
    ("members", "here", "number"),
    [
        (12, Capacity(8, None), 8),
        (3, Capacity(8, None), 3),
        (12, Capacity(8, 2500), 2),
        (12, Capacity(8, 500), 1),
        (12, Capacity(8, None, ("0", "1")), 2),
    ],
)
def test_the_scarcest_decides(members, here, number):
    assert workers_for(members, settings(), here) == number


def test_a_number_is_taken_as_it_is_but_no_member_needs_two():
    assert workers_for(12, settings(workers=5), Capacity(2, 100)) == 5
    assert workers_for(3, settings(workers=5), Capacity(2, 100)) == 3


@pytest.mark.parametrize(
    "raw", [{"workers": 0}, {"workers": "many"}, {"workers": None}, {"workers_per_gpu": -1}]
)
def test_a_wrong_value_is_named_with_what_is_allowed(raw):
    with pytest.raises(
        ConfigurationError,
        match=f"runner.yml: {next(iter(raw))}=.*workers is auto or a positive number",
    ):
        read_settings(
            {"engine": "local", "workers": "auto", "workers_per_gpu": 1, "worker_memory": 1000}
            | raw
        )


def group(root: Path, monkeypatch: pytest.MonkeyPatch, line: str, files: dict[str, str]) -> None:
    """A control group of this process with these files."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    read = Path.read_text
    monkeypatch.setattr(
        Path,
        "read_text",
        lambda path, **how: line if path == Path("/proc/self/cgroup") else read(path, **how),
    )
    monkeypatch.setattr(capacity, "_allowed", lambda: 16)


@pytest.mark.parametrize(
    ("line", "files", "cores"),
    [
        (
            "0::/job/step\n",
            {"job/step/cpu.max": "max 100000\n", "job/cpu.max": "250000 100000\n"},
            3,
        ),
        ("0::/\n", {"cpu.max": "50000 100000\n"}, 1),
        (
            "4:cpu,cpuacct:/job\n",
            {"cpu/job/cpu.cfs_quota_us": "400000\n", "cpu/job/cpu.cfs_period_us": "100000\n"},
            4,
        ),
        ("4:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 16),
        ("", {}, 16),
    ],
)
def test_a_quota_of_any_group_above_limits_the_cores(line, files, cores, tmp_path, monkeypatch):
    group(tmp_path, monkeypatch, line, files)
    assert capacity.cores(tmp_path) == cores


@pytest.mark.parametrize(
    ("line", "folder", "limit", "used", "cache"),
    [
        ("0::/job\n", "job", "memory.max", "memory.current", "inactive_file"),
        (
            "3:memory:/job\n",
            "memory/job",
            "memory.limit_in_bytes",
            "memory.usage_in_bytes",
            "total_inactive_file",
        ),
    ],
)
def test_memory_below_a_limit_is_what_is_free_and_cached_files_are(
    line, folder, limit, used, cache, tmp_path, monkeypatch
):
    files = {
        f"{folder}/{limit}": "3000000000\n",
        f"{folder}/{used}": "2000000000\n",
        f"{folder}/memory.stat": f"{cache} 500000000\n",
    }
    group(tmp_path, monkeypatch, line, files)
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:   16000000 kB\n")
    assert capacity._memory(tmp_path, tmp_path / "meminfo") == 1500
    assert capacity._memory(tmp_path / "none", tmp_path / "meminfo") == 16384


@pytest.mark.parametrize(
    ("given_by_user", "policy", "spins"),
    [
        ({}, "PASSIVE", "20000"),
        ({"GOMP_SPINCOUNT": "7"}, "PASSIVE", "7"),
        ({"OMP_WAIT_POLICY": "passive"}, "PASSIVE", "0"),
    ],
)
@pytest.mark.skipif(not torch.backends.openmp.is_available(), reason="torch without OpenMP")
def test_threads_spin_briefly_unless_the_user_chose_otherwise(given_by_user, policy, spins):
    """As OpenMP itself reports it, which reads it as torch is loaded: by then it must be set."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    } | given_by_user
    command = [sys.executable, "-c", "import lexon.framework.job, torch"]
    done = subprocess.run(
        command,
        env=environment | {"OMP_DISPLAY_ENV": "verbose"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"OMP_WAIT_POLICY = '{policy}'" in done.stderr
    assert f"GOMP_SPINCOUNT = '{spins}'" in done.stderr


@pytest.mark.parametrize(
    ("cores", "by_user", "threads"), [(1, None, [1]), (2, None, []), (1, "2", [])]
)
def test_a_quota_lowers_the_threads_unless_the_user_chose_them(
    cores, by_user, threads, monkeypatch
):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if by_user:
        monkeypatch.setenv("OMP_NUM_THREADS", by_user)
    used: list[int] = []
    monkeypatch.setattr(capacity, "_allowed", lambda: 2)
    monkeypatch.setattr(capacity, "cores", lambda: cores)
    monkeypatch.setattr(capacity, "use_threads", used.append)
    capacity.keep_to_quota()
    assert used == threads
