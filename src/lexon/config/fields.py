"""Lookup of a dotted key in the parameters' types: the fields that fit, and whether its value is
text.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from lexon.config.parameters import Parameters


def fields_beside(location: Sequence[Any]) -> list[str]:
    """The names that may stand where the last of `location` does."""
    model, *_ = _models(_at(Parameters, [str(part) for part in location[:-1]])) or [Parameters]
    return sorted(_typed_names(model))


def is_text(dotted: str) -> bool:
    """Whether the value of a key is a name, a path or other text, so that what was typed counts and
    not what YAML makes of it.

    A key without its group (`target` for `regression.target`) counts by the groups that have it.
    """
    parts = dotted.split(".")
    found = [_at(Parameters, parts)]
    if len(parts) == 1 and dotted not in Parameters.model_fields:
        found = [
            _at(Parameters, [group, dotted])
            for group, field in Parameters.model_fields.items()
            if _models(field.annotation)
        ]
    accepted = [
        _alternatives(annotation) - {type(None)} for annotation in found if annotation is not None
    ]
    return bool(accepted) and all(kinds <= {str, Path} for kinds in accepted)


def takes_list(dotted: str) -> bool:
    """Whether one value of a key is itself a list, such as the layers of `regression.hidden`."""
    return any(
        get_origin(kind) in (tuple, list)
        for kind in _alternatives(_at(Parameters, dotted.split(".")))
    )


def is_path(dotted: str) -> bool:
    """Whether the value of a key is a path, or null."""
    return _alternatives(_at(Parameters, dotted.split("."))) - {type(None)} == {Path}


def _at(annotation: Any, parts: Sequence[str]) -> Any:
    """The type of what lies at a path below another type; None where nothing does."""
    for part in parts:
        models = _models(annotation)
        mappings = [kind for kind in _alternatives(annotation) if get_origin(kind) is dict]
        if models and part in (names := _typed_names(models[0])):
            annotation = models[0].model_fields[names[part]].annotation
        elif not models and mappings:
            annotation = get_args(mappings[0])[1]
        else:
            return None
    return annotation


def _typed_names(model: type[BaseModel]) -> dict[str, str]:
    """The name of each field by what a user types: `from` is no name in Python."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


def _models(annotation: Any) -> list[type[BaseModel]]:
    return [
        kind
        for kind in _alternatives(annotation)
        if isinstance(kind, type) and issubclass(kind, BaseModel)
    ]


def _alternatives(annotation: Any) -> set[Any]:
    """The members of a union, without annotations."""
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return {kind for part in get_args(annotation) for kind in _alternatives(part)}
    return {annotation}
