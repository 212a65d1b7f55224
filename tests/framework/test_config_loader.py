"""base < experiment < site < local < command line, whatever the order in which they are
asked for.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from lexon.config import KINDS, Parameters, reading
from lexon.errors import ConfigurationError, MissingFile
from lexon.framework.config_loader import LayeredConfigLoader

BASE = Path(__file__).parents[2] / "conf" / "base"


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """The project's base with an experiment, a site, the mini-world and personal settings."""
    for file in BASE.iterdir():
        write(tmp_path / "base" / file.name, file.read_text())
    write(
        tmp_path / "experiments" / "pooling" / "parameters.yml",
        {"pool": ["cls", "max"], "grid": {"axes": ["pool"]}, "seed": 1},
    )
    write(tmp_path / "cluster" / "parameters.yml", {"seed": 2, "training": {"epochs": 3}})
    write(tmp_path / "cluster" / "globals.yml", {"data_root": "/elsewhere"})
    write(tmp_path / "test" / "parameters.yml", {"seed": 3})
    write(tmp_path / "local" / "parameters.yml", {"report": {"n_bootstrap": 107}})
    return tmp_path


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))


def load(conf: Path, env: str | None = None, **params: Any) -> LayeredConfigLoader:
    return LayeredConfigLoader(
        conf, env=env, runtime_params=params, base_env="base", default_run_env="local"
    )


def test_a_later_layer_wins_and_keeps_its_neighbours(conf):
    parameters = load(conf, "cluster")["parameters"]
    assert parameters["seed"] == 2
    assert parameters["training"]["epochs"] == 3
    assert (
        parameters["training"]["batch_size"] == load(conf)["parameters"]["training"]["batch_size"]
    )


def test_the_site_is_stronger_than_the_experiment(conf):
    assert list(load(conf)["parameters"]["pooling"]["grid"]) == [
        "pool_cls__seed_1",
        "pool_max__seed_1",
    ]
    assert list(load(conf, "cluster")["parameters"]["pooling"]["grid"]) == [
        "pool_cls__seed_2",
        "pool_max__seed_2",
    ]


def test_the_command_line_is_strongest_and_keeps_its_neighbours(conf):
    member = load(conf, "cluster", seed=9, training={"lr": 0.5})["parameters"]["pooling"]["grid"][
        "pool_cls__seed_9"
    ]["config"]
    assert (member["training"]["lr"], member["training"]["epochs"]) == (0.5, 3)


def test_an_experiment_as_environment_is_what_its_pipeline_sees(conf):
    assert load(conf, "pooling+cluster")["parameters"]["pool"] == ["cls", "max"]
    assert load(conf, "pooling")["parameters"]["seed"] == 1


def test_personal_settings_come_last_but_stay_out_of_the_mini_world(conf):
    assert load(conf, "cluster")["parameters"]["report"]["n_bootstrap"] == 107
    assert load(conf, "local").layers == ["base", "local"]
    assert load(conf, "test")["parameters"]["report"]["n_bootstrap"] != 107


def test_a_trial_on_a_site_starts_its_jobs_as_a_real_run(conf):
    write(conf / "local" / "runner.yml", {"engine": "slurm", "slurm": {"setup": "module load x"}})
    trial = load(conf, "test+cluster")
    assert trial["runner"]["slurm"]["setup"] == "module load x"
    assert trial["parameters"]["report"]["n_bootstrap"] != 107
    assert trial["globals"]["data_root"] == "/elsewhere"
    assert load(conf, "test")["runner"]["engine"] == "local", "the same on every machine"


def test_paths_follow_the_site_and_the_run(conf):
    path = load(conf, "cluster", run="second")["catalog"]["default.events"]["filepath"]
    assert path == "/elsewhere/02_intermediate/default/second/events.h5"


