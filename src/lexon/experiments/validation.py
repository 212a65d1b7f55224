"""A cell's parameters, typed, or a message that names key, value, file and what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from lexon.config import Parameters, member_config
from lexon.config.fields import fields_beside
from lexon.errors import ConfigurationError
from lexon.experiments.nested import unique


def validated(
    raw: Mapping[str, Any], seeds: list[int], name: str, origin: Callable[[str], str]
) -> tuple[Parameters, dict[int, dict[str, Any]]]:
    """A cell's parameters and, for each seed, a member's configuration."""
    try:
        parameters = Parameters(**raw)
        return parameters, {seed: member_config(parameters, seed).model_dump(mode="json") for seed in seeds}
    except ValidationError as error:
        problems = [_explain(problem, origin) for problem in error.errors()]
        raise ConfigurationError("\n".join([f"{name}: the parameters cannot be right:", *unique(problems)])) from error


def _explain(problem: Any, origin: Callable[[str], str]) -> str:
    """One line on one of pydantic's errors: key, value, where it was set, what is allowed."""
    key = ".".join(str(part) for part in problem["loc"] if not str(part).startswith(("function-", "[key]")))
    if problem["type"] == "value_error":  # it names its key itself
        return f"  {problem['msg'].removeprefix('Value error, ')}"
    if problem["type"] == "extra_forbidden":
        allowed = ", ".join(fields_beside(problem["loc"]))
        return f"  {key}={problem['input']!r} ({origin(key)}): no such parameter; known here: {allowed}"
    if problem["type"] == "missing":
        return f"  {key}: missing; conf/base sets every parameter"
    if problem["type"] in ("string_type", "path_type"):
        return f"  {key}={problem['input']!r} ({origin(key)}): text is needed, and YAML reads this as something else; quote it"
    return f"  {key}={problem['input']!r} ({origin(key)}): {problem['msg']}"
