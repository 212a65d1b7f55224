"""A cell's parameters, typed, or a message that names key, value, file and what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from lexon.config import KINDS, Parameters, member_config
from lexon.config.fields import fields_beside, takes_list
from lexon.errors import ConfigurationError
from lexon.experiments.nested import as_list, has, unique, value_at, with_values
from lexon.experiments.one_at_a_time import is_one_at_a_time

# Parts of the place of an error that name a type.
_NO_KEYS = ("function-", "[key]", "constrained-", "tuple[")


def validated(
    raw: Mapping[str, Any], seeds: list[int], name: str, origin: Callable[[str], str]
) -> tuple[Parameters, dict[int, dict[str, Any]]]:
    """A cell's parameters and, for each seed, a member's configuration."""
    try:
        parameters = Parameters(**raw)
        return parameters, {
            seed: member_config(parameters, seed).model_dump(mode="json") for seed in seeds
        }
    except ValidationError as error:
        problems = [_explain(problem, origin) for problem in _own(error.errors())]
        raise ConfigurationError(
            "\n".join([f"{name}: the parameters cannot be right:", *unique(problems)])
        ) from error


def configured(
    raw: Mapping[str, Any], axes: Collection[str], cell: Mapping[str, Any], seed: int
) -> dict[str, Any] | None:
    """The configuration of a cell and a seed under the parameters as asked for; None where they do
    not fit together, or make no sense, or where the grid is one of which the plan has every cell.

    Args:
        raw: may hold lists for `axes`: one value will do where the cell says nothing of an axis.
    """
    if is_one_at_a_time(raw) or not all(has(raw, axis) for axis in cell):
        return None
    values = {axis: found[0] for axis in axes if (found := levels(axis, value_at(raw, axis)))}
    try:
        parameters, configs = validated(with_values(raw, values | dict(cell)), [seed], "", str)
    except ConfigurationError:
        return None
    asked = {axis: levels(axis, value_at(raw, axis)) for axis in axes}
    return None if KINDS[parameters.kind].why_no_cell(parameters, asked) else configs[seed]


def levels(axis: str, value: Any) -> list[Any]:
    """The values of an axis: a list, or a single one; where one value is itself a list, a list of
    lists.
    """
    if takes_list(axis) and not (
        isinstance(value, list) and value and all(isinstance(item, list | tuple) for item in value)
    ):
        return [value]
    return as_list(value)


def _own(problems: Sequence[Any]) -> list[Any]:
    """Without what follows from others: a list whose values are refused counts as too short."""
    places = [problem["loc"] for problem in problems]
    return [
        problem
        for problem in problems
        if problem["type"] != "too_short"
        or not any(place[:-1] == problem["loc"] for place in places)
    ]


def _explain(problem: Any, origin: Callable[[str], str]) -> str:
    """One line on one of pydantic's errors: key, value, where it was set, what is allowed."""
    key = ".".join(str(part) for part in problem["loc"] if not str(part).startswith(_NO_KEYS))
    if problem["type"] == "value_error":  # it names its key itself
        return f"  {problem['msg'].removeprefix('Value error, ')}"
    if problem["type"] == "extra_forbidden":
        allowed = ", ".join(fields_beside(problem["loc"]))
        return (
            f"  {key}={problem['input']!r} ({origin(key)}): no such parameter; known here:"
            f" {allowed}"
        )
    if problem["type"] == "missing":
        return f"  {key}: missing; conf/base sets every parameter"
    if problem["type"] in ("string_type", "path_type"):
        return (
            f"  {key}={problem['input']!r} ({origin(key)}): text is needed, and YAML reads this as"
            " something else; quote it"
        )
    return f"  {key}={problem['input']!r} ({origin(key)}): {problem['msg']}"