def test_an_experiments_own_file_and_run_reach_its_paths(conf):
    write(
        conf / "experiments" / "own" / "parameters.yml", {"events": {"path": "my.h5"}, "run": "own"}
    )
    catalog = load(conf)["catalog"]
    assert catalog["own.raw_events"]["filepath"] == str(conf.parent / "my.h5"), (
        "relative to the project, wherever the shell is"
    )
    assert catalog["own.events"]["filepath"] == "data/02_intermediate/own/own/events.h5"
    assert catalog["default.events"]["filepath"] == "data/02_intermediate/default/main/events.h5"


def test_classes_and_mix_are_replaced_not_mixed(conf):
    classes = {"four_tops": "tttt", "higgs": "ttH", "others": "rest"}
    write(
        conf / "experiments" / "three" / "parameters.yml",
        {"classes": classes, "simulation": {"mix": {"tttt": 0.5, "ttH": 0.5}}},
    )
    member = load(conf)["parameters"]["three"]["grid"]["single__seed_42"]["config"]
    assert member["classes"] == classes
    assert member["data"]["simulation"]["mix"] == {"tttt": 0.5, "ttH": 0.5}
    assert load(conf, classes=classes)["parameters"]["classes"] == classes


def test_one_class_alone_can_be_set_on_the_command_line(conf):
    assert load(conf, classes={"signal": "ttH"})["parameters"]["classes"] == {
        "signal": "ttH",
        "background": "rest",
    }


def test_a_bar_separates_the_values_of_a_list(conf):
    loader = load(conf, met="true|false", model={"dim": "16|32"})
    assert loader.runtime_params == {"met": [True, False], "model": {"dim": [16, 32]}}


@pytest.mark.parametrize(
    ("env", "params", "message"),
    [
        (
            "stoombot",
            {},
            r"--env stoombot: neither .* exists; sites: cluster, test; experiments: pooling",
        ),
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
    with pytest.raises(
        ConfigurationError, match=r"codebook_size=64 \(--params\): no such parameter"
    ):
        load(conf, codebook_size=64).experiment("default")


@pytest.mark.parametrize(
    ("pipelines", "params", "message"),
    [
        (
            ["vaes"],
            {"pool": "max"},
            r"--params pool: nothing in vaes reads it: it is for classifier, regression",
        ),
        (
            [],
            {"tokens": {"output": "a.h5"}},
            r"--params tokens.output: .* it is for token_comparison, token_file",
        ),
        (
            [],
            {"ambre": {"path": "a.h5"}},
            r"--params ambre.path: .* none of its tokenisers is ambre",
        ),
        (
            [],
            {"tokens": {"path": "a.h5"}, "binning": {"n_bins": 8}},
            r"binning.n_bins: .* tokens.path holds finished tokens",
        ),
        (
            ["representations"],
            {"tokens": {"path": "a.h5"}},
            r"tokens.path is one representation, but tokeniser has several values",
        ),
    ],
)
def test_a_parameter_that_no_asked_pipeline_reads_is_an_error_that_says_why(
    conf, pipelines, params, message
):
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


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"tokeniser": "bined"},
            (
                r"tokeniser='bined' \(--params\): no such tokeniser; choose one of direct, binned,"
                r" vqvae, ambre"
            ),
        ),
        ({"tokeniser": "file"}, r"tokeniser='file' \(--params\): no such tokeniser"),
        (
            {"model": {"name": "gnn"}},
            r"model.name='gnn' \(--params\): no such network; choose one of normformer",
        ),
        (
            {"kind": "vea"},
            (
                r"kind='vea' \(--params\): no such kind; choose one of classifier, autoencoder,"
                r" regression, vae, simulation"
            ),
        ),
    ],
)
def test_what_is_called_otherwise_is_refused_with_the_names_there_are(conf, params, message):
    with pytest.raises(ConfigurationError, match=message):
        load(conf, **params).experiment("default")


def test_what_only_some_kinds_read_exists():
    assert Parameters.model_fields.keys() >= reading._SPECIFIC
    assert set(reading._READ) == {
        *KINDS,
        reading.TOKEN_FILE,
        reading.MEMBER_EXPORT,
        reading.MEMBER_SCORES,
    }


