"""What the page on a first run says about settings is what the project reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from lexon.pipelines.reporting.vae_api import VAEExperimentRunner
from lexon.runners.htcondor.settings import HTCondorSettings

HOW_TO = Path(__file__).parents[1] / "docs" / "how_to"
STOOMBOOT = (HOW_TO / "first_run_on_stoomboot.md").read_text()
VAE = (HOW_TO / "vae_comparison.md").read_text()


def test_personal_settings_of_the_page_are_read(kedro_session, project, monkeypatch):
    monkeypatch.setenv("LEXON_DATA_ROOT", str(project / "data"))
    (block,) = re.findall(r"```\n(events:.*?)```", STOOMBOOT, re.DOTALL)
    (project / "conf/local/parameters.yml").write_text(block)
    parameters = kedro_session("stoomboot").loader().experiment("binning_vs_direct").parameters
    assert parameters.events.label_names == {1: "tttt", 2: "ttH", 3: "ttW", 4: "ttWW", 5: "ttZ"}
    assert parameters.classes["signal"] == "tttt"


def test_settings_of_the_runner_on_the_page_are_read(kedro_session, project, monkeypatch):
    monkeypatch.setenv("LEXON_DATA_ROOT", str(project / "data"))
    blocks = [yaml.safe_load(text) for text in re.findall(r"`(htcondor: \{[^`]*\})`", STOOMBOOT)]
    assert {key for block in blocks for key in block["htcondor"]} >= {
        "setup",
        "wait",
        "submit",
        "environment",
    }
    base = kedro_session("stoomboot").loader()["runner"]["htcondor"]
    for block in blocks:
        HTCondorSettings.read(base | block["htcondor"])


@pytest.mark.parametrize(
    "row", [line for line in VAE.splitlines() if line.startswith("| `") and "--params" in line]
)
def test_every_new_command_of_the_table_is_understood(row: str, kedro_session):
    from kedro.framework.cli.utils import _split_params

    (params,) = re.findall(r'--params "?([^"` ]+)', row.split(" | ")[1])
    text = params.replace("TAGS", "tags.path=FILE.csv,tags.column=tags").replace("\\|", "|")
    if "report.source" in text:
        return
    kedro_session("test", **_split_params(None, None, text)).loader().ask_for(["vae_comparison"])


def test_the_python_example_uses_what_exists():
    (example,) = re.findall(r"```python\n(.*?)```", VAE, re.DOTALL)
    for method in set(re.findall(r"runner\.(\w+)\(", example)):
        assert callable(getattr(VAEExperimentRunner, method))
    compile(example, "vae_comparison.md", "exec")
