"""The text that HTCondor reads. What HTCondor itself makes of it is in tests/cluster."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lexon import training
from lexon.errors import ConfigurationError
from lexon.runners.cluster.script import GPU_REQUESTED, Site
from lexon.runners.cluster.workflow import Job, Workflow
from lexon.runners.htcondor.dag import dag, job_script, quoted, submit_file
from lexon.runners.htcondor.engine import HTCondor
from lexon.runners.htcondor.settings import HTCondorSettings

ROOT = Path(__file__).parents[2]
SITE = Site(
    Path("/data/my jobs/1"), Path("/project/$HOME/lexon"), "/data/venv/bin/python", {"A": "b"}
)
MEMBER = Job("max__seed_42", "member", ("e.grid.max__seed_42.train",), ("data",))
WORKFLOW = Workflow(
    (Job("data", "data", ("e.clean",)), MEMBER), Job("report", "report", ("e.write_page",))
)


@pytest.fixture(scope="module")
def defaults() -> dict:
    return yaml.safe_load((ROOT / "conf/base/runner.yml").read_text())["htcondor"]


@pytest.fixture(scope="module")
def settings(defaults) -> HTCondorSettings:
    return HTCondorSettings.read(defaults | {"submit": {"+UseOS": '"el9"'}, "retries": 3})


def words_of(value: str) -> list[str]:
    """HTCondor's rules for `arguments` and `environment`, read backwards."""
    assert value[0] == value[-1] == '"'
    inner = value[1:-1].replace("$(DOLLAR)", "$").replace('""', '"')
    return [word.replace("''", "'") for word in re.findall(r"'((?:[^']|'')*)'", inner)]


@given(st.lists(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1)))
def test_quoting_can_be_undone(words):
    assert words_of(quoted(words)) == words


def test_a_dag_names_jobs_dependencies_and_tries(settings):
    text = dag(WORKFLOW, settings)
    assert "JOB max__seed_42 member.sub\n" in text
    assert "PARENT data CHILD max__seed_42\n" in text
    assert "RETRY max__seed_42 3 UNLESS-EXIT 2\n" in text
    assert "PRIORITY data 1\n" in text
    assert "PRIORITY max__seed_42" not in text
    assert "FINAL report report.sub\n" in text
    assert "RETRY report" not in text, "DAGMan refuses a FINAL node with tries"


def test_every_job_has_its_submit_file(settings):
    files = HTCondor(settings).render(WORKFLOW, SITE)
    assert set(files) == {"workflow.dag", "job.sh", "data.sub", "member.sub", "report.sub"}
    assert all(text.endswith("\n") for text in files.values())


def test_a_site_adds_lines_to_all_jobs_and_to_one_kind(defaults):
    member = defaults["jobs"]["member"] | {
        "gpus": 1,
        "cpus": 3,
        "submit": {"+JobCategory": '"long"', "require_gpus": "Capability >= 7.0"},
    }
    settings = HTCondorSettings.read(
        defaults | {"submit": {"+UseOS": '"el9"'}, "jobs": defaults["jobs"] | {"member": member}}
    )
    text = submit_file("member", settings, SITE)
    for line in (
        '+UseOS = "el9"',
        '+JobCategory = "long"',
        "request_gpus = 1",
        "require_gpus = Capability >= 7.0",
        "request_cpus = 3",
    ):
        assert line in text.splitlines()
    assert "'OMP_NUM_THREADS=3'" in text
    assert "request_gpus" not in submit_file("data", settings, SITE)


def test_a_later_layer_can_take_a_line_back(defaults):
    settings = HTCondorSettings.read(
        defaults | {"submit": {"+UseOS": None, "accounting_group": "smefit"}}
    )
    text = submit_file("member", settings, SITE)
    assert "UseOS" not in text
    assert "accounting_group = smefit\n" in text


def test_a_dollar_in_a_path_is_no_macro(settings):
    assert "initialdir = /project/$(DOLLAR)HOME/lexon\n" in submit_file("data", settings, SITE)


def test_only_what_can_resume_goes_back_to_the_queue(settings):
    assert "ExitCode =?= 143" in submit_file("member", settings, SITE)
    assert "ExitCode =?= 143" not in submit_file("report", settings, SITE)


