"""What the page on a first run on a Slurm cluster says about settings is what the project reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf

from lexon.runners.slurm.settings import SlurmSettings

PAGE = (Path(__file__).parents[1] / "docs" / "how_to" / "first_run_on_slurm.md").read_text()
BLOCKS = [
    *re.findall(r"```\n(slurm:.*?)```", PAGE, re.DOTALL),
    *re.findall(r"`(slurm: \{[^`]*\})`", PAGE),
]


@pytest.fixture
def read(kedro_session, project, monkeypatch):
    monkeypatch.setenv("LEXON_DATA_ROOT", str(project / "data"))
    base = kedro_session("slurm").loader()["runner"]["slurm"]

    def with_block(text: str) -> SlurmSettings:
        both = OmegaConf.merge(base, yaml.safe_load(text)["slurm"])
        return SlurmSettings.read(OmegaConf.to_container(both))

    return with_block


def test_settings_of_the_page_are_read(read):
    assert len(BLOCKS) >= 4
    own, *_ = [read(text) for text in BLOCKS]
    assert own.submit["account"] == "ACCOUNT"
    assert own.jobs["member"].submit["partition"] == "GPU_PARTITION"
    (whole,) = re.findall(r"`submit: (\{mem[^`]*\})`", PAGE)
    read(f"slurm: {{submit: {whole}}}")


def test_every_setting_that_the_page_names_exists():
    fields = set(SlurmSettings.model_fields)
    named = [*re.findall(r"`(\w+): (?:\d+|true|null)`", PAGE), "max_jobs", "stop_seconds"]
    assert set(named) <= fields
