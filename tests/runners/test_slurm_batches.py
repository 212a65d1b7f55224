"""The text that `sbatch` reads. What Slurm itself makes of it is in tests/cluster."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lexon.errors import ConfigurationError
from lexon.runners.cluster.script import GPU_REQUESTED, Site
from lexon.runners.cluster.workflow import Job, Workflow
from lexon.runners.slurm.batches import BATCHES, Batch, batches, from_json, render, sbatch_file
from lexon.runners.slurm.settings import SlurmSettings, read_settings

ROOT = Path(__file__).parents[2]
SITE = Site(Path("/data/my jobs/100%"), Path("/project/it's"), "/venv/bin/python", {"A": "it's $b"})


@pytest.fixture(scope="module")
def defaults() -> dict[str, Any]:
    base = yaml.safe_load((ROOT / "conf/base/runner.yml").read_text())["slurm"]
    return base | {"jobs": {kind: dict(job) for kind, job in base["jobs"].items()}}


@pytest.fixture(scope="module")
def settings(defaults) -> SlurmSettings:
    return read_settings(defaults)


def workflow(n_members: int) -> Workflow:
    members = [
        Job(f"m{number}", "member", (), ("data",) if number % 2 else ("data", "pretrain_vq"))
        for number in range(n_members)
    ]
    first = [Job("data", "data", ()), Job("pretrain_vq", "pretrain", (), ("data",))]
    return Workflow((*first, *members), Job("report", "report", ()))


def options(text: str) -> dict[str, str]:
    """The options of a script, read as a shell would."""
    lines = [line for line in text.splitlines() if line.startswith("#SBATCH ")]
    words = [shlex.split(line.removeprefix("#SBATCH --"))[0] for line in lines]
    return {name: value for name, _, value in (word.partition("=") for word in words)}


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


def test_members_that_wait_for_the_same_are_one_array(settings):
    files = render(workflow(5), settings, SITE, 1000)
    assert set(files) == {
        BATCHES,
        "job.sh",
        *(f"{name}.sbatch" for name in ("data", "pretrain_vq", "members_1", "members_2", "report")),
    }
    assert from_json(files[BATCHES]) == batches(workflow(5), 1000)
    assert options(files["members_1.sbatch"])["array"] == "0-2"
    assert "jobs=(m0 m2 m4)\n" in files["members_1.sbatch"]
    assert "# after: data, pretrain_vq\n" in files["members_1.sbatch"]
    assert "array" not in options(files["data.sbatch"])
    assert "# after: all others, whatever became of them\n" in files["report.sbatch"]


def test_a_throttle_holds_for_all_arrays_together(settings):
    files = render(workflow(9), settings.model_copy(update={"max_jobs": 5}), SITE, 1000)
    assert options(files["members_1.sbatch"])["array"] == "0-4%2"
    assert options(files["members_2.sbatch"])["array"] == "0-3%2"


def test_resources_paths_and_variables(defaults):
    member = defaults["jobs"]["member"] | {"gpus": 2, "cpus": 3, "minutes": 90.5}
    settings = read_settings(
        defaults | {"stop_seconds": 30, "jobs": defaults["jobs"] | {"member": member}}
    )
    text = sbatch_file(Batch("m", "member", ("m",)), settings, SITE)
    asked = options(text)
    assert asked["time"] == "1:31:00", "the time limit comes after the signal"
    assert asked["signal"] == "B:USR1@30"
    assert (asked["cpus-per-task"], asked["gres"], asked["mem"]) == ("3", "gpu:2", "4000M")
    assert asked["comment"] == str(SITE.folder)
    assert asked["output"] == "/data/my jobs/100%%/slurm.log", "% would be a placeholder"
    assert asked["chdir"] == "/project/it's"
    assert "export OMP_NUM_THREADS=3\n" in text
    assert f"export {GPU_REQUESTED}=1\n" in text
    assert "export A='it'\"'\"'s $b'\n" in text
    assert "gres" not in options(sbatch_file(Batch("d", "data", ("d",)), settings, SITE))


def test_a_site_adds_lines_to_all_jobs_and_to_one_kind_and_takes_them_back(defaults):
    member = defaults["jobs"]["member"] | {
        "gpus": 1,
        "submit": {"partition": "gpu", "gres": "gpu:a100:1", "exclusive": True, "mem": None},
    }
    settings = read_settings(
        defaults
        | {
            "submit": {"account": "atlas", "partition": "cpu", "qos": None},
            "jobs": defaults["jobs"] | {"member": member},
        }
    )
    asked = options(sbatch_file(Batch("m", "member", ("m",)), settings, SITE))
    assert (asked["account"], asked["partition"], asked["gres"]) == ("atlas", "gpu", "gpu:a100:1")
    assert asked["exclusive"] == ""
    assert not {"mem", "qos"} & set(asked)
    assert options(sbatch_file(Batch("d", "data", ("d",)), settings, SITE))["partition"] == "cpu"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"submit": {"dependency": "afterok:1"}}, "dependency: lexon sets this option itself"),
        ({"submit": {"--account": "x"}}, "--account: write sbatch's long option"),
        ({"array_size": 0}, r"slurm\.array_size=0: .*greater than 0"),
        ({"hold_minutes": 3}, r"slurm\.hold_minutes=3: Extra inputs"),
    ],
)
def test_a_mistake_in_a_site_is_named(defaults, changed, message):
    with pytest.raises(ConfigurationError, match=message):
        read_settings(defaults | changed)


def test_the_example_asks_for_what_its_readers_have(kedro_session, monkeypatch, project):
    monkeypatch.setenv("LEXON_DATA_ROOT", str(project / "elsewhere"))
    settings = read_settings(kedro_session("slurm").loader()["runner"]["slurm"])
    assert not settings.wait
    member = options(sbatch_file(Batch("m", "member", ("m",)), settings, SITE))
    assert (member["partition"], member["gres"]) == ("gpu", "gpu:1")
    assert "account" not in member
