"""base < experiment < place < local < command line, whatever the order in which they are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from lexon.config import Parameters, reading
from lexon.config.parameters import Kind
from lexon.errors import ConfigurationError
from lexon.framework.config_loader import LayeredConfigLoader

BASE = Path(__file__).parents[2] / "conf" / "base"


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """The project's base with an experiment, a place, the mini-world and personal settings."""
    for file in BASE.iterdir():
        write(tmp_path / "base" / file.name, file.read_text())
    write(tmp_path / "experiments" / "pooling" / "parameters.yml", {"pool": ["cls", "max"], "grid": {"axes": ["pool"]}, "seed": 1})
    write(tmp_path / "cluster" / "parameters.yml", {"seed": 2, "training": {"epochs": 3}})
    write(tmp_path / "cluster" / "globals.yml", {"data_root": "/elsewhere"})
    write(tmp_path / "test" / "parameters.yml", {"seed": 3})
    write(tmp_path / "local" / "parameters.yml", {"report": {"n_bootstrap": 107}})
    return tmp_path


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))


def load(conf: Path, env: str | None = None, **params: Any) -> LayeredConfigLoader:
    return LayeredConfigLoader(conf, env=env, runtime_params=params, base_env="base", default_run_env="local")


def test_a_later_layer_wins_and_keeps_its_neighbours(conf):
    parameters = load(conf, "cluster")["parameters"]
    assert parameters["seed"] == 2
    assert parameters["training"]["epochs"] == 3
    assert parameters["training"]["batch_size"] == load(conf)["parameters"]["training"]["batch_size"]


def test_the_place_is_stronger_than_the_experiment(conf):
    assert list(load(conf)["parameters"]["pooling"]["grid"]) == ["pool_cls__seed_1", "pool_max__seed_1"]
    assert list(load(conf, "cluster")["parameters"]["pooling"]["grid"]) == ["pool_cls__seed_2", "pool_max__seed_2"]


def test_the_command_line_is_strongest_and_keeps_its_neighbours(conf):
    member = load(conf, "cluster", seed=9, training={"lr": 0.5})["parameters"]["pooling"]["grid"]["pool_cls__seed_9"]["config"]
    assert (member["training"]["lr"], member["training"]["epochs"]) == (0.5, 3)


def test_an_experiment_as_environment_is_what_its_pipeline_sees(conf):
    assert load(conf, "pooling+cluster")["parameters"]["pool"] == ["cls", "max"]
    assert load(conf, "pooling")["parameters"]["seed"] == 1


def test_personal_settings_come_last_but_stay_out_of_the_mini_world(conf):
    assert load(conf, "cluster")["parameters"]["report"]["n_bootstrap"] == 107
    assert load(conf, "local").layers == ["base", "local"]
    assert load(conf, "test")["parameters"]["report"]["n_bootstrap"] != 107


def test_paths_follow_the_place_and_the_run(conf):
    path = load(conf, "cluster", run="second")["catalog"]["default.events"]["filepath"]
    assert path == "/elsewhere/02_intermediate/default/second/events.h5"


def test_an_experiments_own_file_and_run_reach_its_paths(conf):
    write(conf / "experiments" / "mine" / "parameters.yml", {"events": {"path": "my.h5"}, "run": "mine"})
    catalog = load(conf)["catalog"]
    assert catalog["mine.raw_events"]["filepath"] == str(conf.parent / "my.h5"), "relative to the project, wherever the shell is"
    assert catalog["mine.events"]["filepath"] == "data/02_intermediate/mine/mine/events.h5"
    assert catalog["default.events"]["filepath"] == "data/02_intermediate/default/main/events.h5"


def test_classes_and_mix_are_replaced_not_mixed(conf):
    classes = {"four_tops": "tttt", "higgs": "ttH", "others": "rest"}
    write(conf / "experiments" / "three" / "parameters.yml", {"classes": classes, "simulation": {"mix": {"tttt": 0.5, "ttH": 0.5}}})
    member = load(conf)["parameters"]["three"]["grid"]["single__seed_42"]["config"]
    assert member["classes"] == classes
    assert member["data"]["simulation"]["mix"] == {"tttt": 0.5, "ttH": 0.5}
    assert load(conf, classes=classes)["parameters"]["classes"] == classes


