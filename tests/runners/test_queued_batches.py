"""Jobs become batches, each after those that it waits for, and a file for each."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lexon.runners.cluster.queued.batches import BATCHES, at_once, batches, from_json
from lexon.runners.cluster.queued.engine import QueuedEngine
from lexon.runners.cluster.script import Site
from lexon.runners.cluster.workflow import Job, Workflow
from lexon.runners.slurm.commands import Slurm
from lexon.runners.slurm.settings import SlurmSettings

ROOT = Path(__file__).parents[2]
SITE = Site(Path("/data/jobs"), Path("/project"), "/venv/bin/python", {})


@pytest.fixture(scope="module")
def settings() -> SlurmSettings:
    return SlurmSettings.read(yaml.safe_load((ROOT / "conf/base/runner.yml").read_text())["slurm"])


def workflow(n_members: int) -> Workflow:
    members = [
        Job(f"m{number}", "member", (), ("data",) if number % 2 else ("data", "pretrain_vq"))
        for number in range(n_members)
    ]
    first = [Job("data", "data", ()), Job("pretrain_vq", "pretrain", (), ("data",))]
    return Workflow((*first, *members), Job("report", "report", ()))


@given(st.integers(0, 40), st.integers(1, 10))
def test_every_job_is_in_one_batch_which_comes_after_what_it_waits_for(n_members, array_size):
    whole = workflow(n_members)
    found = batches(whole, array_size)
    assert sorted(name for batch in found for name in batch.jobs) == sorted(
        job.name for job in whole.all
    )
    assert len({batch.name for batch in found}) == len(found)
    parents = {job.name: job.parents for job in whole.all}
    seen: set[str] = set()
    for batch in found:
        assert len(batch.jobs) <= array_size
        assert all(parents[name] == batch.after for name in batch.jobs)
        assert seen >= set(batch.after)
        seen |= set(batch.jobs)
    assert found[-1].last


def test_members_that_wait_for_the_same_are_one_array(settings, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")  # no cluster is asked for its largest array
    files = QueuedEngine(Slurm(settings)).render(workflow(5), SITE)
    assert set(files) == {
        BATCHES,
        "job.sh",
        *(f"{name}.sbatch" for name in ("data", "pretrain_vq", "members_1", "members_2", "report")),
    }
    assert from_json(files[BATCHES]) == batches(workflow(5), settings.array_size)
    assert "jobs=(m0 m2 m4)\n" in files["members_1.sbatch"]
    assert "# after: data, pretrain_vq\n" in files["members_1.sbatch"]
    assert "# after: all others, whatever became of them\n" in files["report.sbatch"]


def test_a_throttle_holds_for_all_arrays_together(settings, monkeypatch):
    found = batches(workflow(9), 1000)
    assert at_once(found, 5) == 2
    assert at_once(found, 1) == 1, "an array that may run nothing would never end"
    assert at_once(found, None) is None
    monkeypatch.setenv("PATH", "/nowhere")
    throttled = settings.model_copy(update={"max_jobs": 5})
    files = QueuedEngine(Slurm(throttled)).render(workflow(9), SITE)
    assert "#SBATCH --array=0-4%2\n" in files["members_1.sbatch"]
    assert "#SBATCH --array=0-3%2\n" in files["members_2.sbatch"]
