"""Workers are as many as members, cores, memory and GPUs allow; limits of control groups count."""

from __future__ import annotations

import pytest
from control_groups import group
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
