"""Warnings of finished members that a run will replace, with the parameter that changed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline.node import Node

from lexon.runs.records import member_config, member_folder, old_record

SHOWN_CHANGES = 3
SHOWN_LENGTH = 60
# Mappings whose keys the user chooses; one is shown whole.
_WHOLE = ("classes", "label_names", "object_types", "mix", "split")
# How a user types what a member's configuration calls otherwise.
_TYPED = (
    ("data.simulation.", "simulation."),
    ("data.", "events."),
    ("classifier.pool", "pool"),
    ("classifier.met", "met"),
)
_ABSENT = object()


def replaced_members(
    nodes: Sequence[Node], reasons: Mapping[str, str], catalog: CatalogProtocol
) -> list[str]:
    """One sentence for each cause: how many finished members will be replaced, and what changed
    from what to what.

    Args:
        nodes: of the pipeline.
        reasons: why each node that will run does, by name.
    """
    causes: Counter[str] = Counter()
    for node in nodes:
        if node.name in reasons and "train" in node.tags:
            parameters = _finished_with(node, catalog)
            if parameters is not None:
                causes[_cause(parameters, member_config(node, catalog), reasons[node.name])] += 1
    return [
        f"{n} finished member{'s' if n > 1 else ''} will be replaced, because {cause}"
        for cause, n in causes.items()
    ]


def _finished_with(node: Node, catalog: CatalogProtocol) -> dict[str, Any] | None:
    """The recorded parameters of a node's member, if that is finished."""
    folder = member_folder(node, catalog)
    record = old_record(folder) if folder is not None else {}
    parameters = record.get("parameters")
    return parameters if record.get("status") == "done" and isinstance(parameters, dict) else None


def _cause(old: Mapping[str, Any], new: Mapping[str, Any], reason: str) -> str:
    changed = [
        f"{_typed(key)} changed from {_shown(before)} to {_shown(after)}"
        for key, before, after in changes(old, new)
    ]
    more = [f"{len(changed) - SHOWN_CHANGES} more did"] if len(changed) > SHOWN_CHANGES else []
    return ", ".join([*changed[:SHOWN_CHANGES], *more]) or reason


def changes(
    old: Mapping[str, Any], new: Mapping[str, Any], above: str = ""
) -> list[tuple[str, Any, Any]]:
    """(dotted key, value before, value after) of whatever differs, in the order of the new
    configuration.
    """
    found: list[tuple[str, Any, Any]] = []
    for key in [*new, *(key for key in old if key not in new)]:
        before, after = old.get(key, _ABSENT), new.get(key, _ABSENT)
        if isinstance(before, Mapping) and isinstance(after, Mapping) and key not in _WHOLE:
            found += _of_group(before, after, f"{above}{key}.")
        elif before != after:
            found.append((f"{above}{key}", before, after))
    return found


def _of_group(
    before: Mapping[str, Any], after: Mapping[str, Any], above: str
) -> list[tuple[str, Any, Any]]:
    """Changes of a group; where it is of another kind, that alone: the rest follows from it."""
    for name in ("kind", "source"):
        if name in before and name in after and before[name] != after[name]:
            return [(f"{above}{name}", before[name], after[name])]
    return changes(before, after, above)


def _typed(key: str) -> str:
    for written, typed in _TYPED:
        if key.startswith(written):
            return f"{typed}{key.removeprefix(written)}"
    return key


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]} ..."