def test_a_fault_of_a_machine_sends_the_job_to_another_one(settings):
    """A mistake of the user (2) is never tried again, by DAGMan or by the queue; a fault of the
    machine (3) is, elsewhere.
    """
    for kind in ("member", "report"):
        lines = dict(
            line.partition(" = ")[::2] for line in submit_file(kind, settings, SITE).splitlines()
        )
        assert "(ExitCode =?= 3 && NumJobStarts <= 3)" in lines["on_exit_remove"]
        assert "=?= 2" not in lines["on_exit_remove"]
        assert lines["job_machine_attrs"] == "Machine"
        assert lines["requirements"].startswith(
            "(MY.ExitCode =!= 3 || !(TARGET.Machine =?= MY.MachineAttrMachine0 || "
        )
        assert "JobStatus == 1 && ExitCode =?= 3" in lines["periodic_remove"], (
            "where there is no other machine it must not wait for ever"
        )
    assert "UNLESS-EXIT 2" in dag(WORKFLOW, settings)


def test_requirements_of_a_site_are_added(defaults):
    member = defaults["jobs"]["member"] | {"submit": {"requirements": 'Machine != "slow"'}}
    text = submit_file(
        "member",
        HTCondorSettings.read(defaults | {"jobs": defaults["jobs"] | {"member": member}}),
        SITE,
    )
    assert text.count("requirements = ") == 1
    assert ')) && (Machine != "slow")\n' in text


def test_a_job_that_asks_for_a_gpu_gets_one_that_torch_can_use_and_knows_it(defaults):
    member = defaults["jobs"]["member"] | {"gpus": 1}
    settings = HTCondorSettings.read(defaults | {"jobs": defaults["jobs"] | {"member": member}})
    text = submit_file("member", settings, replace(SITE, gpu_capability="8.0"))
    assert "require_gpus = Capability >= 8.0\n" in text
    assert f"'{GPU_REQUESTED}=1'" in text
    assert GPU_REQUESTED == training.GPU_REQUESTED
    assert GPU_REQUESTED not in submit_file("data", settings, SITE)


def test_setup_runs_in_a_login_shell_and_its_failure_is_the_machines(settings, tmp_path):
    (tmp_path / "logs").mkdir()
    assert job_script(settings, SITE).startswith("#!/bin/bash\n"), (
        "without setup no file of the user's is read"
    )
    path = tmp_path / "job.sh"
    path.write_text(
        job_script(
            settings.model_copy(update={"setup": "shopt -q login_shell && echo login\nfalse"}),
            Site(tmp_path, tmp_path, "/bin/echo", {}),
        )
    )
    path.chmod(0o755)
    done = subprocess.run([str(path), "max", "0", "12", "0"], check=False)
    log = (tmp_path / "logs" / "max.log").read_text()
    assert done.returncode == 3
    assert "login\n" in log
    assert "setup failed with code 1" in log


def test_the_script_appends_each_try_to_one_log(settings, tmp_path):
    folder = tmp_path / "it's here"
    (folder / "logs").mkdir(parents=True)
    shown = settings.model_copy(update={"setup": "echo prepared"})
    path = tmp_path / "job.sh"
    path.write_text(job_script(shown, Site(folder, tmp_path, "/bin/echo", {})))
    for number in ("0", "1"):
        subprocess.run(["bash", str(path), "max", number, "12", "0"], check=True)
    lines = (folder / "logs" / "max.log").read_text().splitlines()
    assert [line[:9] for line in lines[::3]] == ["--- try 1", "--- try 2"]
    assert lines[1::3] == ["prepared", "prepared"]
    assert shlex.split(shlex.join([*lines[2].split(" --failed ")[0].split("job ", 1), ""]))[
        1
    ].startswith(str(folder))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"retires": 2}, r"htcondor\.retires=2: Extra inputs"),
        ({"members_per_job": 0}, r"htcondor\.members_per_job=0: .*greater than 0"),
        ({"jobs": {}}, "no settings for data, pretrain"),
    ],
)
def test_a_mistake_in_a_site_is_named(defaults, changed, message):
    with pytest.raises(ConfigurationError, match=message):
        HTCondorSettings.read(defaults | changed)


def test_a_memory_limit_below_the_request_is_a_mistake(defaults):
    member = defaults["jobs"]["member"] | {"memory": 9000, "memory_limit": 8000}
    with pytest.raises(ConfigurationError, match="memory_limit=8000 is below memory=9000"):
        HTCondorSettings.read(defaults | {"jobs": defaults["jobs"] | {"member": member}})
