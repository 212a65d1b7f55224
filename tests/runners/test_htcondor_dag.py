"""The text that HTCondor reads. What HTCondor itself makes of it is in tests/cluster."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lexon.errors import ConfigurationError
from lexon.runners.htcondor.dag import Site, dag, quoted, render, script, submit_file
from lexon.runners.htcondor.settings import ClusterSettings, read_settings
from lexon.runners.htcondor.workflow import Job, Workflow

ROOT = Path(__file__).parents[2]
SITE = Site(Path("/data/my jobs/1"), Path("/project/$HOME/lexon"), "/data/venv/bin/python", {"A": "b"})
MEMBER = Job("max__seed_42", "member", ("e.grid.max__seed_42.train",), ("data",))
WORKFLOW = Workflow((Job("data", "data", ("e.clean",)), MEMBER), Job("report", "report", ("e.write_page",)))


@pytest.fixture(scope="module")
def defaults() -> dict:
    return yaml.safe_load((ROOT / "conf/base/runner.yml").read_text())["htcondor"]


@pytest.fixture(scope="module")
def settings(defaults) -> ClusterSettings:
    return read_settings(defaults | {"submit": {"+UseOS": '"el9"'}, "retries": 3})


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
    files = render(WORKFLOW, settings, SITE)
    assert set(files) == {"workflow.dag", "job.sh", "data.sub", "member.sub", "report.sub"}
    assert all(text.endswith("\n") for text in files.values())


def test_a_place_adds_lines_to_all_jobs_and_to_one_kind(defaults):
    member = defaults["jobs"]["member"] | {"gpus": 1, "cpus": 3, "submit": {"+JobCategory": '"long"', "require_gpus": "Capability >= 7.0"}}
    settings = read_settings(defaults | {"submit": {"+UseOS": '"el9"'}, "jobs": defaults["jobs"] | {"member": member}})
    text = submit_file("member", settings, SITE)
    for line in ('+UseOS = "el9"', '+JobCategory = "long"', "request_gpus = 1", "require_gpus = Capability >= 7.0", "request_cpus = 3"):
        assert line in text.splitlines()
    assert "'OMP_NUM_THREADS=3'" in text
    assert "request_gpus" not in submit_file("data", settings, SITE)


def test_a_later_layer_can_take_a_line_back(defaults):
    settings = read_settings(defaults | {"submit": {"+UseOS": None, "accounting_group": "smefit"}})
    text = submit_file("member", settings, SITE)
    assert "UseOS" not in text
    assert "accounting_group = smefit\n" in text


def test_a_dollar_in_a_path_is_no_macro(settings):
    assert "initialdir = /project/$(DOLLAR)HOME/lexon\n" in submit_file("data", settings, SITE)


def test_only_what_can_resume_goes_back_to_the_queue(settings):
    assert "on_exit_remove = (ExitCode =!= 143)" in submit_file("member", settings, SITE)
    assert "on_exit_remove = True" in submit_file("report", settings, SITE)


def test_the_script_appends_each_try_to_one_log(settings, tmp_path):
    folder = tmp_path / "it's here"
    (folder / "logs").mkdir(parents=True)
    shown = settings.model_copy(update={"setup": "echo prepared"})
    path = tmp_path / "job.sh"
    path.write_text(script(shown, Site(folder, tmp_path, "/bin/echo", {})))
    for number in ("0", "1"):
        subprocess.run(["bash", str(path), "max", number, "12", "0"], check=True)
    lines = (folder / "logs" / "max.log").read_text().splitlines()
    assert [line[:9] for line in lines[::3]] == ["--- try 1", "--- try 2"]
    assert lines[1::3] == ["prepared", "prepared"]
    assert shlex.split(shlex.join([*lines[2].split(" --failed ")[0].split("job ", 1), ""]))[1].startswith(str(folder))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"retires": 2}, r"htcondor\.retires=2: Extra inputs"),
        ({"members_per_job": 0}, r"htcondor\.members_per_job=0: .*greater than 0"),
        ({"jobs": {}}, "nothing is said about data, pretrain"),
    ],
)
def test_a_mistake_in_a_place_is_named(defaults, changed, message):
    with pytest.raises(ConfigurationError, match=message):
        read_settings(defaults | changed)


def test_a_memory_limit_below_the_request_is_a_mistake(defaults):
    member = defaults["jobs"]["member"] | {"memory": 9000, "memory_limit": 8000}
    with pytest.raises(ConfigurationError, match="memory_limit=8000 is below memory=9000"):
        read_settings(defaults | {"jobs": defaults["jobs"] | {"member": member}})
