"""Everything that tracking.yml cannot say is refused before anything runs, and no secret is
repeated.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from lexon.errors import ConfigurationError
from lexon.tracking import settings
from lexon.tracking.settings import (
    TrackingSettings,
    WandbSettings,
    read_settings,
    refuse_missing_packages,
)

PAGE = (Path(__file__).parents[2] / "docs" / "how_to" / "track_runs.md").read_text()


def test_nothing_is_exported_unless_it_is_asked_for():
    assert read_settings({}).services == ()
    assert read_settings({"mlflow": None, "wandb": None, "seconds": None}).services == ()


def test_a_service_is_asked_for_by_its_name():
    found = read_settings({"mlflow": "http://127.0.0.1:5000/", "wandb": {"project": "tops"}})
    assert found.services == ("mlflow", "wandb")
    assert found.mlflow == "http://127.0.0.1:5000"
    assert found.wandb.mode == "offline", "nothing leaves the machine unless it is asked for"


def test_what_the_page_shows_is_read():
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    found = read_settings(yaml.safe_load(block))
    assert found.services == ("mlflow", "wandb")
    named = set(re.findall(r"^\| (`[^|]*`) \| ", PAGE, re.MULTILINE))
    fields = {
        *TrackingSettings.model_fields,
        *(f"wandb.{key}" for key in WandbSettings.model_fields),
    }
    assert {name for cell in named for name in re.findall(r"`([^`]*)`", cell)} >= fields - {"wandb"}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"mlflwo": "http://127.0.0.1"}, ["mlflwo", "no such setting"]),
        ({"mlflow": "sqlite:///mlflow.db"}, ["sqlite:///mlflow.db", "mlflow server"]),
        ({"mlflow": "127.0.0.1:5000"}, ["127.0.0.1:5000", "http://"]),
        ({"mlflow": "http://host:port"}, ["http://host:port", "not an address"]),
        ({"mlflow": 5000}, ["mlflow=5000", "string"]),
        ({"wandb": {"project": "tops", "mode": "disabled"}}, ["wandb.mode='disabled'", "offline"]),
        ({"wandb": {"project": ""}}, ["wandb.project"]),
        ({"wandb": {"mode": "offline"}}, ["wandb.project", "missing"]),
        ({"wandb": "tops"}, ["wandb='tops'"]),
        ({"seconds": 0}, ["seconds=0"]),
    ],
)
def test_a_mistake_names_key_and_value_and_what_is_right(raw, words):
    with pytest.raises(ConfigurationError) as error:
        read_settings(raw)
    assert all(word in str(error.value) for word in ["tracking.yml", *words])


@pytest.mark.parametrize(
    "raw",
    [
        {"mlflow": "https://me:hunter2@host"},
        {"wandb": {"project": "tops", "api_key": "hunter2"}},
        {"mlflow_password": "hunter2"},
    ],
)
def test_a_secret_is_refused_and_not_repeated(raw):
    with pytest.raises(ConfigurationError) as error:
        read_settings(raw)
    assert "hunter2" not in str(error.value)
    assert "WANDB_API_KEY" in str(error.value)


def test_a_missing_package_is_an_error_that_says_what_to_install(monkeypatch):
    monkeypatch.setattr(settings, "find_spec", lambda name: None)
    refuse_missing_packages(read_settings({}))
    with pytest.raises(ConfigurationError, match=r"wandb.*lexon\[tracking\]"):
        refuse_missing_packages(read_settings({"wandb": {"project": "tops"}}))
