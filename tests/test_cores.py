"""Cores are those that affinity and quotas of control groups allow; results do not depend on the
number of threads.
"""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from control_groups import group
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from lexon import cores as own


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
    monkeypatch.setattr(own, "_allowed", lambda: 16)
    assert own.cores(tmp_path) == cores


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
    monkeypatch.setattr(own, "_allowed", lambda: 2)
    monkeypatch.setattr(own, "cores", lambda: cores)
    monkeypatch.setattr(own, "use_threads", used.append)
    own.keep_to_quota()
    assert used == threads


@given(number=st.integers(1, 12), n=st.integers(1, 5))
def test_results_come_in_order_whatever_the_number_of_threads(number, n):
    assert own.shared(lambda item: item**2, range(number), n) == [i**2 for i in range(number)]


def test_a_matrix_product_has_one_thread_beside_others_and_all_afterwards():
    def blas(_item: object = None) -> set[int]:
        return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}

    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpool_limits(2, "blas"):
        before = blas()
        assert own.shared(blas, range(3), 2) == [{1}] * 3
        assert blas() == before


@pytest.mark.parametrize(("given", "threads"), [("3", 3), ("2,1", 2), ("", 5), ("0", 5), ("x", 5)])
def test_threads_are_what_was_given_or_all_cores(given, threads, monkeypatch):
    monkeypatch.setattr(own, "cores", lambda: 5)
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert own.threads() == threads


@pytest.mark.parametrize(
    ("idle", "found"), [([100, 100, 0], 2), ([95, 4, 100], 1), ([0, 0, 100], 1), ([60, 55, 0], 1)]
)
def test_cores_that_nothing_else_uses_are_counted_among_those_of_this_process(
    idle, found, tmp_path, monkeypatch
):
    """In per cent of a second, of three cores of which two may be used."""
    stat = tmp_path / "stat"

    def write(ticks: list[int]) -> None:
        cores = [f"cpu{i} 1 2 3 {number} 5 6 7" for i, number in enumerate(ticks)]
        stat.write_text("\n".join(["cpu 1 2 3 4 5 6 7", *cores, "intr 1"]))

    rate = os.sysconf("SC_CLK_TCK") / 100
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(own, "_quotas", lambda _: iter(()))
    monkeypatch.setattr(own.time, "sleep", lambda _: write([1000 + int(i * rate) for i in idle]))
    write([1000] * 3)
    assert own.idle_cores(stat, seconds=1.0) == found
    assert own.idle_cores(tmp_path / "none") == 2
