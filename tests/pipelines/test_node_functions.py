"""A node's function by name is the function itself, but for the moment at which it is imported."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any, get_type_hints

import pytest

from lexon.config import Config
from lexon.pipelines.modelling.classifiers import train
from lexon.pipelines.node_functions import node_function
from lexon.pipelines.reporting import page


class Recipe(Config):
    seed: int


def test_every_node_of_every_experiment_names_a_function_that_takes_its_inputs(world):
    functions = {node.func for pipeline in world.pipelines.values() for node in pipeline.nodes}
    assert len(functions) > 30
    for function in functions:
        meant = getattr(import_module(function.__module__), function.__qualname__)
        named, real = inspect.signature(function), inspect.signature(meant)
        assert [(one.name, one.kind) for one in named.parameters.values()] == [
            (one.name, one.kind) for one in real.parameters.values()
        ]
        assert [one.default is one.empty for one in named.parameters.values()] == [
            one.default is one.empty for one in real.parameters.values()
        ]
        assert get_type_hints(meant), (
            "types that exist for the checker alone would leave parameters without a type"
        )


def test_a_parameter_has_its_type_and_everything_else_is_as_it_was_given(monkeypatch):
    def given(
        shown: Any,
        config: Recipe,
        device: dict[str, Any],
        checkpoints: Any,
        member: str,
        events: Any = "not given",
    ) -> Any:
        return shown, config, device, checkpoints, member, events

    monkeypatch.setattr(train, "train", given)
    named, plain = node_function("modelling.classifiers.train:train"), {"seed": 1}
    assert named(1, plain, plain, 2, "a") == (1, Recipe(seed=1), plain, 2, "a", "not given")
    assert named(1, Recipe(seed=1), plain, events=3, member="a", checkpoints=2) == (
        1,
        Recipe(seed=1),
        plain,
        2,
        "a",
        3,
    )
    with pytest.raises(TypeError, match="member"):
        named(1, plain, plain, 2)


def test_any_number_of_arguments_arrive(monkeypatch):
    monkeypatch.setattr(
        page, "write_page", lambda kind, findings, title, description, **shown: shown
    )
    assert node_function("reporting.page:write_page")("vae", {}, "", "", table=1, figure=2) == {
        "table": 1,
        "figure": 2,
    }


def test_its_code_can_be_shown_at_its_file_and_line():
    named: Any = node_function("modelling.classifiers.train:train")
    assert inspect.getsource(named) == inspect.getsource(train.train)
    assert inspect.getfile(named) == train.__file__


@pytest.mark.parametrize(
    "where", ["modelling.classifiers.train:tarin", "modelling.classifiers.tarin:train"]
)
def test_one_that_is_not_there_is_named_when_the_pipeline_is_built(where):
    with pytest.raises(ImportError, match="tarin"):
        node_function(where)
