"""`lexon new`: a folder that runs with the installed package and holds nothing of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from kedro.framework.cli.cli import KedroCLI

from lexon.errors import ConfigurationError
from lexon.framework.archive import SHIPPED, unpacked
from lexon.framework.config_loader import LayeredConfigLoader
from lexon.settings import CONFIG_LOADER_ARGS
from lexon.study import main, new_study


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new study, entered."""
    folder = tmp_path / "my-study"
    new_study(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    return folder


def loader(study: Path, **params: object) -> LayeredConfigLoader:
    """The configuration of a study, as sessions read it; those of kedro-viz, too."""
    return LayeredConfigLoader(study / "conf", "test", params, **CONFIG_LOADER_ARGS)


def test_the_command_makes_a_study_and_says_how_to_go_on(tmp_path):
    done = CliRunner().invoke(main, ["new", str(tmp_path / "mine")])
    assert done.exit_code == 0, done.output
    assert "kedro run" in done.output
    assert (tmp_path / "mine" / ".gitignore").exists()
    assert (tmp_path / "mine" / "conf" / "local" / ".gitkeep").exists()


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("precious")
    done = CliRunner().invoke(main, ["new", str(tmp_path / "mine")])
    assert done.exit_code == ConfigurationError.exit_code
    assert "nothing is overwritten" in done.output
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_a_name_that_is_no_folder_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="name"):
        new_study(tmp_path / "-x")


def test_a_study_has_the_packages_experiments_and_its_own(study):
    experiments = loader(study).experiment_names
    shipped = {path.parent.name for path in SHIPPED.glob("experiments/*/parameters.yml")}
    assert set(experiments) == shipped | {"first_look"}


def test_a_file_of_the_study_counts_before_the_packages(study):
    own = study / "conf" / "experiments" / "binning_flaw"
    own.mkdir()
    (own / "parameters.yml").write_text("description: mine\n")
    assert loader(study).experiment("binning_flaw").parameters.description == "mine"


def test_a_study_with_a_base_of_its_own_takes_nothing_from_the_package(study):
    base = study / "conf" / "base"
    base.mkdir()
    for path in (SHIPPED / "base").glob("*.yml"):
        (base / path.name).write_text(path.read_text())
    folder, temporary = unpacked(str(study / "conf"))
    assert (folder, temporary) == (study / "conf", None)


def test_personal_settings_of_a_checkout_are_no_part_of_the_package(study):
    folder, temporary = unpacked(str(study / "conf"))
    assert temporary is not None
    assert [path.name for path in (folder / "local").iterdir()] == [".gitkeep"]
    temporary.cleanup()


def test_a_mistake_in_a_study_names_the_studys_file(study):
    path = study / "conf" / "experiments" / "first_look" / "parameters.yml"
    path.write_text(path.read_text() + "bool: max\n")
    with pytest.raises(ConfigurationError, match=r"conf/experiments/first_look/parameters\.yml"):
        loader(study).experiment("first_look")


def test_the_experiment_of_a_new_study_trains(study):
    chosen = ["--params", "n_seeds=1,tokeniser=direct", "--tags", "data,train"]
    with pytest.raises(SystemExit) as end:
        KedroCLI(study).main(["run", "--pipelines", "first_look", "--env", "test", *chosen])
    assert not end.value.code
    assert list((study / "data" / "test" / "06_models" / "first_look").rglob("model.pt"))