AXES = """
import sys
from lexon.framework.config_loader import LayeredConfigLoader
asked = {"tokeniser": "direct|binned", "pool": "mean|max"}
loader = LayeredConfigLoader(sys.argv[1], runtime_params=asked, base_env="base")
print([member.name for member in loader.experiment("default").planned])
"""


def test_names_of_members_do_not_depend_on_the_hash_seed(conf):
    """The two axes come from two files, which a set would give in another order in another
    process.
    """
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", AXES, str(conf)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
        for seed in ("1", "2", "5")
    ]
    names = [process.communicate()[0] for process in processes]
    assert "tokeniser_direct__pool_mean__seed_42" in names[0]
    assert len(set(names)) == 1


def test_a_parameter_is_judged_by_what_is_asked_for_alone(conf):
    write(conf / "experiments" / "penalty" / "parameters.yml", {"kind": "regression"})
    loader = load(conf, training={"early_stopping": 5, "label_smoothing": 0.1})
    loader.ask_for([])
    assert loader["parameters"]["default"]["training"]["early_stopping"] == 5
    with pytest.raises(
        ConfigurationError, match="penalty: .*\n.*early_stopping=5: regressions have none"
    ):
        load(conf, training={"early_stopping": 5}).ask_for(["penalty"])


def test_a_parameter_of_a_personal_file_too(conf):
    write(conf / "experiments" / "penalty" / "parameters.yml", {"kind": "regression"})
    write(conf / "local" / "parameters.yml", {"training": {"early_stopping": 5}})
    load(conf).ask_for(["pooling"])
    with pytest.raises(ConfigurationError, match="early_stopping"):
        load(conf).ask_for(["penalty"])


@pytest.mark.parametrize(
    "draft",
    [
        "pool: [cls",
        "- a list",
        "poool: max",
        "kind: nonsense",
        "training: ${nope}",
        "grid: {axes: [run]}",
    ],
)
def test_a_broken_draft_blocks_nothing_but_itself(conf, draft, caplog):
    write(conf / "experiments" / "draft" / "parameters.yml", draft)
    loader = load(conf)
    loader.ask_for(["pooling"])
    assert set(loader["parameters"]) >= {"pooling"}
    everything = load(conf)
    assert list(everything.experiments) == ["default", "pooling"]
    assert "draft is broken" in caplog.text
    assert not [name for name in everything["catalog"] if name.startswith("draft.")]
    with pytest.raises(ConfigurationError, match="draft"):
        load(conf).ask_for(["draft"])


def test_only_what_is_asked_for_is_expanded_and_catalogued(conf, monkeypatch):
    for number in range(5):
        write(conf / "experiments" / f"other_{number}" / "parameters.yml", {"n_seeds": 2})
    loader = load(conf, pool="cls|max", met="true|false")
    loader.ask_for(["pooling"])
    assert {
        name
        for name, value in loader["parameters"].items()
        if isinstance(value, dict) and "plan" in value
    } == {"pooling"}
    assert {name.partition(".")[0] for name in loader["catalog"]} == {"pooling"}
    assert list(loader._expanded) == ["pooling"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cluster", "--env cluster would mean conf/cluster too"),
        ("default", "is the name of a pipeline of its own"),
        ("a.b", "has no dot"),
        ("_draft", "does not begin with an underscore"),
        ("Pooling", "Pooling and pooling differ in case only"),
        ("a b", "letters, digits"),
    ],
)
def test_an_experiment_has_a_name_that_can_be_a_folder_and_a_pipeline(conf, name, message):
    write(conf / "experiments" / name / "parameters.yml", {"pool": "max"})
    assert message in load(conf).folders.why_no_experiment(name)


@pytest.mark.parametrize(
    "env",
    [
        "/etc",
        "../x",
        "experiments",
        ".hidden",
        "+test",
        "test+",
        "experiments/pooling",
        "cluster/..",
    ],
)
def test_a_site_is_a_folder_of_the_configuration(conf, env):
    (conf / ".hidden").mkdir()
    with pytest.raises(ConfigurationError, match="--env"):
        load(conf, env)


