"""The options of `kedro run` that choose what runs: each name is known, or the command ends with
those that are near it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from kedro.pipeline import Pipeline

from lexon.errors import ConfigurationError

# What a node's tag says it does.
KINDS = ("data", "baseline", "train", "evaluate", "report")
_SHOWN = 8  # names in a message


def _namespaces(pipeline: Pipeline) -> set[str]:
    found = {node.namespace for node in pipeline.nodes if node.namespace}
    return {
        ".".join(name.split(".")[:depth])
        for name in found
        for depth in range(1, name.count(".") + 2)
    }


# Option of the command by argument of `Pipeline.filter`, and what it names.
_OPTIONS: dict[str, tuple[str, str, Callable[[Pipeline], set[str]]]] = {
    "tags": ("--tags", "kind of node", lambda _: set(KINDS)),
    "node_names": ("--nodes", "node", lambda pipeline: {node.name for node in pipeline.nodes}),
    "from_nodes": ("--from-nodes", "node", lambda pipeline: {node.name for node in pipeline.nodes}),
    "to_nodes": ("--to-nodes", "node", lambda pipeline: {node.name for node in pipeline.nodes}),
    "from_inputs": ("--from-inputs", "dataset", lambda pipeline: pipeline.datasets()),
    "to_outputs": ("--to-outputs", "dataset", lambda pipeline: pipeline.all_outputs()),
    "namespaces": ("--namespaces", "namespace", _namespaces),
}
SELECTIONS = tuple(_OPTIONS)


def selected(pipeline: Pipeline, options: Mapping[str, Any]) -> Pipeline:
    """The nodes that the options of a command choose.

    Raises:
        ConfigurationError: an option names what is not there, or nothing is left.
    """
    chosen = {argument: list(options[argument]) for argument in _OPTIONS if options.get(argument)}
    for argument, names in chosen.items():
        _refuse_unknown(pipeline, argument, names)
    if not chosen:
        return pipeline
    arguments = {
        "node_namespaces" if argument == "namespaces" else argument: names
        for argument, names in chosen.items()
    }
    try:
        return pipeline.filter(**arguments)
    except ValueError as error:
        given = ", ".join(
            f"{_OPTIONS[argument][0]} {','.join(names)}" for argument, names in chosen.items()
        )
        raise ConfigurationError(f"{given}: together they choose no node; leave one out") from error


def _refuse_unknown(pipeline: Pipeline, argument: str, names: Iterable[str]) -> None:
    option, what, known_in = _OPTIONS[argument]
    known = known_in(pipeline)
    for name in names:
        if name not in known:
            raise ConfigurationError(f"{option} {name}: no such {what}; {_near(name, known)}")


def refuse_unused(options: Mapping[str, Any]) -> None:
    """Refuse options of Kedro's that mean nothing here.

    Raises:
        ConfigurationError: the option, and what to do instead.
    """
    if options.get("only_missing_outputs"):
        raise ConfigurationError(
            "--only-missing-outputs looks at whether files exist, not at what they were made from;"
            " leave it out: what is missing, incomplete or made with other parameters, inputs or"
            " code runs anyway, and nothing else"
        )
    if getattr(options.get("runner"), "_is_async", False):
        raise ConfigurationError(
            "--async: nodes load and save one after the other, so that each file is whole before"
            " the next needs it; leave it out"
        )
    if options.get("load_versions"):
        raise ConfigurationError(
            f"--load-versions {options['load_versions']}: no dataset has versions; keep results"
            " apart with --params run=NAME"
        )


def _near(name: str, known: Iterable[str]) -> str:
    """The names that are meant, most likely, or else the first of all."""
    names = sorted(known)
    same_end = [other for other in names if other.rpartition(".")[2] == name.rpartition(".")[2]]
    near = list(
        dict.fromkeys(
            [
                *same_end,
                *get_close_matches(name, names, _SHOWN),
                *(other for other in names if name and name in other),
            ]
        )
    )
    if near:
        return f"near it: {', '.join(near[:_SHOWN])}"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"there are {', '.join(names[:_SHOWN])}{more}"