def test_one_class_alone_can_be_set_on_the_command_line(conf):
    assert load(conf, classes={"signal": "ttH"})["parameters"]["classes"] == {"signal": "ttH", "background": "rest"}


def test_a_bar_separates_the_values_of_a_list(conf):
    loader = load(conf, met="true|false", model={"dim": "16|32"})
    assert loader.runtime_params == {"met": [True, False], "model": {"dim": [16, 32]}}


@pytest.mark.parametrize(
    ("env", "params", "message"),
    [
        ("stoombot", {}, r"--env stoombot: neither .* exists; places: cluster, test; experiments: pooling"),
        (None, {"poool": "max"}, r"poool='max' \(--params\)"),
        (None, {"training": {"epohcs": 1}}, r"training.epohcs=1 \(--params\)"),
    ],
)
def test_unknown_names_are_errors(conf, env, params, message):
    with pytest.raises(ConfigurationError, match=message):
        load(conf, env, **params)["parameters"]


def test_a_misspelt_key_in_a_file_is_an_error_that_names_the_file(conf):
    write(conf / "cluster" / "parameters.yml", {"training": {"epohcs": 3}})
    with pytest.raises(ConfigurationError, match=r"training.epohcs=3 \(.*cluster/parameters.yml\)"):
        load(conf, "cluster")["parameters"]


def test_a_key_that_one_group_alone_has_may_be_typed_without_it(conf):
    loader = load(conf, globals_beta=10, training={"epochs": 7})
    assert loader.experiments["default"].parameters.autoencoder.globals_beta == 10
    assert loader.experiments["default"].parameters.training.epochs == 7


def test_a_key_of_several_groups_needs_its_group(conf):
    with pytest.raises(ConfigurationError, match=r"codebook_size=64 \(--params\): no such parameter"):
        load(conf, codebook_size=64).experiment("default")


@pytest.mark.parametrize(
    ("pipelines", "params", "message"),
    [
        (["vaes"], {"pool": "max"}, r"--params pool: nothing in vaes reads it: it is for classifier, regression"),
        ([], {"tokens": {"output": "a.h5"}}, r"--params tokens.output: .* it is for token_comparison, token_file"),
        ([], {"ambre": {"path": "a.h5"}}, r"--params ambre.path: .* none of its tokenisers is ambre"),
        ([], {"tokens": {"path": "a.h5"}, "binning": {"n_bins": 8}}, r"binning.n_bins: .* tokens.path holds finished tokens"),
        (["representations"], {"tokens": {"path": "a.h5"}}, r"tokens.path is one representation, but tokeniser has several values"),
    ],
)
def test_a_parameter_that_no_asked_pipeline_reads_is_an_error_that_says_why(conf, pipelines, params, message):
    write(conf / "experiments" / "vaes" / "parameters.yml", {"kind": "vae"})
    tokenisers = {"tokeniser": ["direct", "binned"], "grid": {"axes": ["tokeniser"]}}
    write(conf / "experiments" / "representations" / "parameters.yml", tokenisers)
    with pytest.raises(ConfigurationError, match=message):
        load(conf, **params).ask_for(pipelines)


def test_a_parameter_that_something_reads_is_fine(conf):
    write(conf / "experiments" / "vaes" / "parameters.yml", {"kind": "vae"})
    load(conf, pool="max").ask_for(["vaes", "pooling"])
    load(conf, pool="max", seed=3, report={"n_bootstrap": 200}).ask_for([])
    load(conf, tokens={"path": "a.h5"}, tokeniser="binned").ask_for([])
    load(conf, tokens={"output": "a.h5"}).ask_for(["data_engineering"])
    load(conf, ambre={"path": "a.h5"}, tokeniser="ambre").ask_for([])


def test_what_only_some_kinds_read_exists():
    assert Parameters.model_fields.keys() >= reading._SPECIFIC
    assert set(reading._READ) == {*get_args(Kind), reading.TOKEN_FILE}