@pytest.mark.parametrize("root", [None, "", " ", 3, "/proc", ["a"]])
def test_a_data_root_is_a_folder(conf, root):
    write(conf / "local" / "globals.yml", {"data_root": root})
    with pytest.raises(ConfigurationError, match="data_root=.*local/globals.yml"):
        load(conf)


def test_an_unknown_setting_is_an_error_that_names_the_file(conf):
    write(conf / "local" / "globals.yml", {"dataroot": "x"})
    with pytest.raises(
        ConfigurationError,
        match=r"local/globals.yml: dataroot: no such setting; known here: data_root",
    ):
        load(conf)
    (conf / "local" / "globals.yml").unlink()
    write(conf / "cluster" / "runner.yml", {"engin": "local"})
    with pytest.raises(ConfigurationError, match=r"cluster/runner.yml: engin: no such setting"):
        load(conf, "cluster")["runner"]


@pytest.mark.parametrize(
    "run", [6.1, 7, True, None, "", "../x", "/proc", ".x", "a b", "x" * 101, "a\n"]
)
def test_a_run_has_the_name_of_a_folder_and_its_file_is_blamed(conf, run):
    write(conf / "local" / "parameters.yml", {"run": run})
    with pytest.raises(ConfigurationError, match=r"run=.*local/parameters.yml\)"):
        load(conf).experiment("default")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "run: ${oc.env:HOME}",
            r"run=\$\{oc.env:HOME\} \(.*local/parameters.yml\): .*write \$\{env:NAME,EXAMPLE\}",
        ),
        ("run: ${runtime_params:x}", "run=.*no such kind of reference"),
        ("run: ${nope}", "there is no nope"),
        ("pool: ${presets.nope}", "there is no presets.nope; presets has standard, beta"),
        ("classes: {}", r"classes=\{\} \(.*local/parameters.yml\)"),
        ("events: {path: ''}", "events.path='' .*local/parameters.yml.*empty"),
        ("events: {path: 3}", "events.path=3 .*quote it"),
        ("_events: {n: 60}", "_events=.*no such parameter"),
        ("configurations: {a/b: {like: vae_small}}", "configurations.a/b.*letters, digits"),
    ],
)
def test_a_mistake_in_a_personal_file_is_blamed_on_it(conf, content, message):
    write(conf / "local" / "parameters.yml", content)
    with pytest.raises(ConfigurationError, match=message):
        load(conf).experiment("default")


def test_a_field_of_a_configuration_that_does_not_fit_is_answered_with_those_that_do(conf):
    with pytest.raises(
        ConfigurationError,
        match=r"configurations.own.dropout_p=0.1 \(--params\).*known here: batch_norm, .*dropout",
    ):
        load(conf, configurations={"own": {"dropout_p": 0.1}}).experiment("default")


def test_every_path_starts_at_the_project(conf, monkeypatch):
    loader = load(
        conf, report={"source": "old"}, events={"path": "e.h5"}, ambre={"path": "~/reference.h5"}
    )
    monkeypatch.setenv("HOME", "/home/me")
    entries = loader["catalog"]
    assert entries["default.members"]["source"] == str(conf.parent / "old")
    assert entries["default.raw_events"]["filepath"] == str(conf.parent / "e.h5")
    assert entries["default.ambre"]["path"] == "/home/me/reference.h5"


def test_a_file_that_is_not_there_is_named_with_its_parameter(conf):
    with pytest.raises(
        MissingFile, match=r"events.path=e.h5 \(--params\): no such file; relative paths start at "
    ):
        load(conf, events={"path": "e.h5"}).refuse_missing_file("events.path", "default")
    (conf.parent / "e.h5").touch()
    load(conf, events={"path": "e.h5"}).refuse_missing_file("events.path", "default")
