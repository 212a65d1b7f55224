"""The text that `sbatch` reads. What Slurm itself makes of it is in tests/cluster."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from lexon.errors import ConfigurationError
from lexon.runners.cluster.queued.batches import Batch, batch_script
from lexon.runners.cluster.script import GPU_REQUESTED, Site
from lexon.runners.slurm.options import IN_JOB, sbatch_lines
from lexon.runners.slurm.settings import SlurmSettings

ROOT = Path(__file__).parents[2]
SITE = Site(Path("/data/my jobs/100%"), Path("/project/it's"), "/venv/bin/python", {"A": "it's $b"})


@pytest.fixture(scope="module")
def defaults() -> dict[str, Any]:
    base = yaml.safe_load((ROOT / "conf/base/runner.yml").read_text())["slurm"]
    return base | {"jobs": {kind: dict(job) for kind, job in base["jobs"].items()}}


@pytest.fixture(scope="module")
def settings(defaults) -> SlurmSettings:
    return SlurmSettings.read(defaults)


def sbatch_file(batch: Batch, settings: SlurmSettings, at_once: int | None = None) -> str:
    lines = sbatch_lines(batch, settings, SITE, at_once)
    return batch_script(batch, lines, IN_JOB, settings, SITE)


def options(text: str) -> dict[str, str]:
    """The options of a script, read as a shell would."""
    lines = [line for line in text.splitlines() if line.startswith("#SBATCH ")]
    words = [shlex.split(line.removeprefix("#SBATCH --"))[0] for line in lines]
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def test_an_array_names_its_places_and_its_throttle(settings):
    array = Batch("members_1", "member", ("m0", "m2", "m4"), ("data",))
    assert options(sbatch_file(array, settings))["array"] == "0-2"
    assert options(sbatch_file(array, settings, at_once=2))["array"] == "0-2%2"
    assert "array" not in options(sbatch_file(Batch("data", "data", ("data",)), settings))


def test_resources_paths_and_variables(defaults):
    member = defaults["jobs"]["member"] | {"gpus": 2, "cpus": 3, "minutes": 90.5}
    settings = SlurmSettings.read(
        defaults | {"stop_seconds": 30, "jobs": defaults["jobs"] | {"member": member}}
    )
    text = sbatch_file(Batch("m", "member", ("m",)), settings)
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
    assert "gres" not in options(sbatch_file(Batch("d", "data", ("d",)), settings))


def test_a_site_adds_lines_to_all_jobs_and_to_one_kind_and_takes_them_back(defaults):
    member = defaults["jobs"]["member"] | {
        "gpus": 1,
        "submit": {"partition": "gpu", "gres": "gpu:a100:1", "exclusive": True, "mem": None},
    }
    settings = SlurmSettings.read(
        defaults
        | {
            "submit": {"account": "atlas", "partition": "cpu", "qos": None},
            "jobs": defaults["jobs"] | {"member": member},
        }
    )
    asked = options(sbatch_file(Batch("m", "member", ("m",)), settings))
    assert (asked["account"], asked["partition"], asked["gres"]) == ("atlas", "gpu", "gpu:a100:1")
    assert asked["exclusive"] == ""
    assert not {"mem", "qos"} & set(asked)
    assert options(sbatch_file(Batch("d", "data", ("d",)), settings))["partition"] == "cpu"


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
        SlurmSettings.read(defaults | changed)


def test_the_example_asks_for_what_its_readers_have(kedro_session, monkeypatch, project):
    monkeypatch.setenv("LEXON_DATA_ROOT", str(project / "elsewhere"))
    settings = SlurmSettings.read(kedro_session("slurm").loader()["runner"]["slurm"])
    assert not settings.wait
    member = options(sbatch_file(Batch("m", "member", ("m",)), settings))
    assert (member["partition"], member["gres"]) == ("gpu", "gpu:1")
    assert "account" not in member
