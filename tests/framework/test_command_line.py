"""What is typed after --params keeps its text where it is a name, and a mistake is one sentence."""

from __future__ import annotations

import click
import pytest

from lexon.errors import ConfigurationError
from lexon.framework.command_line import (
    CommandFailed,
    checked_config,
    checked_runner,
    refuse_unusable,
    split_lists,
    typed_parameters,
)

OPTION = click.Option(["--params"])


def typed(text: str):
    with click.Context(click.Command("run")) as context:
        return split_lists(typed_parameters(context, OPTION, text))


@pytest.mark.parametrize(
    "name", ["6.10", "007", "1e3", "12:30:45", "1_000", "yes", "0x10", "2026-11-29", "a #1"]
)
def test_a_name_is_what_was_typed(name):
    assert typed(f"run={name}") == {"run": name}
    assert typed(f"tokens.output={name}") == {"tokens": {"output": name}}


def test_other_values_are_what_yaml_reads():
    assert typed("seed=7,training.lr=1e-3,met=false,n_train=null,run='7'") == {
        "seed": 7,
        "training": {"lr": 0.001},
        "met": False,
        "n_train": None,
        "run": "7",
    }
    assert typed("events.path=null,met=true|false,training.lr=1e-3|2") == {
        "events": {"path": None},
        "met": [True, False],
        "training": {"lr": [0.001, 2]},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("events.path=", "events.path=: a value is missing"),
        ("pool=cls|", r"pool=cls\|: a value is missing"),
        ("pool=cls|[x", r"pool=cls\|\[x: line 1"),
        ("pool=!!python/object:os.system", "tags .* are not read"),
        ("seed=${", r"seed=\$\{"),
        ("pool=cls,max", r"max: has no value; .*pool=cls\|max"),
        ("pool=cls,pool=max", "pool: typed twice, cls and max"),
        ("training=3,training.lr=1", "training has a value of its own"),
        ("a..b=1", "not a parameter's name"),
        ("a[0]=1", "not a parameter's name"),
        ("=1", "not a parameter's name"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_it(text, message):
    with pytest.raises((CommandFailed, ConfigurationError), match=message) as error:
        typed(text)
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    "parameters",
    [{"_events": {"n": 60}}, {"__class__": 1}, {"events": {"_n": 3}}, {"classes": {}}, {"": 1}],
)
def test_what_would_be_ignored_is_an_error(parameters):
    with pytest.raises(ConfigurationError, match="--params"):
        refuse_unusable(parameters)


def test_a_runner_exists():
    context = click.Context(click.Command("run"))
    assert checked_runner(context, OPTION, "SequentialRunner") == "SequentialRunner"
    assert checked_runner(context, OPTION, None) is None
    with pytest.raises(CommandFailed, match="--runner Nope: no such runner"):
        checked_runner(context, OPTION, "Nope")


@pytest.mark.parametrize(
    "content",
    [
        b"root:x:0:0\nnobody:x:1:1\n",
        b"",
        b"run: 5\n",
        b"run: [a]\n",
        b"- a\n",
        b"a: [\n",
        b"run: {env: ${oc}}\n",
        b"\xff\xfe",
    ],
)
def test_a_file_of_options_is_one_or_a_sentence(tmp_path, content):
    path = tmp_path / "options.yml"
    path.write_bytes(content)
    with (
        click.Context(click.Command("run"), info_name="run") as context,
        pytest.raises(CommandFailed, match="--config .*options.yml: "),
    ):
        checked_config(context, OPTION, str(path))


def test_options_of_a_file_are_taken(tmp_path):
    path = tmp_path / "options.yml"
    path.write_text("run: {env: test}\n", encoding="utf-8")
    with click.Context(click.Command("run"), info_name="run") as context:
        checked_config(context, OPTION, str(path))
        assert context.default_map == {"env": "test"}
