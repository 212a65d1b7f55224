"""What a configuration leaves to the machine is found in its files, and missed before anything
runs.
"""

from __future__ import annotations

import pytest

from lexon.errors import ConfigurationError
from lexon.runs.environment import value, variables
from lexon.runs.frozen import freeze


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "globals.yml").write_text(
        "a: ${env:LEXON_A,/one}/${env:LEXON_B, /two/$USER}\n# c: ${env:LEXON_C,/three}\n"
    )
    return tmp_path


def test_every_variable_is_found_with_its_value(folder, monkeypatch):
    monkeypatch.setenv("LEXON_A", "/somewhere")
    monkeypatch.setenv("LEXON_B", "else")
    assert variables([folder, folder / "missing"]) == {"LEXON_A": "/somewhere", "LEXON_B": "else"}


@pytest.mark.parametrize("unset", [None, ""])
def test_an_unset_one_is_named_with_its_example(folder, monkeypatch, unset):
    monkeypatch.setenv("LEXON_A", "/somewhere")
    (
        monkeypatch.delenv("LEXON_B", raising=False)
        if unset is None
        else monkeypatch.setenv("LEXON_B", unset)
    )
    with pytest.raises(
        ConfigurationError, match=r"LEXON_B is not set; for example: export LEXON_B=/two/\$USER"
    ):
        variables([folder])
    with pytest.raises(ConfigurationError, match="LEXON_B is not set"):
        value("LEXON_B", "/two")


def test_a_frozen_configuration_is_the_layers_without_secrets(tmp_path):
    conf = tmp_path / "conf"
    for name in (
        "base/parameters.yml",
        "local/parameters.yml",
        "local/credentials.yml",
        "elsewhere/parameters.yml",
        "logging.yml",
    ):
        (conf / name).parent.mkdir(parents=True, exist_ok=True)
        (conf / name).write_text(f"name: {name}")
    freeze(conf, ["base", "local", "absent"], tmp_path / "frozen")
    files = {
        str(path.relative_to(tmp_path / "frozen"))
        for path in (tmp_path / "frozen").rglob("*")
        if path.is_file()
    }
    assert files == {"base/parameters.yml", "local/parameters.yml", "logging.yml"}
