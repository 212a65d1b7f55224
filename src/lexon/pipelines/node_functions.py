"""Functions of nodes by name: planning a run knows what each takes, and imports none of the
libraries that its work needs.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, get_type_hints

from pydantic import BaseModel

from lexon.provenance import source_of

_LEFT_OUT = object()


@cache
def node_function(where: str) -> Callable[..., Any]:
    """The function ``module:name`` of `lexon.pipelines`, imported when a node runs it.

    It has the arguments, file and line of the one that is meant, read from the source: Kedro checks
    a node's inputs and kedro-viz shows its code as ever. Parameters come as plain data; those with
    a type of `lexon.config` are given it at the call.

    Raises:
        ImportError: there is no such function.
    """
    module, name = f"{__package__}.{where.partition(':')[0]}", where.partition(":")[2]

    def run(given: Mapping[str, Any]) -> Any:
        return _call(getattr(import_module(module), name), given)

    file, source = source_of(module)
    known: dict[str, Any] = {"__run__": run, "__left_out__": _LEFT_OUT, "__name__": module}
    exec(compile(_outline(ast.parse(source), module, name), str(file), "exec"), known)
    outlined: Callable[..., Any] = known[name]
    return outlined


def _outline(tree: ast.Module, module: str, name: str) -> ast.Module:
    """A module with the one function, which has only its arguments and hands them on."""
    found = [item for item in tree.body if isinstance(item, ast.FunctionDef) and item.name == name]
    if not found:
        raise ImportError(f"{module} has no function {name}")
    function = found[0]
    function.decorator_list, function.returns, function.body = (
        [],
        None,
        ast.parse("return __run__(locals())").body,
    )
    function.args.defaults = [ast.Name("__left_out__", ast.Load()) for _ in function.args.defaults]
    function.args.kw_defaults = [
        default and ast.Name("__left_out__", ast.Load()) for default in function.args.kw_defaults
    ]
    for argument in ast.walk(function.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    return ast.fix_missing_locations(ast.Module([function], []))


def _call(function: Callable[..., Any], given: Mapping[str, Any]) -> Any:
    """Call a function with arguments by name; parameters get their types."""
    types = get_type_hints(function)
    bound = inspect.BoundArguments(inspect.signature(function), dict(given))
    for name, value in given.items():
        wanted = types.get(name)
        if value is _LEFT_OUT:
            del bound.arguments[name]
        elif isinstance(value, dict) and isinstance(wanted, type) and issubclass(wanted, BaseModel):
            bound.arguments[name] = wanted.model_validate(value)
    return function(*bound.args, **bound.kwargs)
